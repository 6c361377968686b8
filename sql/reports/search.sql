/*
report:  search
title:   Items by words of their names
group:   Items
about:   Items with a name that has every word of the text, whatever the case, the accents and the order. Searched are an
         item's most frequent name and most frequent normalised name and, where bins name it differently, all names and
         normalised names of its lines; HTML entities like &reg; are read as their characters. Shown is the name that
         fits best, as found_as says: the text is the whole name; it is words of the name, at the start or further on;
         all its words are words of the name, in another order; or some are only parts of words. The best come first,
         and within these, items in more bins. Blanks separate the words of the text, and every other character stands
         for itself.
parameters:
  text   varchar  required  Words of the name; quote several.
  limit  count    20  Rows to show; 0 shows all.
example: abid-report search "pocket rocket" --limit 5
empty:   No name that is searched has all of these words. Try fewer words, or parts of them.
*/
with items as (select * from items),

observations as (select * from observations),

-- Most items have one name, so that few lines are looked at.
names as (
  select asin, name, false as is_other from items
  union all
  select asin, normalized_name as name, true as is_other from items
  where normalized_name is distinct from name
  union all
  select asin, unnest([name, normalized_name]) as name, true as is_other from observations
  where asin in (select asin from items where name_variant_count > 1)
),

-- What is asked for is worked out of $text wherever it is needed, so that it is a constant there: a regular expression
-- that isn't one is made anew for every row. The first word alone rules out most names, faster than the list of all.
found as (
  select
    *,
    searched_text(name) as searched_name,
  from names
  where contains(searched_text(name), asked_words($text)[1])
    and len(list_filter(asked_words($text), lambda word: not contains(searched_text(name), word))) = 0
),

ranked as (
  select
    *,
    case
      when searched_name = asked_phrase($text) then 1
      when regexp_matches(searched_name, '^' || ending_in_a_word(asked_phrase($text))) then 2
      when regexp_matches(searched_name, '[^\pL\pN]' || ending_in_a_word(asked_phrase($text))) then 3
      when len(asked_words($text)) > 1
        and len(bare_words(asked_phrase($text))) > 0
        and list_has_all(bare_words(searched_name), bare_words(asked_phrase($text)))
        then 4
      else 5
    end as place,
  from found
),

-- Of names that fit equally well, the item's own.
best as (
  select
    asin,
    min(place) as place,
    arg_min(name, (place, is_other, name)) as name,
  from ranked
  group by asin
),

final as (
  select
    asin,
    best.name,
    ['whole name', 'start', 'phrase', 'words', 'parts'][place] as found_as,
    items.bin_count,
    items.total_quantity,
    items.first_bin_id,
    place,
  from best
  inner join items using (asin)
)

select * exclude (place) from final
order by place, bin_count desc, total_quantity desc, asin
limit nullif($limit, 0)
