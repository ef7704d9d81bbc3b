"""Compare the figures of two areas, whole columns at once: limits and p-value of the ratio in each row."""

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
"""Two counts over counts: the ratio of the ratios; for shares, with the rest of the whole as lower count, the odds
ratio."""
METHODS: Final = (RATES, PROPORTIONS)


class RatioContrast(NamedTuple):
    """Limits of the ratio of first to second, and the p-value of a ratio of 1.

    NaN if undefined; `high` is infinite if the second has no event.
    """

    low: Array
    high: Array
    p: Array


def compute_contrasts(
    method: ArrayLike,
    upper_a: ArrayLike,
    lower_a: ArrayLike,
    upper_b: ArrayLike,
    lower_b: ArrayLike,
    dispersion_a: ArrayLike = 1.0,
    dispersion_b: ArrayLike = 1.0,
    level: ArrayLike = 0.95,
) -> RatioContrast:
    """Compute the contrast of each row by its own method.

    NaN for rows without a method or with a missing or negative count.  Dispersion NaN is unknown and taken as 1 (the
    true interval is then at least as wide).  Raises ValueError for an unknown method.
    """
    kind = np.asarray(method, dtype=str)
    unknown = set(np.unique(kind).tolist()) - {*METHODS, ""}
    if unknown:
        raise ValueError(f"no such contrast: {', '.join(sorted(unknown))}; known: {', '.join(METHODS)}")
    numbers = (upper_a, lower_a, upper_b, lower_b, dispersion_a, dispersion_b, level)
    inputs = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in numbers), np.zeros(kind.shape))[:-1]
    kind = np.broadcast_to(kind, inputs[0].shape)
    counts, phi, levels = inputs[:4], [np.where(np.isnan(values), 1.0, values) for values in inputs[4:6]], inputs[6]
    is_known = ~np.any([np.isnan(values) | (values < 0) for values in counts], axis=0)
    results = [np.full(kind.shape, np.nan) for _ in range(3)]

    rows = (kind == RATES) & is_known
    xa, ya, xb, yb = (values[rows] for values in counts)
    rate_ratios = ratios.compute_ratio(xa, xb, ya, yb, phi[0][rows], phi[1][rows], levels[rows])
    for target, values in zip(results, (rate_ratios.low, rate_ratios.high, rate_ratios.p), strict=True):
        target[rows] = values

    for place in np.flatnonzero((kind == PROPORTIONS) & is_known):
        key = (
            *(float(values[place]) for values in counts),
            float(phi[0][place]),
            float(phi[1][place]),
            float(levels[place]),
        )
        for target, number in zip(results, _proportions(*key), strict=True):
            target[place] = number
    return RatioContrast(*results)


@lru_cache(maxsize=200_000)
def _proportions(*arguments: float) -> tuple[float, float, float]:
    _, low, high, p = ratios.ratio_of_ratios(*arguments)
    return low, high, p
