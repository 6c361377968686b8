/*
model:      challenge_bins
kind:       inference
grain:      one row per idx
about:      The candidates as the lists of abid_challenge know them: padded bins alone, counted from 0.
columns:
  idx                bigint   not null  Number of the bin less one.
  bin_id             not null
  side               not null
  capture_group      not null
  expected_quantity  not null
  is_whole           not null
*/
select
  bin_number_of(bin_id) - 1 as idx,
  bin_id,
  side,
  capture_group,
  expected_quantity,
  is_whole,
from candidates
where id_style_of(bin_id) = 'padded' and bin_number_of(bin_id) > 0
