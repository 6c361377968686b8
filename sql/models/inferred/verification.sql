/*
model:      verification
kind:       inference
order:      bin_order_of(bin_id), answer desc, asin
grain:      one row per (bin_id, asin)
about:      The object verification task: is this item in the picture? Each bin is asked about as often with the answer
            no as with yes, and so is each item within its side, as near as can be. An item whose answer is no shares no
            key (ASIN, FCSKU, name) with anything in the capture group of the bin. Only bins are asked about whose every
            line was loaded and has an ASIN.
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
with classed as (
  select
    positives.*,
    coalesce(near_classes.kind, 'random') as kind,
    coalesce(near_classes.class, 'none') as class,
    coalesce(near_classes.largest, 1) as shift,
    row_number() over (partition by side, near_classes.class order by near_classes.name_key, place) - 1 as class_place,
    count(*) over (partition by side, near_classes.class) as class_size,
    count(*) over (partition by side) as side_size,
  from positives
  left join near_classes using (side, asin)
),

-- The bins of a class pass their items on, past all that are about one name: each item is asked about with no as often
-- as with yes.
passed as (
  select
    one.bin_id,
    one.capture_group,
    one.kind,
    other.asin,
  from classed as one
  inner join classed as other
    on
      one.side = other.side
      and one.class = other.class
      and (one.class_place + one.shift) % one.class_size = other.class_place
),

-- Few bins may hold what they were passed, or were passed an item twice.
short as (
  select bin_id
  from passed
  inner join item_keys using (asin)
  inner join held_keys using (capture_group, key)

  union

  select bin_id
  from passed
  group by bin_id, asin
  having count(*) > 1
),

-- There, other items of the side come in.
spares as (
  select
    bin_id,
    side,
    capture_group,
    step,
    (place + step * greatest(1, side_size // 9)) % side_size as place,
  from classed
  cross join (select unnest(range(1, 9)) as step) as steps
  semi join short using (bin_id)
),

chances as (
  select
    bin_id,
    capture_group,
    asin,
    kind,
    0 as step,
  from passed

  union all

  select
    spares.bin_id,
    spares.capture_group,
    positives.asin,
    'random',
    step,
  from spares
  inner join positives using (side, place)
),

refused as (
  select distinct chances.capture_group, chances.asin
  from chances
  inner join item_keys using (asin)
  inner join held_keys using (capture_group, key)
),

offered as (
  select
    bin_id,
    asin,
    min(step) as step,
    arg_min(kind, step) as kind,
  from chances
  anti join refused using (capture_group, asin)
  group by bin_id, asin
),

negatives as (
  select
    *,
    row_number() over (partition by bin_id order by step, md5($seed || ' ' || bin_id || ' ' || asin)) as turn,
  from offered
),

questions as (
  select
    bin_id,
    asin,
    true as answer,
    null as negative_kind,
    quantity,
  from positives
  semi join negatives using (bin_id, turn)

  union all

  select
    bin_id,
    asin,
    false,
    kind,
    0,
  from negatives
  semi join positives using (bin_id, turn)
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
