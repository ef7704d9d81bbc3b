"""Declare the dataflows: which rows of which table of a release, their dimensions, attributes, names and categories.

The SQL here selects and renames; nothing is summed or computed from figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pipelines.core.i18n import mark

COUNTS: Final = "COUNTS"
CATEGORIES: Final[Mapping[str, str]] = {
    COUNTS: mark("Counts"),
    "RATES_RATIOS": mark("Rates, shares and ratios"),
    "RECORDS": mark("Durations and sentences"),
    "CONTEXT": mark("Coverage and data quality"),
}

_STATUS: Final = ("OBS_STATUS", "CONF_STATUS")
_INTERVAL: Final = ("LOWER_LIMIT", "UPPER_LIMIT", "INTERVAL_BASIS")
_COVERAGE: Final = ("N_REPORTED", "N_EXPECTED", "REPORTERS")
_UNIT: Final = ("UNIT_MEASURE", "UNIT_MULT", "DECIMALS")
_COUNTED: Final = (*_UNIT, *_STATUS, *_INTERVAL, *_COVERAGE, "BASIS", "IS_TOTAL", "IS_ADDITIVE", "FLAGS",
                   "CELL_ID")  # fmt: skip
_FROM_COUNTS: Final = (*_UNIT, *_STATUS, *_INTERVAL, "NUMERATOR", "DENOMINATOR", "COMPARABILITY", *_COVERAGE, "BREAKS",
                       "FLAGS")  # fmt: skip
_FROM_RECORDS: Final = (*_UNIT, *_STATUS, "LOWER_LIMIT", "UPPER_LIMIT", "COMPARABILITY", "N_BAND", "BREAKS")


@dataclass(frozen=True)
class Source:
    """One dataflow: its name, what it is, and how its rows are selected.

    `query` has one row for each observation with the columns of its components; `columns` names those that differ from
    the usual ones, as SQL. `period` and `value` are SQL too.
    """

    name: str
    description: str
    category: str
    query: str
    dimensions: tuple[str, ...]
    attributes: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    period: str = "period"
    value: str = "value"


_CELLS: Final = """
    select cell.*, i.low, i.high, i.interval_basis from (select distinct on (cell_id) * from cell) cell
    left join (select cell_id, low, high, interval_basis from indicator where metric = 'count') i using (cell_id)
    where {}
"""
"""Each cell once, although several tables of the programme may hold it, with its interval."""
PUBLISHED_FIGURE: Final = """
    'F' || upper(left(md5(concat_ws('|', source, measure_words, offence_words, unit_words, breakdown, accumulation,
                                    occurrence)), 12))
"""
COMPARISON: Final = """
    'C' || upper(left(md5(concat_ws('|', comparison, left_source, left_words, right_source, right_words)), 12))
"""
"""Codes, as SQL, of what other publishers counted: their words are not codes of ours."""
_MONTHS: Final = "datediff('month', period_start, period_end + 1)"
_FREQUENCY: Final = f"case {_MONTHS} when 1 then 'M' when 3 then 'Q' when 12 then 'A' else '_O' end"
_SPAN: Final = f"""
    case when period_end is null then strftime(period_start, '%Y-%m-%d')
    when {_MONTHS} = 12 and month(period_start) = 1 then year(period_start)::varchar
    else strftime(period_start, '%Y-%m-%d') || '/P' || {_MONTHS} || 'M' end
"""
"""A period of another publisher, as SQL. One whose end is not known is its first day."""
_OF_COOPERATION: Final = {"REF_AREA": "territory", "UNIT_MEASURE": "'NR'", "CELL_ID": "cooperation_id"}
_NOT_BROKEN_DOWN: Final = "sentence_type in ('_T', '_Z')"

DATAFLOWS: Final[Mapping[str, Source]] = {
    "PROCEEDINGS": Source(
        mark("Persons and cases by stage and outcome of proceedings"),
        mark("Counts by stage, entry and exit of criminal proceedings, by sex, age and offence."),
        COUNTS,
        _CELLS.format(f"victim_status = '_Z' and {_NOT_BROKEN_DOWN}"),
        ("FREQ", "REF_AREA", "MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP", "OFFENCE", "PERSON_TYPE",
         "SEX", "AGE"),
        _COUNTED,
        {"UNIT_MEASURE": "'NR'"},
    ),
    "SENTENCES": Source(
        mark("Sentences by kind and length"),
        mark("Persons sentenced, by principal sanction and by length of imprisonment."),
        COUNTS,
        _CELLS.format(f"victim_status = '_Z' and not {_NOT_BROKEN_DOWN}"),
        ("FREQ", "REF_AREA", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP", "PERSON_TYPE", "SENTENCE_TYPE", "SENTENCE_BAND"),
        _COUNTED,
        {"UNIT_MEASURE": "'NR'"},
    ),
    "VICTIMS": Source(
        mark("Detected victims"),
        mark("Victims registered by an authority, by status, sex, age and form of exploitation."),
        COUNTS,
        _CELLS.format("victim_status <> '_Z'"),
        ("FREQ", "REF_AREA", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION",
         "CITIZENSHIP"),
        _COUNTED,
        {"UNIT_MEASURE": "'NR'"},
    ),
    "RATES": Source(
        mark("Rates per 100,000 inhabitants"),
        mark("Counts of stages and of victims per 100,000 inhabitants, with 95% intervals."),
        "RATES_RATIOS",
        "select * from indicator where metric = 'rate'",
        ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP", "PERSON_TYPE",
         "VICTIM_STATUS"),
        (*_FROM_COUNTS, "CELL_ID"),
    ),
    "SHARES": Source(
        mark("Shares of a breakdown"),
        mark("Shares of sexes, ages, offences, forms of exploitation and sentences in their total."),
        "RATES_RATIOS",
        "select * from indicator where metric = 'share'",
        ("FREQ", "REF_AREA", "INDICATOR", "BREAKDOWN", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP", "OFFENCE",
         "PERSON_TYPE", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP", "SENTENCE_TYPE", "SENTENCE_BAND"),
        (*_FROM_COUNTS, "CELL_ID"),
    ),
    "RATIOS": Source(
        mark("Ratios between stages"),
        mark("Counts of a later stage per 100 of an earlier one, in each version of the ratio."),
        "RATES_RATIOS",
        "select * from stage_ratio",
        ("FREQ", "REF_AREA", "INDICATOR", "COUNT_UNIT", "OFFENCE_GROUP", "VERSION"),
        (*_FROM_COUNTS, "REASONS", "LAG", "IS_DEFAULT"),
    ),
    "CLEARANCE": Source(
        mark("Clearance and disposition"),
        mark("Clearance rate, case turnover and disposition time, as the CEPEJ defines them."),
        "RATES_RATIOS",
        "select * from clearance",
        ("FREQ", "REF_AREA", "INDICATOR", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP"),
        (*_FROM_COUNTS, "REASONS", "DAYS"),
    ),
    "EXITS": Source(
        mark("How proceedings ended without a conviction"),
        mark("Numbers and shares of each way out of the proceedings, by level."),
        "RATES_RATIOS",
        "select * from exit",
        ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP"),
        _FROM_COUNTS,
    ),
    "BALANCES": Source(
        mark("Balances of cases"),
        mark("Opening stock, entries, exits, closing stock and the gap between them."),
        "RATES_RATIOS",
        """
            select * from (select * exclude (gap), gap::double as gap from balance)
            unpivot include nulls (value for item in (opening, entries, exits, closing, gap))
        """,
        ("FREQ", "REF_AREA", "INDICATOR", "STATISTIC", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "COMPARABILITY", "REASONS", "BREAKS", "FLAGS"),
        {"UNIT_MEASURE": "'NR'", "STATISTIC": "item", "COMPARABILITY": "status"},
    ),
    "CHANGES": Source(
        mark("Change in convictions by volume and ratio"),
        mark("The change of convictions from year to year, split by volume and by ratio."),
        "RATES_RATIOS",
        """
            select * from decomposition unpivot include nulls (
                value for item in (volume_before, count_before, volume_after, count_after, change, volume_effect,
                                   ratio_effect))
        """,
        ("FREQ", "REF_AREA", "INDICATOR", "STATISTIC", "COUNT_UNIT", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "COMPARABILITY", "REPORTERS", "BREAKS"),
        {"UNIT_MEASURE": "'NR'", "STATISTIC": "item"},
    ),
    "REGION": Source(
        mark("The region and the range of its territories"),
        mark("Figures of the region with the median, quartiles and range of the territories in it."),
        "RATES_RATIOS",
        """
            select * from region unpivot include nulls (
                figure for item in (value, minimum, lower_quartile, median, upper_quartile, maximum))
        """,
        ("FREQ", "REF_AREA", "INDICATOR", "STATISTIC", "CATEGORY", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP",
         "VICTIM_STATUS", "VERSION"),
        (*_UNIT, *_STATUS, "COMPARABILITY", "N_REPORTED", "N_EXPECTED", "REPORTERS", "TERRITORIES", "COVERED_BY",
         "BREAKS", "FLAGS"),
        {"REF_AREA": "'{region}'", "STATISTIC": "item", "VERSION": "coalesce(nullif(version, ''), '_Z')"},
        value="figure",
    ),
    "COMPARISONS": Source(
        mark("Pairs of territories compared"),
        mark("How many times the figure of one territory is that of another, with simultaneous 95% intervals."),
        "RATES_RATIOS",
        "select * from pair",
        ("FREQ", "REF_AREA", "COUNTERPART_AREA", "INDICATOR", "CATEGORY", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP",
         "VICTIM_STATUS"),
        (*_UNIT, *_STATUS, *_INTERVAL, "VERDICT", "REASONS", "BREAKS", "FLAGS"),
        {"REF_AREA": "area_a", "UNIT_MEASURE": "'RATIO'"},
        value="ratio",
    ),
    "DURATIONS": Source(
        mark("Durations of proceedings"),
        mark("Time to the end of a stage from case records, with open cases counted."),
        "RECORDS",
        "select * from duration",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "OFFENCE_GROUP"),
        _FROM_RECORDS,
        period="""case entered when '_T' then strftime(seen_from, '%Y-%m-%d') || '/P'
            || datediff('month', seen_from, seen_until + 1) || 'M' else entered end""",
    ),
    "PENDING_AGES": Source(
        mark("Age of pending cases"),
        mark("How long cases have been open on a day, from case records."),
        "RECORDS",
        "select * from pending",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "OFFENCE_GROUP"),
        _FROM_RECORDS,
        {"FREQ": "'_Z'"},
        period="strftime(as_at, '%Y-%m-%d')",
    ),
    "COHORTS": Source(
        mark("Cases followed from the year in which they entered"),
        mark("What became of the cases of a year, from case records."),
        "RECORDS",
        "select * from cohort",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "OFFENCE_GROUP"),
        (*_FROM_RECORDS, "FOLLOWED_QUARTERS"),
        period="cohort",
    ),
    "SENTENCE_LENGTHS": Source(
        mark("Lengths and kinds of sentences from case records"),
        mark("Median and quartiles of imprisonment, and shares of suspended and custodial sentences."),
        "RECORDS",
        "select * from sentence",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "LEVEL", "OFFENCE_GROUP", "SENTENCE_TYPE",
         "SENTENCE_BAND"),
        _FROM_RECORDS,
    ),
    "COOPERATION": Source(
        mark("Requests for legal assistance"),
        mark("Requests between territories by direction, and by partner or outcome, in a year."),
        COUNTS,
        "select *, 'A' as freq, 'request' as count_unit from cooperation",
        ("FREQ", "REF_AREA", "DIRECTION", "PARTNER", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar",
    ),
    "COOPERATION_TYPES": Source(
        mark("Requests for legal assistance by type"),
        mark("Requests sent and received in a year by type, of each territory and of the region."),
        COUNTS,
        "select *, 'A' as freq, 'request' as count_unit from cooperation_type",
        ("FREQ", "REF_AREA", "DIRECTION", "ASSISTANCE", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "REPORTERS", "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar",
    ),
    "COOPERATION_BASES": Source(
        mark("Requests for legal assistance by legal basis"),
        mark("Requests sent and received in a year by legal basis, of each territory and of the region."),
        COUNTS,
        "select *, 'A' as freq, 'request' as count_unit from cooperation_basis",
        ("FREQ", "REF_AREA", "DIRECTION", "LEGAL_BASIS", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "REPORTERS", "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar",
    ),
    "COOPERATION_CHANNELS": Source(
        mark("Requests for legal assistance by channel"),
        mark("Requests sent and received in a year by channel, of each territory and of the region."),
        COUNTS,
        "select *, 'A' as freq, 'request' as count_unit from cooperation_channel",
        ("FREQ", "REF_AREA", "DIRECTION", "CHANNEL", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "REPORTERS", "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar",
    ),
    "COOPERATION_QUARTERS": Source(
        mark("Requests for legal assistance by quarter"),
        mark("Requests sent, received and closed in a quarter, of territories that report each quarter."),
        COUNTS,
        "select *, 'Q' as freq, 'request' as count_unit from cooperation_quarter",
        ("FREQ", "REF_AREA", "DIRECTION", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar || '-Q' || quarter::varchar",
    ),
    "INFORMAL_EXCHANGE": Source(
        mark("Informal exchange of information by channel"),
        mark("Requests for information between police forces in a year, and those answered, by channel."),
        COUNTS,
        "select *, 'A' as freq, 'request' as count_unit from informal_exchange",
        ("FREQ", "REF_AREA", "DIRECTION", "CHANNEL", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "REPORTERS", "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar",
    ),
    "JOINT_TEAMS": Source(
        mark("Participations in joint investigation teams"),
        mark("Teams that territories set up, extended, closed and evaluated, and teams at work at the end of a year. A "
             "team is counted by each territory in it."),
        COUNTS,
        "select *, if(since = year, 'A', '_O') as freq, 'event' as count_unit from joint_team",
        ("FREQ", "REF_AREA", "PARTNER", "LEGAL_BASIS", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "REPORTERS", "CELL_ID"),
        _OF_COOPERATION,
        period="if(since = year, year::varchar, since || '-01-01/P' || (year - since + 1) || 'Y')",
    ),
    "COOPERATION_SHARES": Source(
        mark("Requests executed in full"),
        mark("Share of the closed requests that were executed in full, by direction, with 95% intervals."),
        "RATES_RATIOS",
        "select *, 'A' as freq from cooperation_outcome",
        ("FREQ", "REF_AREA", "DIRECTION", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "LOWER_LIMIT", "UPPER_LIMIT", "NUMERATOR", "DENOMINATOR"),
        {"REF_AREA": "territory", "UNIT_MEASURE": "'PC'", "NUMERATOR": "executed", "DENOMINATOR": "closed"},
        period="year::varchar",
        value="share",
    ),
    "MIRROR": Source(
        mark("Mirror statistics of requests"),
        mark("What one territory sent to another, and what the other received, by pair and year."),
        "CONTEXT",
        """
            select *, 'A' as freq from mirror unpivot include nulls (
                figure for item in (sent, received, difference, ratio))
        """,
        ("FREQ", "REF_AREA", "COUNTERPART_AREA", "STATISTIC", "OFFENCE_GROUP"),
        (*_UNIT, *_STATUS, "LOWER_LIMIT", "UPPER_LIMIT", "VERDICT", "REASONS"),
        {"REF_AREA": "sent_by", "COUNTERPART_AREA": "received_by", "STATISTIC": "item", "VERDICT": "state",
         "UNIT_MEASURE": "case item when 'ratio' then 'RATIO' else 'NR' end",
         "LOWER_LIMIT": "case item when 'ratio' then low end", "UPPER_LIMIT": "case item when 'ratio' then high end",
         "OBS_STATUS": "case when figure is not null then 'A' when obs_status = 'A' then 'M' else obs_status end"},
        period="year::varchar",
        value="figure",
    ),
    "COVERAGE": Source(
        mark("Returns received"),
        mark("1 if an office has sent its return for a period, 0 if not."),
        "CONTEXT",
        "select *, is_reported::integer::double as reported from coverage",
        ("FREQ", "REF_AREA", "INSTRUMENT", "DATA_SOURCE"),
        (*_UNIT, *_STATUS, "FLAGS"),
        {"REF_AREA": "jurisdiction", "UNIT_MEASURE": "'NR'", "OBS_STATUS": "'A'", "CONF_STATUS": "'F'",
         "FLAGS": "case when is_nil then 'nil' else '' end"},
        value="reported",
    ),
    "QUALITY": Source(
        mark("Quality indicators"),
        mark("Completeness, timeliness, punctuality, length of series and revisions."),
        "CONTEXT",
        "select * from quality",
        ("FREQ", "REF_AREA", "INSTRUMENT", "INDICATOR"),
        (*_UNIT, *_STATUS, "REASONS"),
        {"REF_AREA": "territory", "INDICATOR": "indicator", "REASONS": "reason",
         "UNIT_MEASURE": "case unit when 'fraction' then 'RATIO' when 'days' then 'D' else 'NR' end",
         "OBS_STATUS": "case when value is null then 'L' else 'A' end", "CONF_STATUS": "'F'"},
        period="case period when '_T' then '{whole}' else period end",
    ),
    "POPULATION": Source(
        mark("Population"),
        mark("Inhabitants, as used for rates."),
        "CONTEXT",
        "select *, population::double as inhabitants from population",
        ("FREQ", "REF_AREA"),
        (*_UNIT, *_STATUS, "FLAGS"),
        {"FREQ": "'A'", "UNIT_MEASURE": "'NR'", "CONF_STATUS": "'F'",
         "OBS_STATUS": "case when is_carried_forward then 'E' else 'A' end",
         "FLAGS": "case when is_carried_forward then 'population_carried_forward' else '' end"},
        period="year::varchar",
        value="inhabitants",
    ),
    "REVISIONS": Source(
        mark("Figures in each release that changed them"),
        mark("The value of each published figure when it was first released and at each revision."),
        "CONTEXT",
        "select * from revision",
        ("FREQ", "REF_AREA", "MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP", "OFFENCE", "PERSON_TYPE",
         "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP", "SENTENCE_TYPE", "SENTENCE_BAND", "RELEASE"),
        (*_UNIT, *_STATUS, "IS_NEWEST"),
        {"UNIT_MEASURE": "'NR'", "OBS_STATUS": "'A'", "CONF_STATUS": "'F'"},
    ),
    "REFERENCE_FIGURES": Source(
        mark("Figures published by others"),
        mark("Figures of other publishers, in their words. They are never added to ours."),
        "CONTEXT",
        "select * from reference_figure",
        ("FREQ", "REF_AREA", "PUBLISHED_FIGURE", "MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP",
         "OFFENCE", "PERSON_TYPE", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP"),
        (*_UNIT, *_STATUS, "PUBLISHER", "SOURCE_TITLE", "SOURCE_DATE", "SOURCE_URL", "PERIOD_WORDS", "MAPPING",
         "CAVEAT"),
        {"FREQ": _FREQUENCY, "REF_AREA": "jurisdiction", "PUBLISHED_FIGURE": PUBLISHED_FIGURE,
         "UNIT_MEASURE": "coalesce(unit_measure, 'NR')",
         **{name: f"coalesce({name.lower()}, '_Z')" for name in ("MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC",
                                                               "OFFENCE_GROUP", "OFFENCE")}},
        period=_SPAN,
    ),
    "COHERENCE": Source(
        mark("Figures that should agree"),
        mark("Two figures for the same thing, their difference, and how much of it is explained."),
        "CONTEXT",
        """
            select * from coherence unpivot include nulls (
                value for item in (left_value, right_value, difference, relative, explained))
        """,
        ("FREQ", "REF_AREA", "COMPARISON", "STATISTIC", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP", "OFFENCE",
         "PERSON_TYPE", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP"),
        (*_UNIT, *_STATUS, "VERDICT", "REASONS", "PERIOD_WORDS"),
        {"FREQ": _FREQUENCY, "REF_AREA": "jurisdiction", "COMPARISON": COMPARISON, "STATISTIC": "item",
         "UNIT_MEASURE": "case item when 'relative' then 'RATIO' else unit_measure end", "OBS_STATUS": "'A'",
         "CONF_STATUS": "'F'", "REASONS": "reason_text",
         **{name: f"coalesce({name.lower()}, '_Z')" for name in ("MEASURE", "LEVEL")}},
        period=_SPAN,
    ),
}  # fmt: skip
