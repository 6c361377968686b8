/*
report:  isbn-share
title:   How much is books
group:   Items
about:   ASINs, lines, units and bins by the kind of ASIN, in the bins of the chosen id style: isbn10 is an ISBN-10 with
         a true check digit, so a book; asin is B and nine letters or digits; other is neither; none are lines without
         an ASIN. Shares of ASINs, lines and units are fractions of the column's whole, share_of_bins of all bins of the
         style: a bin counts for every kind that it holds, and one without lines for none, so these don't add up to 1.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to count.
chart:   bar x=asin_kind y=share_of_lines
example: abid-report isbn-share --id-style padded
empty:   No bin of this id style holds anything.
*/
with quantities as (select * from quantities where $id_style in ('all', id_style_of(bin_id))),

bins as (select * from bins where $id_style in ('all', id_style)),

lines as (
  select
    case when asin is null then 'none' else asin_kind_of(asin) end as asin_kind,
    asin,
    quantity,
    bin_order_of(bin_id) as bin_order,
  from quantities
),

counted as (
  select
    asin_kind,
    count(distinct asin) as asins,
    count(*) as lines,
    sum(quantity)::bigint as units,
    count(distinct bin_order) as bins,
  from lines
  group by asin_kind
),

final as (
  select
    asin_kind,
    asins,
    round(asins / nullif(sum(asins) over (), 0), 6) as share_of_asins,
    lines,
    round(lines / sum(lines) over (), 6) as share_of_lines,
    units,
    round(units / nullif(sum(units) over (), 0), 6) as share_of_units,
    bins,
    round(bins / (select count(*) from bins), 6) as share_of_bins,
  from counted
)

select * from final
order by lines desc, asin_kind
