/*
report:  unpadded-twins
title:   523 beside 00523
group:   Doubts
about:   The pairs of bins with the same number, one with an unpadded id and one with a padded id, the most alike first.
         They are different bins: jaccard is the number of ASINs in both over that in either (null where neither holds
         any), and is_same_inventory says whether both hold the same ASINs in the same quantities: an ASIN with the units
         of all its FCSKUs in the bin, and lines without an ASIN under the same FCSKUs. --sample keeps a pair only where
         it draws both bins, and so misses most.
parameters:
  limit  count  20  Rows to show; 0 shows all.
chart:   point x=unpadded_quantity y=padded_quantity
example: abid-report unpadded-twins --limit 10
empty:   No two bins have the same number.
*/
with bins as (select * from bins),

twins as (
  select
    unpadded.bin_number,
    unpadded.bin_id as unpadded_bin_id,
    padded.bin_id as padded_bin_id,
    unpadded.expected_quantity as unpadded_quantity,
    padded.expected_quantity as padded_quantity,
    unpadded.asin_count as unpadded_asin_count,
    padded.asin_count as padded_asin_count,
    unpadded.inventory_hash = padded.inventory_hash as is_same_inventory,
  from bins as unpadded
  inner join bins as padded using (bin_number)
  where unpadded.id_style = 'unpadded' and padded.id_style = 'padded'
),

contents as (
  select
    quantities.bin_number,
    quantities.asin,
    count(distinct quantities.bin_id) as holders,
  from quantities
  inner join twins using (bin_number)
  where quantities.asin is not null
  group by quantities.bin_number, quantities.asin
),

shared as (
  select
    bin_number,
    count(*) filter (holders = 2) as shared_asin_count,
    count(*) as asin_count,
  from contents
  group by bin_number
),

final as (
  select
    twins.unpadded_bin_id,
    twins.padded_bin_id,
    twins.unpadded_quantity,
    twins.padded_quantity,
    twins.unpadded_asin_count,
    twins.padded_asin_count,
    coalesce(shared.shared_asin_count, 0) as shared_asin_count,
    round(shared.shared_asin_count / shared.asin_count, 4) as jaccard,
    twins.is_same_inventory,
    twins.bin_number,
  from twins
  left join shared using (bin_number)
)

select * exclude (bin_number) from final
order by jaccard desc, bin_number
limit nullif($limit, 0)
