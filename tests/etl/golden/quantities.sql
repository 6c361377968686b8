-- grain: one row per (bin_id, fcsku)
-- partition: bin_bucket
-- order: bin_bucket, bin_id, fcsku
create table quantities (
  bin_id varchar not null,
  bin_number bigint not null,
  fcsku varchar not null,
  asin varchar,
  quantity integer not null,
  bin_bucket varchar not null
);
