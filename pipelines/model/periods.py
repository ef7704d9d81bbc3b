"""Periods: a quarter or a year, its days, its order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`Q` with code `2024-Q3`, or `A` with code `2024`."""

    code: str
    freq: Literal["Q", "A"] = "Q"

    # The last year has no day after it, and digits of other scripts would make other codes of the same period.
    PATTERN: ClassVar[str] = r"^(?!0000|9999)[0-9]{4}(-Q[1-4])?$"

    @classmethod
    def of(cls, code: str) -> Period:
        """The period of a code; raises ValueError for anything but `2024-Q3` and `2024`."""
        if not re.fullmatch(cls.PATTERN, code):
            raise ValueError(f"{code!r} is not a period; write 2024-Q3 or 2024")
        return cls(code, "Q" if "Q" in code else "A")

    @classmethod
    def containing(cls, day: date, freq: Literal["Q", "A"]) -> Period:
        """The quarter or year a day lies in."""
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
        return self.next().start - timedelta(days=1)

    def next(self) -> Period:
        """The period after this."""
        if self.freq == "A":
            return Period(str(self.year + 1), "A")
        return Period(f"{self.year + 1}-Q1") if self.quarter == 4 else Period(f"{self.year}-Q{(self.quarter or 0) + 1}")

    def __str__(self) -> str:
        return self.code


def last_ended(today: date, freq: Literal["Q", "A"]) -> Period:
    """The newest period whose last day lies before today."""
    period = Period.containing(today, freq)
    if freq == "A":
        return Period(str(period.year - 1), "A")
    return (
        Period(f"{period.year - 1}-Q4")
        if period.quarter == 1
        else Period(f"{period.year}-Q{(period.quarter or 0) - 1}")
    )


def runs(codes: Iterable[str]) -> str:
    """Codes in words of no language: `2024-Q3`, `2021, 2022`, and from three in a row on `2020-Q1–2022-Q4`."""
    found: list[list[Period]] = []
    for period in sorted({Period.of(code) for code in codes}, key=lambda one: (one.freq, one.start)):
        if found and found[-1][-1].next() == period:
            found[-1].append(period)
        else:
            found.append([period])
    return ", ".join(
        f"{run[0]}\N{EN DASH}{run[-1]}" if len(run) > 2 else ", ".join(one.code for one in run) for run in found
    )


def span(first: Period, last: Period) -> Iterator[Period]:
    """All periods from first to last, both in it; none where last lies before first."""
    period = first
    while period <= last:
        yield period
        period = period.next()
