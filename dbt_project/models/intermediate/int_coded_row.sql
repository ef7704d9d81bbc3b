{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

observations as (
    select *
    from {{ ref('fct_observation') }}
    {% if is_incremental() %}
    where submission_id not in (select loaded.submission_id from {{ this }} as loaded)
    {% endif %}
),

register_counts as (
    select *
    from {{ ref('int_register_count') }}
    {% if is_incremental() %}
    where submission_id not in (select loaded.submission_id from {{ this }} as loaded)
    {% endif %}
),

offences as (select * from {{ ref('offence') }}),

ages as (select * from {{ ref('age') }}),

bands as (select * from {{ ref('sentence_band') }}),

-- An office may date one measure in two ways; one of them is taken, for both together would count persons twice.
dated as (
    select
        *,
        min(date_basis) over (
            partition by submission_id, jurisdiction, instrument, source, form, freq, period, measure, level, count_unit,
            statistic, accumulation
        ) as first_date_basis
    from observations
    where
        unit_measure = 'NR'
        and partner in ('_Z', '_T')
        and accumulation in ('discrete', 'ytd')
        and instrument <> 'reference'
),

sent as (
    select
        submission_id, territory, jurisdiction, instrument, source, form, freq, period, accumulation,
        'reported' as basis,
        measure, level, count_unit, statistic, offence, law_article, person_type, victim_status, sex, age,
        exploitation, citizenship, sentence_type, sentence_band, value, obs_status
    from dated
    where date_basis = first_date_basis
    union all
    select
        submission_id, territory, jurisdiction, instrument, source, form, freq, period, 'discrete' as accumulation,
        'records' as basis,
        measure, level, count_unit, statistic, offence, law_article, '_T' as person_type, '_Z' as victim_status, sex, age,
        '_Z' as exploitation, '_T' as citizenship, sentence_type, sentence_band, value, 'A' as obs_status
    from register_counts
),

grouped as (
    select
        sent.*,
        offences.offence_group,
        offences.parent as parent_offence,
        max(case when sent.law_article not in ('_Z', '_T') then 1 else 0 end) over (
            partition by {{ tables('sent.') | replace('sent.offence_group', 'offences.offence_group') }}
        ) = 1 as is_table_by_article
    from sent
    inner join offences on sent.offence = offences.code
),

-- Rows by article are by the article of the principal offence and so exclude one another. So does, beside them, a row
-- that names an offence and no article (_Z): one office still counts cases of a repealed code in a row of their own, and
-- taking that row for the whole lost all the others. _T says all articles together; and in a table without any article,
-- a row of the group's own code is the group, beside which rows of its offences are its parts.
by_offence as (
    select
        *,
        parent_offence is not null or (is_table_by_article and law_article <> '_T') as is_part_of_group,
        law_article <> '_T' as is_by_article
    from grouped
),

-- Ages: the common groups are taken as given; finer ones are summed to a common group only where they cover it without
-- gap or overlap and the group itself was not given. Records lack an age where nobody was of it, and cover every group.
table_ages as (
    select distinct
        {{ tables('by_offence.') }},
        ages.code as age,
        ages.parent,
        ages.lower,
        coalesce(ages.upper, 999) as upper
    from by_offence
    inner join ages on by_offence.age = ages.code
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

by_age as (
    select
        by_offence.*,
        case when age_groups.age is not null then age_groups.common_age else by_offence.age end as common_age
    from by_offence
    left join age_groups on {{ tables_match('by_offence', 'age_groups') }} and by_offence.age = age_groups.age
),

-- Lengths of sentence: a band inside another one is a part of it and left out, unless the wider one fits no common
-- band: then the parts say more. What then covers a common band exactly is put there, all else is of unknown band.
table_bands as (
    select distinct
        {{ tables('by_age.') }},
        by_age.sentence_type,
        bands.code as sentence_band,
        bands.lower_months,
        coalesce(bands.upper_months, 9999) as upper_months,
        bands.common_band
    from by_age
    inner join bands on by_age.sentence_band = bands.code
    where bands.lower_months is not null
),

left_out_bands as (
    select distinct
        {{ tables('narrow.') }},
        narrow.sentence_type,
        case when wide.common_band is null then wide.sentence_band else narrow.sentence_band end as sentence_band
    from table_bands as narrow
    inner join table_bands as wide
        on {{ tables_match('narrow', 'wide') }}
        and narrow.sentence_type = wide.sentence_type
        and narrow.sentence_band <> wide.sentence_band
        and narrow.lower_months >= wide.lower_months
        and narrow.upper_months <= wide.upper_months
),

kept_bands as (
    select table_bands.*
    from table_bands
    left join left_out_bands as left_out
        on {{ tables_match('table_bands', 'left_out') }}
        and table_bands.sentence_type = left_out.sentence_type
        and table_bands.sentence_band = left_out.sentence_band
    where left_out.sentence_band is null
),

covered_bands as (
    select
        {{ tables('kept_bands.') }},
        kept_bands.sentence_type,
        kept_bands.common_band
    from kept_bands
    inner join bands as common on kept_bands.common_band = common.code
    group by {{ tables('kept_bands.') }}, kept_bands.sentence_type, kept_bands.common_band
    having
        sum(kept_bands.upper_months - kept_bands.lower_months)
        = max(coalesce(common.upper_months, 9999) - common.lower_months)
),

band_groups as (
    select
        kept.*,
        coalesce(covered.common_band, '_U') as stated_band
    from kept_bands as kept
    left join covered_bands as covered
        on {{ tables_match('kept', 'covered') }}
        and kept.sentence_type = covered.sentence_type
        and kept.common_band = covered.common_band
),

by_band as (
    select
        by_age.*,
        case when table_bands.sentence_band is not null then band_groups.stated_band else by_age.sentence_band end as common_band,
        case when band_groups.stated_band = '_U' then 'band_not_nested' else '' end as flags
    from by_age
    left join table_bands
        on {{ tables_match('by_age', 'table_bands') }}
        and by_age.sentence_type = table_bands.sentence_type
        and by_age.sentence_band = table_bands.sentence_band
    left join band_groups
        on {{ tables_match('by_age', 'band_groups') }}
        and by_age.sentence_type = band_groups.sentence_type
        and by_age.sentence_band = band_groups.sentence_band
    where by_age.common_age is not null
),

-- Where an offence was given both for all its articles together and by article, the row of all together counts.
ranked as (
    select
        {{ tables() }},
        case when is_part_of_group then offence else '_T' end as offence,
        is_by_article,
        person_type, sex, common_age as age, exploitation, citizenship, sentence_type, common_band as sentence_band,
        value, obs_status, flags
    from by_band
    where common_band is not null
),

summed as (
    select
        {{ tables() }},
        offence, person_type, sex, age, exploitation, citizenship, sentence_type, sentence_band, is_by_article,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        count(*) as n_rows,
        max(flags) as flags
    from ranked
    group by
        {{ tables() }}, offence, person_type, sex, age, exploitation, citizenship, sentence_type, sentence_band,
        is_by_article
),

own_first as (
    select
        *,
        row_number() over (
            partition by
                {{ tables() }}, offence, person_type, sex, age, exploitation, citizenship, sentence_type, sentence_band
            order by is_by_article
        ) as rank_of_own
    from summed
),

final as (
    select
        {{ tables() }},
        offence, person_type, sex, age, exploitation, citizenship, sentence_type, sentence_band,
        value, obs_status, n_rows, flags
    from own_first
    where rank_of_own = 1
)

select * from final
