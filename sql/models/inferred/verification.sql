/*
model:      verification
kind:       inference
order:      bin_order_of(bin_id), answer desc, asin
grain:      one row per (bin_id, asin)
about:      The object verification task: is this item in the picture? Each bin is asked about as often with the answer
            no as with yes. An item whose answer is no is in other bins of the same side, and shares no key (ASIN,
            FCSKU, name) with anything in the capture group of the bin. Only bins are asked about whose every line was
            loaded and has an ASIN.
columns:
  bin_id             not null
  side               not null
  image_key          not null
  image_url          not null
  asin               varchar  not null  The item in question.
  name
  answer             boolean  not null  Whether the bin holds it.
  negative_kind      varchar            Where the answer is no: in what it is near to an item of the bin (name and size, size), or random.
  quantity           bigint   not null  Units of it that the bin holds; 0 where the answer is no.
  expected_quantity  not null
  distinct_items     not null
  largest_repeat     not null
  known_volume_in3   not null
  items_stratum      not null
  repeat_stratum     not null
  volume_stratum     not null
  capture_group      not null
  reasons            not null
*/
with held as (
  select
    candidates.bin_id,
    candidates.side,
    candidates.capture_group,
    quantities.asin,
    sum(quantities.quantity)::bigint as quantity,
    md5($seed || ' ' || candidates.bin_id || ' ' || quantities.asin) as lot,
  from quantities
  inner join candidates using (bin_id)
  where candidates.is_whole
  group by all
  having sum(quantities.quantity) > 0
),

drawn as (
  select
    *,
    row_number() over (partition by bin_id order by lot) as turn,
  from held
  qualify $per_bin is null or turn <= $per_bin
),

wanted as (
  select
    *,
    row_number() over (partition by side order by lot) as rank,
    count(*) over (partition by side) as asked,
  from drawn
),

pools as (
  select distinct side, asin from held
),

-- At random: what other questions of the side are about, so that no item is asked about with one answer alone.
lots as (
  select
    bin_id,
    side,
    capture_group,
    step,
    (rank + step * 7919) % asked + 1 as rank,
  from (select *, unnest(range(1, 9)) as step from wanted)
),

chances as (
  select
    lots.bin_id,
    lots.side,
    lots.capture_group,
    other.asin,
    'random' as kind,
    3 as tier,
    step as place,
  from lots
  inner join wanted as other using (side, rank)

  union all

  select
    wanted.bin_id,
    wanted.side,
    wanted.capture_group,
    near_items.other_asin,
    near_items.kind,
    case when near_items.kind = 'size' then 2 else 1 end,
    near_items.place,
  from wanted
  inner join near_items using (asin)
  inner join pools on pools.side = wanted.side and pools.asin = near_items.other_asin
  where $negatives = 'hard'
),

refused as (
  select distinct chances.capture_group, chances.asin
  from chances
  inner join item_keys using (asin)
  inner join held_keys using (capture_group, key)
),

offered as (
  select *
  from chances
  anti join refused using (capture_group, asin)
  qualify row_number() over (partition by bin_id, asin order by tier, place) = 1
),

negatives as (
  select
    *,
    row_number() over (partition by bin_id order by tier, place, md5($seed || ' ' || bin_id || ' ' || asin)) as turn,
  from offered
),

questions as (
  select
    wanted.bin_id,
    wanted.asin,
    true as answer,
    null as negative_kind,
    wanted.quantity,
  from wanted
  semi join negatives using (bin_id, turn)

  union all

  select
    negatives.bin_id,
    negatives.asin,
    false,
    negatives.kind,
    0,
  from negatives
  semi join wanted using (bin_id, turn)
)

select
  candidates.bin_id,
  candidates.side,
  candidates.image_key,
  candidates.image_url,
  questions.asin,
  items.name,
  questions.answer,
  questions.negative_kind,
  questions.quantity,
  candidates.* exclude (bin_id, side, image_key, image_url, is_whole, capture_group, reasons),
  candidates.capture_group,
  candidates.reasons,
from questions
inner join candidates using (bin_id)
inner join items using (asin)
order by bin_order_of(candidates.bin_id), questions.answer desc, questions.asin
