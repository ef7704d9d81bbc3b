with

source as (select * from {{ source('gathered', 'event') }}),

final as (
    select
        cast(event_id as bigint) as event_id,
        submission_id,
        cast(source.{{ adapter.quote('at') }} as timestamp) as event_at,
        action, from_state, to_state
    from source
)

select * from final
