"""Measure the revisions of published figures between vintages.

Sources: ESS Guidelines for the implementation of the ESS quality and performance indicators (2014), A6 "Data revision -
average size" (its relative form divides by the later figures: from memory, unverified); McKenzie and Gamba (2008),
Interpreting the results of revision analyses: recommended summary statistics, OECD/Eurostat task force, section 3.6,
whose relative form divides by the earlier ones.  Both are returned, because both are in use.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Revision(NamedTuple):
    """Revisions between two vintages, over the reference periods known in both; NaN if there are none.

    `mean` and `mean_absolute` are in the unit of the series; `relative_to_later` (A6) and `relative_to_earlier` are
    fractions of 1 (NaN if all those figures are 0); `revised` of the `periods` changed.
    """

    periods: int
    revised: int
    mean: float
    mean_absolute: float
    relative_to_later: float
    relative_to_earlier: float


def measure_revision(earlier: ArrayLike, later: ArrayLike) -> Revision:
    """Compute the measures of the revision from `earlier` to `later` figures of the same reference periods.

    MR = sum(L - P)/n, MAR = sum|L - P|/n, RMAR = sum|L - P| / sum|L| (A6) or / sum|P|, n periods known in both.
    """
    old, new = np.broadcast_arrays(np.asarray(earlier, dtype=float), np.asarray(later, dtype=float))
    in_both = ~np.isnan(old) & ~np.isnan(new)
    old, new = old[in_both], new[in_both]
    change = new - old
    n = int(in_both.sum())
    if n == 0:
        nan = float("nan")
        return Revision(0, 0, nan, nan, nan, nan)
    size = float(np.abs(change).sum())
    return Revision(
        periods=n,
        revised=int((change != 0).sum()),
        mean=float(change.mean()),
        mean_absolute=size / n,
        relative_to_later=_share(size, float(np.abs(new).sum())),
        relative_to_earlier=_share(size, float(np.abs(old).sum())),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
