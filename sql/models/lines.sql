/*
model:  lines
kind:   staging
grain:  one row per (metadata_key, line_number)
about:  Every line, opened and typed. A line with a fault keeps its bin, its FCSKU and its JSON; `reason` says what
        is wrong with the first member that doesn't fit. A document without lines has one row, without an FCSKU.
columns:
  metadata_key         varchar  not null  Key of the document.
  bin_id               varchar            Stem of the key.
  line_number          bigint   not null  Place of the line in the document, from 1.
  document             opened             What `opened` says of the document, in the row of its first line.
  fcsku                varchar            Key of the line in BIN_FCSKU_DATA.
  asin                 varchar            asin.
  name                 varchar            name.
  normalized_name      varchar            normalizedName.
  has_normalized_name  boolean  not null  Whether the line has a member normalizedName at all.
  quantity             integer            quantity.
  length_value         double             length.value.
  length_unit          varchar            length.unit.
  width_value          double             width.value.
  width_unit           varchar            width.unit.
  height_value         double             height.value.
  height_unit          varchar            height.unit.
  weight_value         double             weight.value.
  weight_unit          varchar            weight.unit.
  rescued              varchar            Unknown fields of the line, as the text of a JSON object.
  reason               varchar            Why the line is rejected; null when it isn't.
  json_path            varchar            Where in the document the fault is.
  line_json            varchar            The line, where it is rejected.
*/
with opened as (select * from opened),

unnested as (
  select
    metadata_key,
    bin_id,
    unnest(range(1, len(entries) + 1)) as line_number,
    unnest(entries) as entry,
    {
      'expected_quantity': expected_quantity,
      'image_fname': image_fname,
      'rescued': rescued,
      'line_count': line_count,
      'fault': fault,
      'detail': detail
    } as document,
  from opened
),

typed as (
  select
    metadata_key,
    bin_id,
    line_number,
    case when line_number = 1 then document end as document,
    entry.key as fcsku,
    entry.value as line,
    json_type(
      entry.value,
      [
        '$.asin', '$.name', '$.normalizedName',
        '$.length.unit', '$.length.value', '$.width.unit', '$.width.value',
        '$.height.unit', '$.height.value', '$.weight.unit', '$.weight.value'
      ]
    ) as types,
    json_keys(entry.value, ['$', '$.length', '$.width', '$.height', '$.weight']) as keys,
    from_json(
      entry.value,
      '{
        "asin": "VARCHAR", "name": "VARCHAR", "normalizedName": "VARCHAR", "quantity": "JSON",
        "length": {"unit": "VARCHAR", "value": "DOUBLE"}, "width": {"unit": "VARCHAR", "value": "DOUBLE"},
        "height": {"unit": "VARCHAR", "value": "DOUBLE"}, "weight": {"unit": "VARCHAR", "value": "DOUBLE"}
      }'
    ) as fields,
  from unnested
),

-- More members than the seven and normalizedName: unknown ones, or one twice. Where there are no more, nothing
-- need be compared, and that is nearly everywhere.
counted as (
  select
    *,
    len(keys[1]) > 7 + (types[3] is not null)::integer as has_more,
    len(keys[2]) > 2 or len(keys[3]) > 2 or len(keys[4]) > 2 or len(keys[5]) > 2 as has_more_inside,
  from typed
),

judged as (
  select
    *,
    text_fault(types[1]) as asin_fault,
    text_fault(types[2]) as name_fault,
    text_fault(coalesce(types[3], 'NULL')) as normalized_name_fault, -- the unpadded variant has none
    quantity_fault(line, fields.quantity) as quantity_fault,
    measurement_fault(line, '$.length', types[4], types[5], fields.length.value, keys[2]) as length_fault,
    measurement_fault(line, '$.width', types[6], types[7], fields.width.value, keys[3]) as width_fault,
    measurement_fault(line, '$.height', types[8], types[9], fields.height.value, keys[4]) as height_fault,
    measurement_fault(line, '$.weight', types[10], types[11], fields.weight.value, keys[5]) as weight_fault,
  from counted
),

-- A line with all its members, and no others, names none of them twice.
checked as (
  select
    *,
    coalesce(
      asin_fault, name_fault, normalized_name_fault, quantity_fault, length_fault, width_fault, height_fault, weight_fault
    ) as member_fault,
    case
      when len(keys[1]) > 0 and not has_more and member_fault is null then null
      when coalesce(json_type(line), 'NULL') <> 'OBJECT' then 'line_not_object' -- a null line has no type
      when has_duplicate_key(keys[1]) then 'duplicate_key'
    end as line_fault,
    case when fcsku is not null then coalesce(line_fault, member_fault) end as known_fault,
  from judged
),

rescued as (
  select
    *,
    case
      when (has_more or has_more_inside) and known_fault is null
        then members_to_json(
          other_members(
            line, ['asin', 'height', 'length', 'name', 'normalizedName', 'quantity', 'weight', 'width']
          )
          || more_of_measurement('length', line, keys[2])
          || more_of_measurement('width', line, keys[3])
          || more_of_measurement('height', line, keys[4])
          || more_of_measurement('weight', line, keys[5])
        )
    end as others,
  from checked
),

decided as (
  select
    *,
    coalesce(known_fault, case when names_no_number(others) then 'not_json' end) as reason,
  from rescued
),

final as (
  select
    metadata_key,
    bin_id,
    line_number,
    document,
    fcsku,
    fields.asin as asin,
    fields.name as name,
    fields.normalizedName as normalized_name,
    types[3] is not null as has_normalized_name,
    case when quantity_fault is null then try_cast(fields.quantity::varchar as integer) end as quantity,
    fields.length.value as length_value,
    fields.length.unit as length_unit,
    fields.width.value as width_value,
    fields.width.unit as width_unit,
    fields.height.value as height_value,
    fields.height.unit as height_unit,
    fields.weight.value as weight_value,
    fields.weight.unit as weight_unit,
    case when reason is null then others end as rescued,
    reason,
    case
      when reason is not null
        then '$.BIN_FCSKU_DATA.' || to_json(fcsku)::varchar || case
          when line_fault is not null or member_fault is null then ''
          when asin_fault is not null then '.asin'
          when name_fault is not null then '.name'
          when normalized_name_fault is not null then '.normalizedName'
          when quantity_fault is not null then '.quantity'
          when length_fault is not null then '.length'
          when width_fault is not null then '.width'
          when height_fault is not null then '.height'
          else '.weight'
        end
    end as json_path,
    case when reason is not null then coalesce(line::varchar, 'null') end as line_json,
  from decided
)

select * from final
