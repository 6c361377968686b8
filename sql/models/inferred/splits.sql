/*
model:      splits
kind:       inference
order:      bin_number, id_style
grain:      one row per bin_id
about:      The side of every bin, and the group that keeps it there.
columns:
  bin_id         not null
  capture_group  varchar            First bin of the group, as they are dealt; null for a bin that would join two groups that were apart.
  group_bins     bigint   not null  Bins of the group; 1 for a bin that is alone or in none.
  stratum        not null
  side           varchar            Side of the split; null for a bin that is in no group, or in one that kept sides part and not kept itself.
*/
select
  bin_id,
  capture_group,
  case when capture_group is null then 1 else count(*) over (partition by capture_group) end as group_bins,
  stratum,
  side,
from splits
order by bin_order_of(bin_id)
