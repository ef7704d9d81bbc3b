"""Format periods for people, the same on all pages, in findings, mails and files."""

from __future__ import annotations

import re

from pipelines.core.i18n import SOURCE_LANGUAGE, tell

_PERIOD = re.compile(r"\d{4}(?:-Q[1-4]|-\d{4})?")


def format_period(code: str, language: str = SOURCE_LANGUAGE) -> str:
    """Format the code of a period briefly: 2026-Q3 -> '2026 Q3', 2023-2025 -> '2023–2025'."""
    year, is_quarter, quarter = code.partition("-Q")
    return tell("{year} Q{quarter}", language, year=year, quarter=quarter) if is_quarter else code.replace("-", "–")


def is_period(text: str) -> bool:
    """Return True for the code of a quarter, a year or several years."""
    return _PERIOD.fullmatch(text) is not None
