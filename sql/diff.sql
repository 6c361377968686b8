/*
title:  What differs between two releases
about:  One row for each kind of difference: what happened to the rows, and in which columns. The inputs old_fields and
        new_fields have the key of each row and its compared columns as a struct; $only_old and $only_new name the
        columns that only one release knows, $table_name the table, $limit the keys to show of each kind; 0 shows all.
columns:
  table_name       bins or items.
  change           added, removed, changed; or column added, column removed.
  changed_columns  The columns that differ, in rows that are in both.
  row_count        Rows of this kind.
  sample           Keys of the first of them.
*/
with differing as (
  select
    coalesce(old_fields.key, new_fields.key) as key,
    old_fields.key is not null as in_old,
    new_fields.key is not null as in_new,
    -- only rows that differ get here, so few are spelled out as JSON
    to_json(old_fields.fields) as old_json,
    to_json(new_fields.fields) as new_json,
  from old_fields
  full outer join new_fields on old_fields.key = new_fields.key
  where old_fields.fields is distinct from new_fields.fields
),

named as (
  select
    key,
    case when not in_old then 'added' when not in_new then 'removed' else 'changed' end as change,
    case
      when in_old and in_new
        then list_filter(
          json_keys(new_json),
          lambda name: json_extract(old_json, '$."' || name || '"') is distinct from json_extract(new_json, '$."' || name || '"')
        )
      else []::varchar[]
    end as changed_columns,
  from differing
),

final as (
  select
    $table_name::varchar as table_name,
    change,
    changed_columns,
    count(*) as row_count,
    list(key order by key)[:coalesce(nullif($limit::bigint, 0), count(*))] as sample,
  from named
  group by change, changed_columns

  union all

  select $table_name, 'column removed', $only_old::varchar[], null, []::varchar[] where len($only_old::varchar[]) > 0

  union all

  select $table_name, 'column added', $only_new::varchar[], null, []::varchar[] where len($only_new::varchar[]) > 0
)

select * from final
