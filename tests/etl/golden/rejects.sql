-- grain: one row per (metadata_key, json_path)
-- partition:
-- order: metadata_key, json_path
create table rejects (
  metadata_key varchar not null,
  bin_id varchar,
  scope varchar not null,
  json_path varchar not null,
  reason varchar not null,
  detail varchar,
  etag varchar not null,
  bytes bigint not null,
  body varchar not null,
  body_encoding varchar not null
);
