/*
check:  measurement_counts
about:  The measurements of an ASIN are as many as its item says, and were observed once in each of its lines.
*/
with measured as (
  select
    asin,
    count(*) as measurements,
    sum(observation_count)::bigint as observed,
  from dimensions
  group by asin
),

counted as (
  select
    asin,
    count(*) as lines,
  from observations
  where asin is not null
  group by asin
)

select
  asin,
  items.dimension_variant_count,
  measured.measurements,
  measured.observed,
  counted.lines,
from items
inner join measured using (asin)
left join counted using (asin)
where
  items.dimension_variant_count is distinct from measured.measurements
  or measured.observed is distinct from counted.lines
