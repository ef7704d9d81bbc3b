with

breaks as (select * from {{ ref('stg_break') }}),

final as (
    select
        area, of_area, territory, kind, code, first_period, first_day, last_day, offence_group, level, measure,
        words, detail, text, status
    from breaks
)

select * from final
