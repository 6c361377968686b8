/*
model:  receipt
kind:   view
grain:  one row per (equation, term)
about:  The conservation equations of a build: in each, the terms of one side add up to those of the other, so that
        nothing that was listed, seen or recorded is lost or counted twice.
columns:
  position  integer  not null  Place of the term, in the order of the equations.
  equation  varchar  not null  What is conserved: documents, bytes, lines, units, measurements or pictures.
  side      varchar  not null  whole: what there was. part: what became of it.
  term      varchar  not null  listed, seen, loaded, rejected, not_fetched, of_items, without_asin.
  amount    bigint   not null  How many.
*/
with listing as (select * from listing),

listed_images as (select * from listed_images),

missing as (
  select
    listing.key,
    listing.size,
  from missing
  inner join listing using (key)
),

documents as (select * from documents),

bins as (select * from bins),

observations as (select * from observations),

items as (select * from items),

dimensions as (select * from dimensions),

images as (select * from images),

rejected_documents as (select * from rejects where scope = 'document'),

rejected_lines as (select * from rejects where scope = 'line'),

terms as (
  select 11 as position, 'documents' as equation, 'whole' as side, 'listed' as term, count(*) as amount from listing
  union all
  select 12, 'documents', 'part', 'loaded', count(*) from bins
  union all
  select 13, 'documents', 'part', 'rejected', count(*) from rejected_documents
  union all
  select 14, 'documents', 'part', 'not_fetched', count(*) from missing
  union all
  select 21, 'bytes', 'whole', 'listed', sum(size) from listing
  union all
  select 22, 'bytes', 'part', 'loaded', sum(metadata_bytes) from bins
  union all
  select 23, 'bytes', 'part', 'rejected', sum(bytes) from rejected_documents
  union all
  select 24, 'bytes', 'part', 'not_fetched', sum(size) from missing
  union all
  select 31, 'lines', 'whole', 'seen', sum(line_count) from documents where reason is null
  union all
  select 32, 'lines', 'part', 'loaded', count(*) from observations
  union all
  select 33, 'lines', 'part', 'rejected', count(*) from rejected_lines
  union all
  select 41, 'units', 'whole', 'loaded', sum(total_quantity) from bins
  union all
  select 42, 'units', 'part', 'of_items', sum(total_quantity) from items
  union all
  select 43, 'units', 'part', 'without_asin', sum(quantity) from observations where asin is null
  union all
  select 51, 'measurements', 'whole', 'loaded', count(*) from observations
  union all
  select 52, 'measurements', 'part', 'of_items', sum(observation_count) from dimensions
  union all
  select 53, 'measurements', 'part', 'without_asin', count(*) from observations where asin is null
  union all
  select 61, 'pictures', 'whole', 'listed', count(*) from listed_images
  union all
  select 62, 'pictures', 'part', 'loaded', count(*) from images
),

final as (
  select
    position::integer as position,
    equation,
    side,
    term,
    coalesce(amount, 0)::bigint as amount,
  from terms
)

select * from final
