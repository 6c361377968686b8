/*
check:  keys_unique
about:  No key of a table of bins, pictures or rejects occurs twice, and no part of one is null.
*/
select 'bins' as table_name, bin_id as key, count(*) as rows from bins
group by all having rows > 1 or key is null
union all
select 'observations', bin_id || ' ' || fcsku, count(*) as rows from observations
group by bin_id, fcsku having rows > 1 or bin_id is null or fcsku is null
union all
select 'quantities', bin_id || ' ' || fcsku, count(*) as rows from quantities
group by bin_id, fcsku having rows > 1 or bin_id is null or fcsku is null
union all
select 'images', image_key, count(*) as rows from images
group by image_key having rows > 1 or image_key is null
union all
select 'rejects', metadata_key || ' ' || json_path, count(*) as rows from rejects
group by metadata_key, json_path having rows > 1 or metadata_key is null or json_path is null
