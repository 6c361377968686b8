/*
model:      candidates
kind:       inference
grain:      one row per bin_id
about:      The bins that a task can ask about: chosen, on a side of the split, with a picture as far as is known, and trusted as
            $trust asks. What makes their pictures hard is beside them.
columns:
  bin_id             not null
  side               varchar   not null  Side of the split.
  capture_group      varchar   not null  First bin of the group of pictures that are likely of one shelf: an inference.
  image_key          not null
  image_url          not null
  expected_quantity  not null
  distinct_items     bigint    not null  Different items of the lines that were loaded; one without an ASIN is an item of its own.
  largest_repeat     bigint    not null  Units of the item of which they have most.
  known_volume_in3   not null
  items_stratum      varchar   not null  Classes of distinct_items: 0, 1, 2, 3-4, 5+.
  repeat_stratum     varchar   not null  Classes of largest_repeat: 0, 1, 2, 3-4, 5+.
  volume_stratum     varchar   not null  Classes of known_volume_in3: unknown where a line has no volume or was not loaded, below 100, 100-500, above 500.
  reasons            not null
  is_whole           boolean   not null  Every line was loaded and has an ASIN, so that what isn't among them isn't recorded.
*/
with units as (
  select
    bin_id,
    coalesce('asin ' || asin, 'fcsku ' || fcsku) as thing,
    sum(quantity) as units,
  from quantities
  group by bin_id, thing
),

contents as (
  select
    bin_id,
    count(*) as distinct_items,
    max(units)::bigint as largest_repeat,
  from units
  group by bin_id
),

judged as (
  select
    bins.*,
    splits.side,
    splits.capture_group,
    coalesce(contents.distinct_items, 0) as distinct_items,
    coalesce(contents.largest_repeat, 0) as largest_repeat,
    label_trust.reasons,
    label_trust.has_rejected_line,
    not (label_trust.has_null_asin or label_trust.has_rejected_line) as is_whole,
  from bins
  inner join splits using (bin_id)
  inner join label_trust using (bin_id)
  semi join chosen using (bin_id)
  left join contents using (bin_id)
  where
    splits.side is not null
    and bins.has_image is distinct from false
    and ($trust = 'any' or label_trust.reason_count = 0)
    and ($max_quantity is null or bins.expected_quantity <= $max_quantity)
),

final as (
  select
    bin_id,
    side,
    capture_group,
    image_key,
    image_url,
    expected_quantity,
    distinct_items,
    largest_repeat,
    known_volume_in3,
    case
      when distinct_items <= 2 then distinct_items::varchar
      when distinct_items <= 4 then '3-4'
      else '5+'
    end as items_stratum,
    case
      when largest_repeat <= 2 then largest_repeat::varchar
      when largest_repeat <= 4 then '3-4'
      else '5+'
    end as repeat_stratum,
    case
      when lines_without_dimensions > 0 or has_rejected_line then 'unknown'
      when known_volume_in3 < 100 then 'below 100'
      when known_volume_in3 <= 500 then '100-500'
      else 'above 500'
    end as volume_stratum,
    reasons,
    is_whole,
  from judged
)

select * from final
