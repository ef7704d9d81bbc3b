"""Comparison of several territories: which pairs differ significantly, allowing for the number of pairs compared.

Seven territories make 21 pairs; at 5 per cent each, one pair too many differs in 23 to 39 per cent of all
comparisons of seven equal territories.  So the intervals are simultaneous: with m pairs each is made at level
1 - alpha/m (Bonferroni), and with at least 95 per cent probability all of them hold at once, whatever the dependence
between pairs that share a territory.  The p-value is m times the pair's own, at most 1, and the verdict is whether the
interval leaves out 1.  So the three never contradict each other.  Holm's (1979) procedure separates some 5 to 8 per
cent more pairs (docs/methodology/simulation.md), but has no interval that matches: the text would be "higher" next to
an interval that contains 1.

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
UNCLEAR = "depends_on_persons_per_case"
"""Verdict that a difference holds at the dispersions given, and not at the default ones."""
NO_DIFFERENCE = "no_difference"
"""Verdict that the numbers show no significant difference; it does not mean that the two are equal."""
TOO_FEW = few.TOO_FEW
MISSING = few.MISSING
NOT_COMPARABLE = "not_comparable"


class Pair(NamedTuple):
    """`first` compared with `second` (positions in the input): ratio, simultaneous limits, adjusted p-value, verdict on
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


def compare_rates(
    counts: Sequence[float],
    exposures: Sequence[float] | None = None,
    dispersions: Sequence[float] | None = None,
    *,
    default_dispersions: Sequence[float] | None = None,
    comparable: Callable[[int, int], bool] | None = None,
    level: float = LEVEL,
) -> list[Pair]:
    """Compare all pairs of counts, or of rates if exposures (population) are given; see `ratios.compute_ratio`.

    `comparable(i, j)` says whether the pair may be compared.  A difference must hold at the `default_dispersions`, too.
    """
    events, people = _checked(counts, exposures)
    phi = np.ones(len(events)) if dispersions is None else np.asarray(dispersions, dtype=float)
    default = phi if default_dispersions is None else np.asarray(default_dispersions, dtype=float)

    def compare_pair(i: int, j: int, at: float, phi: Array) -> tuple[float, float, float, float]:
        ratio = ratios.compute_ratio(events[i], events[j], people[i], people[j], phi[i], phi[j], at)
        return float(ratio.value), float(ratio.low), float(ratio.high), float(ratio.p)

    state = few.figure_states(np.where(np.isnan(people), np.nan, events))
    return _family([str(name) for name in state], compare_pair, (phi, default), comparable, level)


def compare_proportions(
    uppers: Sequence[float],
    lowers: Sequence[float],
    *,
    nested: bool,
    dispersions: Sequence[float] | None = None,
    default_dispersions: Sequence[float] | None = None,
    comparable: Callable[[int, int], bool] | None = None,
    level: float = LEVEL,
) -> list[Pair]:
    """Compare all pairs of ratios (upper over lower), or, if the upper is part of the lower (`nested`), of shares by
    their odds ratio; see `ratios.ratio_of_ratios`."""
    x, y = _checked(uppers, lowers)
    if nested and bool(np.any(x > y)):
        raise ValueError("a part is above its whole: the two cannot nest as declared")
    remainder = y - x if nested else y
    phi = np.ones(len(x)) if dispersions is None else np.asarray(dispersions, dtype=float)
    default = phi if default_dispersions is None else np.asarray(default_dispersions, dtype=float)

    def compare_pair(i: int, j: int, at: float, phi: Array) -> tuple[float, float, float, float]:
        return ratios.ratio_of_ratios(x[i], remainder[i], x[j], remainder[j], float(phi[i]), float(phi[j]), at)

    states = few.share_states(x, y) if nested else few.figure_states(x, y)
    return _family([str(state) for state in states], compare_pair, (phi, default), comparable, level)


def adjust_p_values(p: ArrayLike, pairs: ArrayLike) -> Array:
    """Adjust p-values of single pairs for that many pairs: min(1, m p).  Source: Bonferroni; see the module."""
    many: Array = np.minimum(1.0, np.asarray(p, dtype=float) * np.asarray(pairs, dtype=float))
    return many


def level_of_each(pairs: ArrayLike, level: float = LEVEL) -> Array:
    """Return the level of each of that many intervals that together hold at `level`: 1 - (1 - level)/m."""
    each: Array = 1.0 - (1.0 - level) / np.maximum(np.asarray(pairs, dtype=float), 1.0)
    return each


def decide_verdicts(low: ArrayLike, high: ArrayLike) -> np.ndarray[Any, np.dtype[np.str_]]:
    """Return the verdict of simultaneous limits of a ratio: `higher` if all above 1, `lower` if all below, else
    `no_difference`; `missing` without limits."""
    below, above = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    verdict = np.where(below > 1.0, HIGHER, np.where(above < 1.0, LOWER, NO_DIFFERENCE))
    return np.where(np.isnan(below) | np.isnan(above), MISSING, verdict)


def _family(
    states: list[str],
    contrast: Callable[[int, int, float, Array], tuple[float, float, float, float]],
    dispersions: tuple[Array, Array],
    comparable: Callable[[int, int], bool] | None,
    level: float,
) -> list[Pair]:
    def find_reason(i: int, j: int) -> str:
        for why in (MISSING, TOO_FEW):
            if why in (states[i], states[j]):
                return why
        return "" if comparable is None or comparable(i, j) else NOT_COMPARABLE

    left_out = {pair: find_reason(*pair) for pair in combinations(range(len(states)), 2)}
    tested = sum(not why for why in left_out.values())
    each = float(level_of_each(tested, level))
    pairs: list[Pair] = []
    for (i, j), why in left_out.items():
        value, low, high, p = contrast(i, j, each, dispersions[0])
        if why:
            pairs.append(Pair(i, j, value, float("nan"), float("nan"), float("nan"), why))
        else:
            verdict = str(decide_verdicts(low, high))
            if verdict != NO_DIFFERENCE and verdict != str(decide_verdicts(*contrast(i, j, each, dispersions[1])[1:3])):
                verdict = UNCLEAR
            pairs.append(Pair(i, j, value, low, high, float(adjust_p_values(p, tested)), verdict))
    return pairs


def _checked(first: Sequence[float], second: Sequence[float] | None) -> tuple[Array, Array]:
    x = np.asarray(first, dtype=float)
    y = np.ones(len(x)) if second is None else np.asarray(second, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"one number a territory on both sides, not shapes {x.shape} and {y.shape}")
    return x, y
