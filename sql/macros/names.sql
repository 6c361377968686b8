/*
macros: names

How names are compared and looked for: without case and accents.
*/

-- Accents go first: a capital I with a dot has no small letter of its own.
create or replace macro fold_text(text) as (lower(strip_accents(text)));

-- The character that an HTML entity stands for, by its number or one of the names that product names have; of other
-- entities themselves.
create or replace macro character_of(entity) as (
  coalesce(
    case
      when entity ilike '&#x%' then try(chr(try_cast('0x' || entity[4:-2] as integer)))
      when entity[2] = '#' then try(chr(try_cast(entity[3:-2] as integer)))
    end,
    map {
      '&amp;': '&', '&quot;': '"', '&apos;': '''', '&lt;': '<', '&gt;': '>', '&nbsp;': ' ', '&reg;': '®', '&trade;': '™',
      '&copy;': '©', '&deg;': '°', '&frac12;': '½', '&ndash;': '–', '&mdash;': '—', '&rsquo;': '’', '&szlig;': 'ß'
    }[entity],
    entity
  )
);

-- A text with the characters in place of their entities; letters lose their accents on the way.
create or replace macro read_entities(text) as (
  list_reduce(
    list_distinct(regexp_extract_all(text, '&#?[0-9A-Za-z]+;')),
    lambda read, entity: replace(read, entity, character_of(entity)),
    regexp_replace(text, '&([A-Za-z])(?:acute|cedil|circ|grave|ring|tilde|uml);', '\1', 'g')
  )
);

-- What is looked at of a name, or asked for. Entities take time, and few names have any.
create or replace macro searched_text(text) as (
  fold_text(case when contains(text, '&') and contains(text, ';') then read_entities(text) else text end)
);

-- What is asked for: the folded text, with single blanks; and its words.
create or replace macro asked_words(text) as (
  list_filter(string_split_regex(searched_text(text), '\s+'), lambda word: word <> '')
);

create or replace macro asked_phrase(text) as (array_to_string(asked_words(text), ' '));

-- The regular expression for a phrase that ends with a word of the name.
create or replace macro ending_in_a_word(phrase) as (regexp_escape(phrase) || '(?:$|[^\pL\pN])');

-- The words of a folded text: runs of letters and digits.
create or replace macro bare_words(text) as (regexp_extract_all(text, '[\pL\pN]+'));
