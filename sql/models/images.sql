/*
model:      images
kind:       table
parts:      coalesce(bin_part_of(bin_id), 0)
order:      image_key
grain:      one row per image_key
about:      The pictures in the bucket, when they were listed; else no rows.
columns:
  image_key            varchar    not null  Key of the picture in the bucket.
  bin_id               varchar              Stem of the key; null when the key isn't that of a bin's picture.
  image_bytes          bigint     not null  Size of the picture in bytes.
  image_etag           varchar    not null  ETag of the picture, as listed.
  image_last_modified  timestamp  not null  When the picture last changed, UTC.
*/
with listed_images as (select * from listed_images),

final as (
  select
    key as image_key,
    bin_id_of(key, 'bin-images', 'jpg') as bin_id,
    size as image_bytes,
    etag as image_etag,
    last_modified as image_last_modified,
  from listed_images
)

select * from final
