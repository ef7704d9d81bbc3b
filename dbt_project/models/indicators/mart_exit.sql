with

totals as (select * from {{ ref('int_total') }} where victim_status = '_Z'),

metrics as (select * from {{ ref('dim_metric') }} where kind = 'exit'),

dispersions as (select * from {{ source('records', 'record_dispersion') }} where basis = 'quasi_exact'),

measures as (select * from {{ ref('dim_measure') }} where kind = 'exit'),

breaks as (select * from {{ ref('int_break') }}),

cards as (select * from {{ ref('dim_counting_card_of') }}),

exits as (
    select
        totals.*,
        coalesce(breaks.breaks, '') as breaks
    from totals
    inner join measures on totals.measure = measures.code
    left join breaks on {{ breaks_of('totals') }}
    where totals.statistic = 'count' and totals.obs_status <> 'L'
),

-- All exits of a level: the kinds of exit that the office reports. There is no total if one of them is missing,
-- withheld, or has other persons or reporters than the rest.
wholes as (
    select
        area_kind, area, freq, period, offence_group, level, count_unit,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        coalesce(max(case when conf_status <> 'F' then conf_status end), 'F') as conf_status,
        min(age) = max(age) and min(person_type) = max(person_type) and min(reporters) = max(reporters) as is_one_scope,
        {{ union_lists('measure') }} as kinds,
        {{ union_lists('breaks') }} as breaks
    from exits
    group by area_kind, area, freq, period, offence_group, level, count_unit
),

counted as (
    select
        metrics.metric, metrics.per, metrics.unit_measure, metrics.interval_method, metrics.minimum_events,
        metrics.denominator_of <> '' as is_share,
        exits.*,
        wholes.value as whole,
        wholes.obs_status as whole_status,
        wholes.conf_status as whole_conf,
        wholes.is_one_scope,
        wholes.kinds,
        case when metrics.denominator_of <> '' then wholes.breaks else exits.breaks end as breaks_within,
        coalesce(cards.card_id, '') as card_id,
        coalesce(dispersions.phi, 1.0) as phi,
        {{ interval_basis('exits.count_unit', 'dispersions.phi') }} as basis
    from exits
    inner join metrics
        on {{ listed('exits.freq', 'metrics.freqs') }}
        and (metrics.count_units = '' or {{ listed('exits.count_unit', 'metrics.count_units') }})
    inner join wholes
        on exits.area_kind = wholes.area_kind
        and exits.area = wholes.area
        and exits.freq = wholes.freq
        and exits.period = wholes.period
        and exits.offence_group = wholes.offence_group
        and exits.level = wholes.level
        and exits.count_unit = wholes.count_unit
    left join cards on {{ card_of('exits') }}
    left join dispersions on {{ dispersion_of('exits') }}
),

stated as (
    select
        *,
        case
            when not is_share then obs_status
            when conf_status <> 'F' or whole_conf <> 'F' then 'Q'
            when value is null then obs_status
            when not is_one_scope then 'O'
            when whole is null then whole_status
            when whole = 0 then 'M'
            when obs_status <> 'A' then obs_status
            else whole_status
        end as figure_status
    from counted
),

measured as (
    select
        *,
        figure_status not in ('Q', 'O', 'L', 'M', 'K') as is_known,
        case when figure_status not in ('Q', 'O', 'L', 'M', 'K') then interval_method else '' end as method,
        case when is_share and whole_conf = 'F' and is_one_scope then whole end as denominator
    from stated
),

bounded as (
    {{ with_limits('measured', 'method', 'value', 'denominator', 'phi') }}
),

final as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, level, measure,
        case when is_known then case when is_share then per * value / denominator else value end end as value,
        round(per * low, 6) as low,
        round(per * high, 6) as high,
        case when is_known then basis else '' end as interval_basis,
        unit_measure,
        value as numerator,
        denominator,
        kinds,
        case
            when figure_status = 'Q' then 'withheld'
            when not is_known then 'missing'
            else {{ few_state('value', 'coalesce(denominator, value)', 'minimum_events') }}
        end as state,
        figure_status as obs_status,
        case when figure_status = 'Q' then 'C' else 'F' end as conf_status,
        age, card_id,
        breaks_within as breaks,
        n_reported, n_expected, reporters,
        case when breaks_within <> '' then {{ join_lists(['flags', "'break'"]) }} else flags end as flags
    from bounded
)

select * from final
