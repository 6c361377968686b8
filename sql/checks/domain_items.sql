/*
check:  domain_items
about:  Every column of items holds what its header says: an item is in at least one bin, under at least one FCSKU, with
        at least one measurement (perhaps the missing one); it has a name when one was recorded.
*/
select 'name' as column_name, asin as key, name as value from items
where (name is not null) <> (name_variant_count > 0)
union all
select 'name_variant_count', asin, name_variant_count::varchar from items where name_variant_count < 0
union all
select 'dimension_variant_count', asin, dimension_variant_count::varchar from items where dimension_variant_count < 1
union all
select 'fcsku_count', asin, fcsku_count::varchar from items where fcsku_count < 1
union all
select 'bin_count', asin, bin_count::varchar from items where bin_count < 1
union all
select 'total_quantity', asin, total_quantity::varchar from items where total_quantity < 0
union all
select 'last_bin_id', asin, last_bin_id from items where bin_order_of(last_bin_id) < bin_order_of(first_bin_id)
