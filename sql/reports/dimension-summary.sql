/*
report:  dimension-summary
title:   Sizes and weights of items
group:   Sizes
about:   The spread of each measure over the items, every item counting once with its primary (most frequent)
         measurement: inches, pounds and cubic inches, as the measure's name says. Percentiles interpolate between
         neighbours. known_items and unknown_items count the items whose primary measurement has the measure or not.
example: abid-report dimension-summary
*/
with dimensions as (select * from dimensions where is_primary),

measures as (
  select unnest(['length_in', 'width_in', 'height_in', 'weight_lb', 'volume_in3']) as measure
),

measured as (
  select measure, value
  from dimensions
  unpivot include nulls (value for measure in (length_in, width_in, height_in, weight_lb, volume_in3))
),

-- From the list of measures, so that each has its row even when there are no items.
final as (
  select
    measure,
    count(value) as known_items,
    count(measured.measure) - count(value) as unknown_items,
    round(min(value), 4) as min,
    round(quantile_cont(value, 0.01), 4) as p01,
    round(quantile_cont(value, 0.05), 4) as p05,
    round(quantile_cont(value, 0.25), 4) as p25,
    round(quantile_cont(value, 0.50), 4) as p50,
    round(quantile_cont(value, 0.75), 4) as p75,
    round(quantile_cont(value, 0.95), 4) as p95,
    round(quantile_cont(value, 0.99), 4) as p99,
    round(max(value), 4) as max,
  from measures
  left join measured using (measure)
  group by measure
)

select * from final
order by list_position(['length_in', 'width_in', 'height_in', 'weight_lb', 'volume_in3'], measure)
