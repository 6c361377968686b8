/*
check:  primary_measurement
about:  Every ASIN has exactly one primary measurement: variant 1, of which no other is more frequent; the variants are
        numbered without gaps.
*/
select
  asin,
  count(*) filter (is_primary) as primaries,
  count(*) as measurements,
  min(variant) as first_variant,
  max(variant) as last_variant,
from dimensions
group by asin
having
  primaries <> 1
  or first_variant <> 1
  or last_variant <> measurements
  or min(variant) filter (is_primary) <> 1
  or max(observation_count) filter (is_primary) < max(observation_count)
