/*
macros: items

What an ASIN alone says.
*/

-- An ISBN-10: nine digits and a check digit, so that 10 times the first digit plus 9 times the second and so on, plus
-- the check digit, is a multiple of 11; X stands for a check digit of 10 (ISO 2108).
create or replace macro is_isbn10(asin) as (
  case
    when regexp_full_match(asin, '[0-9]{9}[0-9X]')
      then (
        list_sum(list_transform(range(1, 10), lambda i: (11 - i) * asin[i]::integer))
        + case when asin[10] = 'X' then 10 else asin[10]::integer end
      ) % 11 = 0
    else false
  end
);

create or replace macro asin_kind_of(asin) as (
  case
    when is_isbn10(asin) then 'isbn10'
    when regexp_full_match(asin, 'B[0-9A-Z]{9}') then 'asin'
    else 'other'
  end
);

-- The file of an item, among those of its partition: as many as the listing says.
-- The variable is set when the raw layer is opened.
create or replace macro item_part_of(asin) as (
  case
    when coalesce(getvariable('item_parts'), 1) = 1 then 0
    else md5_number_lower(asin) % getvariable('item_parts')::ubigint
  end
);

-- The place of one of several values among its rivals, the best one lowest: the most frequent first, ties to the
-- lowest bin. One number, because comparing structs costs several times as much. (A bin's place is below 2^31.)
create or replace macro preference_of(line_count, first_bin) as ((first_bin - line_count * 2147483648)::bigint);
