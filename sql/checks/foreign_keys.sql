/*
check:  foreign_keys
about:  Every bin_id and every ASIN that a table refers to exists in bins and in items, and every item and measurement
        is in some bin. (That each bin has its lines, bin_counts and quantities_recorded see.)
*/
select 'observations.bin_id' as refers, bin_id as key from observations anti join bins using (bin_id)
union all
select 'quantities.bin_id', bin_id from quantities anti join bins using (bin_id)
union all
select 'quantities.asin', asin from quantities anti join items using (asin) where asin is not null
union all
select 'dimensions.asin', asin from dimensions anti join items using (asin)
union all
select 'dimensions.first_bin_id', first_bin_id from dimensions anti join bins on bins.bin_id = first_bin_id
union all
select 'items.asin (in dimensions)', asin from items anti join dimensions using (asin)
union all
select 'items.asin (in quantities)', asin from items anti join quantities using (asin)
union all
select 'rejects.bin_id (lines)', bin_id from rejects anti join bins using (bin_id) where scope = 'line'
