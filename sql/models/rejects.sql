/*
model:      rejects
kind:       table
parts:      coalesce(bin_part_of(bin_id), 0)
order:      metadata_key, json_path
grain:      one row per (metadata_key, json_path)
about:      Everything that could not be loaded, with its bytes: whole documents, and single lines of documents that
            are loaded without them.
columns:
  metadata_key   varchar  not null  Key of the document in the bucket.
  bin_id         varchar            Stem of the key; null when the key isn't that of a bin.
  scope          varchar  not null  document or line.
  json_path      varchar  not null  Where in the document the fault is.
  reason         varchar  not null  What is wrong: unrecognised_key, empty, byte_order_mark, not_utf8, not_json, not_object, duplicate_key, missing_field, lines_not_object, expected_quantity_not_whole; line_not_object, not_text, quantity_not_whole, measurement_not_object, measurement_not_number, measurement_not_finite.
  detail         varchar            What was found there, at most 200 characters.
  etag           varchar  not null  ETag of the document, as listed.
  bytes          bigint   not null  Size of the document in bytes.
  body           varchar  not null  The document, or the JSON of the line.
  body_encoding  varchar  not null  text, or base64 where the document isn't text.
*/
with documents as (select * from documents),

raw_documents as (select * from raw_documents),

rejected_lines as (select * from rejected_lines),

rejected_documents as (
  select
    documents.*,
    try(decode(raw_documents.body)) as body_text,
    raw_documents.body,
  from raw_documents
  inner join documents on raw_documents.key = documents.metadata_key
  -- so that no body is read when there is nothing to reject
  where raw_documents.key in (select metadata_key from documents where reason is not null)
),

lines_of_documents as (
  select
    rejected_lines.*,
    documents.metadata_etag,
    documents.metadata_bytes,
  from rejected_lines
  inner join documents using (metadata_key)
),

final as (
  select
    metadata_key,
    bin_id,
    'document' as scope,
    json_path,
    reason,
    detail,
    metadata_etag as etag,
    metadata_bytes as bytes,
    coalesce(body_text, base64(body)) as body,
    case when body_text is null then 'base64' else 'text' end as body_encoding,
  from rejected_documents

  union all

  select
    metadata_key,
    bin_id,
    'line' as scope,
    json_path,
    reason,
    left(line_json, 200) as detail,
    metadata_etag as etag,
    metadata_bytes as bytes,
    line_json as body,
    'text' as body_encoding,
  from lines_of_documents
)

select * from final
