/*
check:  bin_counts
about:  What bins say of a bin's lines, ASINs, units and gap is what quantities add up to.
*/
with counted as (
  select
    bin_id,
    count(*) as fcsku_count,
    count(distinct asin) as asin_count,
    sum(quantity)::bigint as total_quantity,
  from quantities
  group by bin_id
),

compared as (
  select
    bin_id,
    bins.fcsku_count,
    coalesce(counted.fcsku_count, 0) as counted_fcskus,
    bins.asin_count,
    coalesce(counted.asin_count, 0) as counted_asins,
    bins.total_quantity,
    coalesce(counted.total_quantity, 0) as counted_units,
    bins.quantity_gap,
    bins.expected_quantity - counted_units as counted_gap,
  from bins
  left join counted using (bin_id)
)

select * from compared
where
  fcsku_count is distinct from counted_fcskus
  or asin_count is distinct from counted_asins
  or total_quantity is distinct from counted_units
  or quantity_gap is distinct from counted_gap
