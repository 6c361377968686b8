/*
model:      name_keys
kind:       inference
grain:      one row per name
about:      By what a name is known as far as case, accents and what stands between words don't matter. Each name is read
            once, as many lines as have it. A name without words says nothing, and has no row.
columns:
  name  not null
  key   not null
*/
with names as (
  select name from observations
  union
  select normalized_name from observations
),

folded as (
  select
    name,
    bare_words(searched_text(name)) as words,
  from names
)

select
  name,
  'name ' || array_to_string(words, ' ') as key,
from folded
where len(words) > 0
