/*
report:  neighbour-overlap
title:   Bins near to one another that share an item
group:   Doubts
about:   How many pairs of bins have an ASIN in common, by the distance of their ids, which are of one id style: neighbours
         are often pictures of one shelf, so that a split at random puts the same things in training and in test. In
         alike_pairs the Jaccard index of the ASINs (those in both over those in either) is at least `threshold`; the
         percentages are of all pairs of that distance. The row random is pairs by chance: in the order of the MD5 of a
         seed and the id, each bin with the hundred after it. Where there are few bins, a part of these are neighbours.
         --sample keeps a pair only where it draws both bins, and so hardly any neighbours.
parameters:
  id-style   choice(all, padded, unpadded)  all  Which bins to look at.
  threshold  double(0..1)  0.5  Smallest Jaccard index of what is alike, from 0 (any ASIN in common) to 1 (the same ASINs).
chart:   bar x=distance y=sharing_percent
example: abid-report neighbour-overlap
empty:   No two bins of this id style are so near to one another.
*/
with bins as (
  select
    bin_id,
    asin_count,
    bin_place_of(bin_id) as place,
    row_number() over (partition by id_style order by md5('abid' || bin_id), bin_id) as turn,
    count(*) over (partition by id_style) as turns,
    -- as far apart as in the places
    bin_place_of(bin_id) - bin_id::bigint + turn as random_place,
  from bins
  where $id_style in ('all', id_style)
),

distances as (select unnest([1, 2, 3, 4, 5, 10, 100]) as distance),

near_pairs as (
  select
    distance,
    count(*) as pairs,
  from bins as earlier
  cross join distances
  inner join bins as later on later.place = earlier.place + distance
  group by distance
),

all_pairs as (
  select * from near_pairs
  union all
  select
    null as distance,
    sum(least(100, turns - turn))::bigint as pairs,
  from bins
),

-- one bin can hold an ASIN under several FCSKUs
contents as (
  select distinct
    bin_id,
    asin,
  from quantities
  where asin is not null
),

spots as (
  select
    bin_id,
    asin_count,
    unnest([false, true]) as is_random,
    unnest([place, random_place]) as place,
  from bins
),

lines as (
  select
    spots.*,
    place // 100 as block,
    asin,
  from spots
  inner join contents using (bin_id)
),

-- No pair is farther apart than a block is wide, so a bin's other one is in its own block or in the next.
reaching as (
  select * from lines
  union all
  select * replace (block + 1 as block) from lines
),

sharing_pairs as (
  select
    is_random,
    later.place - earlier.place as apart,
    count(*) / (any_value(earlier.asin_count) + any_value(later.asin_count) - count(*)) as jaccard,
  from reaching as earlier
  inner join lines as later using (asin, block, is_random)
  where apart between 1 and 100 and (is_random or apart in (select distance from distances))
  group by is_random, earlier.place, later.place
),

shared as (
  select
    case when not is_random then apart end as distance,
    count(*) as sharing_pairs,
    count(*) filter (jaccard >= $threshold) as alike_pairs,
  from sharing_pairs
  group by distance
),

final as (
  select
    coalesce(all_pairs.distance::varchar, 'random') as distance,
    pairs,
    coalesce(sharing_pairs, 0) as sharing_pairs,
    round(100 * coalesce(sharing_pairs, 0) / pairs, 4) as sharing_percent,
    coalesce(alike_pairs, 0) as alike_pairs,
    round(100 * coalesce(alike_pairs, 0) / pairs, 4) as alike_percent,
    all_pairs.distance as place,
  from all_pairs
  left join shared on shared.distance is not distinct from all_pairs.distance
  where pairs > 0
)

select * exclude (place) from final
order by place
