"""Parse TIMEVAL: the periods of a time variable as `TLIST(A1,"1994"-"1996")` or `TLIST(A1),"1994","1995"`.

The scales and how they are shown come from the specification, section 3.3.64: A1 CCYY, H1 CCYYH, Q1 CCYYQ, M1 CCYYMM,
W1 CCYYWW. Some write a range outside the parentheses (`TLIST(A1),"2019"-"2022"`), which has only one meaning. Offices
also list periods in other words (`TLIST(K),"2015K1"`); a list is taken as it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from pipelines.model.content import ReadError
from pipelines.reading.formats.px.grammar import PxStatement

RULES: dict[str, tuple[str, str]] = {
    "read.px.timeval": (
        "TIMEVAL of {variable} cannot be read: {seen}",
        'Write TLIST(A1,"1994"-"1996") or TLIST(A1),"1994","1995","1996"; years A1, half-years H1, quarters Q1, '
        "months M1, weeks W1.",
    ),
}

_TLIST = re.compile(r"TLIST\s*\(\s*([A-Za-z]\w*)\s*(?:,\s*\"([^\"]*)\"\s*-\s*\"([^\"]*)\"\s*)?\)", re.IGNORECASE)
_RANGE = re.compile(r"\"([^\"]*)\"\s*-\s*\"([^\"]*)\"")
_PER_YEAR = {"A1": 1, "H1": 2, "Q1": 4, "M1": 12, "W1": 53}
_MOST_PERIODS = 10_000


@dataclass(frozen=True, slots=True)
class TimeValues:
    """Periods as stored (`20041`) and as PC-Axis shows them (`2004Q1`), in order."""

    codes: tuple[str, ...]
    labels: tuple[str, ...]


def time_values(statement: PxStatement) -> TimeValues:
    """Return the periods that a TIMEVAL states; none if it states only the scale."""
    match = _TLIST.fullmatch(statement.values[0].strip()) if statement.values else None
    if match is None:
        raise _unreadable_error(statement)
    scale, first, last = match[1].upper(), match[2], match[3]
    values = [value for value in statement.values[1:] if value]
    if first is None and len(values) == 1 and (outside := _RANGE.fullmatch(values[0])):
        first, last = outside[1], outside[2]
    elif any(_RANGE.fullmatch(value) for value in values):
        raise _unreadable_error(statement)
    codes = tuple(values) if first is None else tuple(_expand_range(statement, scale, first, last))
    return TimeValues(codes, tuple(format_period(scale, code) for code in codes))


def format_period(scale: str, code: str) -> str:
    """Format a stored period as PC-Axis shows it: Q1 `19951` is `1995Q1`, M1 `199501` is `1995M01`."""
    if scale in _PER_YEAR and scale != "A1" and code.isdigit() and len(code) > 4:
        return f"{code[:4]}{scale[0]}{code[4:]}"
    return code


def _expand_range(statement: PxStatement, scale: str, first: str, last: str) -> list[str]:
    """List all periods of a scale from first to last."""
    per_year = _PER_YEAR.get(scale)
    digits = {"A1": 4, "H1": 5, "Q1": 5, "M1": 6, "W1": 6}.get(scale, 0)
    if per_year is None or not all(re.fullmatch(rf"[0-9]{{{digits}}}", v) for v in (first, last)):
        raise _unreadable_error(statement)
    periods: list[str] = []
    year, part = int(first[:4]), int(first[4:] or 1)
    while True:
        code = f"{year:04d}" + (f"{part:0{digits - 4}d}" if digits > 4 else "")
        if code > last or len(periods) > _MOST_PERIODS:
            raise _unreadable_error(statement)
        periods.append(code)
        if code == last:
            return periods
        year, part = (year, part + 1) if part < _parts_in_year(scale, year) else (year + 1, 1)


def _parts_in_year(scale: str, year: int) -> int:
    """Return the parts in a year; ISO years have 53 weeks if 28 December is in week 53."""
    if scale != "W1":
        return _PER_YEAR[scale]
    return date(year, 12, 28).isocalendar().week


def _unreadable_error(statement: PxStatement) -> ReadError:
    variable = statement.keys[0] if statement.keys else ""
    return ReadError("read.px.timeval", statement.where, variable=variable, seen=statement.text)
