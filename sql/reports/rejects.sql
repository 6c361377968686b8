/*
report:  rejects
title:   What could not be loaded
group:   Release
about:   One row for each document or line that was rejected, with the reason and what was found in its place; the
         table of the same name has the bytes too.
parameters:
  reason  choice(all, unrecognised_key, empty, byte_order_mark, not_utf8, not_json, not_object, duplicate_key,
          missing_field, lines_not_object, expected_quantity_not_whole, line_not_object, not_text, quantity_not_whole,
          measurement_not_object, measurement_not_number, measurement_not_finite)  all  Which rejects to show.
  limit   count    100  Rows to show; 0 shows all.
example: abid-report rejects --reason not_json
empty:   Nothing was rejected for this reason. With --reason all this means that everything was loaded.
*/
with rejects as (select * from rejects where $reason in ('all', reason)),

final as (
  select
    metadata_key,
    scope,
    json_path,
    reason,
    detail,
  from rejects
)

select * from final
order by metadata_key, json_path
limit nullif($limit, 0)
