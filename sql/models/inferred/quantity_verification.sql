/*
model:      quantity_verification
kind:       inference
order:      bin_order_of(bin_id), asin, answer desc
grain:      one row per (bin_id, asin, asked_quantity)
about:      The object quantity verification task: are there so many of this item in the picture? The item is always in
            it, and is asked about once with its quantity and once with another: by --negatives hard one more or one
            less, at random the quantity of any other line of the side. Items that may lie in the bin under another ASIN
            too are left out, and bins with a line that was not loaded or has no ASIN.
            Most lines are of one unit, so that "yes, if one is asked about" would be right 8 times of 10. Hence lines
            are left out by lot until on each side as many of a units are asked about b as of b about a (of 7,960 lines
            of 3,004 real documents 4,350, at random 3,496): then what is asked tells nothing of the answer. What is
            recorded of the bin does: expected_quantity, distinct_items, quantity and the like are for whoever judges a
            model, not for the model.
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
with recursive held as (
  select
    bin_id,
    candidates.side,
    quantities.asin,
    sum(quantities.quantity)::bigint as quantity,
    md5_number_lower($seed || ' ' || bin_id || ' ' || quantities.asin) as lot,
  from quantities
  inner join candidates using (bin_id)
  where candidates.is_whole
  group by bin_id, candidates.side, quantities.asin
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

dealt as (
  select
    *,
    count(*) over (partition by side) as lines,
    count(*) over (partition by side, quantity) as alike,
    row_number() over (partition by side, quantity order by lot, bin_id, asin) as turn,
    row_number() over (partition by side order by quantity, lot, bin_id, asin) as place,
  from wanted
),

counts as (
  select
    side,
    quantity,
    count(*) as lines,
    row_number() over (partition by side order by quantity desc) as step,
  from wanted
  group by side, quantity
),

-- Hard: so many lines of a quantity are asked about one more. From the highest quantity down, as many as the lines of
-- the next one that are left to be asked about one less; no other numbers leave fewer lines out.
raised as (
  select side, quantity, lines, step, 0::bigint as raised_lines
  from counts
  where step = 1

  union all

  select
    counts.side,
    counts.quantity,
    counts.lines,
    counts.step,
    case
      when counts.quantity = raised.quantity - 1 then least(counts.lines, raised.lines - raised.raised_lines)
      else 0
    end,
  from raised
  inner join counts on counts.side = raised.side and counts.step = raised.step + 1
),

-- At random: the quantity of any line of the side that has another one. In the order of quantities, all those follow
-- one another, if the first line comes after the last.
drawn as (
  select
    dealt.*,
    case when turn <= raised_lines then quantity + 1 else quantity - 1 end as other,
  from dealt
  inner join raised using (side, quantity)
  where $negatives = 'hard'

  union all

  select
    one.*,
    another.quantity,
  from dealt as one
  inner join dealt as another
    on
      one.side = another.side
      and another.place - 1
      = (one.place - one.turn + one.alike + one.lot % nullif(one.lines - one.alike, 0)::ubigint) % one.lines
  where $negatives = 'random'
),

flows as (
  select
    side,
    quantity,
    other,
    count(*) as lines,
  from drawn
  group by side, quantity, other
),

kept as (
  select drawn.*
  from drawn
  inner join flows as back
    on drawn.side = back.side and drawn.quantity = back.other and drawn.other = back.quantity
  qualify
    row_number() over (partition by drawn.side, drawn.quantity, drawn.other order by drawn.lot, bin_id, asin)
    <= back.lines
),

questions as (
  select bin_id, asin, quantity as asked_quantity, true as answer, quantity from kept
  union all
  select bin_id, asin, other, false, quantity from kept
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
