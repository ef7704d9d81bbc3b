{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

rows_by_offence as (
    select *
    from {{ ref('int_offence_row') }}
    {% if is_incremental() %}
    where {{ is_new('submission_id') }}
    {% endif %}
),

ages as (select * from {{ ref('age') }}),

-- Common age groups are used as reported; finer ones are summed to a common group only if they cover it without gap or
-- overlap and the group itself was not reported. Records cover every group: an age without rows had nobody.
table_ages as (
    select distinct
        {{ tables('rows_by_offence.') }},
        ages.code as age,
        ages.parent,
        ages.lower,
        coalesce(ages.upper, 999) as upper
    from rows_by_offence
    inner join ages on rows_by_offence.age = ages.code
    where ages.parent is not null
),

fine_ages as (
    select
        fine.*,
        groups.lower as group_lower,
        coalesce(groups.upper, 999) as group_upper,
        lag(fine.upper) over (partition by {{ tables('fine.') }}, fine.parent order by fine.lower, fine.upper) as upper_before
    from table_ages as fine
    inner join ages as groups on fine.parent = groups.code
    where fine.parent <> '_T'
),

covered_groups as (
    select
        {{ tables() }},
        parent
    from fine_ages
    group by {{ tables() }}, parent
    having
        min(lower) = min(group_lower)
        and max(upper) = max(group_upper)
        and count(case when upper_before <> lower then 1 end) = 0
),

age_groups as (
    select
        fine.*,
        case
            when fine.basis = 'records' then fine.parent
            when covered.parent is not null and given.age is null then fine.parent
        end as common_age
    from fine_ages as fine
    left join covered_groups as covered on {{ tables_match('fine', 'covered') }} and fine.parent = covered.parent
    left join table_ages as given on {{ tables_match('fine', 'given') }} and fine.parent = given.age
),

final as (
    select
        {{ tables('rows_by_offence.') }},
        rows_by_offence.offence, rows_by_offence.is_by_article, rows_by_offence.reported_offence,
        rows_by_offence.law_article, rows_by_offence.person_type, rows_by_offence.sex,
        case when age_groups.age is not null then age_groups.common_age else rows_by_offence.age end as age,
        rows_by_offence.age as reported_age,
        rows_by_offence.age_basis, rows_by_offence.partner, rows_by_offence.exploitation, rows_by_offence.citizenship,
        rows_by_offence.sentence_type, rows_by_offence.sentence_band, rows_by_offence.value, rows_by_offence.obs_status,
        rows_by_offence.fact_ids
    from rows_by_offence
    left join age_groups
        on {{ tables_match('rows_by_offence', 'age_groups') }} and rows_by_offence.age = age_groups.age
)

select * from final
