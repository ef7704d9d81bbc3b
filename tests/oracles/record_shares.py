"""Limits of one share of persons, to check those of whole tables against."""

from __future__ import annotations

from pipelines.statistics.intervals import clopper_pearson


def share_limits(part: int, whole: int, dispersion: float = 1.0) -> tuple[float, float]:
    """Return Clopper and Pearson's limits at 95 % of one share."""
    limits = clopper_pearson(part, whole, dispersion)
    return float(limits.low), float(limits.high)
