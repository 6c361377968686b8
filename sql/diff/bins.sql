/*
diff:      bins
key:       bin_id
ignored:   metadata_etag, metadata_last_modified
optional:  has_image, image_bytes
about:     A bin is its document and what the tables make of it. ETag and time belong to the copy that was fetched: a
           mirror has others for the same bytes, and a directory gets new ones whenever it is copied. What the pictures
           are is unknown where they were not listed, which is no change.
*/
select * from bins
