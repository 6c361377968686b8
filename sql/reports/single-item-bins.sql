/*
report:  single-item-bins
title:   Bins that hold one item only
group:   Bins
about:   Bins of one ASIN and nothing else, those with the most units first: pictures in which everything to be counted
         is alike. A bin with a line that has no ASIN or could not be loaded isn't among them; one that keeps its ASIN
         under several FCSKUs is. total_quantity is what the lines add up to, in units, and the name is the most
         frequent one of the ASIN in all bins.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
  limit     count  20  Rows to show; 0 shows all.
example: abid-report single-item-bins --limit 5
empty:   No bin of this id style holds one item only.
*/
with bins as (
  select * from bins
  where $id_style in ('all', id_style) and asin_count = 1 and rejected_line_count = 0
),

quantities as (select * from quantities),

items as (select * from items),

contents as (
  select
    bin_id,
    min(quantities.asin) as asin,
  from bins
  inner join quantities using (bin_id)
  group by bin_id
  having count(*) = count(quantities.asin)
),

final as (
  select
    bins.bin_id,
    bins.expected_quantity,
    bins.total_quantity,
    contents.asin,
    items.name,
    bins.image_url,
    bins.bin_number,
  from bins
  inner join contents using (bin_id)
  inner join items using (asin)
)

select * exclude (bin_number) from final
order by total_quantity desc, bin_number, bin_id
limit nullif($limit, 0)
