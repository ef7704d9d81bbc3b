"""Ratios of two counts, of two rates, and of two ratios, with exact conditional intervals and tests.

p-values are central: twice the smaller tail, at most 1.  Hence a p-value is below alpha exactly if the interval at
level 1 - alpha excludes the tested value: see Fay (2010), Two-sided exact tests and matching confidence intervals for
discrete data, The R Journal 2(1), 53-58.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import LEVEL, Array, prepare_inputs


class Ratio(NamedTuple):
    """A ratio, its limits, and the p-value of a ratio of 1; all NaN if a count or an exposure is missing.

    If the lower count is 0, `high` is infinite and `value` is NaN, because the ratio is undefined.
    """

    value: Array
    low: Array
    high: Array
    p: Array


def compute_ratio(
    upper: ArrayLike,
    lower: ArrayLike,
    exposure_upper: ArrayLike = 1.0,
    exposure_lower: ArrayLike = 1.0,
    dispersion_upper: ArrayLike = 1.0,
    dispersion_lower: ArrayLike = 1.0,
    level: ArrayLike = LEVEL,
) -> Ratio:
    """Compute the ratio of two counts, or with exposures (persons, days) the ratio of two rates.

    The ratio of rates is (upper/exposure) / (lower/exposure).

    Given their sum, one of two independent Poisson counts is binomial, with p/(1 - p) the ratio of the means; Clopper
    and Pearson's limits of p become limits of the ratio.  With dispersions both counts are taken as effective counts
    (count over phi), which is quasi-exact.  Two counts that share events (the same persons in both) differ less than
    independent ones: the interval is then too wide, never too narrow.

    Sources: Przyborowski and Wilenski (1940), Homogeneity of results in testing samples from Poisson series, Biometrika
    31, 313-323; Lehmann and Romano (2005), Testing Statistical Hypotheses, section 4.5.
    """
    from scipy.special import betainc, betaincinv

    x, phi_x, alpha = prepare_inputs(upper, dispersion_upper, level)
    y, phi_y, _ = prepare_inputs(lower, dispersion_lower, level)
    tx, ty = np.asarray(exposure_upper, dtype=float), np.asarray(exposure_lower, dtype=float)
    x, y, phi_x, phi_y, tx, ty, alpha = np.broadcast_arrays(x, y, phi_x, phi_y, tx, ty, alpha)
    is_known = ~np.isnan(x) & ~np.isnan(y) & (tx > 0) & (ty > 0)
    a, b = x / phi_x, y / phi_y
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = phi_x / phi_y * ty / tx
        p_low = np.where(x > 0, betaincinv(np.maximum(a, 1e-300), b + 1.0, alpha / 2), 0.0)
        q_high = np.where(y > 0, betaincinv(np.maximum(b, 1e-300), a + 1.0, alpha / 2), 0.0)
        low = p_low / (1.0 - p_low) * scale
        high = np.where(q_high > 0, (1.0 - q_high) / q_high * scale, np.inf)
        value = np.where(y > 0, (x / tx) / (y / ty), np.nan)
        null = 1.0 / (1.0 + scale)  # p under a ratio of 1: p/(1 - p) x scale = 1
        above = np.where(x > 0, betainc(np.maximum(a, 1e-300), b + 1.0, null), 1.0)  # P(X >= x)
        below = np.where(y > 0, betainc(np.maximum(b, 1e-300), a + 1.0, 1.0 - null), 1.0)  # P(X <= x)
        p = np.minimum(1.0, 2.0 * np.minimum(above, below))
    return Ratio(*(np.where(is_known, part, np.nan) for part in (value, low, high, p)))


def ratio_of_ratios(
    upper_a: float,
    lower_a: float,
    upper_b: float,
    lower_b: float,
    dispersion_a: float = 1.0,
    dispersion_b: float = 1.0,
    level: float = LEVEL,
) -> tuple[float, float, float, float]:
    """Compute (upper_a/lower_a) / (upper_b/lower_b): value, limits, p-value of 1.  Counts are whole, from 0 up.

    Four independent Poisson counts, conditional on the sums of both pairs and of both upper counts, follow Fisher's
    noncentral hypergeometric distribution with this ratio as its odds ratio; it is the same for two shares, where
    `lower` is the rest of the whole.  Limits are the odds ratios at which a tail falls to alpha/2.  The value is
    computed from the counts, not the conditional estimate, so that it is the ratio of the two figures shown.  With
    dispersions, the counts are divided by them and rounded down, which is conservative.

    Sources: Fisher (1935), The logic of inductive inference, J. R. Statist. Soc. 98, 39-82; Cornfield (1956), A
    statistical problem arising from retrospective studies, Proc. Third Berkeley Symposium 4, 135-148.
    """
    counts = np.array([upper_a, lower_a, upper_b, lower_b], dtype=float)
    if bool(np.any(np.isnan(counts))):
        return (float("nan"),) * 4
    _, phi, alpha = prepare_inputs(counts, [dispersion_a, dispersion_a, dispersion_b, dispersion_b], level)
    value = float(upper_a * lower_b / (lower_a * upper_b)) if lower_a * upper_b > 0 else float("nan")
    xa, ya, xb, yb = (int(count) for count in np.floor(counts / phi))
    support, weights = _hypergeometric(xa + ya, xb + yb, xa + xb)
    half = float(alpha) / 2

    def compute_tail(log_odds: float, *, above: bool) -> float:
        logs = weights + support * log_odds
        chances = np.exp(logs - np.max(logs))
        inside = support >= xa if above else support <= xa
        return float(chances[inside].sum()) / float(chances.sum())

    low = 0.0 if xa == support[0] else float(np.exp(_root(lambda t: compute_tail(t, above=True) - half)))
    high = float("inf") if xa == support[-1] else float(np.exp(_root(lambda t: half - compute_tail(t, above=False))))
    p = min(1.0, 2.0 * min(compute_tail(0.0, above=True), compute_tail(0.0, above=False)))
    return value, low, high, p


def compute_difference(upper: ArrayLike, lower: ArrayLike) -> Array:
    """Return upper - lower in events; NaN if either is missing.  For an exact test of its sign use `compute_ratio`."""
    gap: Array = np.asarray(upper, dtype=float) - np.asarray(lower, dtype=float)
    return gap


def _hypergeometric(row_a: int, row_b: int, column: int) -> tuple[Array, Array]:
    """Return the possible values of upper_a given the margins, and the logarithm of the weight of each."""
    from scipy.special import gammaln

    support = np.arange(max(0, column - row_b), min(row_a, column) + 1, dtype=float)

    def log_choose(n: int, k: Array) -> Array:
        chosen: Array = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return chosen

    return support, log_choose(row_a, support) + log_choose(row_b, column - support)


def _root(rising: Callable[[float], float]) -> float:
    """Return the root of a function that increases through zero, searched on the whole line of log odds ratios."""
    from scipy.optimize import brentq

    edge = 8.0
    while not (rising(-edge) < 0 < rising(edge)):
        edge *= 2
    return float(brentq(rising, -edge, edge, xtol=1e-12, rtol=1e-12))
