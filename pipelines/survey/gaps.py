"""Classify what the monitoring finds: a gap, none, not clear, or too few to judge."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pipelines.statistics.thresholds import GAP_SHARE, is_few_part

Gap = Literal["gap", "unclear", "few", "no_gap", "unknown", "none"]
"""`few`: a share that is not compared with one half. `unknown`: no figure or assessment, or a withheld one. `none`: a
count, which shows no gap by itself.
"""


def classify_share(low: float, high: float) -> Gap:
    """Return whether a share shows a gap, by its 95 % interval: all of it must be on one side of `GAP_SHARE`."""
    if high < GAP_SHARE:
        return "gap"
    return "no_gap" if low > GAP_SHARE else "unclear"


def classify_published_share(low: float, high: float, *, part: float, whole: float) -> Gap:
    """Return the finding on a published share, whose interval is `low` to `high`.

    No published figure of few is compared (`docs/methodology/uncertainty.md`).
    """
    return "few" if is_few_part(part, whole) else classify_share(low, high)


def classify_law(results: Collection[str]) -> Gap:
    """Return whether the results of an element of the law show a gap: one treaty that is not, or only partly, met."""
    if {"not_met", "partly"} & set(results):
        return "gap"
    if not results:
        return "unknown"
    return "no_gap" if set(results) == {"met"} else "unclear"
