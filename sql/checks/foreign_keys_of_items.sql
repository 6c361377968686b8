/*
check:  foreign_keys_of_items
about:  Every ASIN that a table refers to exists in items, every item and measurement is in some bin, and the first bin of
        a measurement holds its ASIN.
*/
select 'quantities.asin' as refers, asin as key from quantities anti join items using (asin) where asin is not null
union all
select 'dimensions.asin', asin from dimensions anti join items using (asin)
union all
select 'dimensions.first_bin_id', first_bin_id from dimensions
anti join quantities on quantities.bin_id = first_bin_id and quantities.asin = dimensions.asin
union all
select 'items.asin (in dimensions)', asin from items anti join dimensions using (asin)
union all
select 'items.asin (in quantities)', asin from items anti join quantities using (asin)
