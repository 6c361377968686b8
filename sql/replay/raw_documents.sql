/*
title:  A raw layer of rejects only
about:  What was rejected, as the models want their input: rejected documents as they were, and the rejected lines of
        each other document in a document of their own, which has a quantity that nothing can be said against.
*/
with former as (select * from former),

final as (
  select
    metadata_key as key,
    bytes as size,
    etag,
    case when body_encoding = 'base64' then from_base64(body) else encode(body) end as body,
  from former
  where scope = 'document'

  union all

  select
    metadata_key as key,
    any_value(bytes) as size,
    any_value(etag) as etag,
    encode(
      '{"BIN_FCSKU_DATA": {'
      || string_agg(substr(line_path, length('$.BIN_FCSKU_DATA.') + 1) || ': ' || body, ', ')
      || '}, "EXPECTED_QUANTITY": 0}'
    ) as body,
  from former
  where scope = 'line'
  group by metadata_key
)

select
  *,
  null::timestamp as last_modified,
  '' as md5,
from final
