/*
model:      challenge_lines
kind:       inference
grain:      one row per (idx, fcsku)
about:      The lines that make_obj_verification_data.py of abid_challenge looks at: with an ASIN, in bins that hold
            something and not too much.
columns:
  idx            not null
  fcsku          not null
  asin           not null
  bin_id         not null
  side           not null
  capture_group  not null
  is_whole       not null
*/
select
  bins.idx,
  quantities.fcsku,
  quantities.asin,
  bin_id,
  bins.side,
  bins.capture_group,
  bins.is_whole,
from challenge_bins as bins
inner join quantities using (bin_id)
where
  quantities.asin is not null
  and bins.expected_quantity > 0
  and ($max_quantity is null or bins.expected_quantity <= $max_quantity)
