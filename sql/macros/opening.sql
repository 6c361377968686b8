/*
macros: opening the JSON

The rules that a JSON value is held against, each written once. They look at the value's JSON text, or at the type that
`json_type` reports, before any cast: `from_json` alone would turn "3" into 3.
*/

-- A JSON number without fraction or exponent, from 0 to the largest INTEGER. 2.5, 1e300, -1, "3" and NaN are none.
create or replace macro is_whole_number(json_text) as (
  case
    when regexp_full_match(json_text::varchar, '[0-9]+')
      then coalesce(try_cast(json_text::varchar as bigint) between 0 and 2147483647, false)
    else false
  end
);

-- A JSON object that names a member twice: readers disagree on which value counts, so none is taken.
create or replace macro has_duplicate_key(keys) as (
  case when len(keys) > 1 then len(keys) <> len(list_distinct(keys)) else false end
);

-- The faults below ask for what is right first: most members leave a case there, and only the others go on.

-- Why a text member can't be taken, or null. A member that is missing has no type.
create or replace macro text_fault(type) as (
  case
    when type in ('VARCHAR', 'NULL') then null
    when type is null then 'missing_field'
    else 'not_text'
  end
);

-- Why a quantity can't be taken, or null.
create or replace macro quantity_fault(line, json_text) as (
  case
    when is_whole_number(json_text) then null
    when json_type(line, '$.quantity') is null then 'missing_field'
    else 'quantity_not_whole'
  end
);

-- Why a measurement can't be taken, or null. It is null as a whole, or a unit and a finite number.
create or replace macro measurement_fault(line, path, unit_type, value_type, value, keys) as (
  case
    when unit_type = 'VARCHAR' and value_type in ('DOUBLE', 'UBIGINT', 'BIGINT') and isfinite(value) and len(keys) = 2
      then null
    when json_type(line, path) is null then 'missing_field'
    when json_type(line, path) = 'NULL' then null
    when json_type(line, path) <> 'OBJECT' then 'measurement_not_object'
    when has_duplicate_key(keys) then 'duplicate_key'
    when unit_type is null or value_type is null then 'missing_field'
    when unit_type <> 'VARCHAR' then 'not_text'
    when value_type not in ('DOUBLE', 'UBIGINT', 'BIGINT') then 'measurement_not_number'
    when not coalesce(isfinite(value), false) then 'measurement_not_finite'
  end
);

-- The members of an object as (key, value) pairs, without those of the names `known`.
create or replace macro other_members(object, known) as (
  list_filter(map_entries(from_json(object, '"MAP(VARCHAR, JSON)"')), lambda member: not list_contains(known, member.key))
);

-- Pairs of (key, JSON value) as the text of a JSON object; null when there are none.
create or replace macro members_to_json(members) as (
  case when len(members) > 0 then to_json(map_from_entries(members))::varchar end
);

-- The unknown members inside one measurement of a line, as at most one pair of (measurement, JSON object).
create or replace macro more_of_measurement(measurement, line, keys) as (
  case
    when len(keys) > 2
      then [{
        'key': measurement,
        'value': members_to_json(other_members(json_extract(line, '$.' || measurement), ['unit', 'value']))::json
      }]
    else []
  end
);

-- Whether a JSON text has a NaN or an Infinity outside its strings. DuckDB lets them pass; JSON has no such numbers, and
-- most readers would refuse the whole text.
create or replace macro names_no_number(json_text) as (
  regexp_matches(regexp_replace(json_text, '"(?:[^"\\]|\\.)*"', '""', 'g'), '(?i)nan|inf')
);
