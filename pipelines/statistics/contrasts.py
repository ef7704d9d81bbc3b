"""Two areas' figures side by side, whole columns at once: limits and p-value of the ratio of each pair of rows."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics import ratios
from pipelines.statistics.intervals import Array

RATES: Final = "rates"
"""Two counts over exposures (persons of population): the ratio of the rates."""
PROPORTIONS: Final = "proportions"
"""Two counts over counts: the ratio of the ratios; of shares, where the lower is the rest of the whole, the odds
ratio."""
METHODS: Final = (RATES, PROPORTIONS)


class Contrast(NamedTuple):
    """Limits of the ratio of first to second and the p-value of 1; NaN where undefined, high infinite where the second
    has no event."""

    low: Array
    high: Array
    p: Array


def contrasts(
    method: ArrayLike,
    upper_a: ArrayLike,
    lower_a: ArrayLike,
    upper_b: ArrayLike,
    lower_b: ArrayLike,
    dispersion_a: ArrayLike = 1.0,
    dispersion_b: ArrayLike = 1.0,
    level: ArrayLike = 0.95,
) -> Contrast:
    """Contrast of each row by its own method; a row of no method, or with a count missing or below zero, has none.

    Dispersion NaN is unknown and taken as 1 (the interval is then a lower bound of the true one).
    """
    kind = np.asarray(method, dtype=str)
    strange = set(np.unique(kind).tolist()) - {*METHODS, ""}
    if strange:
        raise ValueError(f"no such contrast: {', '.join(sorted(strange))}; known: {', '.join(METHODS)}")
    numbers = (upper_a, lower_a, upper_b, lower_b, dispersion_a, dispersion_b, level)
    given = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in numbers), np.zeros(kind.shape))[:-1]
    kind = np.broadcast_to(kind, given[0].shape)
    counts, phi, at = given[:4], [np.where(np.isnan(one), 1.0, one) for one in given[4:6]], given[6]
    known = ~np.any([np.isnan(one) | (one < 0) for one in counts], axis=0)
    out = [np.full(kind.shape, np.nan) for _ in range(3)]

    rows = (kind == RATES) & known
    xa, ya, xb, yb = (one[rows] for one in counts)
    made = ratios.ratio(xa, xb, ya, yb, phi[0][rows], phi[1][rows], at[rows])
    for into, one in zip(out, (made.low, made.high, made.p), strict=True):
        into[rows] = one

    for place in np.flatnonzero((kind == PROPORTIONS) & known):
        key = (*(float(one[place]) for one in counts), float(phi[0][place]), float(phi[1][place]), float(at[place]))
        for into, number in zip(out, _proportions(*key), strict=True):
            into[place] = number
    return Contrast(*out)


@lru_cache(maxsize=200_000)
def _proportions(*given: float) -> tuple[float, float, float]:
    _, low, high, p = ratios.ratio_of_ratios(*given)
    return low, high, p
