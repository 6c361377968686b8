/*
model:      challenge_targets
kind:       inference
grain:      one row per asin
about:      Where the items of the training side lie.
columns:
  asin     not null
  targets  numbers  not null  Idx of the bins that hold it, ascending, each as often as it has lines of it.
*/
select
  asin,
  list(idx order by idx) as targets,
from challenge_lines
where side = 'train'
group by asin
