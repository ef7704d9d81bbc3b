"""Periods as the system writes them (`2026-Q3`, `2026`), their days and their order.

Belongs here: arithmetic of periods and nothing else.  A form's own way of writing a period (a Roman quarter, a
sheet's name) belongs to the form.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$")
_YEAR = re.compile(r"^\d{4}$")


class PeriodError(ValueError):
    """A text that is no period."""


def freq_of(period: str) -> str:
    """`Q` for 2026-Q3, `A` for 2026. Raises PeriodError."""
    if _QUARTER.match(period):
        return "Q"
    if _YEAR.match(period):
        return "A"
    raise PeriodError(f"{period!r} is neither a quarter like 2026-Q3 nor a year like 2026")


def bounds(period: str) -> tuple[date, date]:
    """First and last day of a quarter or a year."""
    if found := _QUARTER.match(period):
        year, quarter = int(found[1]), int(found[2])
        after = date(year + quarter // 4, quarter * 3 % 12 + 1, 1)
        return date(year, quarter * 3 - 2, 1), after - timedelta(days=1)
    if _YEAR.match(period):
        return date(int(period), 1, 1), date(int(period), 12, 31)
    raise PeriodError(f"{period!r} is neither a quarter like 2026-Q3 nor a year like 2026")


def quarter_of(day: date) -> str:
    """The quarter that holds a day."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def last_quarter(period: str) -> str:
    """The last quarter of a period: itself, or the fourth of a year."""
    return period if freq_of(period) == "Q" else f"{period}-Q4"


def quarters_until(first_year: int, day: date) -> list[str]:
    """All quarters from the first of `first_year` to the one that holds `day`, in order."""
    last = quarter_of(day)
    every = (f"{year}-Q{quarter}" for year in range(first_year, day.year + 1) for quarter in range(1, 5))
    return [q for q in every if q <= last]
