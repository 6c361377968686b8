/*
model:      bins
kind:       table
partition:  bin_bucket
parts:      bin_part_of(bin_id)
order:      bin_bucket, bin_id
grain:      one row per bin_id
about:      Every loaded document: a bin, what was expected in it, and what its lines add up to.
columns:
  bin_id                  varchar    not null  Stem of the metadata key, as in the bucket: text, because 523 and 00523 are different bins.
  bin_number
  id_style                varchar    not null  padded (five digits or more) or unpadded. The 1,200 unpadded bins look like a curated sample.
  expected_quantity       integer    not null  EXPECTED_QUANTITY: units that the bin should hold.
  total_quantity          bigint     not null  Units that its loaded lines add up to.
  quantity_gap            bigint     not null  expected_quantity - total_quantity.
  fcsku_count             bigint     not null  Loaded lines: different FCSKUs in the bin.
  asin_count              bigint     not null  Different ASINs in the bin.
  rejected_line_count     bigint     not null  Lines of the document that could not be loaded: see rejects.
  known_weight_lb         double     not null  Weight of all units whose weight is known, in pounds.
  known_volume_in3        double     not null  Volume of all units whose three dimensions are known, in cubic inches.
  lines_without_weight    bigint     not null  Lines whose weight isn't known.
  lines_without_dimensions bigint    not null  Lines of which a dimension isn't known.
  inventory_hash          varchar    not null  MD5 over the units of each ASIN, under whatever FCSKUs it lies: equal for bins that hold the same. A line without an ASIN counts under its FCSKU, which equals no ASIN.
  image_fname             varchar              Name of the picture, where the document has it (unpadded bins).
  metadata_key            varchar    not null  Key of the document in the bucket.
  metadata_bytes          bigint     not null  Size of the document in bytes.
  metadata_etag           varchar    not null  ETag of the document, as listed.
  metadata_md5            varchar    not null  MD5 of the document's bytes.
  metadata_last_modified  timestamp  not null  When the document last changed, UTC.
  image_key               varchar    not null  Key of the picture in the bucket.
  image_url               varchar    not null  Address of the picture in the public bucket.
  has_image               boolean              Whether the picture was listed; null when no listing of pictures was taken.
  image_bytes             bigint               Size of the picture in bytes; null when it wasn't listed.
  rescued                 varchar              Unknown top-level fields, as the text of a JSON object.
  bin_bucket
*/
with documents as (select * from documents where reason is null),

observations as (select * from observations),

rejected_lines as (select * from rejected_lines),

images as (select * from images),

listing as (select * from listing_facts),

measured as (
  select
    bin_id,
    asin,
    quantity,
    to_exact(to_pounds(weight_value, weight_unit)) as weight_lb,
    to_exact(
      to_inches(length_value, length_unit) * to_inches(width_value, width_unit) * to_inches(height_value, height_unit)
    ) as volume_in3,
  from observations
),

contents as (
  select
    bin_id,
    sum(quantity) as total_quantity,
    count(*) as fcsku_count,
    count(distinct asin) as asin_count,
    sum(quantity * weight_lb) as known_weight_lb,
    sum(quantity * volume_in3) as known_volume_in3,
    count(*) filter (weight_lb is null) as lines_without_weight,
    count(*) filter (volume_in3 is null) as lines_without_dimensions,
  from measured
  group by bin_id
),

-- One ASIN can lie under several FCSKUs. What has no ASIN is known by its FCSKU alone.
things as (
  select
    bin_id,
    coalesce('asin ' || asin, 'fcsku ' || fcsku) as thing,
    sum(quantity) as units,
  from observations
  group by bin_id, thing
),

-- Hashes of one length, so that no name can end where another one begins.
inventories as (
  select
    bin_id,
    md5(array_to_string(list_sort(list(md5(thing || ' ' || units))), '')) as inventory_hash,
  from things
  group by bin_id
),

rejected as (
  select
    bin_id,
    count(*) as rejected_line_count,
  from rejected_lines
  group by bin_id
),

final as (
  select
    documents.bin_id,
    bin_number_of(documents.bin_id) as bin_number,
    id_style_of(documents.bin_id) as id_style,
    documents.expected_quantity,
    coalesce(contents.total_quantity, 0)::bigint as total_quantity,
    documents.expected_quantity - coalesce(contents.total_quantity, 0)::bigint as quantity_gap,
    coalesce(contents.fcsku_count, 0) as fcsku_count,
    coalesce(contents.asin_count, 0) as asin_count,
    coalesce(rejected.rejected_line_count, 0) as rejected_line_count,
    coalesce(contents.known_weight_lb, 0)::double as known_weight_lb,
    coalesce(contents.known_volume_in3, 0)::double as known_volume_in3,
    coalesce(contents.lines_without_weight, 0) as lines_without_weight,
    coalesce(contents.lines_without_dimensions, 0) as lines_without_dimensions,
    coalesce(inventories.inventory_hash, md5('')) as inventory_hash,
    documents.image_fname,
    documents.metadata_key,
    documents.metadata_bytes,
    documents.metadata_etag,
    documents.metadata_md5,
    documents.metadata_last_modified,
    'bin-images/' || documents.bin_id || '.jpg' as image_key,
    'https://aft-vbi-pds.s3.amazonaws.com/bin-images/' || documents.bin_id || '.jpg' as image_url,
    case when listing.images_listed then images.image_key is not null end as has_image,
    images.image_bytes,
    documents.rescued,
    bin_bucket_of(documents.bin_id) as bin_bucket,
  from documents
  cross join listing
  left join contents using (bin_id)
  left join inventories using (bin_id)
  left join rejected using (bin_id)
  left join images using (bin_id)
)

select * from final
