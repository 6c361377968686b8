/*
diff:   items
key:    asin
about:  An item is its row and its primary measurement, in inches and pounds.
*/
select
  items.*,
  dimensions.length_in,
  dimensions.width_in,
  dimensions.height_in,
  dimensions.weight_lb,
from items
left join dimensions on dimensions.asin = items.asin and dimensions.is_primary
