with

counted as (select * from {{ ref('int_office_count') }} where counts),

years as (select * from {{ ref('int_year_count') }}),

-- The office's own annual figure if there is one, else its four quarters.
chosen_years as (
    select
        *,
        own_status is not null
        and (own_value is not null or own_status in ('M', 'K', 'Q') or quarters_value is null)
        and not (quarters_status is not null and own_submission_ids = '' and quarters_submission_ids <> '') as is_own
    from years
),

final as (
    select
        territory, jurisdiction, freq, period,
        count_type_id, measure,
        value, obs_status, basis, flags, submission_ids, parts
    from counted
    where freq = 'Q'
    union all
    select
        territory, jurisdiction, 'A' as freq, period,
        count_type_id, measure,
        case when is_own then own_value else quarters_value end as value,
        case when is_own then own_status else quarters_status end as obs_status,
        case when is_own then own_basis else 'derived_quarters' end as basis,
        case when is_own then own_flags else quarters_flags end as flags,
        case when is_own then own_submission_ids else quarters_submission_ids end as submission_ids,
        case when is_own then own_parts else quarters_parts end as parts
    from chosen_years
)

select * from final
