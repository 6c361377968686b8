/*
check:  lines_conserved
about:  Lines seen in the loaded documents = lines loaded + lines rejected, document by document.
*/
with seen as (
  select bin_id, line_count from documents where reason is null
),

counted as (
  select
    seen.bin_id,
    seen.line_count as seen,
    bins.fcsku_count as loaded,
    bins.rejected_line_count as rejected,
  from seen
  left join bins using (bin_id)
)

select * from counted where seen is distinct from loaded + rejected
