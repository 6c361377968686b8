/*
report:  shared-items
title:   Items that lie together
group:   Items
about:   Pairs of ASINs that are in the same bins of the chosen id style, with lift: in how many times as many bins they
         are together as they would be by chance, if each were in as many bins as it is and knew nothing of the other.
         Many pairs come from pictures of one bin in a row (see repeat-captures), each of which counts as a bin; large
         lifts of rare items say little. Names are the most frequent ones in all bins. --sample counts the bins that it
         draws alone: few pairs are still in --min-bins of them.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
  by        choice(bins, lift)  bins  What comes first: the pairs in the most bins, or those of the largest lift.
  min-bins  count     3  Show only pairs that are together in at least so many bins.
  limit     count    20  Rows to show; 0 shows all.
chart:   hist x=bin_count of=pairs log=y
example: abid-report shared-items --by lift --min-bins 5 --limit 10
empty:   No two items are together in so many bins of this id style.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

quantities as (select * from quantities where asin is not null and $id_style in ('all', id_style_of(bin_id))),

items as (select * from items),

-- An item in fewer bins of any style is in no pair that is asked for. What is left gets a number, because pairs of
-- numbers are counted several times as fast as pairs of texts.
numbered as (
  select
    asin,
    name,
    row_number() over (order by asin) as item,
  from items
  where bin_count >= $min_bins
),

-- one bin can hold an ASIN under several FCSKUs
held as (
  select
    bin_order_of(quantities.bin_id) as bin_order,
    numbered.item,
  from quantities
  inner join numbered using (asin)
  group by bin_order, numbered.item
),

counted as (
  select
    item,
    count(*) as bin_count,
  from held
  group by item
),

pairs as (
  select
    one.item as item,
    other.item as other_item,
    count(*) as bin_count,
  from held as one
  inner join held as other on one.bin_order = other.bin_order and one.item < other.item
  group by one.item, other.item
  having count(*) >= $min_bins
),

final as (
  select
    one_item.asin,
    other_item.asin as other_asin,
    pairs.bin_count,
    round(pairs.bin_count * (select count(*) from bins) / (one.bin_count * other.bin_count), 4) as lift,
    one.bin_count as asin_bin_count,
    other.bin_count as other_asin_bin_count,
    one_item.name,
    other_item.name as other_name,
  from pairs
  inner join counted as one on one.item = pairs.item
  inner join counted as other on other.item = pairs.other_item
  inner join numbered as one_item on one_item.item = pairs.item
  inner join numbered as other_item on other_item.item = pairs.other_item
)

select * from final
order by case when $by = 'bins' then bin_count else lift end desc, bin_count desc, lift desc, asin, other_asin
limit nullif($limit, 0)
