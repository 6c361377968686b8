/*
report:  top-items
title:   The most frequent items
group:   Items
about:   The ASINs that are in the most bins, or of which there are the most units, within the bins of the chosen id
         style. The name is the most frequent one in all bins.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
  by        choice(bins, units)  bins  What makes an item a top one: bin_count or total_quantity.
  limit     count    20  Rows to show; 0 shows all.
example: abid-report top-items --by units --limit 10
empty:   There are no items in bins of this id style.
*/
with quantities as (select * from quantities where $id_style in ('all', id_style_of(bin_id))),

items as (select * from items),

counted as (
  select
    asin,
    count(distinct bin_id) as bin_count,
    sum(quantity)::bigint as total_quantity,
    max(quantity) as max_item_quantity,
  from quantities
  where asin is not null
  group by asin
),

final as (
  select
    counted.asin,
    items.name,
    counted.bin_count,
    counted.total_quantity,
    counted.max_item_quantity,
  from counted
  inner join items using (asin)
)

select * from final
order by case when $by = 'bins' then bin_count else total_quantity end desc, bin_count desc, total_quantity desc, asin
limit nullif($limit, 0)
