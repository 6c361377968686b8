/*
check:  quantities_recorded
about:  quantities has every line of observations, with its ASIN and its quantity, and no other line.
*/
select
  coalesce(observations.bin_id, quantities.bin_id) as bin_id,
  coalesce(observations.fcsku, quantities.fcsku) as fcsku,
  observations.asin as recorded_asin,
  quantities.asin as asin,
  observations.quantity as recorded_quantity,
  quantities.quantity as quantity,
from observations
full join quantities using (bin_id, fcsku)
where observations.asin is distinct from quantities.asin or observations.quantity is distinct from quantities.quantity
