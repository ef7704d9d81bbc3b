"""Compare two shares by Fisher's exact test, and adjust p-values for several comparisons by Holm's method."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array

_SAME = 1 + 1e-7
"""Relative difference within which two probabilities are taken as equal, as in other implementations."""


def compute_fisher_p(part_a: ArrayLike, whole_a: ArrayLike, part_b: ArrayLike, whole_b: ArrayLike) -> Array:
    """Return the two-sided p-value that two shares are equal, for arrays of counts; NaN where a whole is 0 or missing.

    The p-value sums the probabilities, given both wholes and the sum of the parts, of all tables that are at most as
    probable as the observed one. Source: Fisher (1935), The logic of inductive inference, Journal of the Royal
    Statistical Society 98, 39-82. Raises ValueError for a part below zero or above its whole.
    """
    columns = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (part_a, whole_a, part_b, whole_b)))
    p_values = np.full(columns[0].shape, np.nan)
    for place in np.ndindex(columns[0].shape):
        values = [float(column[place]) for column in columns]
        if not np.isnan(values).any() and values[1] > 0 and values[3] > 0:
            p_values[place] = _fisher(*(int(value) for value in values))
    return p_values


@lru_cache(maxsize=100_000)
def _fisher(part_a: int, whole_a: int, part_b: int, whole_b: int) -> float:
    from scipy.special import gammaln

    if not (0 <= part_a <= whole_a and 0 <= part_b <= whole_b):
        raise ValueError(f"a part is from 0 to its whole, not {part_a} of {whole_a} and {part_b} of {whole_b}")
    parts = part_a + part_b
    x = np.arange(max(0, parts - whole_b), min(parts, whole_a) + 1)
    logs = -(gammaln(x + 1) + gammaln(whole_a - x + 1) + gammaln(parts - x + 1) + gammaln(whole_b - parts + x + 1))
    probabilities = np.exp(logs - logs.max())
    observed = probabilities[int(part_a - x[0])]
    return float(min(1.0, probabilities[probabilities <= observed * _SAME].sum() / probabilities.sum()))


def adjust_holm(p_values: ArrayLike) -> Array:
    """Return p-values adjusted for their number, so that any false alarm among them is as rare as for one; NaN stays.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
    65-70.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    places = np.flatnonzero(~np.isnan(p))
    order = places[np.argsort(p[places], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return adjusted
