/*
model:      challenge_ids
kind:       inference
order:      number
grain:      one row per number
about:      The bins of $side, as random_split.py of abid_challenge lists them: with any number of units, for the scripts that
            read the lists have their own bounds.
columns:
  number  bigint  not null  Number of the bin, from 1.
*/
select idx + 1 as number
from challenge_bins
where side = $side
order by number
