/*
check:  domain_rejects
about:  Every column of rejects holds what its header says; reason and json_path are among those of their scope.
*/
select 'bin_id' as column_name, metadata_key || ' ' || json_path as key, bin_id as value from rejects
where bin_id is distinct from bin_id_of(metadata_key, 'metadata', 'json')
union all
select 'scope', metadata_key || ' ' || json_path, scope from rejects where scope not in ('document', 'line')
union all
select 'json_path', metadata_key || ' ' || json_path, json_path from rejects
where
  case scope
    when 'document' then json_path not in ('$', '$.BIN_FCSKU_DATA', '$.EXPECTED_QUANTITY')
    else not starts_with(json_path, '$.BIN_FCSKU_DATA."')
  end
union all
select 'reason', metadata_key || ' ' || json_path, reason from rejects
where
  reason not in ('not_json', 'duplicate_key', 'missing_field')
  and case scope
    when 'document'
      then reason not in (
        'unrecognised_key', 'empty', 'byte_order_mark', 'not_utf8', 'not_object', 'lines_not_object',
        'expected_quantity_not_whole'
      )
    else reason not in (
      'line_not_object', 'not_text', 'quantity_not_whole', 'measurement_not_object', 'measurement_not_number',
      'measurement_not_finite'
    )
  end
union all
select 'detail', metadata_key || ' ' || json_path, detail from rejects where length(detail) > 200
union all
select 'bytes', metadata_key || ' ' || json_path, bytes::varchar from rejects where bytes < 0
union all
select 'body_encoding', metadata_key || ' ' || json_path, body_encoding from rejects
where body_encoding not in ('text', 'base64')
