/*
kind:       view
order:      bin_bucket, bin_id
grain:      one row per bin_id
about:      Why the count of a bin may not be what its picture shows: one boolean a reason, all false where nothing
            speaks against it. Amazon notes that items are sometimes misplaced, so that no count is certain.
columns:
  bin_id                  varchar  not null  Stem of the metadata key, as in the bucket: text, because 523 and 00523 are different bins.
  bin_number              not null
  id_style                not null
  expected_quantity       not null
  total_quantity          not null
  quantity_gap            not null
  has_quantity_gap        boolean  not null  expected_quantity differs from total_quantity.
  has_rejected_line       boolean  not null  A line of the document could not be loaded, so the count lacks it: see rejects.
  has_null_asin           boolean  not null  A line has no ASIN: what it counts is not known.
  has_unmeasured_line     boolean  not null  Of a line the weight or a dimension is not known: see lines_without_weight and lines_without_dimensions.
  has_oversized_item      boolean  not null  One unit of an item, by its primary measurement, takes more room than any bin of the release is known to hold beside its largest line: the measurement is wrong, or the item does not lie in a bin like others. False where no bin has two measured lines.
  has_identical_document  boolean  not null  The document of another bin is the same byte for byte (by MD5), as when one bin was pictured twice or a record was copied. Documents without lines are all alike, and don't count.
  has_twin                boolean  not null  A bin of the same number in the other id style is in the release (523 and 00523): a different bin, whose picture or count a join by number takes for this one's.
  reason_count            integer  not null  How many of the reasons hold.
  reasons                 varchar  not null  Their names without has_, in the order of the columns, separated by a comma and a blank; empty where none holds.
  bin_bucket              not null
*/
-- Plain SQL without macros, and no name that shadows a table: it must run in every shell that opens abid.duckdb.
with measured_lines as (
  select
    quantities.bin_id,
    -- as decimals, whose sums don't depend on their order
    try_cast(dimensions.volume_in3 as decimal(24, 6)) as unit_volume,
    quantities.quantity * try_cast(dimensions.volume_in3 as decimal(24, 6)) as line_volume,
  from quantities
  inner join dimensions on dimensions.asin = quantities.asin and dimensions.is_primary
  where dimensions.volume_in3 is not null and quantities.quantity > 0
),

held_beside as (
  select
    bin_id,
    sum(line_volume) - max(line_volume) as volume,
  from measured_lines
  group by bin_id
),

oversized as (
  select bin_id from measured_lines
  where unit_volume > (select max(volume) from held_beside where volume > 0)
),

copies as (
  select metadata_md5 from bins
  where fcsku_count + rejected_line_count > 0
  group by metadata_md5 having count(*) > 1
),

twins as (
  select bin_number from bins
  group by bin_number having count(distinct id_style) > 1
),

judged as (
  select
    bin_id,
    bin_number,
    id_style,
    expected_quantity,
    total_quantity,
    quantity_gap,
    quantity_gap <> 0 as has_quantity_gap,
    rejected_line_count > 0 as has_rejected_line,
    bin_id in (select bin_id from quantities where asin is null) as has_null_asin,
    lines_without_weight + lines_without_dimensions > 0 as has_unmeasured_line,
    bin_id in (select bin_id from oversized) as has_oversized_item,
    metadata_md5 in (select metadata_md5 from copies) as has_identical_document,
    bin_number in (select bin_number from twins) as has_twin,
    bin_bucket,
  from bins
),

final as (
  select
    bin_id,
    bin_number,
    id_style,
    expected_quantity,
    total_quantity,
    quantity_gap,
    has_quantity_gap,
    has_rejected_line,
    has_null_asin,
    has_unmeasured_line,
    has_oversized_item,
    has_identical_document,
    has_twin,
    has_quantity_gap::integer + has_rejected_line::integer + has_null_asin::integer + has_unmeasured_line::integer
    + has_oversized_item::integer + has_identical_document::integer + has_twin::integer as reason_count,
    concat_ws(
      ', ',
      case when has_quantity_gap then 'quantity_gap' end,
      case when has_rejected_line then 'rejected_line' end,
      case when has_null_asin then 'null_asin' end,
      case when has_unmeasured_line then 'unmeasured_line' end,
      case when has_oversized_item then 'oversized_item' end,
      case when has_identical_document then 'identical_document' end,
      case when has_twin then 'twin' end
    ) as reasons,
    bin_bucket,
  from judged
)

select * from final
