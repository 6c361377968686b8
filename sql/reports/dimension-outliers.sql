/*
report:  dimension-outliers
title:   Measurements that can't be right, or hardly
group:   Doubts
about:   Every measurement of an item with something to doubt about it, the most doubtful first, in inches and pounds.
         An outlier is a length, width, height, weight or density (pounds per cubic inch) with a robust z-score of
         --min-z or more: 0.6745 times its distance from the median, over the median absolute deviation, both of
         natural logarithms over the items' primary measurements, because sizes spread by factors (the score and 3.5 are
         Iglewicz and Hoaglin's). farthest_z is the largest of them, below 0 where the item is too small or too light.
         Plain contradictions: length_below_width and width_below_height, since the source has the sides sorted (so does
         each of 5,193 real measurements); too_dense, heavier than osmium, the densest of metals, at 22.59 g/cm3; and
         not_a_measure, recorded, but zero or below, a million or more, or in an unknown unit.
parameters:
  reason  choice(all, length_below_width, width_below_height, too_dense, not_a_measure, length_outlier, width_outlier,
          height_outlier, weight_outlier, density_outlier)  all  Show only measurements that this speaks against.
  min-z   double(0..)  3.5  From which score on a measure is an outlier.
  limit   count        20   Rows to show; 0 shows all.
example: abid-report dimension-outliers --reason too_dense --limit 5
empty:   Nothing speaks against any measurement.
*/
with dimensions as (select *, weight_lb / nullif(volume_in3, 0) as density from dimensions),

items as (select * from items),

middles as (
  select
    median(ln(length_in)) as length_middle, mad(ln(length_in)) as length_spread,
    median(ln(width_in)) as width_middle, mad(ln(width_in)) as width_spread,
    median(ln(height_in)) as height_middle, mad(ln(height_in)) as height_spread,
    median(ln(weight_lb)) as weight_middle, mad(ln(weight_lb)) as weight_spread,
    median(ln(density)) as density_middle, mad(ln(density)) as density_spread,
  from dimensions
  where is_primary
),

-- Where more than half of the items are alike, the spread is 0 and nothing has a score.
scored as (
  select
    dimensions.*,
    0.6745 * (ln(length_in) - length_middle) / nullif(length_spread, 0) as length_z,
    0.6745 * (ln(width_in) - width_middle) / nullif(width_spread, 0) as width_z,
    0.6745 * (ln(height_in) - height_middle) / nullif(height_spread, 0) as height_z,
    0.6745 * (ln(weight_lb) - weight_middle) / nullif(weight_spread, 0) as weight_z,
    0.6745 * (ln(density) - density_middle) / nullif(density_spread, 0) as density_z,
  from dimensions
  cross join middles
),

judged as (
  select
    *,
    case
      when greatest(length_z, width_z, height_z, weight_z, density_z)
        >= -least(length_z, width_z, height_z, weight_z, density_z)
        then greatest(length_z, width_z, height_z, weight_z, density_z)
      else least(length_z, width_z, height_z, weight_z, density_z)
    end as farthest_z,
    list_filter([
      -- six decimals, since a conversion of units can change the last digits
      case when round(length_in, 6) < round(width_in, 6) then 'length_below_width' end,
      case when round(width_in, 6) < round(height_in, 6) then 'width_below_height' end,
      -- 22.59 g/cm3 in pounds per cubic inch
      case when density > 22.59 * power(2.54, 3) / 453.59237 then 'too_dense' end,
      case
        when (length_value is not null and length_in is null) or (width_value is not null and width_in is null)
          or (height_value is not null and height_in is null) or (weight_value is not null and weight_lb is null)
          then 'not_a_measure'
      end,
      case when abs(length_z) >= $min_z then 'length_outlier' end,
      case when abs(width_z) >= $min_z then 'width_outlier' end,
      case when abs(height_z) >= $min_z then 'height_outlier' end,
      case when abs(weight_z) >= $min_z then 'weight_outlier' end,
      case when abs(density_z) >= $min_z then 'density_outlier' end
    ], lambda reason: reason is not null) as reasons,
  from scored
),

final as (
  select
    judged.asin,
    judged.variant,
    items.name,
    round(judged.length_in, 4) as length_in,
    round(judged.width_in, 4) as width_in,
    round(judged.height_in, 4) as height_in,
    round(judged.weight_lb, 4) as weight_lb,
    round(judged.farthest_z, 2) as farthest_z,
    len(judged.reasons) as reason_count,
    array_to_string(judged.reasons, ', ') as reasons,
    judged.first_bin_id,
  from judged
  inner join items using (asin)
  where len(judged.reasons) > 0 and ($reason = 'all' or list_contains(judged.reasons, $reason))
)

select * from final
order by reason_count desc, coalesce(abs(farthest_z), 0) desc, asin, variant
limit nullif($limit, 0)
