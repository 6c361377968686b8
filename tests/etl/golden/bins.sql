-- grain: one row per bin_id
-- partition: bin_bucket
-- order: bin_bucket, bin_id
create table bins (
  bin_id varchar not null,
  bin_number bigint not null,
  id_style varchar not null,
  expected_quantity integer not null,
  total_quantity bigint not null,
  quantity_gap bigint not null,
  fcsku_count bigint not null,
  asin_count bigint not null,
  rejected_line_count bigint not null,
  known_weight_lb double not null,
  known_volume_in3 double not null,
  lines_without_weight bigint not null,
  lines_without_dimensions bigint not null,
  inventory_hash varchar not null,
  image_fname varchar,
  metadata_key varchar not null,
  metadata_bytes bigint not null,
  metadata_etag varchar not null,
  metadata_md5 varchar not null,
  metadata_last_modified timestamp not null,
  image_key varchar not null,
  image_url varchar not null,
  has_image boolean,
  image_bytes bigint,
  rescued varchar,
  bin_bucket varchar not null
);
