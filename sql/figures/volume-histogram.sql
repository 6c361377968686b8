/*
figures: volume-histogram
of:      cubic inches known in a bin
*/
with bins as (select * from bins where $id_style in ('all', id_style) and known_volume_in3 > 0),

final as (
  select
    round(sum(to_exact(known_volume_in3)) / count(*), 4) as mean,
    round(quantile_cont(known_volume_in3, 0.50), 4) as median,
    round(quantile_cont(known_volume_in3, 0.90), 4) as p90,
    round(quantile_cont(known_volume_in3, 0.99), 4) as p99,
    round(max(known_volume_in3), 4) as max,
  from bins
  having count(*) > 0
)

select * from final
