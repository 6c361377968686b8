/*
model:      near_classes
kind:       inference
grain:      one row per (side, asin)
about:      Classes of the items that the positives of a side are about, each of items that are easily taken for one
            another: near in size and in name (at most twice the volume, and a word in common that about ten have), or
            else in size alone. No more than half the positives of a class are about items of one name.
            An item whose volume isn't known is in none.
columns:
  side      not null
  asin      not null
  kind      varchar  not null  In what the items of the class are near: name and size, or size.
  class     varchar  not null  What they have in common.
  name_key  varchar  not null  The words of the name; of an item without any, its ASIN.
  largest   bigint   not null  Positives of the class about items of one name, where they are most.
*/
with asked as (
  select
    side,
    asin,
    count(*) as positives,
  from positives
  where $negatives = 'hard'
  group by all
),

pool as (
  select
    asked.*,
    floor(log2(dimensions.volume_in3))::bigint as doublings,
    bare_words(searched_text(items.name)) as words,
    coalesce(nullif(array_to_string(words, ' '), ''), asin) as name_key,
  from asked
  inner join items using (asin)
  inner join dimensions using (asin)
  where dimensions.is_primary and dimensions.volume_in3 > 0
),

words as (
  select
    side,
    asin,
    doublings,
    unnest(list_distinct(words)) as word,
  from pool
),

shared_words as (
  select
    *,
    count(*) over (partition by side, doublings, word) as item_count,
  from words
  qualify item_count > 1
),

-- About ten: of rarer words most items would choose one that no other chose, and more frequent ones say little.
telling as (
  select side, asin, word
  from shared_words
  qualify row_number() over (partition by side, asin order by abs(item_count - 10), word) = 1
),

tried as (
  select
    pool.* exclude (words),
    'name and size' as kind,
    doublings || ' ' || telling.word as class,
    sum(positives) over (partition by side, class) as class_positives,
    sum(positives) over (partition by side, class, name_key) as name_positives,
  from pool
  inner join telling using (side, asin)
),

near_in_both as (
  select
    *,
    max(name_positives) over (partition by side, class) as largest,
  from tried
  qualify largest * 2 <= class_positives
),

others as (
  select
    pool.* exclude (words),
    'size' as kind,
    doublings::varchar as class,
    sum(positives) over (partition by side, class) as class_positives,
    sum(positives) over (partition by side, class, name_key) as name_positives,
  from pool
  anti join near_in_both using (side, asin)
),

near_in_size as (
  select
    *,
    max(name_positives) over (partition by side, class) as largest,
  from others
  qualify largest * 2 <= class_positives
)

select side, asin, kind, class, name_key, largest::bigint as largest from near_in_both
union all
select side, asin, kind, class, name_key, largest::bigint from near_in_size
