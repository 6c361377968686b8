/*
check:  loaded_or_rejected
about:  No document is both loaded and rejected as a whole, and lines are rejected only of documents that are loaded, as
        many as the bin says.
*/
with rejected as (
  select
    metadata_key,
    count(*) filter (scope = 'document') as rejected_documents,
    count(*) filter (scope = 'line') as rejected_lines,
  from rejects
  group by metadata_key
)

select
  metadata_key,
  bins.rejected_line_count,
  rejected.rejected_lines,
  rejected.rejected_documents,
from bins
full join rejected using (metadata_key)
where
  case
    when rejected.metadata_key is null then bins.rejected_line_count is distinct from 0
    when bins.metadata_key is null then rejected.rejected_documents <> 1 or rejected.rejected_lines > 0
    else rejected.rejected_documents > 0 or bins.rejected_line_count is distinct from rejected.rejected_lines
  end
