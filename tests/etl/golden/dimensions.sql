-- grain: one row per (asin, measurement)
-- partition: asin_kind
-- order: asin_kind, asin, variant
create table dimensions (
  asin varchar not null,
  variant integer not null,
  is_primary boolean not null,
  observation_count bigint not null,
  length_in double,
  width_in double,
  height_in double,
  weight_lb double,
  volume_in3 double,
  length_cm double,
  width_cm double,
  height_cm double,
  weight_kg double,
  length_value double,
  length_unit varchar,
  width_value double,
  width_unit varchar,
  height_value double,
  height_unit varchar,
  weight_value double,
  weight_unit varchar,
  first_bin_id varchar not null,
  asin_kind varchar not null
);
