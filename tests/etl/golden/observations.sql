-- grain: one row per (bin_id, fcsku)
-- partition: bin_bucket
-- order: bin_bucket, bin_id, fcsku
create table observations (
  bin_id varchar not null,
  bin_number bigint not null,
  fcsku varchar not null,
  asin varchar,
  name varchar,
  normalized_name varchar,
  has_normalized_name boolean not null,
  quantity integer not null,
  length_value double,
  length_unit varchar,
  width_value double,
  width_unit varchar,
  height_value double,
  height_unit varchar,
  weight_value double,
  weight_unit varchar,
  rescued varchar,
  bin_bucket varchar not null
);
