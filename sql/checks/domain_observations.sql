/*
check:  domain_observations
about:  Every column of observations holds what its header says: whole quantities from 0, measurements that are a finite
        value and a unit or neither, a normalised name only where the line has the member.
*/
select 'bin_number' as column_name, bin_id || ' ' || fcsku as key, bin_number::varchar as value from observations
where bin_number is distinct from try_cast(bin_id as bigint)
union all
select 'quantity', bin_id || ' ' || fcsku, quantity::varchar from observations where quantity < 0
union all
select 'normalized_name', bin_id || ' ' || fcsku, normalized_name from observations
where normalized_name is not null and not has_normalized_name
union all
select 'length_value', bin_id || ' ' || fcsku, concat_ws(' ', length_value, length_unit) from observations
where (length_value is null) <> (length_unit is null) or not isfinite(length_value)
union all
select 'width_value', bin_id || ' ' || fcsku, concat_ws(' ', width_value, width_unit) from observations
where (width_value is null) <> (width_unit is null) or not isfinite(width_value)
union all
select 'height_value', bin_id || ' ' || fcsku, concat_ws(' ', height_value, height_unit) from observations
where (height_value is null) <> (height_unit is null) or not isfinite(height_value)
union all
select 'weight_value', bin_id || ' ' || fcsku, concat_ws(' ', weight_value, weight_unit) from observations
where (weight_value is null) <> (weight_unit is null) or not isfinite(weight_value)
union all
select 'rescued', bin_id || ' ' || fcsku, rescued from observations
where rescued is not null and case when json_valid(rescued) then json_type(rescued) end is distinct from 'OBJECT'
