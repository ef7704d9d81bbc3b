"""Why did convictions change? A change of a count split into volume and ratio, additively, over the same reporters.

With convictions C = V r (V the volume, say persons indicted, r = C/V the ratio), each factor's effect is the mean of
its effects over both orders in which the two could have moved:

    volume = (V1 - V0) (r0 + r1) / 2        ratio = (r1 - r0) (V0 + V1) / 2        volume + ratio = C1 - C0

Sources: Shapley (1953), A value for n-person games, Contributions to the Theory of Games II, 307-317; for two factors
it is the split of Kitagawa (1955), Components of a difference between two rates, J. Amer. Statist. Assoc. 50,
1168-1194; Shorrocks (2013), Decomposition procedures for distributional analysis, J. Economic Inequality 11, 99-126.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isnan
from typing import NamedTuple

from pipelines.statistics.decomposition import Effect
from pipelines.statistics.thresholds import ENOUGH_EVENTS

NOT_BOTH_PERIODS = "not_both_periods"
"""A figure of one of the periods is missing: not part of either total."""
TOO_FEW = "too_few"
"""Some count is under 20: in the total, but its own effects are not published."""


class Counts(NamedTuple):
    """Volume and convictions (events of one unit) before and after; NaN where missing."""

    volume_before: float
    convicted_before: float
    volume_after: float
    convicted_after: float


class Decomposition(NamedTuple):
    """The change over the reporters of both periods, and its parts.

    `total` splits the summed counts; `by_reporter` has one effect a reporter, whose changes sum to the total's (its
    volume and ratio effects need not: between reporters the mix moves, too).  `left_out` gives reporters that are in no
    total; `small` those in the total whose own effects are not published.
    """

    total: Effect
    by_reporter: dict[str, Effect]
    left_out: dict[str, str]
    small: dict[str, str]


def split_change(counts: Counts) -> tuple[float, float]:
    """Return volume and ratio effects of one set of counts, in events, which sum exactly to the change.

    Computed in fractions and rounded once each, so that the sum differs from the change by rounding only.  Raises
    ValueError if a volume is not above zero or a count is missing or below zero: then no ratio exists.
    """
    if any(isnan(count) or count < 0 for count in counts) or not (counts.volume_before > 0 and counts.volume_after > 0):
        raise ValueError(f"both volumes must be above zero and no count missing: {tuple(counts)}")
    v0, c0, v1, c1 = (Fraction(count) for count in counts)
    r0, r1 = c0 / v0, c1 / v1
    return float((v1 - v0) * (r0 + r1) / 2), float((r1 - r0) * (v0 + v1) / 2)


def decompose_change(reporters: Mapping[str, Counts]) -> Decomposition:
    """Split the change of all reporters that have all four counts, and that of each which reaches 20 in all of them."""
    complete = {
        name: reporter_counts
        for name, reporter_counts in reporters.items()
        if not any(isnan(value) for value in reporter_counts)
    }
    left_out = {name: NOT_BOTH_PERIODS for name in reporters if name not in complete}
    summed = (
        Counts(*(sum(column) for column in zip(*complete.values(), strict=True))) if complete else Counts(0, 0, 0, 0)
    )
    small = {name: TOO_FEW for name, reporter_counts in complete.items() if min(reporter_counts) < ENOUGH_EVENTS}
    return Decomposition(
        _effect(summed), {name: _effect(reporter_counts) for name, reporter_counts in complete.items()}, left_out, small
    )


def _effect(counts: Counts) -> Effect:
    change = counts.convicted_after - counts.convicted_before
    if min(counts) < ENOUGH_EVENTS:
        return Effect(change, None, None)
    return Effect(change, *split_change(counts))
