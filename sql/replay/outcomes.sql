/*
title:  What would become of what was rejected
about:  One row for each reject of the release: what the present models make of the same bytes.
columns:
  metadata_key    Key of the document in the bucket.
  scope           document or line.
  json_path       Where the fault was found.
  reason          Why it was rejected.
  outcome         loaded, rejected otherwise (for another reason, or in another place), or rejected as before.
  reason_now      Why it would be rejected now.
  json_path_now   Where that fault is.
  lines_loaded    Lines of a document that would be loaded.
  lines_rejected  Lines of that document that would not.
*/
with former as (select * from former),

documents as (select * from documents),

rejects as (select * from rejects),

-- A document that would be loaded can still have lines that would not.
rejected_lines as (
  select
    metadata_key,
    count(*) as lines_rejected,
  from rejects
  where scope = 'line'
  group by metadata_key
),

matched as (
  select
    former.*,
    rejects.reason as reason_now,
    rejects.json_path as json_path_now,
  from former
  left join rejects
    on former.metadata_key = rejects.metadata_key
    and (rejects.scope = 'document' or starts_with(rejects.json_path, former.line_path))
),

final as (
  select
    matched.metadata_key,
    matched.scope,
    matched.json_path,
    matched.reason,
    case
      when matched.reason_now is null then 'loaded'
      when (matched.reason_now, matched.json_path_now) <> (matched.reason, matched.json_path) then 'rejected otherwise'
      else 'rejected as before'
    end as outcome,
    matched.reason_now,
    matched.json_path_now,
    case
      when matched.scope = 'document' and matched.reason_now is null
        then documents.line_count - coalesce(rejected_lines.lines_rejected, 0)
    end as lines_loaded,
    case
      when matched.scope = 'document' and matched.reason_now is null then coalesce(rejected_lines.lines_rejected, 0)
    end as lines_rejected,
  from matched
  inner join documents using (metadata_key)
  left join rejected_lines using (metadata_key)
)

select * from final
