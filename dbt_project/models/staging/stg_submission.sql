with

source as (select * from {{ source('gathered', 'submission') }}),

final as (
    select
        submission_id, sha256,
        cast(size as bigint) as size_bytes,
        filename, format, territory, form, kind,
        cast(received_at as timestamp) as received_at,
        sender, state,
        cast(accepted_at as timestamp) as accepted_at,
        cast(errors as integer) as errors,
        cast(warnings as integer) as warnings,
        cast(informations as integer) as informations,
        corrects_submission_id,
        revision_reason,
        cast(demonstration as boolean) as is_demonstration
    from source
)

select * from final
