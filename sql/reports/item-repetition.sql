/*
report:  item-repetition
title:   ASINs by the number of bins that hold them
group:   Items
about:   How many ASINs are in 1, 2, 3, ... bins, counting only bins of the chosen id style. share and
         cumulative_share are fractions of the ASINs counted. Lines without an ASIN are left out. --sample counts the
         bins that it draws alone: in these, an ASIN is seldom seen again.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
chart:   bar x=bin_count y=asins log=y
example: abid-report item-repetition --id-style padded
empty:   There are no items in bins of this id style.
*/
with quantities as (select * from quantities where $id_style in ('all', id_style_of(bin_id))),

items as (
  select
    asin,
    -- one bin can hold an ASIN under several FCSKUs
    count(distinct bin_id) as bin_count,
  from quantities
  where asin is not null
  group by asin
),

counted as (
  select
    bin_count,
    count(*) as asins,
  from items
  group by bin_count
),

final as (
  select
    bin_count,
    asins,
    round(asins / sum(asins) over (), 6) as share,
    round(sum(asins) over (order by bin_count) / sum(asins) over (), 6) as cumulative_share,
  from counted
)

select * from final
order by bin_count
