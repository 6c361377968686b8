/*
report:  quantity-histogram
title:   Bins by expected quantity
group:   Bins
about:   How many bins should hold 0, 1, 2, ... units, up to the largest number that occurs. share and cumulative_share
         are fractions of all bins of the id style, whatever --max shows of them: the last cumulative_share says how
         many there are up to it.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
  max       count  0  The largest quantity to show; 0 shows all.
chart:   bar x=expected_quantity y=bins
example: abid-report quantity-histogram --id-style padded --max 20
empty:   There are no such bins in the warehouse.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

counted as (
  select
    expected_quantity,
    count(*) as bins,
  from bins
  group by expected_quantity
),

shares as (
  select
    expected_quantity,
    bins,
    round(bins / sum(bins) over (), 6) as share,
    round(sum(bins) over (order by expected_quantity) / sum(bins) over (), 6) as cumulative_share,
  from counted
),

final as (select * from shares where $max = 0 or expected_quantity <= $max)

select * from final
order by expected_quantity
