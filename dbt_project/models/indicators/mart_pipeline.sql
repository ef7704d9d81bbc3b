{%- set stages = ['reported', 'investigated', 'indicted', 'adjudicated', 'convicted', 'sentenced'] %}
with

counts as (select * from {{ ref('cell') }}),

measures as (select * from {{ ref('input_measure') }}),

tracks as (select 'first' as track union all select 'final' as track),

-- First-instance and final decisions never stand in one row; what comes before a court is the same in both.
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

-- A total over all ages, or where the office counts adults only, that of adults: marked as of another definition (D),
-- with the age in a column of its own, and never called a total.
totals as (
    select
        counts.*,
        stage_measures.track,
        stage_measures.stage,
        row_number() over (
            partition by
                counts.area_kind, counts.area, counts.freq, counts.period, counts.offence_group,
                stage_measures.track, stage_measures.stage
            order by
                case when counts.value is not null or counts.conf_status <> 'F' then 0 else 1 end,
                case when counts.age = 'Y_GE18' then 1 else 0 end,
                case counts.person_type when '_T' then 0 when 'natural' then 1 else 2 end,
                counts.person_type,
                counts.age
        ) as rank_of_stage
    from counts
    inner join stage_measures on counts.measure = stage_measures.measure
    where
        counts.count_unit = 'person'
        and counts.statistic = 'count'
        and counts.offence = '_T'
        and counts.age in ('_T', '_Z', 'Y_GE18')
        {%- for dimension in ['sex', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
        and counts.{{ dimension }} in ('_T', '_Z')
        {%- endfor %}
),

chosen as (
    select
        *,
        case when age = 'Y_GE18' and value is not null then 'D' else obs_status end as stated_status
    from totals
    where rank_of_stage = 1
),

final as (
    select
        area_kind, area, territory, freq, period, offence_group, track
        {%- for stage in stages %},
        max(case when stage = '{{ stage }}' then value end) as {{ stage }},
        max(case when stage = '{{ stage }}' then stated_status end) as {{ stage }}_obs_status,
        max(case when stage = '{{ stage }}' then conf_status end) as {{ stage }}_conf_status,
        max(case when stage = '{{ stage }}' then age end) as {{ stage }}_age,
        max(case when stage = '{{ stage }}' then n_reported end) as {{ stage }}_n_reported,
        max(case when stage = '{{ stage }}' then reporters end) as {{ stage }}_reporters
        {%- endfor %},
        max(n_expected) as n_expected
    from chosen
    group by area_kind, area, territory, freq, period, offence_group, track
)

select * from final
