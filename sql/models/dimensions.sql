/*
model:      dimensions
kind:       table
partition:  asin_kind
parts:      item_part_of(asin)
order:      asin_kind, asin, variant
grain:      one row per (asin, measurement)
about:      The distinct measurements recorded for each ASIN, the missing one (all null) included. An ASIN measured
            differently in different bins has several.
columns:
  asin not null
  variant            integer  not null  Number of the measurement for this ASIN: 1 is the most frequent, ties go to the lowest first_bin_id.
  is_primary         boolean  not null  Whether this is the measurement to use for the ASIN: variant 1.
  observation_count  bigint   not null  Lines with this measurement.
  length_in          double             Length in inches; null where missing or of an unknown unit.
  width_in           double             Width in inches.
  height_in          double             Height in inches.
  weight_lb          double             Weight in pounds.
  volume_in3         double             length_in x width_in x height_in, in cubic inches.
  length_cm          double             Length in centimetres.
  width_cm           double             Width in centimetres.
  height_cm          double             Height in centimetres.
  weight_kg          double             Weight in kilograms.
  length_value
  length_unit
  width_value
  width_unit
  height_value
  height_unit
  weight_value
  weight_unit
  first_bin_id       varchar  not null  The lowest bin (by number, then by id) with it.
  asin_kind          varchar  not null  Partition key: isbn10 (valid check digit), asin (B and nine letters or digits) or other.
*/
with observations as (select * from observations where asin is not null),

measurements as (
  select
    asin,
    length_value, length_unit, width_value, width_unit, height_value, height_unit, weight_value, weight_unit,
    count(*) as observation_count,
    min(bin_order_of(bin_id)) as first_bin,
  from observations
  group by all
),

converted as (
  select
    *,
    to_inches(length_value, length_unit) as length_in,
    to_inches(width_value, width_unit) as width_in,
    to_inches(height_value, height_unit) as height_in,
    to_pounds(weight_value, weight_unit) as weight_lb,
    row_number() over (
      partition by asin
      order by
        preference_of(observation_count, first_bin),
        -- two measurements of one ASIN in one bin, under different FCSKUs
        length_value, width_value, height_value, weight_value, length_unit, width_unit, height_unit, weight_unit
    ) as variant,
  from measurements
),

final as (
  select
    asin,
    variant::integer as variant,
    variant = 1 as is_primary,
    observation_count,
    length_in,
    width_in,
    height_in,
    weight_lb,
    length_in * width_in * height_in as volume_in3,
    to_centimetres(length_in) as length_cm,
    to_centimetres(width_in) as width_cm,
    to_centimetres(height_in) as height_cm,
    to_kilograms(weight_lb) as weight_kg,
    length_value,
    length_unit,
    width_value,
    width_unit,
    height_value,
    height_unit,
    weight_value,
    weight_unit,
    bin_id_at(first_bin) as first_bin_id,
    asin_kind_of(asin) as asin_kind,
  from converted
)

select * from final
