"""Spans of quarters: the days of a quarter, a year or a pool of years, and whether a declared range overlaps them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from pipelines.model.periods import Period

_POOL = re.compile(r"([0-9]{4})-([0-9]{4})")


@dataclass(frozen=True, slots=True)
class QuarterSpan:
    """First and last day of a period, and its first and last quarter, counted from year 0."""

    start: date
    end: date
    first: int
    last: int


@cache
def span_of(period: str) -> QuarterSpan:
    """Return the span of `2024-Q3`, `2024` or `2022-2024`. Raises ValueError for anything else."""
    pool = _POOL.fullmatch(period)
    first, last = (Period.from_code(pool[1]), Period.from_code(pool[2])) if pool else (Period.from_code(period),) * 2
    if first.start > last.start:
        raise ValueError(f"{period!r} is not a period; a pool begins with its first year")
    return QuarterSpan(first.start, last.end, quarter_of(first.start), quarter_of(last.end))


@cache
def range_of(valid: str | None) -> tuple[int, int]:
    """Return first and last quarter of a declared range, both inclusive; an open range ends in quarter 40,000."""
    if valid is None:
        return -1, 40_000
    start, _, end = valid.partition("..")
    return span_of(start).first, span_of(end).last if end else 40_000


def overlaps_period(period: str, valid: str | None) -> bool:
    """Return True if a declared range overlaps any quarter of a period. No range means always."""
    first, last = range_of(valid)
    span = span_of(period)
    return first <= span.last and span.first <= last


def quarter_of(day: date) -> int:
    """Return the quarter of a day, counted from year 0."""
    return day.year * 4 + (day.month - 1) // 3
