/*
report:  item
title:   One item and where it is
group:   Items
about:   One row for each line with this ASIN, so one for each bin that holds it unless it is there under several
         FCSKUs. Name and measures (inches, pounds) are those recorded in that bin: bins can differ.
parameters:
  asin  varchar  required  ASIN of the item.
example: abid-report item B000A8C5QE
empty:   No bin holds an item of this ASIN. ASINs are text, in capitals, and an FCSKU isn't always one.
*/
with bins as (select * from bins),

observations as (select * from observations where asin = $asin),

final as (
  select
    observations.name,
    observations.bin_id,
    observations.fcsku,
    observations.quantity,
    bins.expected_quantity,
    round(to_inches(observations.length_value, observations.length_unit), 4) as length_in,
    round(to_inches(observations.width_value, observations.width_unit), 4) as width_in,
    round(to_inches(observations.height_value, observations.height_unit), 4) as height_in,
    round(to_pounds(observations.weight_value, observations.weight_unit), 4) as weight_lb,
    bins.image_url,
    observations.bin_number,
  from observations
  inner join bins using (bin_id)
)

select * exclude (bin_number) from final
order by bin_number, bin_id, fcsku
