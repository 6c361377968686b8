/*
site:   contact-sheet
about:  The chosen bins as a sheet shows them beside their pictures: one row each, with its lines as a list, the most
        units first, and the reasons not to trust its count.
*/
with bins as (select * from bins),

contents as (
  select
    bin_id,
    list({'fcsku': fcsku, 'asin': asin, 'name': name, 'quantity': quantity} order by quantity desc, fcsku) as lines,
  from observations
  group by bin_id
),

final as (
  select
    bins.bin_id,
    bins.expected_quantity,
    bins.image_url,
    coalesce(contents.lines, []) as lines,
    label_trust.reasons,
    bin_order_of(bins.bin_id) as place,
  from bins
  left join contents using (bin_id)
  inner join label_trust using (bin_id)
)

select * exclude (place) from final
order by place
