"""Declare the dataflows: which rows of which table of a release, their dimensions, attributes, names and categories.

The SQL here selects and renames; nothing is summed or computed from figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.structures import Attachment, Attribute, TextType


@dataclass(frozen=True)
class Component:
    """A dimension or attribute: its name, its code list, and the column of a table that usually holds it."""

    name: str
    column: str
    codelist: str | None = None
    text_type: TextType = "String"
    attachment: Attachment = "observation"
    is_required: bool = False
    description: str = ""

    def as_attribute(self, name: str) -> Attribute:
        """Return the component as an attribute of a structure."""
        return Attribute(name, self.codelist, self.text_type, self.attachment, self.is_required)


_SERIES: Final = "series"
COMPONENTS: Final[Mapping[str, Component]] = {
    "FREQ": Component(mark("Frequency"), "freq", "CL_FREQ"),
    "REF_AREA": Component(mark("Territory"), "area", "CL_AREA"),
    "COUNTERPART_AREA": Component(mark("Compared with"), "area_b", "CL_AREA"),
    "INDICATOR": Component(mark("Indicator"), "metric", "CL_INDICATOR"),
    "MEASURE": Component(mark("Stage or outcome"), "measure", "CL_MEASURE"),
    "LEVEL": Component(mark("Level"), "level", "CL_LEVEL"),
    "COUNT_UNIT": Component(mark("Count unit"), "count_unit", "CL_COUNT_UNIT"),
    "STATISTIC": Component(mark("Statistic"), "statistic", "CL_STATISTIC"),
    "OFFENCE_GROUP": Component(mark("Crime"), "offence_group", "CL_OFFENCE_GROUP"),
    "OFFENCE": Component(mark("Offence"), "offence", "CL_OFFENCE"),
    "PERSON_TYPE": Component(mark("Kind of person"), "person_type", "CL_PERSON_TYPE"),
    "VICTIM_STATUS": Component(mark("Status of the victim"), "victim_status", "CL_VICTIM_STATUS"),
    "SEX": Component(mark("Sex"), "sex", "CL_SEX"),
    "AGE": Component(mark("Age"), "age", "CL_AGE"),
    "EXPLOITATION": Component(mark("Form of exploitation"), "exploitation", "CL_EXPLOITATION"),
    "CITIZENSHIP": Component(mark("Citizenship"), "citizenship", "CL_CITIZENSHIP"),
    "SENTENCE_TYPE": Component(mark("Kind of sentence"), "sentence_type", "CL_SENTENCE_TYPE"),
    "SENTENCE_BAND": Component(mark("Length of imprisonment"), "sentence_band", "CL_SENTENCE_BAND"),
    "BREAKDOWN": Component(mark("Breakdown"), "dimension", "CL_BREAKDOWN"),
    "CATEGORY": Component(
        mark("Category"), "case category when '_Z' then '_Z' else dimension || '-' || category end", "CL_CATEGORY"
    ),
    "VERSION": Component(mark("Version of the ratio"), "version", "CL_VERSION"),
    "DATA_SOURCE": Component(mark("Source of the data"), "source", "CL_DATA_SOURCE"),
    "INSTRUMENT": Component(mark("Kind of return"), "instrument", "CL_INSTRUMENT"),
    "UNIT_MEASURE": Component(mark("Unit"), "unit_measure", "CL_UNIT_MEASURE", attachment=_SERIES, is_required=True),
    "UNIT_MULT": Component(mark("Power of ten of the unit"), "'0'", "CL_UNIT_MULT", attachment=_SERIES),
    "DECIMALS": Component(mark("Decimals shown"), "", "CL_DECIMALS", attachment=_SERIES),
    "OBS_STATUS": Component(mark("Observation status"), "obs_status", "CL_OBS_STATUS", is_required=True),
    "CONF_STATUS": Component(mark("Confidentiality status"), "conf_status", "CL_CONF_STATUS", is_required=True),
    "LOWER_LIMIT": Component(mark("Lower limit of the 95% interval"), "low", text_type="Double"),
    "UPPER_LIMIT": Component(mark("Upper limit of the 95% interval"), "high", text_type="Double"),
    "INTERVAL_BASIS": Component(mark("Basis of the interval"), "interval_basis"),
    "NUMERATOR": Component(mark("Numerator"), "numerator", text_type="Double"),
    "DENOMINATOR": Component(mark("Denominator"), "denominator", text_type="Double"),
    "COMPARABILITY": Component(mark("Whether the figure may be compared"), "state"),
    "REASONS": Component(mark("Reasons for care"), "reasons"),
    "N_REPORTED": Component(mark("Offices that reported"), "n_reported", text_type="Integer"),
    "N_EXPECTED": Component(mark("Offices expected to report"), "n_expected", text_type="Integer"),
    "REPORTERS": Component(mark("Who reported"), "reporters"),
    "BASIS": Component(mark("How the figure was obtained"), "basis"),
    "FLAGS": Component(mark("Flags"), "flags"),
    "BREAKS": Component(mark("Breaks in the series"), "breaks"),
    "N_BAND": Component(mark("Number of persons, in bands"), "n_band"),
    "LAG": Component(mark("Periods between the two counts"), "lag", text_type="Integer"),
    "IS_DEFAULT": Component(mark("Whether this version is recommended"), "is_default::varchar"),
    "DAYS": Component(mark("Days of the period"), "days", text_type="Integer"),
    "FOLLOWED_QUARTERS": Component(mark("Quarters followed"), "quarters", text_type="Integer"),
    "TERRITORIES": Component(mark("Territories with a figure"), "n", text_type="Integer"),
    "VERDICT": Component(mark("Result of the comparison"), "verdict"),
    "COVERED_BY": Component(mark("Territories included"), "members"),
    "IS_TOTAL": Component(mark("Whether it is the total of its measure"), "case when is_total then 'true' end"),
    "IS_ADDITIVE": Component(mark("Whether the parts add up to it"), "case when not is_additive then 'false' end"),
    "CELL_ID": Component(mark("Permanent identifier of the figure"), "cell_id"),
}  # fmt: skip
"""All components but time and value."""
MEASURES: Final[Mapping[str, str]] = {
    "TIME_PERIOD": mark("Period"),
    "OBS_VALUE": mark("Value"),
}
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
}  # fmt: skip
