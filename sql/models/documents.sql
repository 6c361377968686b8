/*
model:  documents
kind:   staging
grain:  one row per metadata_key
about:  Every fetched document, opened as far as its top level. A fault of the document itself stands in `reason`;
        its lines can't be trusted then and aren't opened.
columns:
  metadata_key            varchar    not null  Key of the document in the bucket.
  bin_id                  varchar              Stem of the key; null when the key isn't that of a bin.
  expected_quantity       integer              EXPECTED_QUANTITY.
  image_fname             varchar              image_fname, where the document has one.
  rescued                 varchar              Unknown top-level fields, as the text of a JSON object.
  line_count              bigint               Lines in BIN_FCSKU_DATA.
  reason                  varchar              Why the document is rejected; null when it isn't.
  json_path               varchar              Where in the document the fault is.
  detail                  varchar              What was found there, shortened.
  metadata_bytes          bigint     not null  Size of the document in bytes.
  metadata_etag           varchar    not null  ETag of the document, as listed.
  metadata_md5            varchar    not null  MD5 of the document's bytes.
  metadata_last_modified  timestamp  not null  When the document last changed, UTC.
*/
with raw_documents as (select * from raw_documents),

decoded as (
  select
    *,
    -- 00001 to 99999, or longer without leading zeros: padded. 1 to 9999: unpadded. Nothing else is a bin's key.
    nullif(regexp_extract(key, '^metadata/([0-9]{5}|[1-9][0-9]{5,8}|[1-9][0-9]{0,3})\.json$', 1), '') as bin_id,
    try(decode(body)) as body_text,
  from raw_documents
),

listed as (
  select
    *,
    try(json_keys(body_text, ['$', '$.BIN_FCSKU_DATA'])) as keys, -- null when it isn't JSON
  from decoded
),

-- DuckDB lets a comma before a closing bracket pass, which JSON doesn't. A cheap pattern finds candidates; only they
-- are looked at again without their strings, inside which such a comma is harmless. (A case and not an `and`, of which
-- both sides would be worked out for every row.)
valid as (
  select
    *,
    case
      when keys is null then null
      when not regexp_matches(body_text, ',\s*[}\]]') then body_text
      when not regexp_matches(regexp_replace(body_text, '"(?:[^"\\]|\\.)*"', '""', 'g'), ',\s*[}\]]') then body_text
    end as object,
  from listed
),

opened as (
  select
    *,
    -- what has keys is an object; only what has none must be asked for its type
    case when len(keys[1]) > 0 then 'OBJECT' else json_type(object) end as type,
    case when len(keys[2]) > 0 then 'OBJECT' else json_type(object, '$.BIN_FCSKU_DATA') end as lines_type,
    from_json(object, '{"EXPECTED_QUANTITY": "JSON", "image_fname": "JSON"}') as fields,
  from valid
),

-- More members than the known ones: an unknown one, or one twice.
counted as (
  select
    *,
    starts_with(fields.image_fname, '"') as has_image_fname,
    len(keys[1]) > 2 + coalesce(starts_with(fields.image_fname, '"'), false)::integer as has_more,
  from opened
),

judged as (
  select
    *,
    case
      when bin_id is null then 'unrecognised_key $'
      when octet_length(body) = 0 then 'empty $'
      when starts_with(hex(body[1:3]), 'EFBBBF') then 'byte_order_mark $'
      when body_text is null then 'not_utf8 $'
      when object is null then 'not_json $'
      when type <> 'OBJECT' then 'not_object $'
      when (case when has_more then has_duplicate_key(keys[1]) end) then 'duplicate_key $'
      when lines_type is null then 'missing_field $.BIN_FCSKU_DATA'
      when lines_type <> 'OBJECT' then 'lines_not_object $.BIN_FCSKU_DATA'
      when has_duplicate_key(keys[2]) then 'duplicate_key $.BIN_FCSKU_DATA'
      when not list_contains(keys[1], 'EXPECTED_QUANTITY') then 'missing_field $.EXPECTED_QUANTITY'
      when not is_whole_number(fields.EXPECTED_QUANTITY) then 'expected_quantity_not_whole $.EXPECTED_QUANTITY'
    end as fault,
  from counted
),

final as (
  select
    key as metadata_key,
    bin_id,
    case when fault is null then try_cast(fields.EXPECTED_QUANTITY::varchar as integer) end as expected_quantity,
    case when has_image_fname then json_extract_string(fields.image_fname, '$') end as image_fname,
    case
      -- an image_fname that isn't text is kept as it is, like an unknown field
      when fault is null and has_more
        then members_to_json(
          other_members(
            object,
            ['BIN_FCSKU_DATA', 'EXPECTED_QUANTITY'] || case when has_image_fname then ['image_fname'] else [] end
          )
        )
    end as rescued,
    len(keys[2]) as line_count,
    split_part(fault, ' ', 1) as reason,
    split_part(fault, ' ', 2) as json_path,
    case
      when bin_id is null then left(key, 200)
      when fault is not null then left(coalesce(json_extract(object, json_path)::varchar, body_text), 200)
    end as detail,
    size as metadata_bytes,
    etag as metadata_etag,
    md5 as metadata_md5,
    last_modified as metadata_last_modified,
  from judged
)

select * from final
