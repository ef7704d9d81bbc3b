{%- set stages = ['reported', 'investigated', 'indicted', 'adjudicated', 'convicted', 'sentenced'] %}
with

totals as (select * from {{ ref('int_total') }}),

measures as (select * from {{ ref('measure') }}),

cards as (select * from {{ ref('dim_counting_card_of') }}),

breaks as (select * from {{ ref('int_break') }}),

tracks as (select 'first' as track union all select 'final' as track),

-- First-instance and final decisions are never in one row; the stages before a court are the same in both.
stage_measures as (
    select
        tracks.track,
        measures.code as measure,
        case
            when measures.level_rule = 'prosecution' then measures.code
            else replace(measures.code, '_' || measures.level_rule, '')
        end as stage
    from tracks
    inner join measures on measures.level_rule in ('prosecution', tracks.track)
    where measures.kind = 'flow'
),

staged as (
    select
        totals.*,
        stage_measures.track,
        stage_measures.stage,
        cards.card_id,
        breaks.breaks
    from totals
    inner join stage_measures on totals.measure = stage_measures.measure
    left join cards on {{ card_of('totals') }}
    left join breaks on {{ breaks_of('totals') }}
    where totals.count_unit = 'person' and totals.statistic = 'count'
),

final as (
    select
        area_kind, area, territory, freq, period, offence_group, track
        {%- for stage in stages %},
        max(case when stage = '{{ stage }}' then value end) as {{ stage }},
        max(case when stage = '{{ stage }}' then obs_status end) as {{ stage }}_obs_status,
        max(case when stage = '{{ stage }}' then conf_status end) as {{ stage }}_conf_status,
        max(case when stage = '{{ stage }}' then age end) as {{ stage }}_age,
        max(case when stage = '{{ stage }}' then n_reported end) as {{ stage }}_n_reported,
        max(case when stage = '{{ stage }}' then reporters end) as {{ stage }}_reporters,
        coalesce(max(case when stage = '{{ stage }}' then card_id end), '') as {{ stage }}_card,
        coalesce(max(case when stage = '{{ stage }}' then breaks end), '') as {{ stage }}_breaks
        {%- endfor %},
        max(n_expected) as n_expected
    from staged
    group by area_kind, area, territory, freq, period, offence_group, track
)

select * from final
