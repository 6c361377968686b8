/*
report:  missing-fields
title:   What the documents leave out
group:   Doubts
about:   The fields of bins and of lines, under the names that the documents give them. Of the loaded ones, absent have
         no such field, nulls have null there, and faulty have what it isn't for (a weight or a length of 0, or in an
         unknown unit); share is the fraction of these three together. rejected counts the documents or lines that were
         not loaded because they lack the field, or its unit or value.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
chart:   bar x=field y=share log=y
example: abid-report missing-fields --id-style unpadded
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

observations as (select * from observations where $id_style in ('all', id_style_of(bin_id))),

rejects as (
  select * from rejects
  where reason = 'missing_field' and ($id_style = 'all' or (bin_id is not null and $id_style = id_style_of(bin_id)))
),

of_bins as (
  select
    count(*) as loaded,
    unnest([
      {'field': 'BIN_FCSKU_DATA', 'position': 1, 'absent': 0, 'nulls': 0, 'faulty': 0},
      {'field': 'EXPECTED_QUANTITY', 'position': 2, 'absent': 0, 'nulls': 0, 'faulty': 0},
      -- an image_fname that isn't text is kept among the unknown fields
      {
        'field': 'image_fname',
        'position': 3,
        'absent': count(*) - count(image_fname) - count(json_type(rescued, '$.image_fname')),
        'nulls': count(*) filter (json_type(rescued, '$.image_fname') = 'NULL'),
        'faulty': count(*) filter (json_type(rescued, '$.image_fname') <> 'NULL'),
      }
    ], recursive := true),
  from bins
),

of_lines as (
  select
    count(*) as loaded,
    unnest([
      {'field': 'asin', 'position': 4, 'absent': 0, 'nulls': count(*) - count(asin), 'faulty': 0},
      {'field': 'name', 'position': 5, 'absent': 0, 'nulls': count(*) - count(name), 'faulty': 0},
      {
        'field': 'normalizedName',
        'position': 6,
        'absent': count(*) filter (not has_normalized_name),
        'nulls': count(*) filter (has_normalized_name and normalized_name is null),
        'faulty': 0,
      },
      {'field': 'quantity', 'position': 7, 'absent': 0, 'nulls': 0, 'faulty': 0},
      {
        'field': 'length',
        'position': 8,
        'absent': 0,
        'nulls': count(*) - count(length_value),
        'faulty': count(length_value) - count(to_inches(length_value, length_unit)),
      },
      {
        'field': 'width',
        'position': 9,
        'absent': 0,
        'nulls': count(*) - count(width_value),
        'faulty': count(width_value) - count(to_inches(width_value, width_unit)),
      },
      {
        'field': 'height',
        'position': 10,
        'absent': 0,
        'nulls': count(*) - count(height_value),
        'faulty': count(height_value) - count(to_inches(height_value, height_unit)),
      },
      {
        'field': 'weight',
        'position': 11,
        'absent': 0,
        'nulls': count(*) - count(weight_value),
        'faulty': count(weight_value) - count(to_pounds(weight_value, weight_unit)),
      }
    ], recursive := true),
  from observations
),

rejected as (
  select
    -- the last step of the path, as in $.BIN_FCSKU_DATA."X".weight
    regexp_extract(json_path, '[A-Za-z_]+$') as field,
    count(*) as rejected,
  from rejects
  group by field
),

members as (
  select * from of_bins
  union all
  select * from of_lines
),

final as (
  select
    members.field,
    members.loaded,
    members.absent,
    members.nulls,
    members.faulty,
    round((absent + nulls + faulty) / nullif(loaded, 0), 6) as share,
    coalesce(rejected.rejected, 0) as rejected,
    members.position,
  from members
  left join rejected using (field)
)

select * exclude (position) from final
order by position
