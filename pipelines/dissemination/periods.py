"""Write periods as SDMX does: quarters and years as in the release, several years and spans as ISO 8601 ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from pipelines.core.i18n import SOURCE_LANGUAGE
from pipelines.core.i18n.periods import format_period
from pipelines.model.periods import Period

_YEARS = re.compile(r"(\d{4})-(\d{4})")
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})/P(\d+)([YM])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Span:
    """A period: as the release writes it, as SDMX does, and its first and last day."""

    released: str
    code: str
    start: date
    end: date


@lru_cache(maxsize=4096)
def parse_period(text: str) -> Span:
    """Parse `2024-Q3`, `2024`, `2024-05`, `2020-2022`, `2020-01-01/P3Y`, `2022-10-01/P48M` or a day.

    Raises ValueError for any other text.
    """
    if match := _YEARS.fullmatch(text):
        first, last = int(match[1]), int(match[2])
        return Span(text, f"{first:04}-01-01/P{last - first + 1}Y", date(first, 1, 1), date(last, 12, 31))
    if match := _RANGE.fullmatch(text):
        start = date.fromisoformat(match[1])
        months = int(match[2]) * (12 if match[3] == "Y" else 1)
        return Span(text, text, start, _add_months(start, months) - timedelta(days=1))
    if match := _MONTH.fullmatch(text):
        start = date(int(match[1]), int(match[2]), 1)
        return Span(text, text, start, _add_months(start, 1) - timedelta(days=1))
    if len(text) == len("2024-01-01"):
        day = date.fromisoformat(text)
        return Span(text, text, day, day)
    period = Period.from_code(text)
    return Span(text, text, period.start, period.end)


def join_quarters(first: str, last: str) -> str:
    """Return the range from one quarter to another: `2022-Q4`, `2023-Q1` -> `2022-10-01/P6M`."""
    start, end = Period.from_code(first).start, Period.from_code(last).next_period().start
    return f"{start.isoformat()}/P{12 * (end.year - start.year) + end.month - start.month}M"


def label_period(code: str, language: str = SOURCE_LANGUAGE) -> str:
    """Return a period for people, in a language of the software: `2020–2022`."""
    span = parse_period(code)
    if not _RANGE.fullmatch(code):
        return format_period(code, language) if len(code) != len("2024-01-01") else code
    if (span.start.month, span.start.day, span.end.month, span.end.day) == (1, 1, 12, 31):
        return f"{span.start.year}–{span.end.year}"
    return f"{span.start.isoformat()}–{span.end.isoformat()}"


def _add_months(day: date, months: int) -> date:
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, day.day)
