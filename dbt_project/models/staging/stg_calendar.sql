with

source as (select * from {{ source('gathered', 'calendar') }}),

final as (
    select
        territory, jurisdiction, instrument, source, freq, period,
        cast(deadline as date) as deadline,
        cast(final_on as date) as final_on
    from source
)

select * from final
