with

counted as (select * from {{ ref('int_office_count') }}),

counting as (select * from counted where counts and value is not null),

others as (select * from counted where not counts and value is not null),

count_types as (select * from {{ ref('int_count_type') }}),

final as (
    select
        others.territory, others.jurisdiction, others.freq, others.period,
        {{ count_type('count_types.') }},
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
        and others.count_type_id = counting.count_type_id
    inner join count_types on others.count_type_id = count_types.count_type_id
    where others.value <> counting.value
)

select * from final
