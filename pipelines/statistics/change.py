"""Test whether a count changed from one period to another: the ratio of the two counts, and a verdict.

The interval is that of `ratios.compute_ratio`: exact, given the sum of both counts. It treats persons as independent.
Persons come in cases, so a verdict of a rise or a fall must also hold if the counts vary more than that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from pipelines.statistics.ratios import compute_ratio
from pipelines.statistics.thresholds import ENOUGH_EVENTS

DISPERSION = 2.0
"""Variance of a count of persons over that of a count of cases, assumed for the verdict and not for the interval."""

Verdict = Literal["rise", "fall", "no_clear_change", "too_few"]


class CountChange(NamedTuple):
    """How many times the first count the last one is, its 95 % limits, and the verdict; no numbers if it is too few."""

    verdict: Verdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


@lru_cache(maxsize=4096)
def compute_change(first: float, last: float, *, dispersion: float = DISPERSION) -> CountChange:
    """Compare the last count of a span with the first; both must reach the minimum of a comparison.

    The verdict is `no_clear_change` unless both the exact interval and that with `dispersion` exclude a ratio of 1.
    Raises ValueError for a count below zero.
    """
    if min(first, last) < 0:
        raise ValueError(f"counts are from zero up, not {first} and {last}")
    if min(first, last) < ENOUGH_EVENTS:
        return CountChange("too_few")
    exact = compute_ratio(last, first)
    wide = compute_ratio(last, first, dispersion_upper=dispersion, dispersion_lower=dispersion)
    verdict: Verdict = "no_clear_change"
    if min(float(exact.low), float(wide.low)) > 1:
        verdict = "rise"
    elif max(float(exact.high), float(wide.high)) < 1:
        verdict = "fall"
    return CountChange(verdict, float(exact.value), float(exact.low), float(exact.high))
