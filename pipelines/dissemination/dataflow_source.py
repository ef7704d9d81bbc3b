"""Model the declaration of a dataflow: which rows of which table of a release, and its components and category."""

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

STATUS: Final = ("OBS_STATUS", "CONF_STATUS")
INTERVAL: Final = ("LOWER_LIMIT", "UPPER_LIMIT", "INTERVAL_BASIS")
COVERAGE: Final = ("N_REPORTED", "N_EXPECTED", "REPORTERS")
UNIT: Final = ("UNIT_MEASURE", "UNIT_MULT", "DECIMALS")
COUNTED: Final = (*UNIT, *STATUS, *INTERVAL, *COVERAGE, "BASIS", "IS_TOTAL", "IS_ADDITIVE", "FLAGS", "CELL_ID")
FROM_COUNTS: Final = (
    *UNIT,
    *STATUS,
    *INTERVAL,
    "NUMERATOR",
    "DENOMINATOR",
    "COMPARABILITY",
    *COVERAGE,
    "BREAKS",
    "FLAGS",
)
FROM_RECORDS: Final = (*UNIT, *STATUS, "LOWER_LIMIT", "UPPER_LIMIT", "COMPARABILITY", "N_BAND", "BREAKS")


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
    instruments: tuple[str, ...] = ()
    """Kinds of returns whose figures it has; none for what others published."""
