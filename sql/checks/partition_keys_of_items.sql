/*
check:  partition_keys_of_items
about:  The partition key of every item and every measurement is the function of the ASIN that it is said to be.
*/
select 'items' as table_name, asin as key, asin_kind as partition_key from items
where asin_kind is distinct from asin_kind_of(asin)
union all
select 'dimensions', asin, asin_kind from dimensions
where asin_kind is distinct from asin_kind_of(asin)
