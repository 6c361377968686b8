/*
report:  search
title:   Items by words of their names
group:   Items
about:   Items whose (most frequent) name has every word of the text, whatever the case, the accents and the order. The
         best come first, as found_as says: the text is the whole name; it is words of the name, at the start or further
         on; all its words are words of the name, in another order; or some are only parts of words. Within these, items
         in more bins come first. Blanks separate the words of the text, and every other character stands for itself.
parameters:
  text   varchar  required  Words of the name; quote several.
  limit  count    20  Rows to show; 0 shows all.
example: abid-report search "pocket rocket" --limit 5
empty:   No item has a name with all of these words. Try fewer words, or parts of them.
*/
with items as (select * from items where name is not null),

-- What is asked for is worked out of $text wherever it is needed, so that it is a constant there: a regular expression
-- that isn't one is made anew for every row.
found as (
  select
    *,
    fold_text(name) as folded_name,
  from items
  where len(asked_words($text)) > 0
    and len(list_filter(asked_words($text), lambda word: not contains(fold_text(name), word))) = 0
),

ranked as (
  select
    *,
    case
      when folded_name = asked_phrase($text) then 1
      when regexp_matches(folded_name, '^' || ending_in_a_word(asked_phrase($text))) then 2
      when regexp_matches(folded_name, '[^\pL\pN]' || ending_in_a_word(asked_phrase($text))) then 3
      when len(asked_words($text)) > 1
        and list_has_all(
          bare_words(folded_name), list_filter(bare_words(asked_phrase($text)), lambda word: word <> '')
        )
        then 4
      else 5
    end as place,
  from found
),

final as (
  select
    asin,
    name,
    ['whole name', 'start', 'phrase', 'words', 'parts'][place] as found_as,
    bin_count,
    total_quantity,
    first_bin_id,
    place,
  from ranked
)

select * exclude (place) from final
order by place, bin_count desc, total_quantity desc, asin
limit nullif($limit, 0)
