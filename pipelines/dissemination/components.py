"""Declare the components of all dataflows: dimensions, attributes, time and value, with names and code lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    "DIRECTION": Component(mark("Direction"), "direction", "CL_DIRECTION"),
    "PARTNER": Component(mark("Partner"), "partner", "CL_PARTNER"),
    "ASSISTANCE": Component(mark("Type of request"), "assistance", "CL_ASSISTANCE"),
    "CHANNEL": Component(mark("Channel"), "channel", "CL_CHANNEL"),
    "LEGAL_BASIS": Component(mark("Legal basis"), "legal_basis", "CL_LEGAL_BASIS"),
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
    "RELEASE": Component(mark("Release in which the value was published"), "release", "CL_RELEASE"),
    "COMPARISON": Component(mark("What is compared"), "", "CL_COMPARISON"),
    "PUBLISHED_FIGURE": Component(mark("Published figure, in the words of its source"), "", "CL_PUBLISHED_FIGURE"),
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
    "IS_NEWEST": Component(mark("Whether it is the newest value"), "is_newest::varchar"),
    "PUBLISHER": Component(mark("Publisher"), "publisher"),
    "SOURCE_TITLE": Component(mark("Title of the source"), "source_title"),
    "SOURCE_DATE": Component(mark("Date of the source"), "source_date"),
    "SOURCE_URL": Component(mark("Address of the source"), "source_url"),
    "PERIOD_WORDS": Component(mark("Period, in the words of the source"), "period"),
    "MAPPING": Component(mark("Whether the source counts as we do"), "mapping"),
    "CAVEAT": Component(mark("Caveat"), "caveat"),
    "CELL_ID": Component(mark("Permanent identifier of the figure"), "cell_id"),
}  # fmt: skip
"""All components but time and value."""
MEASURES: Final[Mapping[str, str]] = {
    "TIME_PERIOD": mark("Period"),
    "OBS_VALUE": mark("Value"),
}
