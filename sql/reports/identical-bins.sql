/*
report:  identical-bins
title:   Bins that hold the same
group:   Doubts
about:   Bins of the chosen id style whose loaded lines are the same ASINs in the same quantities, the largest groups
         first; first_bin_id is the lowest bin of the group, bin_count its size. An ASIN counts with the units of all
         its FCSKUs in the bin, and a line without an ASIN is the same as another only under the same FCSKU.
         document_bin_count says in how many of them the document is the same as this bin's byte for byte (by MD5), this
         one included: 1 means in no other. Bins without lines are all alike, and are left out. --sample compares the
         bins that it draws with one another alone, and so misses most groups.
parameters:
  id-style   choice(all, padded, unpadded)  all  Which bins to compare.
  documents  choice(all, identical)         all  Show all such bins, or only those whose document is in several.
  limit      count  100  Rows to show; 0 shows all.
example: abid-report identical-bins --documents identical --limit 10
empty:   No two bins of this id style hold the same.
*/
with bins as (select * from bins where fcsku_count > 0 and $id_style in ('all', id_style)),

alike as (
  select
    inventory_hash,
    count(*) as bin_count,
    min(bin_order_of(bin_id)) as first_bin,
  from bins
  group by inventory_hash
  having count(*) > 1
),

compared as (
  select
    bins.*,
    alike.bin_count,
    alike.first_bin,
    count(*) over (partition by inventory_hash, metadata_md5) as document_bin_count,
  from bins
  inner join alike using (inventory_hash)
),

final as (
  select
    bin_id_at(first_bin) as first_bin_id,
    bin_id,
    bin_count,
    document_bin_count,
    metadata_md5,
    total_quantity,
    fcsku_count,
    image_url,
    first_bin,
    bin_order_of(bin_id) as bin_order,
  from compared
  where $documents = 'all' or document_bin_count > 1
)

select * exclude (first_bin, bin_order) from final
order by bin_count desc, first_bin, bin_order
limit nullif($limit, 0)
