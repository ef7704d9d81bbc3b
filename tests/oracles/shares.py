"""Shares: a part in its own whole, with exact intervals, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics import intervals
from pipelines.statistics.intervals import LEVEL, Array


class NotPartOfWholeError(ValueError):
    """Raised for the share of two numbers of which one is not part of the other."""


class Share(NamedTuple):
    """A share and its limits as fractions of 1; NaN where undefined (whole missing or 0, part missing)."""

    value: Array
    low: Array
    high: Array


def compute_share(
    part: ArrayLike, whole: ArrayLike, *, nested: bool, dispersion: ArrayLike = 1.0, level: ArrayLike = LEVEL
) -> Share:
    """Return `part` / `whole` with Clopper and Pearson's limits.

    `nested` is the declaration of the indicator that each event of the numerator is an event of the denominator (of the
    persons adjudicated in this quarter, those convicted).  Persons convicted over persons indicted of one period do not
    nest, although they are mostly smaller: their interval is that of a ratio.

    Raises NotPartOfWholeError if not declared, or if a part is above its whole: then the declaration is false, or the
    two figures contradict each other.
    """
    if not nested:
        raise NotPartOfWholeError(
            "the numerator is no part of the denominator: no share and no Clopper-Pearson interval; "
            "use ratios.compute_ratio"
        )
    x, n = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float))
    above = x > n
    if bool(np.any(above)):
        first = int(np.argmax(above.ravel()))
        raise NotPartOfWholeError(
            f"{int(above.sum())} of {above.size} parts are above their whole, first {x.ravel()[first]:g} of "
            f"{n.ravel()[first]:g} (place {first}): they cannot nest as declared"
        )
    low, high = intervals.clopper_pearson(x, n, dispersion, level)
    value = np.divide(x, n, out=np.full(n.shape, np.nan), where=n > 0)
    return Share(value, low, high)
