/*
macros: bins

What a bin's id alone says. The id is text and stays text: 523 and 00523 are different bins of the same number.
*/

-- The id in a key like metadata/00523.json; null when the key isn't a bin's. 00000 to 99999, or longer without leading
-- zeros: padded. 1 to 9999: unpadded. Nothing else is an id.
create or replace macro bin_id_of(key, folder, ending) as (
  nullif(regexp_extract(key, '^' || folder || '/([0-9]{5}|[1-9][0-9]{5,8}|[1-9][0-9]{0,3})\.' || ending || '$', 1), '')
);

create or replace macro bin_number_of(bin_id) as (bin_id::bigint);

-- Padded ids have five digits or more; 1 to 9999 without leading zeros are the unpadded ones.
create or replace macro id_style_of(bin_id) as (case when length(bin_id) >= 5 then 'padded' else 'unpadded' end);

-- u0 for unpadded ids; b0 to b5 for 100,000 padded ids each, b6 for all above. Never a number: engines guess types
-- from paths.
create or replace macro bin_bucket_of(bin_id) as (
  case when length(bin_id) < 5 then 'u0' else 'b' || least(bin_id::bigint // 100000, 6)::varchar end
);

-- The file of a bin, among those of its partition: one for half a million bins, and 0 for all below a million.
create or replace macro bin_part_of(bin_id) as (
  case when bin_id::bigint < 1000000 then 0 else bin_id::bigint // 500000 - 1 end
);

-- What a task of a build that is shared out gets together: all that is known of the bins of one file.
create or replace macro chunk_of(bin_id) as (coalesce(bin_bucket_of(bin_id) || '-' || bin_part_of(bin_id), 'none-0'));

-- Bins in the order of their numbers, the padded one of two twins first, as one number: cheap to take the first or the
-- last of.
create or replace macro bin_order_of(bin_id) as (
  bin_id::bigint * 2 + case when length(bin_id) >= 5 then 0 else 1 end
);

-- The bin at a place in that order.
create or replace macro bin_id_at(bin_order) as (
  case when bin_order % 2 = 0 and bin_order < 200000 then lpad((bin_order // 2)::varchar, 5, '0')
    else (bin_order // 2)::varchar end
);

-- Bins on one line, where the bins of one style are as far apart as their numbers, and the two styles too far for any
-- question about neighbours.
create or replace macro bin_place_of(bin_id) as (
  bin_id::bigint - case when length(bin_id) >= 5 then 0 else 1000000000000 end
);
