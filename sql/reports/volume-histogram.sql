/*
report:  volume-histogram
title:   Bins by known volume
group:   Sizes
about:   How many bins hold from_in3 cubic inches or more, and less than that plus --width, by the volume of all units
         whose three dimensions are known; classes without bins are left out, and so are bins of which no volume is
         known. partly_known of them lack a dimension of a line and are fuller than that. share and cumulative_share are
         fractions of the bins counted.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
  width     choice(50, 100, 200, 250, 500, 1000)  100  How wide a class is, in cubic inches.
chart:   bar x=from_in3 y=bins log=y
example: abid-report volume-histogram --width 500
empty:   In no bin of this id style is the volume of any unit known.
*/
with bins as (select * from bins where $id_style in ('all', id_style) and known_volume_in3 > 0),

counted as (
  select
    floor(known_volume_in3 / $width::double) * $width::double as from_in3,
    count(*) as bins,
    count(*) filter (lines_without_dimensions + rejected_line_count > 0) as partly_known,
  from bins
  group by from_in3
),

final as (
  select
    from_in3,
    bins,
    partly_known,
    round(bins / sum(bins) over (), 6) as share,
    round(sum(bins) over (order by from_in3) / sum(bins) over (), 6) as cumulative_share,
  from counted
)

select * from final
order by from_in3
