/*
model:      held_keys
kind:       inference
grain:      one row per (capture_group, key)
about:      The keys of all that the bins of a capture group hold: what may be in their pictures, however it is recorded.
columns:
  capture_group  not null
  key            varchar  not null  A code (ASIN or FCSKU) or the words of a name, and which of the two.
*/
with names as (
  select bin_id, name from observations
  union
  select bin_id, normalized_name from observations
),

keys as (
  select bin_id, 'code ' || asin as key from observations where asin is not null
  union
  select bin_id, 'code ' || fcsku from observations
  union
  select bin_id, key from names inner join name_keys using (name)
)

select distinct splits.capture_group, keys.key
from keys
inner join splits using (bin_id)
where splits.capture_group is not null and keys.key is not null
