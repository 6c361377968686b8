/*
figures: quantity-histogram
of:      units expected in a bin
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

final as (
  select
    round(sum(expected_quantity) / count(*), 4) as mean,
    round(quantile_cont(expected_quantity, 0.50), 4) as median,
    round(quantile_cont(expected_quantity, 0.90), 4) as p90,
    round(quantile_cont(expected_quantity, 0.99), 4) as p99,
    round(max(expected_quantity), 4) as max,
  from bins
  having count(*) > 0
)

select * from final
