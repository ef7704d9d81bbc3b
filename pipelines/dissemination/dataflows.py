"""Declare the dataflows: which rows of which table of a release, their dimensions, attributes, names and categories.

The SQL here selects and renames; nothing is summed or computed from figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.cooperation_dataflows import COOPERATION
from pipelines.dissemination.dataflow_source import (
    COUNTED,
    COUNTS,
    FROM_COUNTS,
    FROM_RECORDS,
    INTERVAL,
    STATUS,
    UNIT,
    Source,
)

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
_NOT_BROKEN_DOWN: Final = "sentence_type in ('_T', '_Z')"

_PROCEEDINGS: Final = ("justice", "register")
_ALL_COUNTS: Final = (*_PROCEEDINGS, "victims")
_RETURNS: Final = (*_ALL_COUNTS, "cooperation", "requests")
"""Kinds of returns that have records or counts of proceedings, all counts of persons and cases, and all returns."""

DATAFLOWS: Final[Mapping[str, Source]] = {
    "PROCEEDINGS": Source(
        mark("Persons and cases by stage and outcome of proceedings"),
        mark("Counts by stage, entry and exit of criminal proceedings, by sex, age and offence."),
        COUNTS,
        _CELLS.format(f"victim_status = '_Z' and {_NOT_BROKEN_DOWN}"),
        ("FREQ", "REF_AREA", "MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP", "OFFENCE", "PERSON_TYPE",
         "SEX", "AGE"),
        COUNTED,
        {"UNIT_MEASURE": "'NR'"},
        instruments=_PROCEEDINGS,
    ),
    "SENTENCES": Source(
        mark("Sentences by kind and length"),
        mark("Persons sentenced, by principal sanction and by length of imprisonment."),
        COUNTS,
        _CELLS.format(f"victim_status = '_Z' and not {_NOT_BROKEN_DOWN}"),
        ("FREQ", "REF_AREA", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP", "PERSON_TYPE", "SENTENCE_TYPE", "SENTENCE_BAND"),
        COUNTED,
        {"UNIT_MEASURE": "'NR'"},
        instruments=_PROCEEDINGS,
    ),
    "VICTIMS": Source(
        mark("Detected victims"),
        mark("Victims registered by an authority, by status, sex, age and form of exploitation."),
        COUNTS,
        _CELLS.format("victim_status <> '_Z'"),
        ("FREQ", "REF_AREA", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION",
         "CITIZENSHIP"),
        COUNTED,
        {"UNIT_MEASURE": "'NR'"},
        instruments=("victims",),
    ),
    "RATES": Source(
        mark("Rates per 100,000 inhabitants"),
        mark("Counts of stages and of victims per 100,000 inhabitants, with 95% intervals."),
        "RATES_RATIOS",
        "select * from indicator where metric = 'rate'",
        ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP", "PERSON_TYPE",
         "VICTIM_STATUS"),
        (*FROM_COUNTS, "CELL_ID"),
        instruments=_ALL_COUNTS,
    ),
    "SHARES": Source(
        mark("Shares of a breakdown"),
        mark("Shares of sexes, ages, offences, forms of exploitation and sentences in their total."),
        "RATES_RATIOS",
        "select * from indicator where metric = 'share'",
        ("FREQ", "REF_AREA", "INDICATOR", "BREAKDOWN", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP", "OFFENCE",
         "PERSON_TYPE", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP", "SENTENCE_TYPE", "SENTENCE_BAND"),
        (*FROM_COUNTS, "CELL_ID"),
        instruments=_ALL_COUNTS,
    ),
    "RATIOS": Source(
        mark("Ratios between stages"),
        mark("Counts of a later stage per 100 of an earlier one, in each version of the ratio."),
        "RATES_RATIOS",
        "select * from stage_ratio",
        ("FREQ", "REF_AREA", "INDICATOR", "COUNT_UNIT", "OFFENCE_GROUP", "VERSION"),
        (*FROM_COUNTS, "REASONS", "LAG", "IS_DEFAULT"),
        instruments=_PROCEEDINGS,
    ),
    "CLEARANCE": Source(
        mark("Clearance and disposition"),
        mark("Clearance rate, case turnover and disposition time, as the CEPEJ defines them."),
        "RATES_RATIOS",
        "select * from clearance",
        ("FREQ", "REF_AREA", "INDICATOR", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP"),
        (*FROM_COUNTS, "REASONS", "DAYS"),
        instruments=_PROCEEDINGS,
    ),
    "EXITS": Source(
        mark("How proceedings ended without a conviction"),
        mark("Numbers and shares of each way out of the proceedings, by level."),
        "RATES_RATIOS",
        "select * from exit",
        ("FREQ", "REF_AREA", "INDICATOR", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP"),
        FROM_COUNTS,
        instruments=_PROCEEDINGS,
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
        (*UNIT, *STATUS, "COMPARABILITY", "REASONS", "BREAKS", "FLAGS"),
        {"UNIT_MEASURE": "'NR'", "STATISTIC": "item", "COMPARABILITY": "status"},
        instruments=_PROCEEDINGS,
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
        (*UNIT, *STATUS, "COMPARABILITY", "REPORTERS", "BREAKS"),
        {"UNIT_MEASURE": "'NR'", "STATISTIC": "item"},
        instruments=_PROCEEDINGS,
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
        (*UNIT, *STATUS, "COMPARABILITY", "N_REPORTED", "N_EXPECTED", "REPORTERS", "TERRITORIES", "COVERED_BY",
         "BREAKS", "FLAGS"),
        {"REF_AREA": "'{region}'", "STATISTIC": "item", "VERSION": "coalesce(nullif(version, ''), '_Z')"},
        value="figure",
        instruments=_ALL_COUNTS,
    ),
    "COMPARISONS": Source(
        mark("Pairs of territories compared"),
        mark("Ratios of the figures of two territories, with simultaneous 95% intervals."),
        "RATES_RATIOS",
        "select * from pair",
        ("FREQ", "REF_AREA", "COUNTERPART_AREA", "INDICATOR", "CATEGORY", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP",
         "VICTIM_STATUS"),
        (*UNIT, *STATUS, *INTERVAL, "VERDICT", "REASONS", "BREAKS", "FLAGS"),
        {"REF_AREA": "area_a", "UNIT_MEASURE": "'RATIO'"},
        value="ratio",
        instruments=_ALL_COUNTS,
    ),
    "DURATIONS": Source(
        mark("Durations of proceedings"),
        mark("Time to the end of a stage from case records, with open cases counted."),
        "RECORDS",
        "select * from duration",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "OFFENCE_GROUP"),
        FROM_RECORDS,
        period="""case entered when '_T' then strftime(seen_from, '%Y-%m-%d') || '/P'
            || datediff('month', seen_from, seen_until + 1) || 'M' else entered end""",
        instruments=("register",),
    ),
    "PENDING_AGES": Source(
        mark("Age of pending cases"),
        mark("How long cases have been open on a day, from case records."),
        "RECORDS",
        "select * from pending",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "OFFENCE_GROUP"),
        FROM_RECORDS,
        {"FREQ": "'_Z'"},
        period="strftime(as_at, '%Y-%m-%d')",
        instruments=("register",),
    ),
    "COHORTS": Source(
        mark("Cases followed from the year in which they entered"),
        mark("What became of the cases of a year, from case records."),
        "RECORDS",
        "select * from cohort",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "OFFENCE_GROUP"),
        (*FROM_RECORDS, "FOLLOWED_QUARTERS"),
        period="cohort",
        instruments=("register",),
    ),
    "SENTENCE_LENGTHS": Source(
        mark("Lengths and kinds of sentences from case records"),
        mark("Median and quartiles of imprisonment, and shares of suspended and custodial sentences."),
        "RECORDS",
        "select * from sentence",
        ("FREQ", "REF_AREA", "DATA_SOURCE", "INDICATOR", "STATISTIC", "LEVEL", "OFFENCE_GROUP", "SENTENCE_TYPE",
         "SENTENCE_BAND"),
        FROM_RECORDS,
        instruments=("register",),
    ),
    **COOPERATION,
    "COVERAGE": Source(
        mark("Returns received"),
        mark("1 if an office has sent its return for a period, 0 if not."),
        "CONTEXT",
        "select *, is_reported::integer::double as reported from coverage",
        ("FREQ", "REF_AREA", "INSTRUMENT", "DATA_SOURCE"),
        (*UNIT, *STATUS, "FLAGS"),
        {"REF_AREA": "jurisdiction", "UNIT_MEASURE": "'NR'", "OBS_STATUS": "'A'", "CONF_STATUS": "'F'",
         "FLAGS": "case when is_nil then 'nil' else '' end"},
        value="reported",
        instruments=_RETURNS,
    ),
    "QUALITY": Source(
        mark("Quality indicators"),
        mark("Completeness, timeliness, punctuality, length of series and revisions."),
        "CONTEXT",
        "select * from quality",
        ("FREQ", "REF_AREA", "INSTRUMENT", "INDICATOR"),
        (*UNIT, *STATUS, "REASONS"),
        {"REF_AREA": "territory", "INDICATOR": "indicator", "REASONS": "reason",
         "UNIT_MEASURE": "case unit when 'fraction' then 'RATIO' when 'days' then 'D' else 'NR' end",
         "OBS_STATUS": "case when value is null then 'L' else 'A' end", "CONF_STATUS": "'F'"},
        period="case period when '_T' then '{whole}' else period end",
        instruments=_RETURNS,
    ),
    "POPULATION": Source(
        mark("Population"),
        mark("Inhabitants, as used for rates."),
        "CONTEXT",
        "select *, population::double as inhabitants from population",
        ("FREQ", "REF_AREA"),
        (*UNIT, *STATUS, "FLAGS"),
        {"FREQ": "'A'", "UNIT_MEASURE": "'NR'", "CONF_STATUS": "'F'",
         "OBS_STATUS": "case when is_carried_forward then 'E' else 'A' end",
         "FLAGS": "case when is_carried_forward then 'population_carried_forward' else '' end"},
        period="year::varchar",
        value="inhabitants",
    ),
    "REVISIONS": Source(
        mark("Revision history"),
        mark("The value of each published figure when it was first released and at each revision."),
        "CONTEXT",
        "select * from revision",
        ("FREQ", "REF_AREA", "MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP", "OFFENCE", "PERSON_TYPE",
         "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP", "SENTENCE_TYPE", "SENTENCE_BAND", "RELEASE"),
        (*UNIT, *STATUS, "IS_NEWEST"),
        {"UNIT_MEASURE": "'NR'", "OBS_STATUS": "'A'", "CONF_STATUS": "'F'"},
        instruments=_ALL_COUNTS,
    ),
    "REFERENCE_FIGURES": Source(
        mark("Figures published by others"),
        mark("Figures of other publishers, in their words. They are never added to ours."),
        "CONTEXT",
        "select * from reference_figure",
        ("FREQ", "REF_AREA", "PUBLISHED_FIGURE", "MEASURE", "LEVEL", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP",
         "OFFENCE", "PERSON_TYPE", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION", "CITIZENSHIP"),
        (*UNIT, *STATUS, "PUBLISHER", "SOURCE_TITLE", "SOURCE_DATE", "SOURCE_URL", "PERIOD_WORDS", "MAPPING",
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
        (*UNIT, *STATUS, "VERDICT", "REASONS", "PERIOD_WORDS"),
        {"FREQ": _FREQUENCY, "REF_AREA": "jurisdiction", "COMPARISON": COMPARISON, "STATISTIC": "item",
         "UNIT_MEASURE": "case item when 'relative' then 'RATIO' else unit_measure end", "OBS_STATUS": "'A'",
         "CONF_STATUS": "'F'", "REASONS": "reason_text",
         **{name: f"coalesce({name.lower()}, '_Z')" for name in ("MEASURE", "LEVEL")}},
        period=_SPAN,
        instruments=_ALL_COUNTS,
    ),
}  # fmt: skip
