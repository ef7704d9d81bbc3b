"""Limits of one share of persons, to check those of whole tables with."""

from __future__ import annotations

from pipelines.statistics.intervals import clopper_pearson


def share_limits(part: int, whole: int, dispersion: float = 1.0) -> tuple[float, float]:
    """Clopper and Pearson's limits at 95 % of one share."""
    found = clopper_pearson(part, whole, dispersion)
    return float(found.low), float(found.high)
