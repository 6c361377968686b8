/*
model:  opened
kind:   view
grain:  one row per metadata_key
about:  Every fetched document, opened as far as its top level. A fault of the document itself stands in `fault`; its
        lines can't be trusted then and aren't opened. A view, so that each document is read, decoded and parsed once, in
        the one scan that opens its lines too.
columns:
  metadata_key       varchar  not null  Key of the document in the bucket.
  bin_id             varchar            Stem of the key; null when the key isn't that of a bin.
  expected_quantity  integer            EXPECTED_QUANTITY.
  image_fname        varchar            image_fname, where the document has one.
  rescued            varchar            Unknown top-level fields, as the text of a JSON object.
  line_count         bigint             Lines in BIN_FCSKU_DATA.
  entries            lines              BIN_FCSKU_DATA, as (FCSKU, line) pairs; one null where there are none.
  fault              varchar            Why the document is rejected, and its JSON path; null when it isn't.
  detail             varchar            What was found there, shortened.
*/
with raw_documents as (select * from raw_documents),

decoded as (
  select
    *,
    bin_id_of(key, 'metadata', 'json') as bin_id,
    try(decode(body)) as body_text,
  from raw_documents
),

listed as (
  select
    *,
    try(json_keys(body_text)) as keys, -- null when it isn't JSON
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
    from_json(
      object, '{"EXPECTED_QUANTITY": "JSON", "image_fname": "JSON", "BIN_FCSKU_DATA": "MAP(VARCHAR, JSON)"}'
    ) as fields,
  from valid
),

-- Where both members are there, and no others but perhaps the third, none is unknown and none is named twice.
counted as (
  select
    *,
    starts_with(fields.image_fname, '"') as has_image_fname,
    len(keys) > 2 + coalesce(starts_with(fields.image_fname, '"'), false)::integer
    or fields.BIN_FCSKU_DATA is null
    or fields.EXPECTED_QUANTITY is null as has_more,
  from opened
),

judged as (
  select
    *,
    case
      when bin_id is null then 'unrecognised_key $'
      when octet_length(body) = 0 then 'empty $'
      when body_text is null then 'not_utf8 $'
      when starts_with(body_text, chr(65279)) then 'byte_order_mark $'
      when object is null then 'not_json $'
      when (case when len(keys) = 0 then json_type(object) <> 'OBJECT' end) then 'not_object $'
      when (case when has_more then has_duplicate_key(keys) end) then 'duplicate_key $'
      -- what isn't a map by now is no object, or one that names a key twice
      when fields.BIN_FCSKU_DATA is null
        then case
          when json_type(object, '$.BIN_FCSKU_DATA') is null then 'missing_field $.BIN_FCSKU_DATA'
          when json_type(object, '$.BIN_FCSKU_DATA') <> 'OBJECT' then 'lines_not_object $.BIN_FCSKU_DATA'
          else 'duplicate_key $.BIN_FCSKU_DATA'
        end
      when not list_contains(keys, 'EXPECTED_QUANTITY') then 'missing_field $.EXPECTED_QUANTITY'
      when not is_whole_number(fields.EXPECTED_QUANTITY) then 'expected_quantity_not_whole $.EXPECTED_QUANTITY'
    end as fault,
  from counted
),

rescued as (
  select
    *,
    case
      -- an image_fname that isn't text is kept as it is, like an unknown field
      when fault is null and has_more
        then members_to_json(
          other_members(
            object,
            ['BIN_FCSKU_DATA', 'EXPECTED_QUANTITY'] || case when has_image_fname then ['image_fname'] else [] end
          )
        )
    end as others,
  from judged
),

decided as (
  select
    * replace (coalesce(fault, case when names_no_number(others) then 'not_json $' end) as fault),
  from rescued
),

final as (
  select
    key as metadata_key,
    bin_id,
    case when fault is null then try_cast(fields.EXPECTED_QUANTITY::varchar as integer) end as expected_quantity,
    case when has_image_fname then json_extract_string(fields.image_fname, '$') end as image_fname,
    case when fault is null then others end as rescued,
    cardinality(fields.BIN_FCSKU_DATA)::bigint as line_count,
    case
      when fault is null and cardinality(fields.BIN_FCSKU_DATA) > 0 then map_entries(fields.BIN_FCSKU_DATA)
      else [null]
    end as entries,
    fault,
    case
      when bin_id is null then left(key, 200)
      when fault is not null then left(coalesce(json_extract(object, split_part(fault, ' ', 2))::varchar, body_text), 200)
    end as detail,
  from decided
)

select * from final
