/*
model:      quantities
kind:       table
partition:  bin_bucket
parts:      bin_part_of(bin_id)
order:      bin_bucket, bin_id, fcsku
grain:      one row per (bin_id, fcsku)
about:      What is in which bin, and how many: the narrow fact table.
columns:
  bin_id      varchar  not null  Stem of the metadata key, as in the bucket: text, because 523 and 00523 are different bins.
  bin_number
  fcsku
  asin
  quantity
  bin_bucket
*/
with observations as (select * from observations),

final as (
  select
    bin_id,
    bin_number,
    fcsku,
    asin,
    quantity,
    bin_bucket,
  from observations
)

select * from final
