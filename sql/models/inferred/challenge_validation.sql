/*
model:      challenge_validation
kind:       inference
order:      place
grain:      one row per place
about:      What make_obj_verification_data.py of abid_challenge judges by, shuffled: the lines of $side whose item lies
            in training bins; and for each bin of the side one item, drawn from those of all bins, if it lies in
            training bins. Of either at most 20,000, and here no more than there are of the other: the script stops
            where it has fewer. Lots are hashes of the seed and the ids, so that they can be drawn again. There, an item
            may be drawn that the bin holds, or one without an ASIN. Here such a draw is void, as is one that shares a
            key with anything in the bin's capture group; and there is none for a bin without lines, or with one that
            was not loaded or has no ASIN.
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
),

pool as (
  select
    asin,
    row_number() over (order by md5($seed || ' ' || asin), asin) - 1 as rank,
  from (
    select distinct quantities.asin
    from quantities
    inner join challenge_bins using (bin_id)
    where challenge_bins.expected_quantity > 0 and quantities.asin is not null
  ) as items
),

lots as (
  select distinct
    idx,
    bin_id,
    capture_group,
    md5_number_lower($seed || ' draws for ' || bin_id) % (select count(*) from pool) as rank,
  from lines
  where is_whole
),

drawn as (
  select
    lots.idx,
    lots.bin_id,
    lots.capture_group,
    asin,
  from lots
  inner join pool using (rank)
  semi join challenge_targets using (asin)
),

refused as (
  select distinct drawn.capture_group, drawn.asin
  from drawn
  inner join item_keys using (asin)
  inner join held_keys using (capture_group, key)
),

negatives as (
  select
    idx,
    asin,
    0 as answer,
    md5($seed || ' ' || bin_id || ' ' || asin) as lot,
  from drawn
  anti join refused using (capture_group, asin)
),

questions as (
  select *
  from (select * from positives union all select * from negatives)
  qualify
    row_number() over (partition by answer order by lot, idx, asin)
    <= least(20000, (select count(*) from positives), (select count(*) from negatives))
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
