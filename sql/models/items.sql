/*
model:      items
kind:       table
partition:  asin_kind
parts:      item_part_of(asin)
order:      asin_kind, asin
grain:      one row per asin
about:      Every product that any bin holds, under the name it has most often.
columns:
  asin not null
  asin_kind
  name                     varchar           The most frequent name; ties go to the one in the lowest bin.
  normalized_name          varchar           The most frequent normalised name; ties go to the one in the lowest bin.
  name_variant_count       bigint  not null  Different names recorded.
  dimension_variant_count  bigint  not null  Different measurements recorded, the missing one included: rows in dimensions.
  fcsku_count              bigint  not null  Different FCSKUs under which it is kept.
  bin_count                bigint  not null  Bins that hold it.
  total_quantity           bigint  not null  Units in all bins.
  first_bin_id             varchar not null  The lowest bin (by number, then by id) that holds it.
  last_bin_id              varchar not null  The highest bin that holds it.
*/
with observations as (select * from observations where asin is not null),

dimensions as (select * from dimensions),

-- Repeated items mostly repeat their names, so the rows are few once they are grouped by the long names, which is done
-- only here.
kinds as (
  select
    asin,
    fcsku,
    name,
    normalized_name,
    count(*) as line_count,
    sum(quantity) as total_quantity,
    min(bin_order_of(bin_id)) as first_bin,
    max(bin_order_of(bin_id)) as last_bin,
  from observations
  group by all
),

totals as (
  select
    asin,
    count(distinct fcsku) as fcsku_count,
    sum(total_quantity)::bigint as total_quantity,
    min(first_bin) as first_bin,
    max(last_bin) as last_bin,
  from kinds
  group by asin
),

-- not a sum of lines: a bin can hold an ASIN under several FCSKUs
bins_of_items as (
  select
    asin,
    count(distinct bin_order_of(bin_id)) as bin_count,
  from observations
  group by asin
),

names as (
  select
    asin,
    name,
    preference_of(sum(line_count), min(first_bin)) as preference,
  from kinds
  where name is not null
  group by asin, name
),

best_names as (
  select
    asin,
    min((preference, name))[2] as name,
    count(*) as name_variant_count,
  from names
  group by asin
),

normalized_names as (
  select
    asin,
    normalized_name,
    preference_of(sum(line_count), min(first_bin)) as preference,
  from kinds
  where normalized_name is not null
  group by asin, normalized_name
),

best_normalized_names as (
  select
    asin,
    min((preference, normalized_name))[2] as normalized_name,
  from normalized_names
  group by asin
),

measured as (
  select
    asin,
    count(*) as dimension_variant_count,
  from dimensions
  group by asin
),

final as (
  select
    totals.asin,
    asin_kind_of(totals.asin) as asin_kind,
    best_names.name,
    best_normalized_names.normalized_name,
    coalesce(best_names.name_variant_count, 0) as name_variant_count,
    measured.dimension_variant_count,
    totals.fcsku_count,
    bins_of_items.bin_count,
    totals.total_quantity,
    bin_id_at(totals.first_bin) as first_bin_id,
    bin_id_at(totals.last_bin) as last_bin_id,
  from totals
  inner join bins_of_items using (asin)
  inner join measured using (asin)
  left join best_names using (asin)
  left join best_normalized_names using (asin)
)

select * from final
