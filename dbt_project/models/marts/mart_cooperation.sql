with

counts as (select * from {{ ref('int_cooperation_count') }}),

blocks as (select * from {{ ref('int_block') }}),

-- In a quarter of a nil return, everything that the office counts in the year is 0.
nil_quarters as (
    select
        territory,
        {{ period_year('period') }} as year,
        count(*) as n_nil
    from blocks
    where is_current and is_nil and instrument = 'cooperation' and freq = 'Q' and jurisdiction = territory
    group by territory, {{ period_year('period') }}
),

quarters as (
    select
        {{ cooperation_figure() }},
        {{ period_year('period') }} as year,
        count(*) as n_quarters,
        count(value) as n_values,
        sum(value) as total,
        max(case when {{ period_quarter('period') }} = 1 then value end) as first_value,
        max(case when {{ period_quarter('period') }} = 4 then value end) as last_value,
        max(obs_status) as obs_status,
        min(date_basis) as date_basis,
        count(distinct submission_id) as n_submissions
    from counts
    where freq = 'Q'
    group by {{ cooperation_figure() }}, {{ period_year('period') }}
),

-- Only four quarters are a year. A stock is that of the first or last day of the year.
years_of_quarters as (
    select
        {{ cooperation_figure('quarters.') }},
        'A' as freq,
        cast(quarters.year as string) as period,
        case
            when quarters.n_quarters + coalesce(nil_quarters.n_nil, 0) < 4 or quarters.n_values < quarters.n_quarters then null
            when quarters.statistic = 'start' then quarters.first_value
            when quarters.statistic = 'end' then quarters.last_value
            else quarters.total
        end as value,
        quarters.obs_status,
        quarters.date_basis,
        quarters.n_quarters + coalesce(nil_quarters.n_nil, 0) as n_quarters,
        quarters.n_submissions
    from quarters
    left join nil_quarters on quarters.territory = nil_quarters.territory and quarters.year = nil_quarters.year
),

as_reported as (
    select
        {{ cooperation_figure() }},
        freq, period, value, obs_status, date_basis,
        case freq when 'A' then 4 else 1 end as n_quarters,
        1 as n_submissions
    from counts
),

-- The office's own year counts, if it has one.
own_years as (
    select distinct territory, period
    from as_reported
    where freq = 'A'
),

together as (
    select * from as_reported
    union all
    select years_of_quarters.*
    from years_of_quarters
    left join own_years
        on years_of_quarters.territory = own_years.territory and years_of_quarters.period = own_years.period
    where own_years.territory is null
),

final as (
    select
        substring(md5(freq || '|' || period || '|' || {{ joined_by_bar(
            ['territory', 'measure', 'count_unit', 'statistic', 'offence_group', 'partner'] + cooperation_columns()
        ) }}), 1, 16) as cooperation_id,
        {{ cooperation_figure() }},
        freq, period,
        {{ period_year('period') }} as year,
        value,
        case
            when value is not null then obs_status
            when obs_status in ('O', 'L', 'M', 'Q') then obs_status
            else 'O'
        end as obs_status,
        date_basis,
        cast(n_quarters as integer) as n_quarters,
        cast(n_submissions as integer) as n_submissions
    from together
)

select * from final
