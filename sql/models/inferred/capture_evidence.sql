/*
model:      capture_evidence
kind:       inference
order:      whether the bin is in $kept, id_style desc, bin_number
grain:      one row per bin_id
about:      What speaks for it that a bin is a shelf which other pictures show, too. An INFERENCE: the bucket says
            nowhere which pictures are of one shelf. The evidence is an id of the same style at most $window away whose
            inventory overlaps (a Jaccard index of the ASINs of at least $overlap; 0 asks for any ASIN in common), or a
            document that is the same byte for byte. Bins without lines are all alike, and are no evidence. Of 2,998
            neighbours in a sample of real documents 39.7 % have an ASIN in common, of those two apart 3.3 %, of those
            three to five apart none, and of pairs at random 0.04 %: hence a window of 2, and any ASIN. The report
            neighbour-overlap counts them anew. Unpadded bins come first: there are 1,200 of them and won't be more, so
            a bin that is added to the bucket comes last. Before all come those of $kept, whose sides are known.
columns:
  bin_id          not null
  id_style        not null
  bin_number      not null
  stratum         varchar  not null  Expected units, in classes of bins enough to share out: 0 to 5, 6-7, 8-10, 11+. Unpadded bins have strata of their own.
  near            texts              Bins that are near and overlap, before this one and behind it.
  document        varchar            MD5 of the document, where it has lines.
  asins           texts              The ASINs of the bin, where $group_by is 'item'.
*/
with bins as (
  select
    *,
    bin_place_of(bin_id) as place,
  from bins
),

-- A block is as wide as the window, so what is near to a bin is in its own block or in the next.
lines as (
  select distinct
    bin_place_of(bin_id) as place,
    bin_place_of(bin_id) // $window as block,
    asin,
  from quantities
  where asin is not null
),

reaching as (
  select * from lines
  union all
  select * replace (block + 1 as block) from lines
),

pairs as (
  select
    earlier.place as earlier_place,
    later.place as later_place,
    count(*) as shared,
  from reaching as earlier
  inner join lines as later
    on earlier.asin = later.asin
    and earlier.block = later.block
    and later.place - earlier.place between 1 and $window
  group by earlier.place, later.place
),

overlapping as (
  select earlier, later
  from pairs
  inner join bins as earlier on earlier.place = earlier_place
  inner join bins as later on later.place = later_place
  where shared / (earlier.asin_count + later.asin_count - shared) >= $overlap
),

near as (
  select
    bin.place as place,
    list(other.bin_id order by other.place) as near,
  from (
    select later as bin, earlier as other from overlapping
    union all
    select earlier as bin, later as other from overlapping
  )
  group by bin.place
),

contents as (
  select
    place,
    list(asin order by asin) as asins,
  from lines
  where $group_by = 'item'
  group by place
),

final as (
  select
    bins.bin_id,
    bins.id_style,
    bins.bin_number,
    case bins.id_style when 'padded' then '' else bins.id_style || ' ' end
    || case
      when bins.expected_quantity <= 5 then bins.expected_quantity::varchar
      when bins.expected_quantity <= 7 then '6-7'
      when bins.expected_quantity <= 10 then '8-10'
      else '11+'
    end as stratum,
    near.near,
    case when bins.fcsku_count + bins.rejected_line_count > 0 then bins.metadata_md5 end as document,
    contents.asins,
  from bins
  left join near using (place)
  left join contents using (place)
)

select * from final
order by bin_id not in (select unnest($kept::varchar[])), bin_place_of(bin_id)
