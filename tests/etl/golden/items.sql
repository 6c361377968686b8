-- grain: one row per asin
-- partition: asin_kind
-- order: asin_kind, asin
create table items (
  asin varchar not null,
  asin_kind varchar not null,
  name varchar,
  normalized_name varchar,
  name_variant_count bigint not null,
  dimension_variant_count bigint not null,
  fcsku_count bigint not null,
  bin_count bigint not null,
  total_quantity bigint not null,
  first_bin_id varchar not null,
  last_bin_id varchar not null
);
