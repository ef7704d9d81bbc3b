with

office_counts as (select * from {{ ref('int_office_count') }} where value is not null and source <> '_Z'),

count_types as (select * from {{ ref('int_count_type') }}),

told as (
    select
        office_counts.*,
        min(source || '/' || instrument) over (partition by jurisdiction, freq, period, count_type_id) as first_source,
        max(source || '/' || instrument) over (partition by jurisdiction, freq, period, count_type_id) as last_source
    from office_counts
),

final as (
    select
        'jurisdiction' as area_kind,
        told.jurisdiction as area,
        told.territory, told.instrument, told.source, told.freq, told.period,
        {{ count_type('count_types.') }},
        told.value, told.obs_status, told.counts, told.submission_ids
    from told
    inner join count_types on told.count_type_id = count_types.count_type_id
    where told.first_source <> told.last_source
)

select * from final
