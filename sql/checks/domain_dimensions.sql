/*
check:  domain_dimensions
about:  Every column of dimensions holds what its header says: recorded measurements are a finite value and a unit or
        neither, and the others are converted from them.
*/
select 'observation_count' as column_name, asin || ' ' || variant as key, observation_count::varchar as value
from dimensions where observation_count < 1
union all
select 'length_value', asin || ' ' || variant, concat_ws(' ', length_value, length_unit) from dimensions
where (length_value is null) <> (length_unit is null) or not isfinite(length_value)
union all
select 'width_value', asin || ' ' || variant, concat_ws(' ', width_value, width_unit) from dimensions
where (width_value is null) <> (width_unit is null) or not isfinite(width_value)
union all
select 'height_value', asin || ' ' || variant, concat_ws(' ', height_value, height_unit) from dimensions
where (height_value is null) <> (height_unit is null) or not isfinite(height_value)
union all
select 'weight_value', asin || ' ' || variant, concat_ws(' ', weight_value, weight_unit) from dimensions
where (weight_value is null) <> (weight_unit is null) or not isfinite(weight_value)
union all
select 'length_in', asin || ' ' || variant, length_in::varchar from dimensions
where length_in is distinct from to_inches(length_value, length_unit)
union all
select 'width_in', asin || ' ' || variant, width_in::varchar from dimensions
where width_in is distinct from to_inches(width_value, width_unit)
union all
select 'height_in', asin || ' ' || variant, height_in::varchar from dimensions
where height_in is distinct from to_inches(height_value, height_unit)
union all
select 'weight_lb', asin || ' ' || variant, weight_lb::varchar from dimensions
where weight_lb is distinct from to_pounds(weight_value, weight_unit)
union all
select 'volume_in3', asin || ' ' || variant, volume_in3::varchar from dimensions
where volume_in3 is distinct from length_in * width_in * height_in
union all
select 'length_cm', asin || ' ' || variant, length_cm::varchar from dimensions
where length_cm is distinct from to_centimetres(length_in)
union all
select 'width_cm', asin || ' ' || variant, width_cm::varchar from dimensions
where width_cm is distinct from to_centimetres(width_in)
union all
select 'height_cm', asin || ' ' || variant, height_cm::varchar from dimensions
where height_cm is distinct from to_centimetres(height_in)
union all
select 'weight_kg', asin || ' ' || variant, weight_kg::varchar from dimensions
where weight_kg is distinct from to_kilograms(weight_lb)
