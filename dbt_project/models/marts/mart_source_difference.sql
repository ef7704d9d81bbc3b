with

counted as (select * from {{ ref('int_office_count') }}),

counting as (select * from counted where counts and value is not null),

others as (select * from counted where not counts and value is not null),

cells as (select * from {{ ref('dim_cell') }}),

final as (
    select
        others.territory, others.jurisdiction, others.freq, others.period,
        {{ cells('cells.') }},
        counting.source as counting_source,
        counting.instrument as counting_instrument,
        counting.value as counting_value,
        others.source as other_source,
        others.instrument as other_instrument,
        others.value as other_value,
        others.value - counting.value as difference,
        counting.submission_ids as counting_submission_ids,
        others.submission_ids as other_submission_ids
    from others
    inner join counting
        on others.jurisdiction = counting.jurisdiction
        and others.freq = counting.freq
        and others.period = counting.period
        and others.cell_id = counting.cell_id
    inner join cells on others.cell_id = cells.cell_id
    where others.value <> counting.value
)

select * from final
