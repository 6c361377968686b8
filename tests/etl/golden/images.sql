-- grain: one row per image_key
-- partition:
-- order: image_key
create table images (
  image_key varchar not null,
  bin_id varchar,
  image_bytes bigint not null,
  image_etag varchar not null,
  image_last_modified timestamp not null
);
