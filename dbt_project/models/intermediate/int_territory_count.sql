with

jurisdiction_counts as (select * from {{ ref('int_jurisdiction_count') }}),

count_types as (select * from {{ ref('int_count_type') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

measures as (select * from {{ ref('measure') }}),

rules as (select * from {{ ref('stg_counting_rule') }}),

parts as (
    select
        territory,
        count(*) as n_parts
    from jurisdictions
    where not is_whole and is_part_of_total
    group by territory
),

-- Figures for the whole territory: those of a territory without parts, or a return for all of its parts.
whole as (
    select counts.*
    from jurisdiction_counts as counts
    inner join jurisdictions on counts.jurisdiction = jurisdictions.jurisdiction
    where jurisdictions.is_whole
),

of_parts as (
    select
        counts.*,
        measures.is_entry_stage,
        measures.level_rule as counted_at
    from jurisdiction_counts as counts
    inner join jurisdictions on counts.jurisdiction = jurisdictions.jurisdiction
    inner join measures on counts.measure = measures.code
    where not jurisdictions.is_whole and jurisdictions.is_part_of_total
),

-- Jurisdictions that count a case again when they take it over, by the level and unit of the count.
counted_again as (
    select distinct jurisdiction, level, count_unit
    from rules
    where is_transfer_counted_again
),

taken_over as (
    select
        of_parts.jurisdiction, of_parts.freq, of_parts.period, of_parts.value, of_parts.obs_status, of_parts.submission_ids,
        of_parts.parts,
        {{ count_type('count_types.') }}
    from of_parts
    inner join count_types on of_parts.count_type_id = count_types.count_type_id
    where of_parts.measure = 'transferred_in'
),

-- Persons taken over are counted in both jurisdictions, so they are subtracted once from the sum. Only entries at that
-- level count them twice, because later stages are reached in one jurisdiction only.
entered as (
    select
        of_parts.*,
        count_types.count_unit,
        count_types.offence_group,
        counted_again.jurisdiction is not null as is_counted_again,
        taken_over.jurisdiction is not null as has_transfer,
        taken_over.value as transferred_value,
        taken_over.obs_status as transferred_status,
        taken_over.submission_ids as transferred_submission_ids,
        taken_over.parts as transferred_parts
    from of_parts
    inner join count_types on of_parts.count_type_id = count_types.count_type_id
    left join counted_again
        on case when of_parts.is_entry_stage then of_parts.jurisdiction end = counted_again.jurisdiction
        and of_parts.counted_at = counted_again.level
        and count_types.count_unit = counted_again.count_unit
    left join taken_over
        on case when of_parts.is_entry_stage then of_parts.jurisdiction end = taken_over.jurisdiction
        and of_parts.freq = taken_over.freq
        and of_parts.period = taken_over.period
        and of_parts.counted_at = taken_over.level
        {%- for column in count_type_columns() if column not in ('measure', 'level') %}
        and count_types.{{ column }} = taken_over.{{ column }}
        {%- endfor %}
),

-- Whether anything was taken over at all, if that is not reported for the cell: then the sum cannot be corrected.
transfer_totals as (
    select
        jurisdiction, freq, period, level, count_unit, offence_group,
        max(value) as most_transferred
    from taken_over
    group by jurisdiction, freq, period, level, count_unit, offence_group
),

prepared as (
    select
        entered.*,
        case
            when not entered.is_counted_again then 0
            when entered.has_transfer then coalesce(entered.transferred_value, case when entered.transferred_status = 'M' then 0 end)
            when coalesce(totals.most_transferred, 0) = 0 then 0
        end as deduction
    from entered
    left join transfer_totals as totals
        on entered.jurisdiction = totals.jurisdiction
        and entered.freq = totals.freq
        and entered.period = totals.period
        and entered.counted_at = totals.level
        and entered.count_unit = totals.count_unit
        and entered.offence_group = totals.offence_group
),

summed as (
    select
        prepared.territory, prepared.freq, prepared.period,
        prepared.count_type_id, prepared.measure,
        case
            when count(*) = max(parts.n_parts) and count(prepared.deduction) = count(*)
                then {{ sum_value('prepared.value', 'prepared.obs_status') }} - sum(prepared.deduction)
        end as value,
        case
            when count(*) = max(parts.n_parts) and count(prepared.deduction) = count(*)
                then {{ sum_status('prepared.value', 'prepared.obs_status') }}
            when count(case when prepared.obs_status <> 'L' then 1 end) = 0 then 'L'
            else 'O'
        end as obs_status,
        {{ union_lists('prepared.flags') }} as part_flags,
        max(case when prepared.deduction > 0 then 'transfer_deducted' else '' end) as deducted_flag,
        max(case when prepared.deduction is null then 'transfer_not_split' else '' end) as unsplit_flag,
        max(case when prepared.is_counted_again then 1 else 0 end) = 0 as is_additive,
        count(case when prepared.value is not null or prepared.obs_status in ('M', 'K') then 1 end) as n_reported,
        max(parts.n_parts) as n_expected,
        {{ union_lists("case when prepared.value is not null or prepared.obs_status in ('M', 'K') then prepared.jurisdiction end") }} as reporters,
        {{ union_lists("concat_ws(',', nullif(prepared.submission_ids, ''), case when prepared.deduction > 0 then prepared.transferred_submission_ids end)") }} as submission_ids,
        {{ merge_lists(append_list('prepared.parts', 'case when prepared.deduction > 0 then ' ~ negate_parts('prepared.transferred_parts') ~ ' end')) }} as parts
    from prepared
    inner join parts on prepared.territory = parts.territory
    group by prepared.territory, prepared.freq, prepared.period, prepared.count_type_id, prepared.measure
),

-- The whole territory's own figure if there is one, else the sum of its parts; never both in one figure.
final as (
    select
        whole.territory, whole.freq, whole.period,
        whole.count_type_id, whole.measure,
        whole.value, whole.obs_status, whole.basis, whole.flags,
        true as is_additive,
        case when whole.value is not null or whole.obs_status in ('M', 'K') then 1 else 0 end as n_reported,
        1 as n_expected,
        case when whole.value is not null or whole.obs_status in ('M', 'K') then whole.jurisdiction else '' end as reporters,
        whole.submission_ids,
        whole.parts
    from whole
    left join summed
        on whole.territory = summed.territory
        and whole.freq = summed.freq
        and whole.period = summed.period
        and whole.count_type_id = summed.count_type_id
    where whole.value is not null or summed.value is null
    union all
    select
        summed.territory, summed.freq, summed.period,
        summed.count_type_id, summed.measure,
        summed.value, summed.obs_status,
        'derived_parts' as basis,
        {{ join_lists(['summed.part_flags', 'summed.deducted_flag', 'summed.unsplit_flag']) }} as flags,
        summed.is_additive,
        cast(summed.n_reported as integer) as n_reported,
        cast(summed.n_expected as integer) as n_expected,
        coalesce(summed.reporters, '') as reporters,
        coalesce(summed.submission_ids, '') as submission_ids,
        summed.parts
    from summed
    left join whole
        on whole.territory = summed.territory
        and whole.freq = summed.freq
        and whole.period = summed.period
        and whole.count_type_id = summed.count_type_id
    where whole.territory is null or (whole.value is null and summed.value is not null)
)

select * from final
