"""Write shares in per cent, alone or with their interval, on the offices' pages and in the questionnaire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.core.i18n import tell
from pipelines.core.rounding import format_half_up


def format_share(share: float, low: float | None = None, high: float | None = None) -> str:
    """Return a share of 0 to 1 in whole per cent, with its 95% interval in brackets if it has both limits."""
    text = f"{format_half_up(100 * share)}%"
    if low is None or high is None:
        return text
    return f"{text} ({format_half_up(100 * low)}–{format_half_up(100 * high)})"


def format_result(row: Mapping[str, Any]) -> str:
    """Return the share of a row of results of the questionnaire, with its interval."""
    return format_share(row["share"], row["low"], row["high"])


def format_rate(part: int, whole: int, language: str) -> str:
    """Return a rate in whole per cent; a rate of nothing is not applicable."""
    return format_share(part / whole) if whole else tell("not applicable", language)
