/*
report:  measurement-conflicts
title:   Items that bins measure differently
group:   Doubts
about:   ASINs of which a length, width, height (inches) or weight (pounds) has several known values, over all bins; one
         row a measurement, the most frequent one first. ratio is the largest value of a measure over its smallest, to
         four decimals, for the measure of the item where it is largest; the items with the largest ratio come first.
         line_count counts the lines with the measurement. What differs by less, as float noise does, is no conflict,
         and neither is a measure that is known in one bin and not in another.
parameters:
  min-ratio  double(1..)  1   Show only items whose ratio is at least this: 1.1 leaves out what differs by less than a
                              tenth.
  limit      count        20  Rows to show; 0 shows all.
example: abid-report measurement-conflicts --min-ratio 2 --limit 10
empty:   Bins agree on the measures of every item, as far as this ratio.
*/
with dimensions as (select * from dimensions),

items as (select * from items where dimension_variant_count > 1),

measured as (
  select
    dimensions.*,
    items.name,
  from dimensions
  inner join items using (asin)
),

ratios as (
  select
    asin,
    -- greatest skips a measure that is never known
    round(
      greatest(
        max(length_in) / min(length_in), max(width_in) / min(width_in), max(height_in) / min(height_in),
        max(weight_lb) / min(weight_lb)
      ),
      4
    ) as ratio,
  from measured
  group by asin
  having ratio > 1 and ratio >= $min_ratio
),

final as (
  select
    measured.asin,
    measured.name,
    ratios.ratio,
    round(measured.length_in, 4) as length_in,
    round(measured.width_in, 4) as width_in,
    round(measured.height_in, 4) as height_in,
    round(measured.weight_lb, 4) as weight_lb,
    measured.observation_count as line_count,
    measured.first_bin_id,
    measured.variant,
  from measured
  inner join ratios using (asin)
)

select * exclude (variant) from final
order by ratio desc, asin, variant
limit nullif($limit, 0)
