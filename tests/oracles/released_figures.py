"""Write in SQL which observations each dataflow must have, from the tables of a release alone.

Each statement gives the columns of the key, `TIME_PERIOD`, `OBS_VALUE`, `OBS_STATUS` and `CONF_STATUS`.
"""

from __future__ import annotations

from typing import Final

_AREA_A: Final = "freq as FREQ, area as REF_AREA"
PERIOD: Final = """
    case when length(period) = 9 and period like '____-____'
    then left(period, 4) || '-01-01/P' || (right(period, 4)::int - left(period, 4)::int + 1) || 'Y' else period end
"""
"""Expression for `TIME_PERIOD`: several years are written as an interval of ISO 8601."""
_END: Final = f"{PERIOD} as TIME_PERIOD, value as OBS_VALUE, obs_status as OBS_STATUS, conf_status as CONF_STATUS"
_CELLS: Final = "(select distinct on (cell_id) * from cell)"
_CROSSED: Final = "sex as SEX, age as AGE, exploitation as EXPLOITATION, citizenship as CITIZENSHIP"
_NOT_SENTENCED: Final = "sentence_type in ('_T', '_Z')"
_CATEGORY: Final = "case category when '_Z' then '_Z' else dimension || '-' || category end as CATEGORY"


def _list_parts(table: str, fields: str, parts: tuple[str, ...]) -> str:
    """Return one SELECT for each column with a figure, joined: independent of UNPIVOT."""
    return " union all ".join(
        f"select {fields.replace('[part]', part)}, {PERIOD} as TIME_PERIOD, {part}::double as OBS_VALUE, "
        f"obs_status as OBS_STATUS, conf_status as CONF_STATUS from {table}"
        for part in parts
    )


_LENGTH: Final = "(year(period_end + 1) - year(period_start)) * 12 + month(period_end + 1) - month(period_start)"
_OTHER_FREQ: Final = f"""
    case when {_LENGTH} = 12 then 'A' when {_LENGTH} = 3 then 'Q' when {_LENGTH} = 1 then 'M' else '_O' end as FREQ
"""
_OTHER_PERIOD: Final = f"""
    case when period_end is null then period_start::varchar
    when {_LENGTH} = 12 and period_start = make_date(year(period_start), 1, 1) then year(period_start)::varchar
    else period_start::varchar || '/P' || ({_LENGTH}) || 'M' end
"""


def _name_published(*columns: str) -> str:
    return f"upper(substr(md5(concat_ws('|', {', '.join(columns)})), 1, 12))"


_COMPARED: Final = _name_published("comparison", "left_source", "left_words", "right_source", "right_words")

STATEMENTS: Final[dict[str, str]] = {
    "PROCEEDINGS": f"""
        select {_AREA_A}, measure as MEASURE, level as LEVEL, count_unit as COUNT_UNIT, statistic as STATISTIC,
            offence_group as OFFENCE_GROUP, offence as OFFENCE, person_type as PERSON_TYPE, sex as SEX, age as AGE,
            {_END}
        from {_CELLS} where victim_status = '_Z' and {_NOT_SENTENCED}
    """,
    "SENTENCES": f"""
        select {_AREA_A}, measure as MEASURE, count_unit as COUNT_UNIT, offence_group as OFFENCE_GROUP,
            person_type as PERSON_TYPE, sentence_type as SENTENCE_TYPE, sentence_band as SENTENCE_BAND, {_END}
        from {_CELLS} where victim_status = '_Z' and not {_NOT_SENTENCED}
    """,
    "VICTIMS": f"""
        select {_AREA_A}, measure as MEASURE, count_unit as COUNT_UNIT, offence_group as OFFENCE_GROUP,
            victim_status as VICTIM_STATUS, {_CROSSED}, {_END}
        from {_CELLS} where victim_status <> '_Z'
    """,
    "RATES": f"""
        select {_AREA_A}, metric as INDICATOR, measure as MEASURE, level as LEVEL, count_unit as COUNT_UNIT,
            offence_group as OFFENCE_GROUP, person_type as PERSON_TYPE, victim_status as VICTIM_STATUS, {_END}
        from indicator where metric = 'rate'
    """,
    "SHARES": f"""
        select {_AREA_A}, metric as INDICATOR, dimension as BREAKDOWN, measure as MEASURE, level as LEVEL,
            count_unit as COUNT_UNIT, offence_group as OFFENCE_GROUP, offence as OFFENCE, person_type as PERSON_TYPE,
            victim_status as VICTIM_STATUS, {_CROSSED}, sentence_type as SENTENCE_TYPE,
            sentence_band as SENTENCE_BAND, {_END}
        from indicator where metric = 'share'
    """,
    "RATIOS": f"""
        select {_AREA_A}, metric as INDICATOR, count_unit as COUNT_UNIT, offence_group as OFFENCE_GROUP,
            version as VERSION, {_END}
        from stage_ratio
    """,
    "CLEARANCE": f"""
        select {_AREA_A}, metric as INDICATOR, level as LEVEL, count_unit as COUNT_UNIT,
            offence_group as OFFENCE_GROUP, {_END}
        from clearance
    """,
    "EXITS": f"""
        select {_AREA_A}, metric as INDICATOR, measure as MEASURE, level as LEVEL, count_unit as COUNT_UNIT,
            offence_group as OFFENCE_GROUP, {_END}
        from exit
    """,
    "BALANCES": _list_parts(
        "balance",
        f"{_AREA_A}, metric as INDICATOR, '[part]' as STATISTIC, level as LEVEL, count_unit as COUNT_UNIT, "
        "offence_group as OFFENCE_GROUP",
        ("opening", "entries", "exits", "closing", "gap"),
    ),
    "CHANGES": _list_parts(
        "decomposition",
        f"{_AREA_A}, metric as INDICATOR, '[part]' as STATISTIC, count_unit as COUNT_UNIT, "
        "offence_group as OFFENCE_GROUP",
        ("volume_before", "count_before", "volume_after", "count_after", "change", "volume_effect", "ratio_effect"),
    ),
    "REGION": _list_parts(
        "region",
        f"freq as FREQ, 'WB' as REF_AREA, metric as INDICATOR, '[part]' as STATISTIC, {_CATEGORY}, "
        "measure as MEASURE, count_unit as COUNT_UNIT, offence_group as OFFENCE_GROUP, "
        "victim_status as VICTIM_STATUS, case when coalesce(version, '') = '' then '_Z' else version end as VERSION",
        ("value", "minimum", "lower_quartile", "median", "upper_quartile", "maximum"),
    ),
    "COMPARISONS": f"""
        select freq as FREQ, area_a as REF_AREA, area_b as COUNTERPART_AREA, metric as INDICATOR, {_CATEGORY},
            measure as MEASURE, count_unit as COUNT_UNIT, offence_group as OFFENCE_GROUP,
            victim_status as VICTIM_STATUS, {PERIOD} as TIME_PERIOD, ratio as OBS_VALUE, obs_status as OBS_STATUS,
            conf_status as CONF_STATUS
        from pair
    """,
    "DURATIONS": """
        select freq as FREQ, area as REF_AREA, source as DATA_SOURCE, metric as INDICATOR, statistic as STATISTIC,
            offence_group as OFFENCE_GROUP,
            case when entered = '_T' then seen_from::varchar || '/P'
                || (12 * (year(seen_until + 1) - year(seen_from)) + month(seen_until + 1) - month(seen_from)) || 'M'
            else entered end as TIME_PERIOD,
            value as OBS_VALUE, obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from duration
    """,
    "PENDING_AGES": """
        select '_Z' as FREQ, area as REF_AREA, source as DATA_SOURCE, metric as INDICATOR, statistic as STATISTIC,
            offence_group as OFFENCE_GROUP, as_at::date::varchar as TIME_PERIOD, value as OBS_VALUE,
            obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from pending
    """,
    "COHORTS": """
        select freq as FREQ, area as REF_AREA, source as DATA_SOURCE, metric as INDICATOR, statistic as STATISTIC,
            offence_group as OFFENCE_GROUP, cohort as TIME_PERIOD, value as OBS_VALUE, obs_status as OBS_STATUS,
            conf_status as CONF_STATUS
        from cohort
    """,
    "SENTENCE_LENGTHS": f"""
        select {_AREA_A}, source as DATA_SOURCE, metric as INDICATOR, statistic as STATISTIC, level as LEVEL,
            offence_group as OFFENCE_GROUP, sentence_type as SENTENCE_TYPE, sentence_band as SENTENCE_BAND, {_END}
        from sentence
    """,
    "COVERAGE": """
        select freq as FREQ, jurisdiction as REF_AREA, instrument as INSTRUMENT, source as DATA_SOURCE,
            period as TIME_PERIOD, if(is_reported, 1.0, 0.0) as OBS_VALUE, 'A' as OBS_STATUS, 'F' as CONF_STATUS
        from coverage
    """,
    "QUALITY": """
        select freq as FREQ, territory as REF_AREA, instrument as INSTRUMENT, indicator as INDICATOR,
            case when period <> '_T' then period else (
                select first.period_start::varchar || '/P' || (12 * (year(last.until) - year(first.period_start))
                    + month(last.until) - month(first.period_start)) || 'M'
                from (select min(make_date(left(period, 4)::int, 3 * right(period, 1)::int - 2, 1)) as period_start
                      from quality where freq = 'Q') first,
                     (select max(make_date(left(period, 4)::int, 3 * right(period, 1)::int - 2, 1))
                             + interval 3 month as until from quality where freq = 'Q') last
            ) end as TIME_PERIOD,
            value as OBS_VALUE, if(value is null, 'L', 'A') as OBS_STATUS, 'F' as CONF_STATUS
        from quality
    """,
    "COOPERATION": """
        select 'A' as FREQ, territory as REF_AREA, direction as DIRECTION, partner as PARTNER, measure as MEASURE,
            'request' as COUNT_UNIT, statistic as STATISTIC, offence_group as OFFENCE_GROUP,
            year::varchar as TIME_PERIOD, value as OBS_VALUE, obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from cooperation
    """,
    "COOPERATION_TYPES": """
        select 'A' as FREQ, territory as REF_AREA, direction as DIRECTION, assistance as ASSISTANCE,
            'requests_registered' as MEASURE, 'request' as COUNT_UNIT, 'count' as STATISTIC,
            offence_group as OFFENCE_GROUP, format('{:d}', year) as TIME_PERIOD, value as OBS_VALUE,
            obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from cooperation_type
    """,
    "COOPERATION_BASES": """
        select 'A' as FREQ, territory as REF_AREA, direction as DIRECTION, legal_basis as LEGAL_BASIS,
            'requests_registered' as MEASURE, 'request' as COUNT_UNIT, 'count' as STATISTIC,
            offence_group as OFFENCE_GROUP, format('{:d}', year) as TIME_PERIOD, value as OBS_VALUE,
            obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from cooperation_basis
    """,
    "COOPERATION_CHANNELS": """
        select 'A' as FREQ, territory as REF_AREA, direction as DIRECTION, channel as CHANNEL,
            'requests_registered' as MEASURE, 'request' as COUNT_UNIT, 'count' as STATISTIC,
            offence_group as OFFENCE_GROUP, format('{:d}', year) as TIME_PERIOD, value as OBS_VALUE,
            obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from cooperation_channel
    """,
    "COOPERATION_QUARTERS": """
        select 'Q' as FREQ, territory as REF_AREA, direction as DIRECTION, measure as MEASURE, 'request' as COUNT_UNIT,
            'count' as STATISTIC, offence_group as OFFENCE_GROUP, format('{:d}-Q{:d}', year, quarter) as TIME_PERIOD,
            value as OBS_VALUE, obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from cooperation_quarter
    """,
    "INFORMAL_EXCHANGE": """
        select 'A' as FREQ, territory as REF_AREA, direction as DIRECTION, channel as CHANNEL, measure as MEASURE,
            'request' as COUNT_UNIT, 'count' as STATISTIC, offence_group as OFFENCE_GROUP,
            format('{:d}', year) as TIME_PERIOD, value as OBS_VALUE, obs_status as OBS_STATUS,
            conf_status as CONF_STATUS
        from informal_exchange
    """,
    "JOINT_TEAMS": """
        select case when since < year then '_O' else 'A' end as FREQ, territory as REF_AREA, partner as PARTNER,
            legal_basis as LEGAL_BASIS, measure as MEASURE, 'event' as COUNT_UNIT, statistic as STATISTIC,
            offence_group as OFFENCE_GROUP,
            case when since < year then format('{:d}-01-01/P{:d}Y', since, year + 1 - since)
                else format('{:d}', year) end as TIME_PERIOD,
            value as OBS_VALUE, obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from joint_team
    """,
    "COOPERATION_SHARES": """
        select 'A' as FREQ, territory as REF_AREA, direction as DIRECTION, offence_group as OFFENCE_GROUP,
            year::varchar as TIME_PERIOD, 100 * executed / closed as OBS_VALUE, obs_status as OBS_STATUS,
            conf_status as CONF_STATUS
        from cooperation_outcome
    """,
    "MIRROR": " union all ".join(
        f"""
        select 'A' as FREQ, sent_by as REF_AREA, received_by as COUNTERPART_AREA, '{part}' as STATISTIC,
            offence_group as OFFENCE_GROUP, year::varchar as TIME_PERIOD, {part} as OBS_VALUE,
            case when {part} is not null then 'A' when state = 'missing' then 'O' when state = 'withheld' then 'Q'
                else 'M' end as OBS_STATUS,
            if(state = 'withheld', 'C', 'F') as CONF_STATUS
        from mirror
        """
        for part in ("sent", "received", "difference", "ratio")
    ),
    "POPULATION": """
        select 'A' as FREQ, area as REF_AREA, year::varchar as TIME_PERIOD, population as OBS_VALUE,
            if(is_carried_forward, 'E', 'A') as OBS_STATUS, 'F' as CONF_STATUS
        from population
    """,
    "REVISIONS": f"""
        select {_AREA_A}, measure as MEASURE, level as LEVEL, count_unit as COUNT_UNIT, statistic as STATISTIC,
            offence_group as OFFENCE_GROUP, offence as OFFENCE, person_type as PERSON_TYPE,
            victim_status as VICTIM_STATUS, {_CROSSED}, sentence_type as SENTENCE_TYPE,
            sentence_band as SENTENCE_BAND, release as RELEASE, {PERIOD} as TIME_PERIOD, value as OBS_VALUE,
            'A' as OBS_STATUS, 'F' as CONF_STATUS
        from revision
    """,
    "REFERENCE_FIGURES": f"""
        select {_OTHER_FREQ}, jurisdiction as REF_AREA, 'F' || {
        _name_published(
            "source", "measure_words", "offence_words", "unit_words", "breakdown", "accumulation", "occurrence"
        )
    } as PUBLISHED_FIGURE, ifnull(measure, '_Z') as MEASURE, ifnull(level, '_Z') as LEVEL,
            ifnull(count_unit, '_Z') as COUNT_UNIT, ifnull(statistic, '_Z') as STATISTIC,
            ifnull(offence_group, '_Z') as OFFENCE_GROUP, ifnull(offence, '_Z') as OFFENCE,
            person_type as PERSON_TYPE, victim_status as VICTIM_STATUS, {_CROSSED},
            {_OTHER_PERIOD} as TIME_PERIOD, value as OBS_VALUE, obs_status as OBS_STATUS, conf_status as CONF_STATUS
        from reference_figure
    """,
    "COHERENCE": " union all ".join(
        f"""
        select {_OTHER_FREQ}, jurisdiction as REF_AREA, 'C' || {_COMPARED} as COMPARISON, '{part}' as STATISTIC,
            ifnull(measure, '_Z') as MEASURE, ifnull(level, '_Z') as LEVEL, count_unit as COUNT_UNIT,
            offence_group as OFFENCE_GROUP, offence as OFFENCE, person_type as PERSON_TYPE, {_CROSSED},
            {_OTHER_PERIOD} as TIME_PERIOD, {part} as OBS_VALUE, 'A' as OBS_STATUS, 'F' as CONF_STATUS
        from coherence
        """
        for part in ("left_value", "right_value", "difference", "relative", "explained")
    ),
}
"""SQL by dataflow."""
