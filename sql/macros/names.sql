/*
macros: names

How names are compared and looked for: without case and accents.
*/

-- Accents go first: a capital I with a dot has no small letter of its own.
create or replace macro fold_text(text) as (lower(strip_accents(text)));

-- What is asked for: the folded text, with single blanks; and its words.
create or replace macro asked_words(text) as (
  list_filter(string_split_regex(fold_text(text), '\s+'), lambda word: word <> '')
);

create or replace macro asked_phrase(text) as (array_to_string(asked_words(text), ' '));

-- The regular expression for a phrase that ends with a word of the name.
create or replace macro ending_in_a_word(phrase) as (regexp_escape(phrase) || '(?:$|[^\pL\pN])');

-- The words of a folded text: runs of letters and digits. Nothing may stand before the first and after the last.
create or replace macro bare_words(text) as (string_split_regex(text, '[^\pL\pN]+'));
