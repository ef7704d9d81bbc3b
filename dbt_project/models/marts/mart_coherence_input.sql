with

office_counts as (select * from {{ ref('int_office_count') }} where value is not null and source <> '_Z'),

cells as (select * from {{ ref('dim_cell') }}),

told as (
    select
        office_counts.*,
        min(source || '/' || instrument) over (partition by jurisdiction, freq, period, cell_id) as first_source,
        max(source || '/' || instrument) over (partition by jurisdiction, freq, period, cell_id) as last_source
    from office_counts
),

final as (
    select
        'jurisdiction' as area_kind,
        told.jurisdiction as area,
        told.territory, told.instrument, told.source, told.freq, told.period,
        {{ cells('cells.') }},
        told.value, told.obs_status, told.counts, told.submission_ids
    from told
    inner join cells on told.cell_id = cells.cell_id
    where told.first_source <> told.last_source
)

select * from final
