/*
model:      observations
kind:       table
partition:  bin_bucket
parts:      bin_part_of(bin_id)
order:      bin_bucket, bin_id, fcsku
grain:      one row per (bin_id, fcsku)
about:      Every line of every loaded document, as recorded: together with bins it holds all that the documents say.
columns:
  bin_id               varchar  not null  Stem of the metadata key, as in the bucket: text, because 523 and 00523 are different bins.
  bin_number           bigint   not null  The stem as a number. Not a key: 523 and 00523 share it.
  fcsku                varchar  not null  Fulfilment-centre SKU: the key of the line. Nearly always equal to the ASIN, but not the same thing.
  asin                 varchar            Amazon Standard Identification Number, as recorded.
  name                 varchar            Product name, as recorded.
  normalized_name      varchar            Product name as Amazon normalised it, as recorded.
  has_normalized_name  boolean  not null  Whether the line has a normalizedName at all (documents of unpadded bins don't), null or not.
  quantity             integer  not null  Units of this FCSKU recorded in the bin.
  length_value         double             Length as recorded (a double, as JSON readers take it), in length_unit.
  length_unit          varchar            Unit of the length as recorded (IN).
  width_value          double             Width as recorded (a double, as JSON readers take it), in width_unit.
  width_unit           varchar            Unit of the width as recorded (IN).
  height_value         double             Height as recorded (a double, as JSON readers take it), in height_unit.
  height_unit          varchar            Unit of the height as recorded (IN).
  weight_value         double             Weight as recorded (a double, as JSON readers take it), in weight_unit.
  weight_unit          varchar            Unit of the weight as recorded (pounds).
  rescued              varchar            Unknown fields of the line, as the text of a JSON object.
  bin_bucket           varchar  not null  Partition key: u0 for unpadded ids, b0 to b5 for 100,000 padded ids each, b6 for all above.
*/
with lines as (select * from lines where fcsku is not null and reason is null),

final as (
  select
    bin_id,
    bin_number_of(bin_id) as bin_number,
    fcsku,
    asin,
    name,
    normalized_name,
    has_normalized_name,
    quantity,
    length_value,
    length_unit,
    width_value,
    width_unit,
    height_value,
    height_unit,
    weight_value,
    weight_unit,
    rescued,
    bin_bucket_of(bin_id) as bin_bucket,
  from lines
)

select * from final
