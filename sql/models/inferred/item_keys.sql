/*
model:      item_keys
kind:       inference
grain:      one row per (asin, key)
about:      By what an item is known, in any bin: its ASIN, its FCSKUs, and its names as far as case, accents and what
            stands between words don't matter. Items with a key in common may be one and the same.
columns:
  asin  not null
  key   not null
*/
with names as (
  select asin, name from observations
  union
  select asin, normalized_name from observations
)

select asin, 'asin ' || asin as key from observations where asin is not null
union
select asin, 'fcsku ' || fcsku from observations where asin is not null
union
select asin, key from names inner join name_keys using (name)
where asin is not null
