/*
check:  foreign_keys
about:  Every bin_id that a table of bins refers to exists in bins. (That each bin has its lines, bin_counts and
        quantities_recorded see.)
*/
select 'observations.bin_id' as refers, bin_id as key from observations anti join bins using (bin_id)
union all
select 'quantities.bin_id', bin_id from quantities anti join bins using (bin_id)
union all
select 'rejects.bin_id (lines)', bin_id from rejects anti join bins using (bin_id) where scope = 'line'
