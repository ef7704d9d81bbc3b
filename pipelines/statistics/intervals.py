"""Exact intervals for a count and for a share, optionally scaled for events that come in clusters.

Both take a dispersion phi, the variance of the count over that of a Poisson count.  With phi = 1 the limits are exact:
they cover at least at their nominal rate for any true value.  With phi > 1 they are quasi-exact: the count over phi is
the effective count, whose first two moments are those of a Poisson count, and its exact limits are scaled back.  See
docs/methodology/uncertainty.md for the derivation and docs/methodology/simulation.md for the coverage.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray[Any, np.dtype[np.float64]]

LEVEL = 0.95


class Interval(NamedTuple):
    """Lower and upper limits, in the unit of the estimate; NaN without an estimate."""

    low: Array
    high: Array


def poisson_interval(count: ArrayLike, dispersion: ArrayLike = 1.0, level: ArrayLike = LEVEL) -> Interval:
    """Return the limits of the expected count; `count` in events, NaN if missing.

    With n the count over phi, and G(a, p) the p-quantile of the gamma distribution of shape a and scale 1, at level
    1 - alpha: low = phi G(n, alpha/2), 0 for no events; high = phi G(n + 1, 1 - alpha/2).

    Sources: Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28, 437-442, for phi = 1; Fay and
    Feuer (1997), Confidence intervals for directly standardized rates: a method based on the gamma distribution,
    Statistics in Medicine 16, 791-801, for the scaled form, with phi as the weight of the one additional event.

    Raises ValueError for a count below zero, a dispersion below 1 or a level outside (0, 1).
    """
    from scipy.special import gammainccinv, gammaincinv

    count, dispersion, alpha = prepare_inputs(count, dispersion, level)
    effective = count / dispersion
    with np.errstate(invalid="ignore"):
        low = np.where(count > 0, dispersion * gammaincinv(np.maximum(effective, 1e-300), alpha / 2), 0.0)
        high = dispersion * gammainccinv(effective + 1.0, alpha / 2)
    is_missing = np.isnan(count)
    return Interval(np.where(is_missing, np.nan, low), np.where(is_missing, np.nan, high))


def clopper_pearson(
    part: ArrayLike, whole: ArrayLike, dispersion: ArrayLike = 1.0, level: ArrayLike = LEVEL
) -> Interval:
    """Return the limits of the probability of `part` in `whole`, 0 to 1; NaN if either is missing or whole is 0.

    With x and n the part and the whole over phi, and B(a, b, p) the p-quantile of the beta distribution, at level
    1 - alpha: low = B(x, n - x + 1, alpha/2), 0 where x = 0; high = B(x + 1, n - x, 1 - alpha/2), 1 where x = n.

    Sources: Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26, 404-413, for phi = 1; Korn and Graubard (1998), Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data, Survey Methodology 24, 193-201, for limits
    at the effective size n/phi, phi being the design effect of clusters.

    Raises ValueError for a count below zero, a part above its whole, a dispersion below 1, a level outside (0, 1).
    """
    from scipy.special import betaincinv

    part, dispersion, alpha = prepare_inputs(part, dispersion, level)
    whole, _, _ = prepare_inputs(whole, 1.0, LEVEL)
    part, whole, dispersion, alpha = np.broadcast_arrays(part, whole, dispersion, alpha)
    if bool(np.any(part > whole)):
        where = int(np.argmax((part > whole).ravel()))
        raise ValueError(
            f"a part above its whole: {part.ravel()[where]:g} of {whole.ravel()[where]:g} (place {where}); "
            "a ratio of two counts that do not nest has another interval (ratios.compute_ratio)"
        )
    x, others = part / dispersion, (whole - part) / dispersion
    is_known = whole > 0  # false for NaN, too
    is_known &= ~np.isnan(part)
    with np.errstate(invalid="ignore"):
        low = np.where(part > 0, betaincinv(np.maximum(x, 1e-300), others + 1.0, alpha / 2), 0.0)
        high = np.where(whole > part, betaincinv(x + 1.0, np.maximum(others, 1e-300), 1.0 - alpha / 2), 1.0)
    return Interval(np.where(is_known, low, np.nan), np.where(is_known, high, np.nan))


def prepare_inputs(count: ArrayLike, dispersion: ArrayLike, level: ArrayLike) -> tuple[Array, Array, Array]:
    """Return counts, dispersions (NaN, unknown, becomes 1) and alphas as float arrays; raises ValueError as above."""
    counts = np.asarray(count, dtype=float)
    phi = np.asarray(dispersion, dtype=float)
    phi = np.where(np.isnan(phi), 1.0, phi)
    levels = np.asarray(level, dtype=float)
    if bool(np.any(counts < 0)) or bool(np.any(np.isinf(counts))):
        raise ValueError(f"a count is a number from 0 up, not {counts[(counts < 0) | np.isinf(counts)].ravel()[0]:g}")
    if bool(np.any(phi < 1)) or bool(np.any(np.isinf(phi))):
        raise ValueError(f"a dispersion is at least 1 and finite, not {phi[(phi < 1) | np.isinf(phi)].ravel()[0]:g}")
    if not bool(np.all((levels > 0) & (levels < 1))):
        raise ValueError("a level is between 0 and 1, as 0.95 does")
    return counts, phi, 1.0 - levels
