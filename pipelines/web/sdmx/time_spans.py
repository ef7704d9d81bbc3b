"""Parse the periods of SDMX queries as their first and last day: calendar periods, reporting periods, ranges and times.

A reporting period such as `2024-Q3` is counted from the first day of its reporting year, which is 1 January unless
`reportingYearStartDay` says otherwise (SDMX 3.0 technical notes, "Reporting time period").
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.periods import parse_period
from pipelines.web.sdmx.errors import QueryError

_REPORTING: Final = re.compile(r"(\d{4})-([ASTQMWD])(\d{1,3})")
_MONTHS: Final = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}
_MONTH_AND_DAY: Final = re.compile(r"--(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})?")
_THURSDAY: Final = 3
StartDay = tuple[int, int]
"""Month and day on which reporting years begin."""
CALENDAR_YEAR: Final[StartDay] = (1, 1)


def parse_start_day(parameters: Mapping[str, str]) -> StartDay:
    """Return the value of `reportingYearStartDay`, such as `--07-01`. Raises QueryError for any other text."""
    text = parameters.get("reportingYearStartDay", "--01-01")
    match = _MONTH_AND_DAY.fullmatch(text)
    try:
        if match is not None:
            # 29 February is a day of some years, such as 2000.
            day = date(2000, int(match[1]), int(match[2]))
            return day.month, day.day
    except ValueError:
        pass
    raise QueryError(
        400,
        mark("{value} is not a month and a day. Write it as {example}."),
        value=f"reportingYearStartDay={text}",
        example="--07-01",
    )


def parse_span(text: str, start_day: StartDay = CALENDAR_YEAR) -> tuple[date, date]:
    """Return the first and last day of a period, of a reporting period such as `2024-S1`, or of a time.

    Raises QueryError for any other text.
    """
    try:
        if match := _REPORTING.fullmatch(text):
            return _parse_reporting_period(int(match[1]), match[2], int(match[3]), start_day)
        if "T" in text:
            day = datetime.fromisoformat(text.partition("/")[0]).date()
            return day, day
        span = parse_period(text)
    except (ValueError, OverflowError):
        raise QueryError(
            400,
            mark("{value} is not a period. Write a year (2024), a quarter (2024-Q3), a month (2024-05) or a day."),
            value=text,
        ) from None
    return span.start, span.end


def _parse_reporting_period(year: int, unit: str, number: int, start_day: StartDay) -> tuple[date, date]:
    """Return the days of a reporting period. Raises ValueError if its year has no period of this number."""
    base, following = (_find_first_day(every_year, unit, start_day) for every_year in (year, year + 1))
    if unit in _MONTHS:
        months = _MONTHS[unit]
        start, end = _add_months(base, (number - 1) * months), _add_months(base, number * months)
    else:
        days = 7 if unit == "W" else 1
        start, end = base + timedelta(days=(number - 1) * days), base + timedelta(days=number * days)
    if not base <= start < following:
        raise ValueError(f"{year} has no {unit}{number}")
    return start, end - timedelta(days=1)


def _find_first_day(year: int, unit: str, start_day: StartDay) -> date:
    """Return the first day of a reporting year; its first week is the one with the first Thursday, as in ISO 8601."""
    day = _make_day(year, *start_day)
    if unit != "W":
        return day
    weekday = day.weekday()
    return day - timedelta(days=weekday) if weekday <= _THURSDAY else day + timedelta(days=7 - weekday)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return _make_day(year, month + 1, day.day)


def _make_day(year: int, month: int, day: int) -> date:
    """Return a day; the last one of the month if the month is shorter, as in XML Schema."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
