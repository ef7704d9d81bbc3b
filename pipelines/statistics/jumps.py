"""Test whether a count is surprising given earlier counts; for small, overdispersed counts.

A change in per cent is meaningless for counts this small: from 1 to 3 is plus 200 per cent.  The earlier counts are
taken as draws with one mean and a variance of `phi` times the mean; the next count is then compared with the negative
binomial distribution of that mean, whose variance includes the uncertainty of the mean.

Source of the form: quasi-Poisson prediction limits as in Farrington, Andrews, Beale and Catchpole (1996), A statistical
algorithm for the early detection of outbreaks, J. R. Statist. Soc. A 159(3), 547-563; here without trend and season.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

MINIMUM_HISTORY = 4
MINIMUM_DISPERSION = 1.5
"""Lower bound of phi: co-defendants come in groups, so a short series with less dispersion shows it by chance."""


def compute_surprise(
    past: Array,
    present: Array,
    minimum_history: int = MINIMUM_HISTORY,
    minimum_dispersion: float = MINIMUM_DISPERSION,
) -> Array:
    """Return the two-sided p-value of each present count.

    `past`: series x periods, NaN if unknown; `present`: one count per series.  NaN if fewer than `minimum_history` (at
    least two) past counts are known.  With k past counts of mean m and Pearson dispersion phi (never below
    `minimum_dispersion`, which is above 1), the reference distribution has mean m (at least 0.5, so that a series of
    zeros does not forbid a first case) and
    variance phi m (1 + 1/k); p = min(1, 2 min(P(X <= x), P(X >= x))).  With r = m^2 / (variance - m) and
    q = r / (r + m), P(X <= x) = I_q(r, x + 1), the regularised incomplete beta function.
    """
    from scipy.special import betainc, betaincc

    past = np.asarray(past, dtype=float)
    present = np.asarray(present, dtype=float)
    n_known = (~np.isnan(past)).sum(axis=1)
    has_history = n_known >= minimum_history
    k = np.where(has_history, n_known, 2)
    mean = np.maximum(np.nansum(past, axis=1) / k, 0.5)
    deviation = np.nansum((past - mean[:, None]) ** 2, axis=1)
    phi = np.maximum(deviation / mean / (k - 1), minimum_dispersion)
    variance = phi * mean * (1.0 + 1.0 / k)
    size = mean**2 / (variance - mean)
    probability = size / (size + mean)
    # Not scipy.stats.nbinom: importing scipy.stats takes half a second of a check.
    counts = np.floor(np.nan_to_num(present))
    below = np.where(counts >= 0, betainc(size, np.maximum(counts, 0) + 1, probability), 0.0)
    above = np.where(counts > 0, betaincc(size, np.maximum(counts, 1), probability), 1.0)
    p: Array = np.minimum(1.0, 2.0 * np.minimum(below, above))
    return np.where(has_history & ~np.isnan(present), p, np.nan)
