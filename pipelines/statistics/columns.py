"""Intervals and tests of whole columns, each row by its own method, in the form that warehouse functions call.

An inconsistent row (a part above its whole, or a count below zero, as a difference of two returns can be) has no
interval here and does not stop the other rows; the checks of the rows report it.
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


def compute_limits(
    method: ArrayLike,
    numerator: ArrayLike,
    denominator: ArrayLike,
    dispersion: ArrayLike = 1.0,
    level: ArrayLike = LEVEL,
) -> Interval:
    """Return the limits of the estimate in each row, in its own unit (the caller multiplies by 100 or 100,000).

    `method`: codes above, or empty for a figure without an interval; `denominator` NaN means none for `poisson`;
    `dispersion` NaN is unknown and taken as 1 (the interval is then a lower bound).  NaN if undefined.  Raises
    ValueError for an unknown method.
    """
    shape = np.broadcast(np.asarray(method), np.asarray(numerator), np.asarray(denominator)).shape
    kind = np.broadcast_to(np.asarray(method, dtype=str), shape)
    x, y, phi, levels = (
        np.broadcast_to(np.asarray(values, dtype=float), shape)
        for values in (numerator, denominator, dispersion, level)
    )
    unknown = set(np.unique(kind).tolist()) - {*METHODS, ""}
    if unknown:
        raise ValueError(f"no such method of an interval: {', '.join(sorted(unknown))}; known: {', '.join(METHODS)}")
    x, y = _from_zero(x), _from_zero(y)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)

    rows = kind == POISSON
    exposure = np.where(np.isnan(y[rows]), 1.0, y[rows])
    counts = intervals.poisson_interval(x[rows], phi[rows], levels[rows])
    for target, values in ((low, counts.low), (high, counts.high)):
        target[rows] = np.divide(values, exposure, out=np.full(values.shape, np.nan), where=exposure > 0)

    rows = (kind == CLOPPER_PEARSON) & (x <= y)
    low[rows], high[rows] = intervals.clopper_pearson(x[rows], y[rows], phi[rows], levels[rows])

    rows = kind == CONDITIONAL
    ratio_limits = ratios.compute_ratio(x[rows], y[rows], 1.0, 1.0, phi[rows], phi[rows], levels[rows])
    low[rows], high[rows] = ratio_limits.low, ratio_limits.high
    return Interval(low, high)


def p_values(
    upper: ArrayLike,
    lower: ArrayLike,
    exposure_upper: ArrayLike,
    exposure_lower: ArrayLike,
    dispersion_upper: ArrayLike = 1.0,
    dispersion_lower: ArrayLike = 1.0,
) -> Array:
    """Return the p-value of equal rates in each row, for a single pair; not adjusted for multiple comparisons."""
    x, y = _from_zero(upper), _from_zero(lower)
    return ratios.compute_ratio(x, y, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower).p


def _from_zero(counts: ArrayLike) -> Array:
    values = np.asarray(counts, dtype=float)
    return np.where(values < 0, np.nan, values)
