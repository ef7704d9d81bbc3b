"""Test whether the columns of women and men were exchanged; for shares of small, overdispersed counts.

All sums remain correct when two columns are exchanged, so checks of sums do not find it.  The test compares the share
with earlier ones: it fits badly as reported, but well after exchanging the columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.statistics.jumps import MINIMUM_DISPERSION, MINIMUM_HISTORY

Array = np.ndarray[Any, np.dtype[Any]]

SURPRISING = 0.001
"""A share with a p-value lower than this does not fit, as in `jumps.py`."""
FITTING = 0.05
"""An exchanged share with at least this p-value fits."""


def detect_exchange(past_part: Array, past_whole: Array, part: Array, whole: Array) -> Array:
    """Return for each series whether its present share looks like that of the other group.

    `past_part`, `past_whole`: series x periods, NaN if unknown; `part`, `whole`: one per series.  A series with fewer
    than four earlier periods with a whole above zero is never suspected.
    """
    is_known = (np.nan_to_num(past_whole) > 0) & ~np.isnan(past_part)
    has_history = is_known.sum(axis=1) >= MINIMUM_HISTORY
    parts, wholes = np.where(is_known, past_part, 0.0), np.where(is_known, past_whole, 0.0)
    p_reported = compute_fit(parts, wholes, part, whole)
    p_exchanged = compute_fit(parts, wholes, whole - part, whole)
    suspected: Array = has_history & (p_reported < SURPRISING) & (p_exchanged >= FITTING)
    return suspected


def compute_fit(past_part: Array, past_whole: Array, part: Array, whole: Array) -> Array:
    """Return the two-sided p-value of `part` of `whole` given earlier shares; periods with whole 0 are ignored.

    With F of N earlier and x of n present persons, and both shares as angles
    t(x, n) = asin sqrt((x + 3/8) / (n + 3/4)), whose variance is nearly 1 / (4 n + 2) for any share:
    z = (t(x, n) - t(F, N)) / sqrt(phi (1/(4n + 2) + 1/(4N + 2))), p = 2 P(Z >= |z|) of the normal distribution.
    phi is the Pearson dispersion of the earlier shares, at least 1.5 (as in `jumps.py`: co-defendants come in groups).

    The angle: Anscombe (1948), The transformation of Poisson, binomial and negative-binomial data, Biometrika 35(3/4),
    246-254.
    """
    from scipy.special import ndtr

    parts, wholes = past_part.sum(axis=1), past_whole.sum(axis=1)
    used = past_whole > 0
    share = ((parts + 0.375) / (wholes + 0.75))[:, None]
    expected = past_whole * share
    deviation = np.where(used, (past_part - expected) ** 2 / np.where(used, expected * (1 - share), 1.0), 0.0)
    phi = np.maximum(deviation.sum(axis=1) / np.maximum(used.sum(axis=1) - 1, 1), MINIMUM_DISPERSION)
    difference = _angle(part, whole) - _angle(parts, wholes)
    deviates = difference / np.sqrt(phi * (1 / (4 * whole + 2) + 1 / (4 * wholes + 2)))
    p: Array = 2.0 * ndtr(-np.abs(deviates))
    return p


def _angle(part: Array, whole: Array) -> Array:
    angle: Array = np.arcsin(np.sqrt((part + 0.375) / (whole + 0.75)))
    return angle
