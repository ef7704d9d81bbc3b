"""Reference periods: quarters and years, with their dates and order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A quarter (`Q`, code `2024-Q3`) or a year (`A`, code `2024`)."""

    code: str
    freq: Literal["Q", "A"] = "Q"

    # 9999 has no following day; digits of other scripts would give a second code for the same period.
    PATTERN: ClassVar[str] = r"^(?!0000|9999)[0-9]{4}(-Q[1-4])?$"

    @classmethod
    def from_code(cls, code: str) -> Period:
        """Parse a code such as `2024-Q3` or `2024`; raises ValueError for any other form."""
        if not re.fullmatch(cls.PATTERN, code):
            raise ValueError(f"{code!r} is not a period; write 2024-Q3 or 2024")
        return cls(code, "Q" if "Q" in code else "A")

    @classmethod
    def from_day(cls, day: date, freq: Literal["Q", "A"]) -> Period:
        """Return the quarter or year that contains a day."""
        return cls(f"{day.year}-Q{(day.month + 2) // 3}" if freq == "Q" else str(day.year), freq)

    @property
    def year(self) -> int:
        return int(self.code[:4])

    @property
    def quarter(self) -> int | None:
        return int(self.code[6]) if self.freq == "Q" else None

    @property
    def start(self) -> date:
        return date(self.year, 3 * (self.quarter or 1) - 2, 1)

    @property
    def end(self) -> date:
        return _compute_last_day(self)

    @property
    def last_quarter(self) -> Period:
        """Return the quarter in which the period ends: a quarter itself, the fourth one of a year."""
        return Period.from_day(self.end, "Q")

    def next_period(self) -> Period:
        """Return the following period."""
        if self.freq == "A":
            return Period(str(self.year + 1), "A")
        return Period(f"{self.year + 1}-Q1") if self.quarter == 4 else Period(f"{self.year}-Q{(self.quarter or 0) + 1}")

    def __str__(self) -> str:
        return self.code


@lru_cache(maxsize=1_000)
def _compute_last_day(period: Period) -> date:
    """Return the last day; kept, because the timetable of all offices asks for the same few periods many times."""
    return period.next_period().start - timedelta(days=1)


def last_ended(today: date, freq: Literal["Q", "A"]) -> Period:
    """Return the newest period that ended before today."""
    period = Period.from_day(today, freq)
    if freq == "A":
        return Period(str(period.year - 1), "A")
    return (
        Period(f"{period.year - 1}-Q4")
        if period.quarter == 1
        else Period(f"{period.year}-Q{(period.quarter or 0) - 1}")
    )


def format_runs(codes: Iterable[str]) -> str:
    """Format period codes without words: `2024-Q3`, `2021, 2022`, and three or more in a row as `2020-Q1–2022-Q4`."""
    groups: list[list[Period]] = []
    for period in sorted({Period.from_code(code) for code in codes}, key=lambda p: (p.freq, p.start)):
        if groups and groups[-1][-1].next_period() == period:
            groups[-1].append(period)
        else:
            groups.append([period])
    return ", ".join(
        f"{run[0]}\N{EN DASH}{run[-1]}" if len(run) > 2 else ", ".join(p.code for p in run) for run in groups
    )


def periods_between(first: Period, last: Period) -> Iterator[Period]:
    """Yield all periods from first to last, both included; none if last is before first."""
    period = first
    while period <= last:
        yield period
        period = period.next_period()
