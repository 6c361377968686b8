/*
check:  images_joined
about:  has_image and image_bytes of all bins are those of the table images; all are null where no pictures were listed.
*/
with listed as (
  select (select count(*) from images) > 0 or coalesce(bool_or(has_image is not null), false) as images_listed from bins
),

joined as (
  select
    bins.bin_id,
    bins.has_image,
    case when listed.images_listed then images.image_key is not null end as joined_has_image,
    bins.image_bytes,
    images.image_bytes as joined_image_bytes,
  from bins
  cross join listed
  left join images on bins.image_key = images.image_key
)

select * from joined
where has_image is distinct from joined_has_image or image_bytes is distinct from joined_image_bytes
