/*
report:  summary
title:   The warehouse in figures
group:   Release
about:   Counts, sizes and extremes over padded bins, unpadded bins and all: the figures that others have published
         about the bucket, to hold a load against. Values are decimals, so that counts, which are exact, share a
         column with a mean, which is rounded to 4 decimals. ASINs are counted by the bins that hold them, within the bins of the column. metadata_documents and
         metadata_bytes include rejected documents; images and image_bytes (bytes) are null when the pictures weren't
         listed.
example: abid-report summary
*/
with bins as (select * from bins),

quantities as (select * from quantities),

rejects as (select * from rejects),

images as (select * from images),

-- Every row counts in the column of its style and in `all`.
styles as (
  select unnest(['padded', 'unpadded', 'all']) as style
),

documents as (
  select bin_id, metadata_bytes from bins
  union all
  select bin_id, bytes as metadata_bytes from rejects where scope = 'document'
),

-- A rejected document and a picture can have a key that is no bin's: those count in `all` only.
document_figures as (
  select
    style,
    count(metadata_bytes) as metadata_documents,
    coalesce(sum(metadata_bytes), 0)::bigint as metadata_bytes,
  from styles
  left join documents on style = 'all' or (bin_id is not null and style = id_style_of(bin_id))
  group by style
),

reject_figures as (
  select
    style,
    count(*) filter (scope = 'document') as rejected_documents,
    count(*) filter (scope = 'line') as rejected_lines,
  from styles
  left join rejects on style = 'all' or (bin_id is not null and style = id_style_of(bin_id))
  group by style
),

listing as (
  select count(has_image) > 0 as images_listed from bins
),

image_figures as (
  select
    style,
    case when any_value(images_listed) then count(image_key) end as images,
    case when any_value(images_listed) then coalesce(sum(image_bytes), 0)::bigint end as image_bytes,
  from styles
  cross join listing
  left join images on style = 'all' or (bin_id is not null and style = id_style_of(bin_id))
  group by style
),

bin_figures as (
  select
    style,
    count(bin_id) as bins,
    count(*) filter (expected_quantity = 0) as bins_with_expected_quantity_0,
    count(*) filter (expected_quantity = 1) as bins_with_expected_quantity_1,
    count(*) filter (expected_quantity = 2) as bins_with_expected_quantity_2,
    count(*) filter (expected_quantity = 3) as bins_with_expected_quantity_3,
    count(*) filter (expected_quantity = 4) as bins_with_expected_quantity_4,
    count(*) filter (expected_quantity = 5) as bins_with_expected_quantity_5,
    count(*) filter (expected_quantity = 6) as bins_with_expected_quantity_6,
    count(*) filter (expected_quantity = 7) as bins_with_expected_quantity_7,
    count(*) filter (expected_quantity = 8) as bins_with_expected_quantity_8,
    count(*) filter (expected_quantity = 9) as bins_with_expected_quantity_9,
    count(*) filter (expected_quantity = 10) as bins_with_expected_quantity_10,
    count(*) filter (expected_quantity > 10) as bins_with_expected_quantity_over_10,
    round(sum(expected_quantity)::bigint / count(bin_id), 4) as mean_expected_quantity,
    coalesce(sum(expected_quantity), 0)::bigint as total_expected_quantity,
    coalesce(sum(total_quantity), 0)::bigint as total_quantity,
    count(*) filter (quantity_gap <> 0) as bins_with_quantity_gap,
    count(*) filter (fcsku_count = 0) as bins_without_lines,
    max(fcsku_count) as max_fcskus_per_bin,
  from styles
  left join bins on style in ('all', id_style)
  group by style
),

line_figures as (
  select
    style,
    count(bin_id) as item_rows,
    max(quantity) as max_item_quantity,
  from styles
  left join quantities on style in ('all', id_style_of(bin_id))
  group by style
),

-- Counted by key before there is a row a style: three times the lines would take three times as long to group.
bins_by_fcsku as (
  select
    count(*) filter (id_style_of(bin_id) = 'padded') as padded,
    count(*) filter (id_style_of(bin_id) = 'unpadded') as unpadded,
  from quantities
  group by fcsku
),

fcsku_counts as (
  select
    unnest(['padded', 'unpadded', 'all']) as style,
    nullif(unnest([padded, unpadded, padded + unpadded]), 0) as bin_count,
  from bins_by_fcsku
),

fcsku_figures as (
  select
    style,
    count(bin_count) as distinct_fcskus,
    max(bin_count) as max_bins_per_fcsku,
  from styles
  left join fcsku_counts using (style)
  group by style
),

-- One bin can hold an ASIN under several FCSKUs.
asins_of_bins as (
  select distinct
    asin,
    bin_id,
  from quantities
  where asin is not null
),

bins_by_asin as (
  select
    count(*) filter (id_style_of(bin_id) = 'padded') as padded,
    count(*) filter (id_style_of(bin_id) = 'unpadded') as unpadded,
  from asins_of_bins
  group by asin
),

asin_counts as (
  select
    unnest(['padded', 'unpadded', 'all']) as style,
    nullif(unnest([padded, unpadded, padded + unpadded]), 0) as bin_count,
  from bins_by_asin
),

asin_figures as (
  select
    style,
    count(bin_count) as distinct_asins,
    count(*) filter (bin_count = 1) as asins_seen_once,
    count(*) filter (bin_count = 2) as asins_seen_twice,
    count(*) filter (bin_count = 10) as asins_seen_ten_times,
    max(bin_count) as max_bins_per_asin,
  from styles
  left join asin_counts using (style)
  group by style
),

figures as (
  select
    style,
    metadata_documents,
    metadata_bytes,
    images,
    image_bytes,
    rejected_documents,
    rejected_lines,
    bin_figures.* exclude (style, max_fcskus_per_bin),
    item_rows,
    distinct_fcskus,
    distinct_asins,
    asins_seen_once,
    asins_seen_twice,
    asins_seen_ten_times,
    max_item_quantity,
    max_fcskus_per_bin,
    max_bins_per_fcsku,
    max_bins_per_asin,
  from document_figures
  inner join reject_figures using (style)
  inner join image_figures using (style)
  inner join bin_figures using (style)
  inner join line_figures using (style)
  inner join fcsku_figures using (style)
  inner join asin_figures using (style)
),

-- One row a figure, in the order of the columns above.
members as (
  select
    style,
    member.id as position,
    member.key as figure,
    member.atom::varchar::decimal(18, 4) as value,
  from figures
  cross join lateral json_each(to_json(figures)) as member
  where member.key <> 'style'
),

final as (
  select
    figure,
    any_value(value) filter (style = 'padded') as padded,
    any_value(value) filter (style = 'unpadded') as unpadded,
    any_value(value) filter (style = 'all') as "all",
    min(position) as position,
  from members
  group by figure
)

select * exclude (position) from final
order by position
