"""Format periods and days for people, the same on all pages, in findings, mails and files."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from pipelines.core.i18n import SOURCE_LANGUAGE, mark, tell

_PERIOD = re.compile(r"\d{4}(?:-Q[1-4]|-\d{4})?")


_DAYS: Final = (
    mark("{day} January {year}"), mark("{day} February {year}"), mark("{day} March {year}"),
    mark("{day} April {year}"), mark("{day} May {year}"), mark("{day} June {year}"), mark("{day} July {year}"),
    mark("{day} August {year}"), mark("{day} September {year}"), mark("{day} October {year}"),
    mark("{day} November {year}"), mark("{day} December {year}"),
)  # fmt: skip
"""Dates by month, whole, because the name of a month has another form after a day in some languages."""


def format_period(code: str, language: str = SOURCE_LANGUAGE) -> str:
    """Format the code of a period briefly: 2026-Q3 -> '2026 Q3', 2023-2025 -> '2023–2025'."""
    year, is_quarter, quarter = code.partition("-Q")
    return tell("{year} Q{quarter}", language, year=year, quarter=quarter) if is_quarter else code.replace("-", "–")


def is_period(text: str) -> bool:
    """Return True for the code of a quarter, a year or several years."""
    return _PERIOD.fullmatch(text) is not None


def format_day(day: date, language: str = SOURCE_LANGUAGE) -> str:
    """Format a day: 14 November 2026."""
    return tell(_DAYS[day.month - 1], language, day=day.day, year=day.year)  # marked above
