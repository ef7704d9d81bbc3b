with

years as (select * from {{ ref('int_year_count') }}),

final as (
    select
        territory, jurisdiction, period,
        {{ cells() }},
        own_value, quarters_value,
        own_value - quarters_value as difference,
        own_submission_ids, quarters_submission_ids
    from years
    where own_value <> quarters_value
)

select * from final
