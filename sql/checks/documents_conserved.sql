/*
check:  documents_conserved
about:  Documents listed = documents loaded + documents rejected + documents not fetched.
*/
with counts as (
  select
    (select count(*) from listing) as listed,
    (select count(*) from bins) as loaded,
    (select count(*) from rejects where scope = 'document') as rejected,
    (select count(*) from missing) as not_fetched,
)

select * from counts where listed <> loaded + rejected + not_fetched
