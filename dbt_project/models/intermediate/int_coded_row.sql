{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

rows_by_age as (
    select *
    from {{ ref('int_age_row') }}
    {% if is_incremental() %}
    where {{ is_new('submission_id') }}
    {% endif %}
),

bands as (select * from {{ ref('sentence_band') }}),

-- A band inside another one is a part of it and left out, unless the wider one fits no common band: then the parts are
-- more precise. Bands that together cover a common band exactly are mapped to it, all others to the unknown band.
table_bands as (
    select distinct
        {{ tables('rows_by_age.') }},
        rows_by_age.sentence_type,
        bands.code as sentence_band,
        bands.lower_months,
        coalesce(bands.upper_months, 9999) as upper_months,
        bands.common_band
    from rows_by_age
    inner join bands on rows_by_age.sentence_band = bands.code
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
        rows_by_age.*,
        case when table_bands.sentence_band is not null then band_groups.stated_band else rows_by_age.sentence_band end as common_band,
        case when band_groups.stated_band = '_U' then 'band_not_nested' else '' end as flags
    from rows_by_age
    left join table_bands
        on {{ tables_match('rows_by_age', 'table_bands') }}
        and rows_by_age.sentence_type = table_bands.sentence_type
        and rows_by_age.sentence_band = table_bands.sentence_band
    left join band_groups
        on {{ tables_match('rows_by_age', 'band_groups') }}
        and rows_by_age.sentence_type = band_groups.sentence_type
        and rows_by_age.sentence_band = band_groups.sentence_band
    where rows_by_age.age is not null
),

-- If an offence was reported both in total and by article, the row of the total counts.
ranked as (
    select
        {{ tables() }},
        offence,
        is_by_article,
        person_type, sex, age, exploitation, citizenship, sentence_type, common_band as sentence_band,
        value, obs_status, flags, fact_ids
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
        max(flags) as flags,
        {{ merge_lists('fact_ids') }} as fact_ids
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
        value, obs_status, n_rows, flags, fact_ids
    from own_first
    where rank_of_own = 1
)

select * from final
