/*
model:      challenge_counting
kind:       inference
order:      idx
grain:      one row per idx
about:      The bins of $side with their units, as make_counting_data.py of abid_challenge lists them.
columns:
  idx                not null
  expected_quantity  not null
*/
select
  idx,
  expected_quantity,
from challenge_bins
where side = $side and ($max_quantity is null or expected_quantity <= $max_quantity)
order by idx
