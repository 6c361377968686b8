/*
model:      positives
kind:       inference
grain:      one row per (bin_id, asin)
about:      The questions of the verification task whose answer is yes.
columns:
  bin_id         not null
  side           not null
  capture_group  not null
  asin           varchar  not null  An item that the bin holds.
  quantity       bigint   not null  Units of it that the bin holds.
  place          bigint   not null  Place among those of the side, by lot, from 0.
  turn           bigint   not null  Place among those of the bin, by lot, from 1.
*/
with held as (
  select
    candidates.bin_id,
    candidates.side,
    candidates.capture_group,
    quantities.asin,
    sum(quantities.quantity)::bigint as quantity,
    md5_number_lower($seed || ' ' || candidates.bin_id || ' ' || quantities.asin) as lot,
  from quantities
  inner join candidates using (bin_id)
  where candidates.is_whole
  group by all
  having sum(quantities.quantity) > 0
),

drawn as (
  select
    *,
    row_number() over (partition by bin_id order by lot, asin) as turn,
  from held
  qualify $per_bin is null or turn <= $per_bin
)

select
  bin_id,
  side,
  capture_group,
  asin,
  quantity,
  row_number() over (partition by side order by lot, bin_id, asin) - 1 as place,
  turn,
from drawn
