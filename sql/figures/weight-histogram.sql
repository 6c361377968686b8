/*
figures: weight-histogram
of:      pounds known in a bin
*/
with bins as (select * from bins where $id_style in ('all', id_style) and known_weight_lb > 0),

final as (
  select
    round(sum(to_exact(known_weight_lb)) / count(*), 4) as mean,
    round(quantile_cont(known_weight_lb, 0.50), 4) as median,
    round(quantile_cont(known_weight_lb, 0.90), 4) as p90,
    round(quantile_cont(known_weight_lb, 0.99), 4) as p99,
    round(max(known_weight_lb), 4) as max,
  from bins
  having count(*) > 0
)

select * from final
