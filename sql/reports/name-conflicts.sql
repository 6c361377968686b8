/*
report:  name-conflicts
title:   Items that bins name differently
group:   Doubts
about:   ASINs with several names in the bins of the chosen id style, those with the most names first; one row a name,
         the most frequent one (ties: the one in the lowest bin) first. bin_count counts the bins that have the name.
         differs tells what sets it apart from the first one: case or accents alone, or more. Lines without a name are
         left out. --sample looks at the names in the bins that it draws alone, and so misses most.
parameters:
  id-style  choice(all, padded, unpadded)  all  Which bins to look at.
  limit     count    20  Rows to show; 0 shows all.
example: abid-report name-conflicts --limit 10
empty:   In the bins of this id style every item has one name.
*/
with items as (select * from items where name_variant_count > 1),

observations as (
  select * from observations
  where name is not null and $id_style in ('all', id_style_of(bin_id))
),

names as (
  select
    observations.asin,
    observations.name,
    count(distinct observations.bin_id) as bin_count,
    preference_of(count(*), min(bin_order_of(observations.bin_id))) as preference,
    min(bin_order_of(observations.bin_id)) as first_bin,
  from observations
  inner join items using (asin)
  group by observations.asin, observations.name
),

compared as (
  select
    *,
    count(*) over (partition by asin) as name_count,
    first_value(name) over (partition by asin order by preference, name) as first_name,
  from names
),

final as (
  select
    asin,
    name_count,
    name,
    bin_count,
    case
      when name = first_name then null
      when fold_text(name) = fold_text(first_name) then 'case or accents'
      else 'more'
    end as differs,
    bin_id_at(first_bin) as first_bin_id,
    preference,
  from compared
  where name_count > 1
)

select * exclude (preference) from final
order by name_count desc, asin, preference, name
limit nullif($limit, 0)
