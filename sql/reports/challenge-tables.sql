/*
report:  challenge-tables
title:   The figures of the ABID challenge
group:   Release
about:   What the Amazon Bin Image Dataset challenge (silverbottlep/abid_challenge) counted, recomputed by the rules of
         its scripts: in the column moderate over the bins that expect at most 5 units, in hard over all. An image is a
         bin; a category is an ASIN in bins that expect any units, null counting as one, and it is seen once a line.
         images_with_quantity_N are the classes of the counting task. The verification task asks about every line with
         an ASIN that another image has too (verification_questions): those are the questions whose answer is yes, and
         the script drew as many more by lot whose answer is no. It trains with the images that have an ASIN which two or
         more lines of other images have, be these lines in one image (verification_training_images). Its split into
         training and validation was drawn by lot, so all images are both here. The challenge knew padded bins only.
         `abid-etl reconcile` has the published figures.
parameters:
  id-style  choice(all, padded, unpadded)  padded  Which bins to count.
example: abid-report challenge-tables
empty:   There are no bins of this id style in the warehouse.
*/
with bins as (
  select
    bin_id,
    expected_quantity,
    expected_quantity <= 5 as is_moderate,
  from bins
  where $id_style in ('all', id_style)
),

quantities as (select * from quantities where $id_style in ('all', id_style_of(bin_id))),

levels as (
  select unnest(['moderate', 'hard']) as level
),

image_figures as (
  select
    level,
    count(expected_quantity) as images,
    round(sum(expected_quantity)::bigint / count(expected_quantity), 4) as average_quantity,
    count(*) filter (expected_quantity = 0) as images_with_quantity_0,
    count(*) filter (expected_quantity = 1) as images_with_quantity_1,
    count(*) filter (expected_quantity = 2) as images_with_quantity_2,
    count(*) filter (expected_quantity = 3) as images_with_quantity_3,
    count(*) filter (expected_quantity = 4) as images_with_quantity_4,
    count(*) filter (expected_quantity = 5) as images_with_quantity_5,
    count(*) filter (expected_quantity > 5) as images_with_quantity_over_5,
  from levels
  left join bins on level = 'hard' or is_moderate
  group by level
),

-- one bin can hold an ASIN under several FCSKUs
contents as (
  select
    bin_order_of(bin_id) as bin_order,
    asin,
    any_value(is_moderate) as is_moderate,
    count(*) as line_count,
  from quantities
  inner join bins using (bin_id)
  where expected_quantity > 0
  group by bin_order, asin
),

counted as (
  select
    asin,
    count(*) as bin_count,
    count(*) filter (is_moderate) as moderate_bin_count,
    sum(line_count) as line_count,
    sum(line_count) filter (is_moderate) as moderate_line_count,
  from contents
  group by asin
),

categories as (
  select 'hard' as level, asin, bin_count, line_count from counted
  union all
  select 'moderate' as level, asin, moderate_bin_count as bin_count, moderate_line_count as line_count from counted
  where moderate_bin_count > 0
),

category_figures as (
  select
    level,
    count(line_count) as categories,
    count(*) filter (line_count = 1) as categories_seen_once,
    count(*) filter (line_count = 2) as categories_seen_twice,
    count(*) filter (line_count = 10) as categories_seen_ten_times,
    coalesce(sum(line_count) filter (bin_count > 1 and asin is not null), 0)::bigint as verification_questions,
  from levels
  left join categories using (level)
  group by level
),

-- What other images have of an item: two lines make a pair to train with.
training_images as (
  select
    bool_or(is_moderate and counted.moderate_line_count - contents.line_count > 1) as is_for_moderate,
  from contents
  inner join counted using (asin)
  where counted.line_count - contents.line_count > 1
  group by bin_order
),

training_figures as (
  select
    level,
    count(is_for_moderate) as verification_training_images,
  from levels
  left join training_images on level = 'hard' or is_for_moderate
  group by level
),

figures as (
  select
    image_figures.*,
    category_figures.* exclude (level),
    verification_training_images,
  from image_figures
  inner join category_figures using (level)
  inner join training_figures using (level)
  where (select count(*) from bins) > 0
),

-- One row a figure, in the order of the columns above.
members as (
  select
    level,
    member.id as position,
    member.key as figure,
    member.atom::varchar::decimal(18, 4) as value,
  from figures
  cross join lateral json_each(to_json(figures)) as member
  where member.key <> 'level'
),

final as (
  select
    figure,
    any_value(value) filter (level = 'moderate') as moderate,
    any_value(value) filter (level = 'hard') as hard,
    min(position) as position,
  from members
  group by figure
)

select * exclude (position) from final
order by position
