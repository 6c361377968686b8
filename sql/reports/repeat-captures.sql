/*
report:  repeat-captures
title:   Pictures of one bin in a row
group:   Bins
about:   Runs of neighbouring ids of one id style whose inventories overlap: a link joins two bins whose ids are at most
         `window` apart and whose ASINs have a Jaccard index (those in both over those in either) of at least
         `threshold`, and a run is a stretch of ids that links cover without a break. bin_count counts the linked bins
         in it; link_count, min_jaccard and mean_jaccard are about its links. Bins without ASINs overlap with none.
         Linked bins are most likely one bin pictured again, so that a split at random puts the same things in training
         and in test. --sample keeps a link only where it draws both bins, and so breaks most runs.
parameters:
  id-style   choice(all, padded, unpadded)  all  Which bins to look at.
  window     count(1..)    2    How far apart two ids may be: 1 looks at direct neighbours only.
  threshold  double(0..1)  0.5  Smallest Jaccard index of a link, from 0 (any ASIN in common) to 1 (the same ASINs).
  limit      count         20   Rows to show; 0 shows all.
chart:   hist x=mean_jaccard of=runs
example: abid-report repeat-captures --window 1 --threshold 0.8 --limit 10
empty:   No two bins so near to one another in this id style are so alike.
*/
with bins as (
  select
    bin_id,
    asin_count,
    bin_place_of(bin_id) as place,
  from bins
  where $id_style in ('all', id_style)
),

-- A block is as wide as the window, so what is near to a bin is in its own block or in the next.
lines as (
  select
    bin_place_of(bin_id) as place,
    bin_place_of(bin_id) // $window as block,
    asin,
  from quantities
  where asin is not null and $id_style in ('all', id_style_of(bin_id))
),

reaching as (
  select * from lines
  union all
  select * replace (block + 1 as block) from lines
),

pairs as (
  select
    one.place as first_place,
    other.place as last_place,
    -- one bin can hold an ASIN under several FCSKUs
    count(distinct one.asin) as shared,
  from reaching as one
  inner join lines as other
    on one.asin = other.asin
    and one.block = other.block
    -- no two numbers are farther apart; the styles are
    and other.place - one.place between 1 and least($window, 999999999)
  group by one.place, other.place
),

links as (
  select
    first_place,
    last_place,
    shared / (one.asin_count + other.asin_count - shared) as jaccard,
  from pairs
  inner join bins as one on one.place = first_place
  inner join bins as other on other.place = last_place
  where jaccard >= $threshold
),

reached as (
  select
    *,
    max(last_place) over (order by first_place, last_place rows between unbounded preceding and 1 preceding) as reach,
  from links
),

numbered as (
  select
    *,
    sum((first_place > coalesce(reach, first_place - 1))::integer) over (
      order by first_place, last_place rows unbounded preceding
    ) as run,
  from reached
),

measured as (
  select
    run,
    min(first_place) as first_place,
    max(last_place) as last_place,
    count(*) as link_count,
    min(jaccard) as min_jaccard,
    -- as decimals, whose mean doesn't depend on their order
    avg(jaccard::decimal(12, 9)) as mean_jaccard,
  from numbered
  group by run
),

members as (
  select run, first_place as place from numbered
  union
  select run, last_place as place from numbered
),

counted as (
  select
    run,
    count(*) as bin_count,
  from members
  group by run
),

final as (
  select
    one.bin_id as first_bin_id,
    other.bin_id as last_bin_id,
    counted.bin_count,
    measured.link_count,
    round(measured.min_jaccard, 4) as min_jaccard,
    round(measured.mean_jaccard, 4) as mean_jaccard,
    one.place,
  from measured
  inner join counted using (run)
  inner join bins as one on one.place = measured.first_place
  inner join bins as other on other.place = measured.last_place
)

select * exclude (place) from final
order by bin_count desc, mean_jaccard desc, place
limit nullif($limit, 0)
