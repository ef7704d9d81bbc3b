"""Compare medians by what is published of them: the medians and their 95 % limits, not the records behind them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, hypot, inf, log
from statistics import NormalDist
from typing import Final, NamedTuple

from pipelines.statistics.intervals import LEVEL

_PUBLISHED: Final = NormalDist().inv_cdf(0.5 + LEVEL / 2)
"""Standard errors between a median and its published limits."""


class Median(NamedTuple):
    """A median above 0 with its 95 % limits; `high` is infinite if it has no upper limit."""

    value: float
    low: float
    high: float


class MedianContrast(NamedTuple):
    """How many times the second median the first one is, with the simultaneous limits of this ratio."""

    first: int
    second: int
    ratio: float
    low: float
    high: float


def compare_medians(medians: Sequence[Median], *, level: float = LEVEL) -> list[MedianContrast]:
    """Compare all pairs of independent medians; with at least `level` probability all limits hold at once.

    The distance of a limit of the ratio is recovered from those of the two medians, on the logarithmic scale, and
    widened for the number of pairs (Bonferroni). Published limits are rounded outward, so that the limits of the ratio
    are too wide rather than too narrow. Raises ValueError unless 0 <= low <= value <= high and value > 0.

    Source: Zou and Donner (2008), Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27, 1693-1702.
    """
    for median in medians:
        if not 0 <= median.low <= median.value <= median.high or not median.value > 0:
            raise ValueError(f"not a median with its limits: {median}")
    pairs = list(combinations(range(len(medians)), 2))
    widening = NormalDist().inv_cdf(1 - (1 - level) / 2 / max(len(pairs), 1)) / _PUBLISHED
    below = [log(median.value / median.low) if median.low else inf for median in medians]
    above = [log(median.high / median.value) for median in medians]
    contrasts = []
    for i, j in pairs:
        ratio = medians[i].value / medians[j].value
        low = ratio * exp(-widening * hypot(below[i], above[j]))
        high = ratio * exp(widening * hypot(above[i], below[j])) if above[i] < inf and below[j] < inf else inf
        contrasts.append(MedianContrast(i, j, ratio, low, high))
    return contrasts
