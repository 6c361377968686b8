/*
report:  quantity-gaps
title:   Bins whose lines don't add up
group:   Doubts
about:   Bins whose expected quantity differs from what their loaded lines add up to, the largest gap first.
         rejected_line_count tells gaps of the loading from those that the documents themselves have.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
  limit     count    100  Rows to show; 0 shows all.
example: abid-report quantity-gaps --limit 0
empty:   In every bin of this id style the lines add up to the expected quantity.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

final as (
  select
    bin_id,
    expected_quantity,
    total_quantity,
    quantity_gap,
    rejected_line_count,
    metadata_key,
    image_url,
    bin_number,
  from bins
  where quantity_gap <> 0
)

select * exclude (bin_number) from final
order by abs(quantity_gap) desc, bin_number, bin_id
limit nullif($limit, 0)
