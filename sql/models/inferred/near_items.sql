/*
model:      near_items
kind:       inference
order:      asin, kind, place
grain:      one row per (asin, other_asin)
about:      Of each item that candidates hold, others that are easily taken for it: near in size and in name (a rare word
            of the name in common, and at most twice the volume), or else in size alone (next in the order of volume).
columns:
  asin        not null
  other_asin  varchar  not null  An item that is near to it.
  kind        varchar  not null  name and size, or size.
  place       bigint   not null  The nearest is 1.
*/
with held as (
  select distinct asin
  from quantities
  inner join candidates using (bin_id)
  where asin is not null
),

pool as (
  select
    items.asin,
    list_distinct(bare_words(searched_text(items.name))) as words,
    dimensions.volume_in3 as volume,
  from held
  inner join items using (asin)
  left join dimensions on dimensions.asin = items.asin and dimensions.is_primary
),

words as (
  select asin, unnest(words) as word from pool
),

-- Words of too many items say little, and would make too many pairs.
rare_words as (
  select
    word,
    count(*) as item_count,
  from words
  group by word
  having count(*) between 2 and 40
),

telling as (
  select asin, word
  from words
  inner join rare_words using (word)
  qualify row_number() over (partition by asin order by item_count, word) <= 3
),

pairs as (
  select distinct
    one.asin,
    other.asin as other_asin,
  from telling as one
  inner join telling as other on one.word = other.word and one.asin <> other.asin
),

alike as (
  select
    asin,
    other_asin,
    len(list_intersect(one.words, other.words)) / len(list_distinct(one.words || other.words)) as likeness,
    least(one.volume, other.volume) / greatest(one.volume, other.volume) as size_likeness,
  from pairs
  inner join pool as one using (asin)
  inner join pool as other on other.asin = other_asin
  where size_likeness >= 0.5
),

near_in_both as (
  select
    asin,
    other_asin,
    row_number() over (partition by asin order by likeness * size_likeness desc, md5(asin || ' ' || other_asin)) as place,
  from alike
  qualify place <= 8
),

by_volume as (
  select
    asin,
    volume,
    row_number() over (order by volume, md5(asin)) as rank,
  from pool
  where volume is not null
),

near_in_size as (
  select
    one.asin,
    other.asin as other_asin,
    row_number() over (
      partition by one.asin order by greatest(one.volume, other.volume) / least(one.volume, other.volume), other.asin
    ) as place,
  from by_volume as one
  cross join (select unnest([-4, -3, -2, -1, 1, 2, 3, 4]) as step) as steps
  inner join by_volume as other on other.rank = one.rank + step
)

select asin, other_asin, 'name and size' as kind, place from near_in_both
union all
select asin, other_asin, 'size', place from near_in_size anti join near_in_both using (asin, other_asin)
