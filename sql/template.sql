/*
report:  my-report
title:   Bins by the number of their ASINs
group:   Yours
about:   How many bins hold 0, 1, 2, ... different ASINs, and the units that are expected in such a bin on average. Say
         here what the columns mean, in which units they are, and what is left out.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
  limit     count  20  Rows to show; 0 shows all.
chart:   bar x=asin_count y=bins
example: abid-report my-report --id-style padded
empty:   There are no bins of this id style in the warehouse.
*/
-- `abid-report schema` says what the tables hold. A parameter's value is written $id_style here, and never pasted.
with bins as (select * from bins where $id_style in ('all', id_style)),

final as (
  select
    asin_count,
    count(*) as bins,
    round(avg(expected_quantity), 2) as mean_expected_quantity,
  from bins
  group by asin_count
)

select * from final
order by asin_count
limit nullif($limit, 0)
