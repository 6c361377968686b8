/*
site:   bins
about:  Bins as a page that can't hold all of them does: those of $linked, a JSON list of ids, in its order, and then
        others in the order in which a sample takes them. One row each, with its lines as a list.
*/
with bins as (select * from bins),

observations as (select * from observations),

linked as (
  select
    unnest(from_json($linked, '["varchar"]')) as bin_id,
    generate_subscripts(from_json($linked, '["varchar"]'), 1) as turn,
),

chosen as (
  select
    bins.*,
    row_number() over (order by linked.turn nulls last, md5($seed || bin_id), bin_id) as place,
  from bins
  left join linked using (bin_id)
  qualify place <= $most
),

contents as (
  select
    bin_id,
    list(
      {
        'fcsku': fcsku,
        'asin': asin,
        'name': name,
        'quantity': quantity,
        'length_in': round(to_inches(length_value, length_unit), 4),
        'width_in': round(to_inches(width_value, width_unit), 4),
        'height_in': round(to_inches(height_value, height_unit), 4),
        'weight_lb': round(to_pounds(weight_value, weight_unit), 4),
      }
      order by fcsku
    ) as lines,
  from observations
  where bin_id in (select bin_id from chosen)
  group by bin_id
),

final as (
  select
    chosen.bin_id,
    chosen.expected_quantity,
    chosen.total_quantity,
    chosen.rejected_line_count,
    chosen.image_url,
    coalesce(contents.lines, []) as lines,
    chosen.place,
  from chosen
  left join contents using (bin_id)
)

select * exclude (place) from final
order by place
