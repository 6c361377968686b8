/*
model:      leaks
kind:       inference
order:      strategy, side, stratum
grain:      one row per (strategy, side, stratum)
about:      What each side of a split holds, beside what it was to hold; and of sides that judge, how many of their bins
            a model may know already from those that it learns from: the training side, or for folds all others.
columns:
  strategy                 varchar  not null  grouped: no group is parted; random: as if each bin stood alone. Kept sides are kept by both.
  side                     not null
  stratum                  varchar  not null  One of those of splits, or all.
  bins                     bigint   not null  Bins of the stratum on this side.
  share                    double   not null  Their share of the stratum.
  asked_share              double   not null  Which share the ratios ask for.
  groups                   bigint   not null  Capture groups that they are of.
  with_group_mate          bigint            Bins of a side that judges, of which a group mate is learnt from.
  with_identical_inventory bigint            Those that hold just what a bin that is learnt from does.
  leaking                  bigint            Those of which either is so.
  leaking_share            double            Their share of the bins.
*/
with members as (
  select
    splits.*,
    bins.id_style,
    bins.expected_quantity,
    case when bins.fcsku_count > 0 then bins.inventory_hash end as inventory,
  from all_splits as splits
  inner join bins using (bin_id)
  where splits.side is not null
),

counted as (
  select
    *,
    count(*) over (partition by strategy, capture_group) as in_group,
    count(*) over (partition by strategy, capture_group, side) as in_group_here,
    count(*) filter (side = 'train') over (partition by strategy, capture_group) as in_group_trained,
    count(*) over (partition by strategy, inventory) as alike,
    count(*) over (partition by strategy, inventory, side) as alike_here,
    count(*) filter (side = 'train') over (partition by strategy, inventory) as alike_trained,
    bool_or(side = 'train') over () as has_training,
  from members
),

judged as (
  select
    * exclude (stratum),
    unnest(['all', stratum]) as stratum,
    case
      when side = 'train' then null
      when has_training then in_group_trained > 0
      else in_group > in_group_here
    end as has_group_mate,
    case
      when side = 'train' then null
      when inventory is null then false
      when has_training then alike_trained > 0
      else alike > alike_here
    end as has_identical_inventory,
  from counted
),

totals as (
  select
    strategy,
    stratum,
    count(*) as bins,
    min(id_style) as id_style,
    min(expected_quantity) as least,
  from judged
  group by strategy, stratum
),

sides as (
  select
    strategy,
    side,
    stratum,
    count(*) as bins,
    count(distinct capture_group) as groups,
    sum(has_group_mate::integer)::bigint as with_group_mate,
    sum(has_identical_inventory::integer)::bigint as with_identical_inventory,
    sum((has_group_mate or has_identical_inventory)::integer)::bigint as leaking,
  from judged
  group by strategy, side, stratum
)

select
  asked.strategy,
  asked.side,
  totals.stratum,
  coalesce(sides.bins, 0) as bins,
  round(coalesce(sides.bins, 0) / totals.bins, 4) as share,
  round(asked.share, 4) as asked_share,
  coalesce(sides.groups, 0) as groups,
  sides.with_group_mate,
  sides.with_identical_inventory,
  sides.leaking,
  round(sides.leaking / sides.bins, 4) as leaking_share,
from asked
inner join totals using (strategy)
left join sides on sides.strategy = asked.strategy and sides.side = asked.side and sides.stratum = totals.stratum
where totals.stratum = 'all' or asked.is_asked
order by
  asked.is_asked, asked.strategy, totals.stratum <> 'all', totals.id_style, totals.least, totals.stratum, asked.place
