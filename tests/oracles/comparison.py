"""Several territories side by side: which pairs can be told apart on these numbers, with all pairs looked at in mind.

Seven territories make 21 pairs; at 5 per cent each, one pair too many is told apart in 23 to 39 per cent of all
comparisons of seven equal territories.  So the intervals are simultaneous: with m pairs each is made at level
1 - alpha/m (Bonferroni), and with at least 95 per cent probability all of them hold at once, whatever the dependence
between pairs that share a territory.  The p-value is m times the pair's own, at most 1, and the verdict is whether the
interval leaves out 1.  So the three never contradict each other.  Holm's (1979) procedure tells some 5 to 8 per cent
more pairs apart (docs/methodology/simulation.md), but has no interval that goes with them: the text would say "higher"
beside an interval that holds 1.

m is the number of pairs that are tested: pairs with too few events, without a figure, or not comparable are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics import ratios
from pipelines.statistics.intervals import LEVEL, Array
from tests.oracles import few

HIGHER = "higher"
LOWER = "lower"
NO_DIFFERENCE = "no_difference"
"""Cannot be told apart on these numbers; not: are equal."""
TOO_FEW = few.TOO_FEW
MISSING = few.MISSING
NOT_COMPARABLE = "not_comparable"


class Pair(NamedTuple):
    """`first` beside `second` (places in what was given): ratio, simultaneous limits, adjusted p-value, verdict on
    first.

    For shares the ratio is the odds ratio.  Untested pairs have the ratio (NaN if missing), no limits and no p-value.
    """

    first: int
    second: int
    ratio: float
    low: float
    high: float
    p: float
    verdict: str


def rates(
    counts: Sequence[float],
    exposures: Sequence[float] | None = None,
    dispersions: Sequence[float] | None = None,
    *,
    comparable: Callable[[int, int], bool] | None = None,
    level: float = LEVEL,
) -> list[Pair]:
    """All pairs of counts, or of rates where exposures (persons of population) are given; see `ratios.compute_ratio`.

    `comparable(i, j)` says whether the pair may be compared.
    """
    events, people = _checked(counts, exposures)
    phi = np.ones(len(events)) if dispersions is None else np.asarray(dispersions, dtype=float)

    def contrast(i: int, j: int, at: float) -> tuple[float, float, float, float]:
        one = ratios.compute_ratio(events[i], events[j], people[i], people[j], phi[i], phi[j], at)
        return float(one.value), float(one.low), float(one.high), float(one.p)

    state = few.state(np.where(np.isnan(people), np.nan, events))
    return _family([str(one) for one in state], contrast, comparable, level)


def proportions(
    uppers: Sequence[float],
    lowers: Sequence[float],
    *,
    nested: bool,
    dispersions: Sequence[float] | None = None,
    comparable: Callable[[int, int], bool] | None = None,
    level: float = LEVEL,
) -> list[Pair]:
    """All pairs of ratios (upper over lower), or, where the upper is part of the lower (`nested`), of shares by their
    odds ratio; see `ratios.ratio_of_ratios`."""
    x, y = _checked(uppers, lowers)
    if nested and bool(np.any(x > y)):
        raise ValueError("a part is above its whole: the two cannot nest as declared")
    rest = y - x if nested else y
    phi = np.ones(len(x)) if dispersions is None else np.asarray(dispersions, dtype=float)

    def contrast(i: int, j: int, at: float) -> tuple[float, float, float, float]:
        return ratios.ratio_of_ratios(x[i], rest[i], x[j], rest[j], float(phi[i]), float(phi[j]), at)

    return _family([str(one) for one in few.state(x, y)], contrast, comparable, level)


def adjusted(p: ArrayLike, pairs: ArrayLike) -> Array:
    """p-values of single pairs, for looking at so many pairs: min(1, m p).  Source: Bonferroni; see the module."""
    many: Array = np.minimum(1.0, np.asarray(p, dtype=float) * np.asarray(pairs, dtype=float))
    return many


def level_of(pairs: ArrayLike, level: float = LEVEL) -> Array:
    """Level of each of so many intervals that hold at once at `level`: 1 - (1 - level)/m."""
    each: Array = 1.0 - (1.0 - level) / np.maximum(np.asarray(pairs, dtype=float), 1.0)
    return each


def verdicts(low: ArrayLike, high: ArrayLike) -> np.ndarray[Any, np.dtype[np.str_]]:
    """Verdict of simultaneous limits of a ratio: `higher` if all above 1, `lower` if all below, `no_difference` else;
    `missing` where there are none."""
    below, above = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    told = np.where(below > 1.0, HIGHER, np.where(above < 1.0, LOWER, NO_DIFFERENCE))
    return np.where(np.isnan(below) | np.isnan(above), MISSING, told)


def _family(
    states: list[str],
    contrast: Callable[[int, int, float], tuple[float, float, float, float]],
    comparable: Callable[[int, int], bool] | None,
    level: float,
) -> list[Pair]:
    def reason(i: int, j: int) -> str:
        for why in (MISSING, TOO_FEW):
            if why in (states[i], states[j]):
                return why
        return "" if comparable is None or comparable(i, j) else NOT_COMPARABLE

    left_out = {pair: reason(*pair) for pair in combinations(range(len(states)), 2)}
    tested = sum(not why for why in left_out.values())
    each = float(level_of(tested, level))
    made: list[Pair] = []
    for (i, j), why in left_out.items():
        value, low, high, p = contrast(i, j, each)
        if why:
            made.append(Pair(i, j, value, float("nan"), float("nan"), float("nan"), why))
        else:
            made.append(Pair(i, j, value, low, high, float(adjusted(p, tested)), str(verdicts(low, high))))
    return made


def _checked(first: Sequence[float], second: Sequence[float] | None) -> tuple[Array, Array]:
    x = np.asarray(first, dtype=float)
    y = np.ones(len(x)) if second is None else np.asarray(second, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"one number a territory on both sides, not shapes {x.shape} and {y.shape}")
    return x, y
