/*
report:  fcsku-histogram
title:   Bins by number of FCSKUs
group:   Bins
about:   How many bins hold 0, 1, 2, ... different FCSKUs (loaded lines). share and cumulative_share are fractions of
         the bins counted.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
chart:   bar x=fcsku_count y=bins
example: abid-report fcsku-histogram --id-style unpadded
empty:   There are no bins of this id style in the warehouse.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

counted as (
  select
    fcsku_count,
    count(*) as bins,
  from bins
  group by fcsku_count
),

final as (
  select
    fcsku_count,
    bins,
    round(bins / sum(bins) over (), 6) as share,
    round(sum(bins) over (order by fcsku_count) / sum(bins) over (), 6) as cumulative_share,
  from counted
)

select * from final
order by fcsku_count
