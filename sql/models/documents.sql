/*
model:  documents
kind:   staging
grain:  one row per metadata_key
about:  Every fetched document: what its top level says, and why it is rejected if it is.
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
with lines as (select * from lines where line_number = 1),

raw_documents as (select * from raw_documents),

final as (
  select
    lines.metadata_key,
    lines.bin_id,
    lines.document.expected_quantity,
    lines.document.image_fname,
    lines.document.rescued,
    lines.document.line_count,
    split_part(lines.document.fault, ' ', 1) as reason,
    split_part(lines.document.fault, ' ', 2) as json_path,
    lines.document.detail,
    raw_documents.size as metadata_bytes,
    raw_documents.etag as metadata_etag,
    raw_documents.md5 as metadata_md5,
    raw_documents.last_modified as metadata_last_modified,
  from raw_documents
  inner join lines on raw_documents.key = lines.metadata_key
)

select * from final
