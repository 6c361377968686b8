/*
check:  images_listed
about:  has_image is null where no pictures were listed, and only there.
*/
select
  bins.bin_id,
  bins.has_image,
  listing_facts.images_listed,
from listing_facts
cross join bins
where (bins.has_image is not null) <> listing_facts.images_listed
