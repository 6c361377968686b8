/*
report:  label-trust
title:   Bins whose count is in doubt
group:   Doubts
about:   Bins with at least one reason not to trust their count, the most doubtful first; the view of the same name has
         a column for each reason and says what it means (`abid-report schema label_trust`). Bins that are chosen keep
         the reasons that they have in the whole release: a twin or a copy needn't be among them.
parameters:
  id-style     choice(all, padded, unpadded)  all  Which bins to look at.
  reason       choice(all, quantity_gap, rejected_line, null_asin, unmeasured_line, oversized_item,
               identical_document, twin)  all  Show only bins that this speaks against.
  min-reasons  count  1    Show only bins with at least so many reasons; 0 shows the trusted ones too.
  limit        count  100  Rows to show; 0 shows all.
example: abid-report label-trust --reason identical_document --limit 10
empty:   No bin of this id style has such reasons not to trust its count.
*/
with bins as (select * from bins where $id_style in ('all', id_style)),

label_trust as (
  select * from label_trust
  where reason_count >= $min_reasons and ($reason = 'all' or list_contains(string_split(reasons, ', '), $reason))
),

final as (
  select
    bins.bin_id,
    bins.expected_quantity,
    bins.total_quantity,
    label_trust.reason_count,
    label_trust.reasons,
    bins.image_url,
    bins.bin_number,
  from bins
  inner join label_trust using (bin_id)
)

select * exclude (bin_number) from final
order by reason_count desc, bin_number, bin_id
limit nullif($limit, 0)
