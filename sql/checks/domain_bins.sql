/*
check:  domain_bins
about:  Every column of bins holds what its header says: ids and keys of the known forms, derived columns that are the
        function of the row that they are said to be, no negative count.
*/
select 'bin_id' as column_name, bin_id as key, bin_id as value from bins
where bin_id is distinct from bin_id_of(metadata_key, 'metadata', 'json')
union all
select 'bin_number', bin_id, bin_number::varchar from bins where bin_number is distinct from try_cast(bin_id as bigint)
union all
select 'id_style', bin_id, id_style from bins where id_style is distinct from id_style_of(bin_id)
union all
select 'expected_quantity', bin_id, expected_quantity::varchar from bins where expected_quantity < 0
union all
select 'total_quantity', bin_id, total_quantity::varchar from bins where total_quantity < 0
union all
select 'asin_count', bin_id, asin_count::varchar from bins where asin_count not between 0 and fcsku_count
union all
select 'rejected_line_count', bin_id, rejected_line_count::varchar from bins where rejected_line_count < 0
union all
select 'known_weight_lb', bin_id, known_weight_lb::varchar from bins
where known_weight_lb < 0 or not isfinite(known_weight_lb)
union all
select 'known_volume_in3', bin_id, known_volume_in3::varchar from bins
where known_volume_in3 < 0 or not isfinite(known_volume_in3)
union all
select 'lines_without_weight', bin_id, lines_without_weight::varchar from bins
where lines_without_weight not between 0 and fcsku_count
union all
select 'lines_without_dimensions', bin_id, lines_without_dimensions::varchar from bins
where lines_without_dimensions not between 0 and fcsku_count
union all
select 'inventory_hash', bin_id, inventory_hash from bins where not regexp_full_match(inventory_hash, '[0-9a-f]{32}')
union all
select 'metadata_bytes', bin_id, metadata_bytes::varchar from bins where metadata_bytes <= 0
union all
select 'metadata_md5', bin_id, metadata_md5 from bins where not regexp_full_match(metadata_md5, '[0-9a-f]{32}')
union all
select 'image_key', bin_id, image_key from bins where image_key is distinct from 'bin-images/' || bin_id || '.jpg'
union all
select 'image_url', bin_id, image_url from bins
where image_url is distinct from 'https://aft-vbi-pds.s3.amazonaws.com/' || image_key
union all
select 'image_bytes', bin_id, image_bytes::varchar from bins
where image_bytes < 0 or (image_bytes is not null) <> coalesce(has_image, false)
union all
select 'rescued', bin_id, rescued from bins
where rescued is not null and case when json_valid(rescued) then json_type(rescued) end is distinct from 'OBJECT'
