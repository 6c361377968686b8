/*
check:  domain_quantities
about:  Every column of quantities holds what its header says. A quantity of 0 is one: the documents may say so.
*/
select 'bin_number' as column_name, bin_id || ' ' || fcsku as key, bin_number::varchar as value from quantities
where bin_number is distinct from try_cast(bin_id as bigint)
union all
select 'quantity', bin_id || ' ' || fcsku, quantity::varchar from quantities where quantity < 0
