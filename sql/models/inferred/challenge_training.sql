/*
model:      challenge_training
kind:       inference
order:      idx, fcsku
grain:      one row per (idx, fcsku)
about:      What make_obj_verification_data.py of abid_challenge trains on: the items of a training bin that two lines or more
            of other training bins have.
columns:
  idx      not null
  fcsku    not null
  asin     not null
  targets  not null
*/
with lines as (
  select
    lines.idx,
    lines.fcsku,
    asin,
    list_filter(challenge_targets.targets, lambda target: target <> lines.idx) as targets,
  from challenge_lines as lines
  inner join challenge_targets using (asin)
  where lines.side = 'train' and len(challenge_targets.targets) > 2
)

select
  idx,
  fcsku,
  asin,
  targets,
from lines
where len(targets) > 1
order by idx, fcsku
