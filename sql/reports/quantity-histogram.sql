/*
report:  quantity-histogram
title:   Bins by expected quantity
about:   How many bins should hold 0, 1, 2, ... units, up to the largest number that occurs. share and cumulative_share
         are fractions of the bins counted.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
chart:   bar x=expected_quantity y=bins
example: abid-report quantity-histogram --id-style padded
empty:   There are no bins of this id style in the warehouse.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

counted as (
  select
    expected_quantity,
    count(*) as bins,
  from bins
  group by expected_quantity
),

final as (
  select
    expected_quantity,
    bins,
    round(bins / sum(bins) over (), 6) as share,
    round(sum(bins) over (order by expected_quantity) / sum(bins) over (), 6) as cumulative_share,
  from counted
)

select * from final
order by expected_quantity
