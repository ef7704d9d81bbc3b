with

source as (select * from {{ source('gathered', 'block') }}),

final as (
    select
        submission_id, jurisdiction, instrument, form, freq, period,
        cast(rows as bigint) as row_count,
        cast(nil as boolean) as is_nil,
        cast(accepted_at as timestamp) as accepted_at,
        cast(superseded_at as timestamp) as superseded_at
    from source
)

select * from final
