/*
report:  bin-composition
title:   Distinct items against units
group:   Bins
about:   Bins by the number of different ASINs in them, and how many units each of those bins holds: mean_units, median,
         p90 (which interpolates between neighbours) and max. Units are those of the loaded lines; lines without an ASIN
         count as units, not as items. per_item is the mean number of units of one ASIN in one bin, those lines left
         out. share is the fraction of the bins counted.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
chart:   line x=asin_count y=mean_units
example: abid-report bin-composition --id-style padded
empty:   There are no bins of this id style in the warehouse.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

quantities as (select * from quantities),

without_asin as (
  select
    bin_id,
    sum(quantity) as units,
  from quantities
  where asin is null
  group by bin_id
),

counted as (
  select
    asin_count,
    count(*) as bins,
    sum(total_quantity)::bigint as units,
    sum(total_quantity - coalesce(without_asin.units, 0))::bigint as units_of_items,
    quantile_cont(total_quantity, 0.50) as median,
    quantile_cont(total_quantity, 0.90) as p90,
    max(total_quantity) as max,
  from bins
  left join without_asin using (bin_id)
  group by asin_count
),

final as (
  select
    asin_count,
    bins,
    round(bins / sum(bins) over (), 6) as share,
    round(units / bins, 4) as mean_units,
    median,
    round(p90, 4) as p90,
    max,
    round(units_of_items / nullif(bins * asin_count, 0), 4) as per_item,
  from counted
)

select * from final
order by asin_count
