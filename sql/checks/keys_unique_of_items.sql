/*
check:  keys_unique_of_items
about:  No key of items and dimensions occurs twice, and no part of one is null.
*/
select 'items' as table_name, asin as key, count(*) as rows from items
group by asin having rows > 1 or key is null
union all
select 'dimensions', asin || ' ' || variant, count(*) as rows from dimensions
group by asin, variant having rows > 1 or asin is null or variant is null
