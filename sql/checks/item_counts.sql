/*
check:  item_counts
about:  What items say of an ASIN's bins, FCSKUs, units, first and last bin is what quantities add up to.
*/
with counted as (
  select
    asin,
    count(distinct bin_order_of(bin_id)) as bin_count,
    count(distinct fcsku) as fcsku_count,
    sum(quantity)::bigint as total_quantity,
    bin_id_at(min(bin_order_of(bin_id))) as first_bin_id,
    bin_id_at(max(bin_order_of(bin_id))) as last_bin_id,
  from quantities
  where asin is not null
  group by asin
)

select
  asin,
  items.bin_count, counted.bin_count as counted_bins,
  items.fcsku_count, counted.fcsku_count as counted_fcskus,
  items.total_quantity, counted.total_quantity as counted_units,
  items.first_bin_id, counted.first_bin_id as counted_first,
  items.last_bin_id, counted.last_bin_id as counted_last,
from items
inner join counted using (asin)
where
  items.bin_count is distinct from counted.bin_count
  or items.fcsku_count is distinct from counted.fcsku_count
  or items.total_quantity is distinct from counted.total_quantity
  or items.first_bin_id is distinct from counted.first_bin_id
  or items.last_bin_id is distinct from counted.last_bin_id
