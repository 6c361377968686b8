/*
model:      item_keys
kind:       inference
grain:      one row per (asin, key)
about:      By what an item is known, in any bin: its ASIN and its FCSKUs, which are codes of one kind since most FCSKUs
            are ASINs, and its names as far as case, accents and what stands between words don't matter. Items with a
            key in common may be one and the same.
columns:
  asin  not null
  key   not null
*/
with names as (
  select asin, name from observations
  union
  select asin, normalized_name from observations
)

select asin, 'code ' || asin as key from observations where asin is not null
union
select asin, 'code ' || fcsku from observations where asin is not null
union
select asin, key from names inner join name_keys using (name)
where asin is not null
