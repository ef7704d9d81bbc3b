with

office_counts as (select * from {{ ref('int_office_count') }}),

rules as (select * from {{ ref('stg_counts_source') }}),

-- How many offices of the jurisdiction have a figure for the measure and period.
sources as (
    select
        jurisdiction, freq, period, measure,
        min(source || '/' || instrument) as first_source,
        max(source || '/' || instrument) as last_source
    from office_counts
    where source <> '_Z'
    group by jurisdiction, freq, period, measure
),

-- The office that the territory names counts; for a year, the one named for its last quarter. Where it names none, the
-- only one that there is counts. What nobody collects (source _Z) has no office to choose.
judged as (
    select
        office_counts.*,
        case
            when office_counts.source = '_Z' then true
            when rules.source is not null
                then office_counts.source = rules.source
                    and (office_counts.instrument = 'register') = (rules.shape = 'register')
            else sources.first_source = sources.last_source
        end as counts,
        coalesce(rules.source is null and sources.first_source <> sources.last_source, false) as is_contested
    from office_counts
    left join sources
        on office_counts.jurisdiction = sources.jurisdiction
        and office_counts.freq = sources.freq
        and office_counts.period = sources.period
        and office_counts.measure = sources.measure
    left join rules
        on office_counts.jurisdiction = rules.jurisdiction
        and office_counts.measure = rules.measure
        and {{ last_quarter('office_counts.period') }} >= {{ first_quarter('rules.valid_from') }}
        and (rules.valid_to is null or {{ last_quarter('office_counts.period') }} <= {{ last_quarter('rules.valid_to') }})
),

final as (select * from judged)

select * from final
