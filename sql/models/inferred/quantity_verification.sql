/*
model:      quantity_verification
kind:       inference
order:      bin_number, id_style, asin, answer desc
grain:      one row per (bin_id, asin, asked_quantity)
about:      The object quantity verification task: are there so many of this item in the picture? The item is always in
            it, and is asked about once with its quantity and once with another: by --negatives hard one more or one
            less, at random any from 1 to 5, or to one more than there are. Items that may lie in the bin under another
            ASIN too are left out, and bins with a line that was not loaded or has no ASIN.
columns:
  bin_id             not null
  side               not null
  image_key          not null
  image_url          not null
  asin               not null
  name
  asked_quantity     bigint   not null  Units that are asked about.
  answer             boolean  not null  Whether the bin holds just so many.
  quantity           bigint   not null  Units of it that the bin holds.
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
    bin_id,
    quantities.asin,
    sum(quantities.quantity)::bigint as quantity,
    md5_number_lower($seed || ' ' || bin_id || ' ' || quantities.asin) as lot,
  from quantities
  inner join candidates using (bin_id)
  where candidates.is_whole
  group by bin_id, quantities.asin
  having sum(quantities.quantity) > 0
),

doubled as (
  select distinct one.bin_id, one.asin
  from (select bin_id, asin, key from held inner join item_keys using (asin)) as one
  inner join (select bin_id, asin, key from held inner join item_keys using (asin)) as other
    on one.bin_id = other.bin_id and one.key = other.key and one.asin <> other.asin
),

wanted as (
  select *
  from held
  anti join doubled using (bin_id, asin)
  qualify $per_bin is null or row_number() over (partition by bin_id order by lot, asin) <= $per_bin
),

drawn as (
  select
    *,
    case
      when $negatives = 'hard' then case when quantity = 1 or lot % 2 = 0 then quantity + 1 else quantity - 1 end
      -- one of the others: those from the true one on are one higher
      else (lot % greatest(4, quantity)::ubigint)::bigint + 1
    end as other,
  from wanted
),

questions as (
  select bin_id, asin, quantity as asked_quantity, true as answer, quantity from drawn
  union all
  select
    bin_id,
    asin,
    case when $negatives = 'random' and other >= quantity then other + 1 else other end,
    false,
    quantity,
  from drawn
)

select
  candidates.bin_id,
  candidates.side,
  candidates.image_key,
  candidates.image_url,
  questions.asin,
  items.name,
  questions.asked_quantity,
  questions.answer,
  questions.quantity,
  candidates.* exclude (bin_id, side, image_key, image_url, is_whole, capture_group, reasons),
  candidates.capture_group,
  candidates.reasons,
from questions
inner join candidates using (bin_id)
inner join items using (asin)
order by bin_order_of(candidates.bin_id), questions.asin, questions.answer desc
