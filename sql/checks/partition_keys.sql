/*
check:  partition_keys
about:  The partition key of every row is the function of the row that it is said to be.
*/
select 'bins' as table_name, bin_id as key, bin_bucket as partition_key from bins
where bin_bucket is distinct from bin_bucket_of(bin_id)
union all
select 'observations', bin_id, bin_bucket from observations
where bin_bucket is distinct from bin_bucket_of(bin_id)
union all
select 'quantities', bin_id, bin_bucket from quantities
where bin_bucket is distinct from bin_bucket_of(bin_id)
