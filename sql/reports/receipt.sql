/*
report:  receipt
title:   What became of everything that was listed
group:   Release
about:   The conservation equations of the build that made the release, one row each, as its manifest has them: whole is
         what there was, parts what the terms of the release add up to. Both are equal, or it had not been published.
example: abid-report receipt
empty:   The manifest of this release holds no receipt. `abid-etl build` makes a release that has one.
*/
with receipt as (select * from receipt),

final as (
  select
    equation,
    coalesce(sum(amount) filter (side = 'whole'), 0)::bigint as whole,
    coalesce(sum(amount) filter (side = 'part'), 0)::bigint as parts,
    whole = parts as balanced,
    string_agg(amount || ' ' || replace(term, '_', ' '), ' + ' order by position) filter (side = 'whole')
      || ' = '
      || string_agg(amount || ' ' || replace(term, '_', ' '), ' + ' order by position) filter (side = 'part')
    as terms,
    min(position) as position,
  from receipt
  group by equation
)

select * exclude (position) from final
order by position
