/*
check:  domain_images
about:  Every column of images holds what its header says.
*/
select 'bin_id' as column_name, image_key as key, bin_id as value from images
where bin_id is distinct from bin_id_of(image_key, 'bin-images', 'jpg')
union all
select 'image_bytes', image_key, image_bytes::varchar from images where image_bytes < 0
