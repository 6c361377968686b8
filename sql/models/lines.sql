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
    from_json(
      entry.value,
      '{
        "asin": "VARCHAR",
        "height": {"unit": "VARCHAR", "value": "DOUBLE"}, "length": {"unit": "VARCHAR", "value": "DOUBLE"},
        "name": "VARCHAR", "normalizedName": "VARCHAR", "quantity": "JSON",
        "weight": {"unit": "VARCHAR", "value": "DOUBLE"}, "width": {"unit": "VARCHAR", "value": "DOUBLE"}
      }'
    ) as fields,
  from unnested
),

-- A line that is written letter by letter as its typed members are has these members, each once, and no others. Nearly
-- all lines are such, and then nothing need be asked of them but what their types let pass. The others (in another order,
-- say, or without a measurement) are examined, as are those too long to be held in memory once more.
compared as (
  select
    *,
    coalesce(
      case when strlen(line) < 1e6 then to_json(fields) = line end
      and is_whole_number(fields.quantity)
      and isfinite(fields.length.value + fields.width.value + fields.height.value + fields.weight.value)
      and fields.length.unit is not null
      and fields.width.unit is not null
      and fields.height.unit is not null
      and fields.weight.unit is not null,
      false
    ) as is_ordinary,
  from typed
),

examined as (
  select
    *,
    case
      when not is_ordinary
        then json_type(
          line,
          [
            '$.asin', '$.name', '$.normalizedName',
            '$.length.unit', '$.length.value', '$.width.unit', '$.width.value',
            '$.height.unit', '$.height.value', '$.weight.unit', '$.weight.value', '$'
          ]
        )
    end as types,
    case
      when not is_ordinary then json_keys(line, ['$', '$.length', '$.width', '$.height', '$.weight'])
    end as keys,
  from compared
),

-- Why, and in which member.
judged as (
  select
    *,
    case
      when is_ordinary or fcsku is null then null
      when coalesce(types[12], 'NULL') <> 'OBJECT' then 'line_not_object' -- a null line has no type
      when has_duplicate_key(keys[1]) then 'duplicate_key'
      else coalesce(
        text_fault(types[1]) || ' .asin',
        text_fault(types[2]) || ' .name',
        text_fault(coalesce(types[3], 'NULL')) || ' .normalizedName', -- the unpadded variant has none
        quantity_fault(line, fields.quantity) || ' .quantity',
        measurement_fault(line, '$.length', types[4], types[5], fields.length.value, keys[2]) || ' .length',
        measurement_fault(line, '$.width', types[6], types[7], fields.width.value, keys[3]) || ' .width',
        measurement_fault(line, '$.height', types[8], types[9], fields.height.value, keys[4]) || ' .height',
        measurement_fault(line, '$.weight', types[10], types[11], fields.weight.value, keys[5]) || ' .weight'
      )
    end as known_fault,
  from examined
),

rescued as (
  select
    *,
    case
      when is_ordinary or known_fault is not null then null
      -- more members than the seven and normalizedName, or than a unit and a value
      when
        len(keys[1]) > 7 + (types[3] is not null)::integer
        or len(keys[2]) > 2 or len(keys[3]) > 2 or len(keys[4]) > 2 or len(keys[5]) > 2
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
  from judged
),

decided as (
  select
    *,
    coalesce(known_fault, case when names_no_number(others) then 'not_json' end) as fault,
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
    is_ordinary or types[3] is not null as has_normalized_name,
    try_cast(fields.quantity::varchar as integer) as quantity,
    fields.length.value as length_value,
    fields.length.unit as length_unit,
    fields.width.value as width_value,
    fields.width.unit as width_unit,
    fields.height.value as height_value,
    fields.height.unit as height_unit,
    fields.weight.value as weight_value,
    fields.weight.unit as weight_unit,
    case when fault is null then others end as rescued,
    split_part(fault, ' ', 1) as reason,
    case
      when fault is not null then '$.BIN_FCSKU_DATA.' || to_json(fcsku)::varchar || split_part(fault, ' ', 2)
    end as json_path,
    case when fault is not null then coalesce(line::varchar, 'null') end as line_json,
  from decided
)

select * from final
