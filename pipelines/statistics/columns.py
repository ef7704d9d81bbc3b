"""Intervals and tests of whole columns at once, each row by its own method: the form that a warehouse function calls.

A row that contradicts itself (a part above its whole, a count below zero, as a difference of two returns can be) has no
interval here and stops no other row; it is a finding of the row, made where rows are judged.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics import intervals, ratios
from pipelines.statistics.intervals import LEVEL, Array, Interval

POISSON: Final = "poisson"
"""A count; as a rate where the denominator is an exposure.  Estimate: numerator / (denominator or 1)."""
CLOPPER_PEARSON: Final = "clopper_pearson"
"""A share: the numerator is part of the denominator.  Estimate: numerator / denominator, 0 to 1."""
CONDITIONAL: Final = "conditional"
"""A ratio of two counts that do not nest.  Estimate: numerator / denominator, from 0 up."""

METHODS: Final = (POISSON, CLOPPER_PEARSON, CONDITIONAL)


def limits(
    method: ArrayLike,
    numerator: ArrayLike,
    denominator: ArrayLike,
    dispersion: ArrayLike = 1.0,
    level: ArrayLike = LEVEL,
) -> Interval:
    """Limits of each row's estimate, in its unit (multiply by 100 or 100,000 outside).

    `method`: codes above, or empty for a figure that has no interval; `denominator` NaN is none for `poisson`;
    `dispersion` NaN is unknown and taken as 1 (the interval is then a lower bound).  NaN where undefined.
    """
    shape = np.broadcast(np.asarray(method), np.asarray(numerator), np.asarray(denominator)).shape
    kind = np.broadcast_to(np.asarray(method, dtype=str), shape)
    x, y, phi, at = (
        np.broadcast_to(np.asarray(one, dtype=float), shape) for one in (numerator, denominator, dispersion, level)
    )
    strange = set(np.unique(kind).tolist()) - {*METHODS, ""}
    if strange:
        raise ValueError(f"no such method of an interval: {', '.join(sorted(strange))}; known: {', '.join(METHODS)}")
    x, y = _from_zero(x), _from_zero(y)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)

    rows = kind == POISSON
    exposure = np.where(np.isnan(y[rows]), 1.0, y[rows])
    made = intervals.poisson(x[rows], phi[rows], at[rows])
    for into, one in ((low, made.low), (high, made.high)):
        into[rows] = np.divide(one, exposure, out=np.full(one.shape, np.nan), where=exposure > 0)

    rows = (kind == CLOPPER_PEARSON) & (x <= y)
    low[rows], high[rows] = intervals.clopper_pearson(x[rows], y[rows], phi[rows], at[rows])

    rows = kind == CONDITIONAL
    both = ratios.ratio(x[rows], y[rows], 1.0, 1.0, phi[rows], phi[rows], at[rows])
    low[rows], high[rows] = both.low, both.high
    return Interval(low, high)


def p_values(
    upper: ArrayLike,
    lower: ArrayLike,
    exposure_upper: ArrayLike,
    exposure_lower: ArrayLike,
    dispersion_upper: ArrayLike = 1.0,
    dispersion_lower: ArrayLike = 1.0,
) -> Array:
    """p-value of equal rates of each row, for one pair alone; not adjusted for many pairs."""
    x, y = _from_zero(upper), _from_zero(lower)
    return ratios.ratio(x, y, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower).p


def _from_zero(counts: ArrayLike) -> Array:
    given = np.asarray(counts, dtype=float)
    return np.where(given < 0, np.nan, given)
