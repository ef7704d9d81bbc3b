-- The totals of measures, one for each area, period, unit and status of victims. If only adults are counted, they are
-- marked as having another definition (D), with the age in its column, and are never called a total.
with

cells as (select * from {{ ref('cell') }}),

final as (
    select
        area_kind, area, territory, freq, period,
        {{ count_type() }},
        value,
        case when total_of = 'adults' and value is not null then 'D' else obs_status end as obs_status,
        conf_status, n_reported, n_expected, reporters, flags
    from cells
    where is_total
)

select * from final
