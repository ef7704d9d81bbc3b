"""Find the period that a text states: the title or a label of a cube, or the name of a file.

Offices write a quarter in many ways: `2026-Q3`, `T3 2026`, `tremujori III 2026`, `III. tromjesečje 2026.`, `трет
квартал од 2026`, and in file names also `2026_3` or `3_2026`. Only what can mean nothing else is taken: no date, no
range.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

from pipelines.core.text.spelling import fold_to_latin
from pipelines.model.content import Grid, Where
from pipelines.model.periods import Period
from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.sheets import Sheet

_YEAR = r"(?P<year>20\d\d)"
_UNIT = r"(?:kvartal\w*|kv|tromjesec\w*|tromesec\w*|trimesec\w*|tremujor\w*|quarter\w*|tm|tr|[qkt])"
_NUMBER = r"(?P<number>[1-4]|iii|ii|iv|i)"
_ORDINAL = (
    r"(?P<ordinal>prv|drug|trec|cetvrt|vtor|tret|trete|pare|dyte|katert|first|second|third|fourth)(?:i|a|o|u|og|iot)?"
)
_FILLER = r"(?:(?: (?:of|od|na|za|e|i|te|viti|vitit|godine|godina|godinu))* )?"
_ORDINALS = {
    "prv": 1, "pare": 1, "first": 1, "drug": 2, "vtor": 2, "dyte": 2, "second": 2, "trec": 3, "tret": 3, "trete": 3,
    "third": 3, "cetvrt": 4, "katert": 4, "fourth": 4,
}  # fmt: skip
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_QUARTERS = tuple(
    re.compile(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])")
    for pattern in (
        rf"{_YEAR}{_FILLER}{_UNIT} ?{_NUMBER}",
        rf"{_YEAR}{_FILLER}{_NUMBER} ?{_UNIT}",
        rf"{_UNIT} ?{_NUMBER}{_FILLER}{_YEAR}",
        rf"{_NUMBER} ?{_UNIT}{_FILLER}{_YEAR}",
        rf"{_ORDINAL} {_UNIT}{_FILLER}{_YEAR}",
        rf"{_UNIT}(?: i)? {_ORDINAL}{_FILLER}{_YEAR}",
    )
)
_QUARTERS_IN_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![a-z0-9]){_YEAR} {_NUMBER}(?= [a-z]|$)(?! i )",
        rf"(?:(?<=[a-z] )|^){_NUMBER} {_YEAR}(?![a-z0-9])(?! \d)",
    )
)
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_COPY_NUMBER = re.compile(r"\(\d+\)")
"""Number that systems add to the name of a second copy: `T3 2026 (1).xlsx`."""
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[. _-]{1,2}\d{1,2}[. _-]{1,2}20\d\d|20\d\d[. _-]?[01]\d[. _-]?[0-3]\d)(?!\d)")


class StatedPeriods(NamedTuple):
    """Quarters and years that a text names."""

    quarters: frozenset[str]
    years: frozenset[str]


def find_stated_periods(text: str, *, is_file_name: bool = False) -> StatedPeriods:
    """Return the quarters and years that a text names; dates are left out."""
    folded = fold_to_latin(_DATE.sub(" date ", text))
    quarters = {_read_quarter(match) for pattern in _QUARTERS for match in pattern.finditer(folded)}
    if is_file_name and not quarters:
        quarters = {_read_quarter(match) for pattern in _QUARTERS_IN_NAMES for match in pattern.finditer(folded)}
    return StatedPeriods(frozenset(quarters), frozenset(_ANY_YEAR.findall(folded)))


def _read_quarter(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if (ordinal := parts.get("ordinal")) is not None:
        return f"{parts['year']}-Q{_ORDINALS[ordinal]}"
    number = parts["number"]
    return f"{parts['year']}-Q{_ROMAN.get(number) or number}"


def find_contradiction(stated: StatedPeriods, periods: Collection[str]) -> str | None:
    """Return the period that a text states although the figures are for another one; None unless that is certain.

    A text that names several periods, and figures for several periods, are never held against each other.
    """
    if len(periods) != 1 or len(stated.years) > 1:
        return None
    period = Period.from_code(next(iter(periods)))
    if period.freq == "Q" and len(stated.quarters) == 1:
        (quarter,) = stated.quarters
        return quarter if quarter != period.code else None
    if stated.quarters or not stated.years:
        return None
    (year,) = stated.years
    # A fourth quarter is sent in the year after, which may be the one that the text names.
    is_year_of_sending = period.quarter == 4 and int(year) == period.year + 1
    return year if int(year) != period.year and not is_year_of_sending else None


def check_preambles(grid: Grid, sheets: Sequence[Sheet], collector: Collector) -> None:
    """Warn of headings that name another period than the figures.

    Headings are words above the first table of a sheet or document, and headers and footers of its pages.
    """
    if len(collector.periods) != 1:
        return
    expected = next(iter(collector.periods))
    for where, text in (*_iter_preambles(sheets, collector), *_iter_headings(grid)):
        stated = find_stated_periods(text)
        contradiction = find_contradiction(stated, collector.periods) if stated.quarters else None
        if contradiction is not None:
            collector.add_finding(
                "period.contradiction", where, severity="warning", seen=contradiction, expected=expected
            )


def _iter_preambles(sheets: Sequence[Sheet], collector: Collector) -> Iterator[tuple[Where, str]]:
    """Yield the words above the first table of each sheet that were not read as its title."""
    read_places = {(b.table, b.row, b.column) for b in collector.bindings if b.role in ("title", "contact", "nil")}
    for sheet in sheets:
        top = min((area[0] for area in sheet.claimed), default=0)
        for cell in sheet.words:
            if cell.row >= top:
                break
            if (sheet.index, cell.row, cell.column) not in read_places:
                yield cell.where, cell.text


def _iter_headings(grid: Grid) -> Iterator[tuple[Where, str]]:
    """Yield the headings of a document outside its tables, without the titles of tables, which are read."""
    titles = {line for table in grid.tables for line in (table.title or "").splitlines()}
    for number, (where, text) in enumerate(grid.outside):
        is_heading = number < grid.above or where.keyword in ("Header", "Footer")
        if is_heading and text not in titles:
            yield where, text


def find_file_name_contradiction(filename: str, periods: Collection[str]) -> str | None:
    """Return the period that a file is named after although its figures are for another one."""
    name = _COPY_NUMBER.sub(" ", PurePath(filename).stem)
    return find_contradiction(find_stated_periods(name, is_file_name=True), periods)
