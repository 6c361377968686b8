/*
report:  quantity-by-bucket
title:   Expected quantity, by range of bin ids
group:   Bins
about:   How many units the bins of each bin_bucket should hold: u0 is the unpadded ids, b0 to b5 are 100,000 padded ids
         each, b6 is all above. mean_quantity, median, p90, p99 and max are of expected_quantity, in units;
         percentiles interpolate between neighbours. empty counts the bins that should hold nothing.
chart:   bar x=bin_bucket y=mean_quantity
example: abid-report quantity-by-bucket
empty:   There are no bins in the warehouse.
*/
with bins as (select * from bins),

final as (
  select
    bin_bucket,
    count(*) as bins,
    count(*) filter (expected_quantity = 0) as empty,
    round(sum(expected_quantity)::bigint / count(*), 4) as mean_quantity,
    quantile_cont(expected_quantity, 0.50) as median,
    round(quantile_cont(expected_quantity, 0.90), 4) as p90,
    round(quantile_cont(expected_quantity, 0.99), 4) as p99,
    max(expected_quantity) as max,
  from bins
  group by bin_bucket
)

select * from final
order by bin_bucket
