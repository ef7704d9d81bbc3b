-- The totals of measures, one for each area, period, unit and status of victims. If only adults are counted, they are
-- marked as having another definition (D), with the age in its column, and are never called a total.
with

cells as (select * from {{ ref('cell') }}),

dispersions as (select * from {{ ref('int_dispersion') }}),

final as (
    select
        cells.area_kind, cells.area, cells.territory, cells.freq, cells.period,
        {{ count_type('cells.') }},
        cells.value,
        case when cells.total_of = 'adults' and cells.value is not null then 'D' else cells.obs_status end as obs_status,
        cells.conf_status, cells.n_reported, cells.n_expected, cells.reporters, cells.flags,
        dispersions.dispersion, dispersions.interval_basis
    from cells
    left join dispersions on cells.cell_id = dispersions.cell_id
    where cells.is_total
)

select * from final
