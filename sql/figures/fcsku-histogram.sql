/*
figures: fcsku-histogram
of:      FCSKUs in a bin
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

final as (
  select
    round(sum(fcsku_count) / count(*), 4) as mean,
    round(quantile_cont(fcsku_count, 0.50), 4) as median,
    round(quantile_cont(fcsku_count, 0.90), 4) as p90,
    round(quantile_cont(fcsku_count, 0.99), 4) as p99,
    round(max(fcsku_count), 4) as max,
  from bins
  having count(*) > 0
)

select * from final
