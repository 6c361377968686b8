/*
report:  image-coverage
title:   Bins with and without a picture
group:   Release
about:   By partition of the bins (u0 for unpadded ids, b0 to b5 for 100,000 padded ids each, b6 above): bins with and
         without a listed picture, the share of bins with one, and the bytes of these pictures. images_without_bin are
         listed pictures whose bin isn't in the release; those whose key is that of no bin are in the row none.
chart:   bar x=bin_bucket y=share_with_image
example: abid-report image-coverage
empty:   The pictures were not listed: `abid-etl run --images` does.
*/
with bins as (select * from bins where has_image is not null),

images as (select * from images),

bin_figures as (
  select
    bin_bucket,
    count(*) as bins,
    count(*) filter (has_image) as bins_with_image,
    count(*) filter (not has_image) as bins_without_image,
    coalesce(sum(image_bytes), 0)::bigint as image_bytes,
  from bins
  group by bin_bucket
),

strays as (
  select
    case when bin_id is null then 'none' else bin_bucket_of(bin_id) end as bin_bucket,
    count(*) as images_without_bin,
  from images
  where bin_id is null or bin_id not in (select bin_id from bins)
  group by all
),

final as (
  select
    bin_bucket,
    coalesce(bins, 0) as bins,
    coalesce(bins_with_image, 0) as bins_with_image,
    coalesce(bins_without_image, 0) as bins_without_image,
    round(bins_with_image / bins, 6) as share_with_image,
    coalesce(image_bytes, 0) as image_bytes,
    coalesce(images_without_bin, 0) as images_without_bin,
  from bin_figures
  full join strays using (bin_bucket)
)

select * from final
order by bin_bucket
