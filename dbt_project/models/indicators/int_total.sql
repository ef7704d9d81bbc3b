-- The one total of a measure that pages and ratios take: of an area, a period, a unit and a status of victims. A total
-- over all ages, or where the office counts adults only, that of adults: marked as of another definition (D), with the
-- age in its column, and never called a total.
with

counts as (select * from {{ ref('cell') }}),

totals as (
    select
        *,
        row_number() over (
            partition by
                area_kind, area, freq, period, offence_group, measure, level, count_unit, statistic, victim_status
            order by
                case when value is not null or conf_status <> 'F' then 0 else 1 end,
                case when age = 'Y_GE18' then 1 else 0 end,
                case person_type when '_T' then 0 when 'natural' then 1 else 2 end,
                person_type,
                age,
                {{ cells() }}
        ) as rank_of_total
    from counts
    where
        offence = '_T'
        and age in ('_T', '_Z', 'Y_GE18')
        {%- for dimension in ['sex', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
        and {{ dimension }} in ('_T', '_Z')
        {%- endfor %}
),

final as (
    select
        area_kind, area, territory, freq, period,
        {{ cells() }},
        value,
        case when age = 'Y_GE18' and value is not null then 'D' else obs_status end as obs_status,
        conf_status, n_reported, n_expected, reporters, flags
    from totals
    where rank_of_total = 1
)

select * from final
