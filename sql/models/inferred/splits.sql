/*
model:      splits
kind:       inference
order:      id_style, bin_number
grain:      one row per bin_id
about:      The side of every bin, and the group that keeps it there.
columns:
  bin_id         not null
  capture_group
  group_bins     bigint   not null  Bins of the group; 1 for a bin that is alone or in none.
  stratum        not null
  side
*/
select
  bin_id,
  capture_group,
  case when capture_group is null then 1 else count(*) over (partition by capture_group) end as group_bins,
  stratum,
  side,
from splits
order by bin_order_of(bin_id)
