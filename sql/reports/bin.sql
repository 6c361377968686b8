/*
report:  bin
title:   One bin and what is in it
group:   Bins
about:   One row for each line of the bin, as recorded, in inches and pounds; a bin without lines has one row without an
         FCSKU. total_quantity is what the lines add up to. Ids are text: 523 and 00523 are different bins.
parameters:
  bin-id  varchar  required  Id of the bin, exactly as in the bucket.
example: abid-report bin 00523
empty:   No bin has this id. Ids are text: 523 and 00523 are different bins.
*/
with bins as (select * from bins where bin_id = $bin_id),

observations as (select * from observations where bin_id = $bin_id),

final as (
  select
    bins.bin_id,
    bins.expected_quantity,
    bins.total_quantity,
    bins.rejected_line_count,
    observations.fcsku,
    observations.asin,
    observations.name,
    observations.quantity,
    round(to_inches(observations.length_value, observations.length_unit), 4) as length_in,
    round(to_inches(observations.width_value, observations.width_unit), 4) as width_in,
    round(to_inches(observations.height_value, observations.height_unit), 4) as height_in,
    round(to_pounds(observations.weight_value, observations.weight_unit), 4) as weight_lb,
    bins.image_url,
  from bins
  left join observations using (bin_id)
)

select * from final
order by fcsku
