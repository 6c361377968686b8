/*
model:  rejected_lines
kind:   staging
grain:  one row per (metadata_key, fcsku) of the lines that can't be loaded
about:  The few lines with a fault, so that all the others need not be kept until the end of a build.
columns:
  metadata_key
  bin_id
  fcsku
  reason
  json_path
  line_json
*/
with lines as (select * from lines where reason is not null),

final as (
  select
    metadata_key,
    bin_id,
    fcsku,
    reason,
    json_path,
    line_json,
  from lines
)

select * from final
