"""Do women and men stand in each other's column? A test for shares of small, overdispersed counts.

Two columns exchanged leave every sum right, so that no sum tells it.  What tells it is that the share fits badly as it
stands and well the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.statistics.jumps import MINIMUM_DISPERSION, MINIMUM_HISTORY

Array = np.ndarray[Any, np.dtype[Any]]

SURPRISING = 0.001
"""Below this the share does not fit, as with jumps."""
FITTING = 0.05
"""From here on the exchanged share fits."""


def exchanged(past_part: Array, past_whole: Array, part: Array, whole: Array) -> Array:
    """Whether each present share looks like the other group's: true or false.

    `past_part`, `past_whole`: series x periods, NaN where nothing is known; `part` of `whole`: one a series.  A series
    with fewer than four earlier periods whose whole is above nought is never suspected.
    """
    known = (np.nan_to_num(past_whole) > 0) & ~np.isnan(past_part)
    enough = known.sum(axis=1) >= MINIMUM_HISTORY
    parts, wholes = np.where(known, past_part, 0.0), np.where(known, past_whole, 0.0)
    as_it_stands = fit(parts, wholes, part, whole)
    other_way = fit(parts, wholes, whole - part, whole)
    suspected: Array = enough & (as_it_stands < SURPRISING) & (other_way >= FITTING)
    return suspected


def fit(past_part: Array, past_whole: Array, part: Array, whole: Array) -> Array:
    """Two-sided p-value of `part` of `whole` beside earlier shares; periods whose whole is nought say nothing.

    With F of N persons before and x of n now, both shares as angles t(x, n) = asin sqrt((x + 3/8) / (n + 3/4)), whose
    variance is nearly 1 / (4 n + 2) whatever the share: z = (t(x, n) - t(F, N)) / sqrt(phi (1/(4n + 2) + 1/(4N + 2))),
    p = 2 P(Z >= |z|) of the normal distribution.  phi is the Pearson dispersion of the earlier shares, never below 1.5
    (as in `jumps.py`: co-defendants come in groups).

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
    apart = _angle(part, whole) - _angle(parts, wholes)
    deviates = apart / np.sqrt(phi * (1 / (4 * whole + 2) + 1 / (4 * wholes + 2)))
    p: Array = 2.0 * ndtr(-np.abs(deviates))
    return p


def _angle(part: Array, whole: Array) -> Array:
    angle: Array = np.arcsin(np.sqrt((part + 0.375) / (whole + 0.75)))
    return angle
