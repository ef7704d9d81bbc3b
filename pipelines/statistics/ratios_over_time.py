"""Test whether two counts of the same persons still have the ratio that they had in earlier periods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray[Any, np.dtype[Any]]

MINIMUM_DISPERSION = 0.1
"""Lower bound of the dispersion, for sources that were always equal: they count the same persons, so it is far below
that of two independent counts, but a late entry is possible."""


def score_ratio(
    past: Sequence[Sequence[float]], past_other: Sequence[Sequence[float]], present: ArrayLike, other: ArrayLike
) -> tuple[Array, Array]:
    """Return the expected present counts and the two-sided p-values of the reported ones.

    With the ratio q of all k past counts to the others, the expectation is m = q y for the present other count y, and
    the variance phi m (1 + 1/k); phi is the Pearson dispersion of the past counts about q times the others.  p is that
    of the normal distribution with a continuity correction of one half.  This is the ratio estimator of survey
    sampling: Cochran (1977), Sampling Techniques, section 6.2.
    """
    from scipy.special import ndtr

    x, y = np.asarray(present, dtype=float), np.asarray(other, dtype=float)
    expected, variance = np.zeros(len(x)), np.ones(len(x))
    for row, (counts, others) in enumerate(zip(past, past_other, strict=True)):
        a, b = np.asarray(counts, dtype=float), np.asarray(others, dtype=float)
        ratio = float(a.sum()) / float(b.sum()) if b.sum() > 0 else 1.0
        means = np.maximum(ratio * b, 0.5)
        phi = max(float((((a - ratio * b) ** 2) / means).sum()) / max(len(a) - 1, 1), MINIMUM_DISPERSION)
        expected[row] = ratio * y[row]
        variance[row] = phi * max(expected[row], 0.5) * (1 + 1 / len(a))
    deviation = np.maximum(np.abs(x - expected) - 0.5, 0.0)
    p: Array = 2 * ndtr(-deviation / np.sqrt(variance))
    return expected, p
