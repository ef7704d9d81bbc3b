{%- set shared = ['offence', 'sex', 'age', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
{%- set broken_down = shared + ['person_type', 'victim_status'] %}
with

-- A batch has whole periods: no figure needs counts of another period.
counts as (select * from {{ ref('cell') }} where {{ in_batch('period') }}),

metrics as (select * from {{ source('declared', 'metric') }}),

operands as (select * from {{ source('declared', 'metric_operand') }}),

periods as (select * from {{ ref('dim_period') }}),

populations as (select * from {{ ref('dim_population') }}),

dispersions as (select * from {{ ref('int_dispersion') }}),

cards as (select * from {{ ref('dim_counting_card_of') }}),

breaks as (select * from {{ ref('int_break') }}),

-- The levels, units and frequencies that occur, so that declarations can be joined by equality. Searching the declared
-- lists would split them again for each of 300,000 rows.
occurring as (select distinct level, count_unit, freq from counts),

-- Declarations for this model: one row for each metric, measure, level, unit and frequency.
wanted as (
    select
        metrics.metric, metrics.kind, metrics.per, metrics.unit_measure, metrics.unit_of_pools,
        metrics.denominator_of, metrics.interval_method, metrics.minimum_events,
        operands.measure, operands.statistic, occurring.level, occurring.count_unit, occurring.freq
        {%- for dimension in broken_down %},
        {{ listed("'" ~ dimension ~ "'", 'metrics.dimensions') }} as is_by_{{ dimension }}
        {%- endfor %}
    from metrics
    inner join operands on metrics.metric = operands.metric and operands.side = 'numerator'
    inner join occurring
        on (operands.level = '' or operands.level = occurring.level)
        and (metrics.count_units = '' or {{ listed('occurring.count_unit', 'metrics.count_units') }})
        and {{ listed('occurring.freq', 'metrics.freqs') }}
    where metrics.model = 'mart_indicator'
),

spread as (
    select
        counts.*,
        dispersions.dispersion, dispersions.interval_basis
    from counts
    left join dispersions on counts.cell_id = dispersions.cell_id
),

figures as (
    select
        spread.*,
        wanted.metric, wanted.kind, wanted.per, wanted.unit_measure, wanted.unit_of_pools, wanted.denominator_of,
        wanted.interval_method, wanted.minimum_events
        {%- for dimension in broken_down %}, wanted.is_by_{{ dimension }}{% endfor %}
    from spread
    inner join wanted
        on spread.measure = wanted.measure
        and spread.statistic = wanted.statistic
        and spread.level = wanted.level
        and spread.count_unit = wanted.count_unit
        and spread.freq = wanted.freq
),

-- Figures of one number: a count, or a rate by population. Broken down by the dimensions of the metric.
alone as (
    select
        figures.*,
        periods.first_year, periods.last_year
    from figures
    inner join periods on figures.freq = periods.freq and figures.period = periods.period
    where
        figures.denominator_of in ('', 'population')
        {%- for dimension in broken_down %}
        and (figures.{{ dimension }} in ('_T', '_Z') or figures.is_by_{{ dimension }})
        {%- endfor %}
),

-- Population of exactly the areas in the count, in each year of the period: an area's own, for the region that of the
-- territories in its sum. A pool's rate is by person-years.
reporting as (
    select distinct area_kind, area, reporters, n_reported, first_year, last_year
    from alone
    where denominator_of = 'population'
),

exposures as (
    select
        reporting.area_kind, reporting.area, reporting.reporters, reporting.n_reported, reporting.first_year,
        reporting.last_year,
        sum(populations.population) as population,
        max(case when populations.is_carried_forward then 1 else 0 end) = 1 as is_carried_forward
    from reporting
    inner join populations
        on populations.year between reporting.first_year and reporting.last_year
        and (
            (reporting.area_kind <> 'region' and populations.area = reporting.area)
            or (
                reporting.area_kind = 'region'
                and populations.area = populations.territory
                and {{ listed('populations.area', 'reporting.reporters') }}
            )
        )
    group by
        reporting.area_kind, reporting.area, reporting.reporters, reporting.n_reported, reporting.first_year,
        reporting.last_year
    having
        count(*) = (reporting.last_year - reporting.first_year + 1)
        * case when reporting.area_kind = 'region' then reporting.n_reported else 1 end
),

of_one as (
    select
        alone.cell_id, alone.area_kind, alone.area, alone.territory, alone.freq, alone.period, alone.metric,
        alone.kind as indicator, '_Z' as dimension,
        {{ count_type('alone.') }},
        case
            when alone.denominator_of = '' then alone.value * alone.per
            else alone.value * alone.per / exposures.population
        end as value,
        alone.value as numerator,
        case when alone.value is not null then cast(exposures.population as double) end as denominator,
        case when alone.last_year > alone.first_year then alone.unit_of_pools else alone.unit_measure end as unit_measure,
        alone.obs_status, alone.conf_status, alone.n_reported, alone.n_expected, alone.reporters,
        case
            when exposures.is_carried_forward then {{ join_lists(['alone.flags', "'population_carried_forward'"]) }}
            else alone.flags
        end as flags,
        alone.per, alone.interval_method, alone.minimum_events, alone.dispersion, alone.interval_basis
    from alone
    left join exposures
        on case when alone.denominator_of = 'population' then alone.area_kind end = exposures.area_kind
        and alone.area = exposures.area
        and alone.reporters = exposures.reporters
        and alone.n_reported = exposures.n_reported
        and alone.first_year = exposures.first_year
        and alone.last_year = exposures.last_year
    where alone.denominator_of = '' or exposures.population is not null
),

-- Shares of a cell in the total of the same table. Both are read from the input, so that a published share follows from
-- two published figures and discloses nothing else.
parts_and_wholes as (
    {%- for dimension in shared %}
    select
        parts.cell_id, parts.area_kind, parts.area, parts.territory, parts.freq, parts.period, parts.metric, parts.kind,
        '{{ dimension }}' as dimension,
        {{ count_type('parts.') }},
        parts.value as part_value,
        wholes.value as whole_value,
        parts.obs_status as part_status,
        wholes.obs_status as whole_status,
        parts.conf_status as part_conf,
        wholes.conf_status as whole_conf,
        parts.reporters = wholes.reporters as is_same_reporters,
        parts.n_reported, parts.n_expected, parts.reporters, parts.flags,
        parts.per, parts.unit_measure, parts.interval_method, parts.minimum_events,
        wholes.dispersion, wholes.interval_basis
    from figures as parts
    inner join spread as wholes
        on parts.area_kind = wholes.area_kind
        and parts.area = wholes.area
        and parts.freq = wholes.freq
        and parts.period = wholes.period
        {%- for column in count_type_columns() %}
        {%- if column == dimension %}
        and wholes.{{ column }} = '_T'
        {%- else %}
        and parts.{{ column }} = wholes.{{ column }}
        {%- endif %}
        {%- endfor %}
    where
        parts.denominator_of = 'total'
        and parts.is_by_{{ dimension }}
        and parts.{{ dimension }} not in ('_T', '_Z')
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

judged as (
    select
        *,
        case
            -- What no territory of the region has is not withheld, even if its whole is.
            when area_kind = 'region' and n_reported = 0 and part_conf = 'F' then part_status
            when part_conf not in ('F') or whole_conf not in ('F') then 'Q'
            when part_value is null then part_status
            when whole_value is null then whole_status
            when not is_same_reporters then 'O'
            when whole_value = 0 then 'M'
            when part_status <> 'A' then part_status
            else whole_status
        end as share_status
    from parts_and_wholes
),

of_two as (
    select
        cell_id, area_kind, area, territory, freq, period, metric, kind as indicator, dimension,
        {{ count_type() }},
        case when share_status not in ('Q', 'O', 'L', 'M', 'K') then part_value * per / whole_value end as value,
        part_value as numerator,
        whole_value as denominator,
        unit_measure,
        share_status as obs_status,
        case when share_status <> 'Q' then 'F' when part_conf = 'F' then whole_conf else part_conf end as conf_status,
        n_reported, n_expected, reporters, flags,
        per, interval_method, minimum_events, dispersion, interval_basis
    from judged
),

both_kinds as (
    select * from of_one
    union all
    select * from of_two
),

-- A figure of the region from too few territories is not shown, so that it is not withheld either.
shown as (
    select
        *,
        (value is not null or obs_status = 'Q') and {{ is_of_too_few_territories('both_kinds') }} as is_of_too_few
    from both_kinds
),

-- No interval for a figure without a value or a contradictory one: a part above its whole, a count below zero.
made as (
    select
        *,
        case when value is not null and not is_of_too_few then interval_method else '' end as method
    from shown
),

bounded as (
    {{ with_limits('made', 'method', 'numerator', 'denominator', 'dispersion') }}
),

final as (
    select
        bounded.area_kind, bounded.area, bounded.territory, bounded.freq, bounded.period, bounded.metric,
        bounded.indicator, bounded.dimension,
        {{ count_type('bounded.') }},
        case when not bounded.is_of_too_few then bounded.value end as value,
        round(bounded.per * bounded.low, 6) as low,
        round(bounded.per * bounded.high, 6) as high,
        case when bounded.high is null then '' else bounded.interval_basis end as interval_basis,
        case when bounded.high is not null then bounded.dispersion end as dispersion,
        bounded.numerator, bounded.denominator, bounded.unit_measure,
        case when bounded.is_of_too_few then 'M' else bounded.obs_status end as obs_status,
        case when bounded.is_of_too_few then 'F' else bounded.conf_status end as conf_status,
        case
            when bounded.is_of_too_few then 'too_few_territories'
            when bounded.conf_status <> 'F' or bounded.obs_status = 'Q' then 'withheld'
            when bounded.value is null then 'missing'
            when bounded.indicator = 'share'
                then {{ few_state_of_share('bounded.numerator', 'bounded.denominator', 'bounded.minimum_events') }}
            else {{ few_state('bounded.numerator', 'bounded.numerator', 'bounded.minimum_events') }}
        end as state,
        coalesce(cards.card_id, '') as numerator_card,
        case when bounded.indicator = 'share' then coalesce(cards.card_id, '') else '' end as denominator_card,
        bounded.n_reported, bounded.n_expected, bounded.reporters,
        coalesce(breaks.breaks, '') as breaks,
        case
            when breaks.breaks <> '' or bounded.is_of_too_few
                then {{ join_lists([
                    'bounded.flags', "case when breaks.breaks <> '' then 'break' end",
                    "case when bounded.is_of_too_few then 'too_few_territories' end",
                ]) }}
            else bounded.flags
        end as flags,
        bounded.cell_id
    from bounded
    left join cards on {{ card_of('bounded') }}
    left join breaks on {{ breaks_of('bounded') }}
)

select * from final
