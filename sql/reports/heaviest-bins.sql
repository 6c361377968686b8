/*
report:  heaviest-bins
title:   The heaviest bins
group:   Sizes
about:   Bins by known_weight_lb, the weight in pounds of all units whose weight is known. unknown_lines are those
         without a weight or not loaded: where there are any, the bin is heavier still. total_quantity is in units.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
  limit     count  20  Rows to show; 0 shows all.
example: abid-report heaviest-bins --id-style padded --limit 5
empty:   In no bin of this id style is the weight of any unit known.
*/
with bins as (select * from bins where $id_style in ('all', id_style) and known_weight_lb > 0),

final as (
  select
    bin_id,
    round(known_weight_lb, 4) as known_weight_lb,
    total_quantity,
    lines_without_weight + rejected_line_count as unknown_lines,
    image_url,
    bin_number,
  from bins
)

select * exclude (bin_number) from final
order by known_weight_lb desc, bin_number, bin_id
limit nullif($limit, 0)
