with

years as (select * from {{ ref('int_year_count') }}),

count_types as (select * from {{ ref('int_count_type') }}),

final as (
    select
        years.territory, years.jurisdiction, years.period,
        {{ count_type('count_types.') }},
        years.own_value, years.quarters_value,
        years.own_value - years.quarters_value as difference,
        years.own_submission_ids, years.quarters_submission_ids
    from years
    inner join count_types on years.count_type_id = count_types.count_type_id
    where years.own_value <> years.quarters_value
)

select * from final
