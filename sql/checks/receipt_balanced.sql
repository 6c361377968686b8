/*
check:  receipt_balanced
about:  In every conservation equation the parts add up to the whole: documents listed = loaded + rejected + not
        fetched, and so on (see the model receipt).
*/
select
  equation,
  sum(amount) filter (side = 'whole') as whole,
  sum(amount) filter (side = 'part') as parts,
  string_agg(side || ' ' || term || ' ' || amount, ', ' order by position) as terms,
from receipt
group by equation
having whole is distinct from parts
order by min(position)
