/*
model:      challenge_validation
kind:       inference
order:      place
grain:      one row per place
about:      What make_obj_verification_data.py of abid_challenge judges by: lines of $side whose item lies in training
            bins, and items of training bins that the bin doesn't hold; shuffled, at most 20,000 of each. There, any item
            may be drawn for a bin. Here it shares no key with anything in the bin's capture group, and every line of the bin
            was loaded and has an ASIN.
columns:
  place    bigint   not null  Place in the list, from 1.
  idx      not null
  asin     not null
  answer   integer  not null  1 where the bin holds the item, else 0.
  targets  not null
*/
with lines as (
  select *
  from challenge_lines
  where side = $side
),

positives as (
  select
    lines.idx,
    asin,
    1 as answer,
    md5($seed || ' ' || lines.bin_id || ' ' || lines.fcsku) as lot,
  from lines
  inner join challenge_targets using (asin)
  qualify row_number() over (order by lot, lines.idx, lines.fcsku) <= 20000
),

pool as (
  select
    asin,
    row_number() over (order by md5($seed || ' ' || asin), asin) - 1 as rank,
  from challenge_targets
),

-- Several chances a line, since some will hit what the bin holds.
drawn as (
  select
    *,
    md5_number_lower($seed || ' ' || bin_id || ' ' || fcsku || ' ' || step) % (select count(*) from pool) as rank,
  from lines
  cross join (select unnest(range(8)) as step) as steps
  where is_whole
),

chances as (
  select distinct
    drawn.idx,
    drawn.bin_id,
    drawn.capture_group,
    pool.asin,
  from drawn
  inner join pool using (rank)
),

refused as (
  select distinct chances.capture_group, chances.asin
  from chances
  inner join item_keys using (asin)
  inner join held_keys using (capture_group, key)
),

negatives as (
  select
    idx,
    asin,
    0 as answer,
    md5($seed || ' ' || bin_id || ' ' || asin) as lot,
  from chances
  anti join refused using (capture_group, asin)
  qualify row_number() over (order by lot, idx, asin) <= (select count(*) from positives)
),

questions as (
  select * from positives
  union all
  select * from negatives
)

select
  row_number() over (order by md5(lot), idx, asin, answer) as place,
  idx,
  asin,
  answer,
  challenge_targets.targets,
from questions
inner join challenge_targets using (asin)
order by place
