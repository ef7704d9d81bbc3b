-- The cohort version of a stage ratio: the convicted among those who entered the stage in a period. The cohort of a
-- ratio follows from the declarations: the same denominator, and a conviction at the level that ends the stage. It is
-- measured after the greatest number of quarters in the table.
with

source as (select * from {{ source('records', 'record_cohort') }}),

metrics as (select * from {{ source('declared', 'metric') }}),

operands as (select * from {{ source('declared', 'metric_operand') }}),

sides as (
    select
        metrics.metric, metrics.kind, metrics.is_nested, metrics.unit_measure, metrics.minimum_events,
        max(case when operands.side = 'numerator' then operands.measure end) as upper_measure,
        max(case when operands.side = 'denominator' then operands.measure end) as lower_measure,
        count(*) as n_terms
    from metrics
    inner join operands on metrics.metric = operands.metric
    where metrics.kind in ('ratio', 'cohort')
    group by metrics.metric, metrics.kind, metrics.is_nested, metrics.unit_measure, metrics.minimum_events
),

belonging as (
    select
        ratio.metric, ratio.unit_measure, ratio.minimum_events,
        replace(cohort.metric, 'cohort_', '') as stage
    from sides as ratio
    inner join sides as cohort
        on ratio.lower_measure = cohort.lower_measure
        and replace(cohort.upper_measure, 'adjudicated_', 'convicted_') = ratio.upper_measure
    where
        ratio.kind = 'ratio' and cohort.kind = 'cohort' and not ratio.is_nested
        and cohort.upper_measure like 'adjudicated_%' and ratio.n_terms = 2 and cohort.n_terms = 2
),

followed as (
    select
        *,
        max(quarters) over () as longest,
        row_number() over (
            partition by area_kind, area, offence_group, stage, freq, cohort, quarters, statistic
            order by source
        ) as rank_of_source
    from source
),

ratios as (
    select * from followed where statistic = 'conviction_ratio' and quarters = longest and rank_of_source = 1
),

open_shares as (
    select * from followed where statistic = 'open_share' and quarters = longest and rank_of_source = 1
),

counted as (
    select
        belonging.metric, belonging.unit_measure,
        ratios.area_kind, ratios.area, ratios.territory, ratios.freq, ratios.cohort, ratios.offence_group,
        ratios.value, ratios.low, ratios.high, ratios.obs_status, ratios.conf_status,
        open_shares.value as open_share,
        {{ record_state('ratios.value', 'ratios.obs_status', 'ratios.n_band', 'ratios.value', 'belonging.minimum_events') }}
            as state
    from belonging
    inner join ratios on belonging.stage = ratios.stage
    left join open_shares
        on ratios.area_kind = open_shares.area_kind
        and ratios.area = open_shares.area
        and ratios.offence_group = open_shares.offence_group
        and ratios.stage = open_shares.stage
        and ratios.freq = open_shares.freq
        and ratios.cohort = open_shares.cohort
        and ratios.source = open_shares.source
),

final as (
    select
        metric, area_kind, area, territory, freq, cohort as period, offence_group, 'person' as count_unit,
        value, low, high,
        case when value is not null then 'quasi_exact' else '' end as interval_basis,
        unit_measure,
        state,
        obs_status, conf_status,
        -- There is a figure after the last quarter only if the records cover all quarters.
        value is not null and coalesce(open_share <= {{ cohort_open_at_most() }}, false) as is_complete
    from counted
)

select * from final
