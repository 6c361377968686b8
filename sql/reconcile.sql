/*
title:  A release against published figures
about:  One row for each published figure. What a figure means here is written once, in the report `summary`, whose rows
        are an input; so is $published, the figures with their sources, as JSON. $obstacle says why no figure of this
        release can be compared, or is null; $rejected says what could not be loaded, or is null. A figure that its
        source rounded to so many decimals may be off by half of the last one.
columns:
  figure      As in the report summary.
  id_style    Which bins it counts: padded, unpadded or all.
  published   What others have published.
  ours        What this release says.
  difference  ours - published, where they can be compared.
  verdict     match, differs or not comparable.
  why         What makes it so.
  source      Who has published it.
*/
with published as (
  select
    figure.*,
    coalesce(figure.tolerance, 0.5 * pow(10, -figure.decimals), 0)::decimal(18, 4) as allowed,
    position,
  from (
    select
      unnest(figures) as figure,
      generate_subscripts(figures, 1) as position,
    from (
      select from_json(
        $published,
        '[{
          "figure": "VARCHAR", "id_style": "VARCHAR", "value": "DECIMAL(18, 4)", "decimals": "INTEGER",
          "tolerance": "INTEGER", "source": "VARCHAR"
        }]'
      ) as figures
    )
  )
),

measured as (
  select figure, id_style, value
  from summary
  unpivot include nulls (value for id_style in (padded, unpadded, "all"))
),

compared as (
  select
    published.*,
    measured.value as ours,
    measured.value - published.value as difference,
    case
      when $obstacle is not null then $obstacle
      when measured.value is null and figure like 'image%'
        then 'the pictures were not listed: `abid-etl run --images` does'
      when measured.value is null then 'the release has nothing to count'
    end as obstacle,
  from published
  left join measured using (figure, id_style)
),

final as (
  select
    figure,
    id_style,
    value as published,
    ours,
    case when obstacle is null then difference end as difference,
    case
      when obstacle is not null then 'not comparable'
      when abs(difference) <= allowed then 'match'
      else 'differs'
    end as verdict,
    case
      when obstacle is not null then obstacle
      when difference = 0 then 'equal'
      when abs(difference) <= allowed and decimals is not null then 'equal, as far as its source gives decimals'
      when abs(difference) <= allowed then 'within ' || tolerance || ': its source worked with rounded figures'
      else coalesce($rejected, 'nothing was rejected: the bucket has changed, or others counted otherwise')
    end as why,
    source,
    position,
  from compared
)

select * from final
