/*
report:  weight-histogram
title:   Bins by known weight
group:   Sizes
about:   How many bins hold from_lb pounds or more, and less than that plus --width, by the weight of all units whose
         weight is known; classes without bins are left out, and so are bins of which no weight is known. partly_known
         of them lack the weight of a line and are heavier than that. share and cumulative_share are fractions of the
         bins counted.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
  width     choice(0.25, 0.5, 1, 2, 5, 10, 20)  1  How wide a class is, in pounds.
chart:   bar x=from_lb y=bins log=y
example: abid-report weight-histogram --width 5
empty:   In no bin of this id style is the weight of any unit known.
*/
with bins as (select * from bins where $id_style in ('all', id_style) and known_weight_lb > 0),

counted as (
  select
    floor(known_weight_lb / $width::double) * $width::double as from_lb,
    count(*) as bins,
    count(*) filter (lines_without_weight + rejected_line_count > 0) as partly_known,
  from bins
  group by from_lb
),

final as (
  select
    from_lb,
    bins,
    partly_known,
    round(bins / sum(bins) over (), 6) as share,
    round(sum(bins) over (order by from_lb) / sum(bins) over (), 6) as cumulative_share,
  from counted
)

select * from final
order by from_lb
