"""Test whether a figure changed from one period to another: the ratio of the two figures, and a verdict.

Intervals treat persons as independent, unless a figure comes with its variance. Persons come in cases, so a verdict of
a rise or a fall must also hold if the counts vary more than that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Final, Literal, NamedTuple

from pipelines.statistics.intervals import LEVEL
from pipelines.statistics.ratios import compute_ratio, ratio_of_ratios
from pipelines.statistics.thresholds import ENOUGH_EVENTS

DISPERSION = 2.0
"""Variance of a count of persons over that of a count of cases, assumed for the verdict and not for the interval."""

Verdict = Literal["rise", "fall", "no_clear_change", "too_few"]
Kind = Literal["rate", "ratio", "part"]
"""Kinds of figures: a count over a population, a count over a count of others, or a part of a count over the whole."""


class CountChange(NamedTuple):
    """How many times the first figure the last one is, its 95 % limits, and the verdict; no numbers if too few."""

    verdict: Verdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


class Operands(NamedTuple):
    """The two numbers that a figure is computed from, and the dispersion of its counts, 1 if it is not known."""

    upper: float
    lower: float
    dispersion: float = 1.0


@lru_cache(maxsize=4096)
def compute_change(first: float, last: float, *, dispersion: float = DISPERSION) -> CountChange:
    """Compare the last count of a span with the first; both must reach the minimum of a comparison.

    The interval is that of `ratios.compute_ratio`: exact, given the sum of both counts. The verdict is
    `no_clear_change` unless both the exact interval and that with `dispersion` exclude a ratio of 1.
    Raises ValueError for a count below zero.
    """
    if min(first, last) < 0:
        raise ValueError(f"counts are from zero up, not {first} and {last}")
    return compute_figure_change("rate", Operands(first, 1.0), Operands(last, 1.0), dispersion=dispersion)


@lru_cache(maxsize=4096)
def compute_figure_change(
    kind: Kind, first: Operands, last: Operands, *, dispersion: float = DISPERSION
) -> CountChange:
    """Compare the last figure of a span with the first; all counts behind both must reach the minimum of a comparison.

    The verdict is `no_clear_change` unless both the interval with the dispersions of the figures and the one with at
    least `dispersion` exclude a ratio of 1. `docs/methodology/uncertainty.md` describes the interval of each kind.
    """
    if min(number for figure in (first, last) for number in _list_counts(kind, figure)) < ENOUGH_EVENTS:
        return CountChange("too_few")
    limit = _LIMITS[kind]
    low, high = limit(first, last)
    wide_low, wide_high = limit(
        *(figure._replace(dispersion=max(figure.dispersion, dispersion)) for figure in (first, last))
    )
    verdict: Verdict = "no_clear_change"
    if min(low, wide_low) > 1:
        verdict = "rise"
    elif max(high, wide_high) < 1:
        verdict = "fall"
    return CountChange(verdict, last.upper / last.lower / (first.upper / first.lower), low, high)


def _list_counts(kind: Kind, figure: Operands) -> tuple[float, ...]:
    """Return the counts of persons that a figure depends on."""
    if kind == "rate":
        return (figure.upper,)
    return figure.upper, figure.lower - figure.upper if kind == "part" else figure.lower


def _limit_rates(first: Operands, last: Operands) -> tuple[float, float]:
    """Return the exact limits of the ratio of two rates, given the sum of their counts."""
    limits = compute_ratio(last.upper, first.upper, last.lower, first.lower, last.dispersion, first.dispersion)
    return float(limits.low), float(limits.high)


def _limit_ratios(first: Operands, last: Operands) -> tuple[float, float]:
    """Return the exact limits of the ratio of two ratios of independent counts."""
    _, low, high, _ = ratio_of_ratios(
        last.upper, last.lower, first.upper, first.lower, last.dispersion, first.dispersion
    )
    return low, high


def _limit_parts(first: Operands, last: Operands) -> tuple[float, float]:
    """Return the score limits of the ratio of two proportions: those at which its test is at the limit of its level.

    Source: Koopman (1984), Confidence intervals for the ratio of two binomial proportions, Biometrics 40, 513-517.
    """
    from scipy.optimize import brentq

    x, n = (number / first.dispersion for number in first[:2])
    y, m = (number / last.dispersion for number in last[:2])
    limit = NormalDist().inv_cdf(0.5 + LEVEL / 2)

    def compute_score(log_ratio: float) -> float:
        ratio = exp(log_ratio)
        linear = n + y + ratio * (m + x)
        # The most probable share of the first period, if that of the last is `ratio` times as large.
        share = (linear - sqrt(linear**2 - 4 * ratio * (n + m) * (x + y))) / (2 * ratio * (n + m))
        variance = ratio * share * (1 - ratio * share) / m + ratio**2 * share * (1 - share) / n
        return (y / m - ratio * x / n) / sqrt(variance)

    estimate = log(y / m / (x / n))
    ends: list[float] = []
    for sign in (1, -1):
        step = sign * 1.0
        while sign * compute_score(estimate - step) < limit:
            step *= 2
        ends.append(
            exp(float(brentq(lambda at, sign=sign: sign * compute_score(at) - limit, estimate - step, estimate)))
        )
    return ends[0], ends[1]


_LIMITS: Final[dict[str, Callable[[Operands, Operands], tuple[float, float]]]] = {
    "rate": _limit_rates,
    "ratio": _limit_ratios,
    "part": _limit_parts,
}
