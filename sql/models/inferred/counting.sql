/*
model:      counting
kind:       inference
order:      bin_order_of(bin_id)
grain:      one row per bin_id
about:      The counting task: how many units are in the picture?
columns:
  bin_id             not null
  side               not null
  image_key          not null
  image_url          not null
  expected_quantity  not null
  distinct_items     not null
  largest_repeat     not null
  known_volume_in3   not null
  items_stratum      not null
  repeat_stratum     not null
  volume_stratum     not null
  capture_group      not null
  reasons            not null
*/
select
  bin_id,
  side,
  image_key,
  image_url,
  expected_quantity,
  distinct_items,
  largest_repeat,
  known_volume_in3,
  items_stratum,
  repeat_stratum,
  volume_stratum,
  capture_group,
  reasons,
from candidates
order by bin_order_of(bin_id)
