/*
report:  fullest-bins
title:   The fullest bins
group:   Sizes
about:   Bins by known_volume_in3, the volume in cubic inches of all units whose three dimensions are known: of what is
         in the bin, not of the bin, whose size nobody recorded. unknown_lines are those without a dimension or
         not loaded: where there are any, the bin is fuller still. total_quantity is in units.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
  limit     count  20  Rows to show; 0 shows all.
example: abid-report fullest-bins --id-style padded --limit 5
empty:   In no bin of this id style is the volume of any unit known.
*/
with bins as (select * from bins where $id_style in ('all', id_style) and known_volume_in3 > 0),

final as (
  select
    bin_id,
    round(known_volume_in3, 4) as known_volume_in3,
    total_quantity,
    lines_without_dimensions + rejected_line_count as unknown_lines,
    image_url,
    bin_number,
  from bins
)

select * exclude (bin_number) from final
order by known_volume_in3 desc, bin_number, bin_id
limit nullif($limit, 0)
