with

totals as (select * from {{ ref('int_total') }} where victim_status = '_Z'),

metrics as (select * from {{ source('declared', 'metric') }} where kind = 'balance'),

operands as (select * from {{ source('declared', 'metric_operand') }}),

measures as (select * from {{ ref('measure') }}),

breaks as (select * from {{ ref('int_break') }}),

cards as (select * from {{ ref('dim_counting_card_of') }}),

-- Entries and exits that every level has, such as joined and severed cases, are rare, and many offices do not count
-- them. Terms of a single balance, such as a prosecutor's rejections, are required, as are stocks and transitions from
-- one level to the next.
everywhere as (
    select operands.measure
    from operands
    inner join metrics on operands.metric = metrics.metric
    group by operands.measure
    having count(distinct operands.metric) > 1
),

terms as (
    select
        operands.metric, operands.measure, operands.level, operands.statistic,
        metrics.count_units, metrics.freqs,
        case
            when operands.statistic = 'start' then 'opening'
            when operands.statistic = 'end' then 'closing'
            when operands.side = 'numerator' then 'entry'
            else 'exit'
        end as role,
        case operands.side when 'numerator' then 1 else -1 end as sign,
        measures.level_rule <> 'free' or everywhere.measure is null as is_required
    from operands
    inner join metrics on operands.metric = metrics.metric
    inner join measures on operands.measure = measures.code
    left join everywhere on operands.measure = everywhere.measure
),

-- Only areas that report a stock have a balance. The region has none: it does not represent one office's books, and its
-- terms are sums over different territories.
asked as (
    select distinct
        terms.metric, terms.level,
        totals.area_kind, totals.area, totals.territory, totals.freq, totals.period, totals.offence_group,
        totals.count_unit
    from totals
    inner join terms on totals.measure = terms.measure and totals.statistic = terms.statistic
    where
        terms.role in ('opening', 'closing')
        and totals.area_kind <> 'region'
        and (terms.count_units = '' or {{ listed('totals.count_unit', 'terms.count_units') }})
        and {{ listed('totals.freq', 'terms.freqs') }}
),

filled as (
    select
        asked.metric, asked.level, asked.area_kind, asked.area, asked.territory, asked.freq, asked.period,
        asked.offence_group, asked.count_unit,
        terms.role, terms.sign,
        case when terms.role in ('opening', 'closing') then terms.role else terms.measure end as term,
        totals.value, totals.conf_status, totals.obs_status, totals.age, totals.person_type, totals.reporters,
        case when breaks.breaks <> '' then {{ join_lists(['totals.flags', "'break'"]) }} else totals.flags end as flags,
        coalesce(breaks.breaks, '') as breaks,
        case
            when totals.conf_status <> 'F' then 'withheld'
            when totals.value is not null then 'known'
            -- A term that cannot exist counts as zero; a term that the office does not count is listed, not silently
            -- set to zero.
            when totals.obs_status = 'M' and not terms.is_required then 'none'
            when coalesce(totals.obs_status, 'L') = 'L' and not terms.is_required then 'not_counted'
            else 'missing'
        end as standing
    from asked
    inner join terms on asked.metric = terms.metric
    left join totals
        on asked.area_kind = totals.area_kind
        and asked.area = totals.area
        and asked.freq = totals.freq
        and asked.period = totals.period
        and asked.offence_group = totals.offence_group
        and asked.count_unit = totals.count_unit
        and terms.measure = totals.measure
        and terms.level = totals.level
        and terms.statistic = totals.statistic
    left join breaks on {{ breaks_of('totals') }}
),

summed as (
    select
        metric, level, area_kind, area, territory, freq, period, offence_group, count_unit
        {%- for role, column in [('opening', 'opening'), ('entry', 'entries'), ('exit', 'exits'), ('closing', 'closing')] %},
        case when count(case when role = '{{ role }}' and standing in ('withheld', 'missing') then 1 end) = 0
            then coalesce(sum(case when role = '{{ role }}' then value end), 0) end as {{ column }}
        {%- endfor %},
        {{ balance_gap('sign', 'value') }} as gap_of_known,
        count(case when standing = 'withheld' then 1 end) as n_withheld,
        count(case when standing = 'missing' then 1 end) as n_missing,
        min(case when age <> '_Z' then age end) = max(case when age <> '_Z' then age end)
            or count(case when age <> '_Z' then 1 end) = 0 as is_one_age,
        min(case when person_type <> '_Z' then person_type end) = max(case when person_type <> '_Z' then person_type end)
            or count(case when person_type <> '_Z' then 1 end) = 0 as is_one_person_type,
        min(case when standing = 'known' then reporters end) = max(case when standing = 'known' then reporters end)
            or count(case when standing = 'known' then 1 end) = 0 as is_one_reporters,
        {{ union_lists("case when standing in ('withheld', 'missing') then term else '' end") }} as missing,
        {{ union_lists("case when standing = 'not_counted' then term else '' end") }} as not_counted,
        {{ union_lists("coalesce(flags, '')") }} as flags,
        {{ union_lists('breaks') }} as breaks,
        coalesce(max(case when standing = 'known' and obs_status <> 'A' then obs_status end), 'A') as status_of_known
    from filled
    group by metric, level, area_kind, area, territory, freq, period, offence_group, count_unit
),

judged as (
    select
        *,
        {{ join_lists([
            "case when not is_one_reporters then 'reporters_differs' end",
            "case when not is_one_age then 'juveniles_differs' end",
            "case when not is_one_person_type then 'legal_persons_differs' end",
        ]) }} as reasons
    from summed
),

final as (
    select
        judged.metric, judged.area_kind, judged.area, judged.territory, judged.freq, judged.period,
        judged.offence_group, judged.count_unit, judged.level,
        opening, entries, exits, closing,
        case when n_withheld = 0 and n_missing = 0 and reasons = '' then gap_of_known end as gap,
        case
            when n_withheld > 0 then 'withheld'
            when n_missing > 0 or reasons <> '' then 'unknown'
            else {{ balance_state('gap_of_known') }}
        end as status,
        missing, not_counted, reasons,
        coalesce(cards.card_id, '') as card_id,
        breaks,
        case
            when n_withheld > 0 then 'Q'
            when n_missing > 0 then 'O'
            when reasons <> '' then 'M'
            else status_of_known
        end as obs_status,
        case when n_withheld > 0 then 'C' else 'F' end as conf_status,
        flags
    from judged
    left join cards on {{ card_of('judged') }}
)

select * from final
