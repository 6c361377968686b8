/*
report:  fcsku-asin
title:   FCSKUs that aren't the ASIN
group:   Items
about:   The pairs of FCSKU and ASIN that differ, in the bins of the chosen id style, the most frequent first. Nearly
         everywhere both are equal; a line whose ASIN is null differs too, and has no name here; other names are the
         most frequent ones in all bins. asin_fcsku_count counts the FCSKUs under which those bins keep the ASIN.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
  limit     count    20  Rows to show; 0 shows all.
example: abid-report fcsku-asin --limit 0
empty:   In the bins of this id style every FCSKU equals its ASIN.
*/
with quantities as (select * from quantities where $id_style in ('all', id_style_of(bin_id))),

items as (select * from items),

pairs as (
  select
    fcsku,
    asin,
    count(*) as bin_count,
    sum(quantity)::bigint as total_quantity,
    min(bin_order_of(bin_id)) as first_bin,
  from quantities
  where fcsku is distinct from asin
  group by fcsku, asin
),

kept as (
  select
    asin,
    count(distinct fcsku) as asin_fcsku_count,
  from quantities
  where asin in (select asin from pairs)
  group by asin
),

final as (
  select
    pairs.fcsku,
    pairs.asin,
    items.name,
    kept.asin_fcsku_count,
    pairs.bin_count,
    pairs.total_quantity,
    bin_id_at(pairs.first_bin) as first_bin_id,
  from pairs
  left join kept using (asin)
  left join items using (asin)
)

select * from final
order by bin_count desc, total_quantity desc, fcsku, asin
limit nullif($limit, 0)
