"""Estimate the dispersion of counts of persons, whose events come in clusters (cases).

Cases come one by one; the persons of one case come together.  If cases are a Poisson stream and a case has K persons,
the number X of persons is compound Poisson: E X = lambda E K and Var X = lambda E K^2, so that

    phi = Var X / E X = E K^2 / E K,

the mean size of the case *of a person* (not of a case).  It is never below E K, the persons per case, and equals it
only if all cases have the same size.  Hence three levels of knowledge (below); phi is never guessed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array

EXACT = "exact"
"""Events come one by one (cases, decisions on cases): the interval covers at least at its nominal rate."""
QUASI_EXACT = "quasi_exact"
"""Scaled by a dispersion from enough records of cases."""
LOWER_BOUND = "lower_bound"
"""The dispersion, or all but its lower bound, is unknown: the true uncertainty is at least this."""

MINIMUM_CASES = 50
"""With at least this many records, intervals cover at their nominal rate (docs/methodology/simulation.md); fewer were
not tested."""

ONE_BY_ONE = frozenset({"case"})
"""Count units whose events are independent; all others may come in clusters."""


class Dispersion(NamedTuple):
    """phi (no unit, at least 1), the basis of intervals that use it, and the number of cases it was estimated from."""

    phi: float
    basis: str
    cases: int


def of_sizes(sizes: ArrayLike) -> float:
    """Compute phi = sum of K^2 over sum of K, K being the persons of each case; at least 1, NaN without cases.

    Cases without a known person do not contribute.  Raises ValueError for a negative or missing size.  Source: moments
    of the compound Poisson distribution, e.g. Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions,
    section 9.
    """
    k = np.asarray(sizes, dtype=float)
    if bool(np.any(k < 0)) or bool(np.any(np.isnan(k))):
        raise ValueError("the size of a case is the number of its persons, from 0 up")
    total = float(k.sum())
    return max(1.0, float((k**2).sum()) / total) if total > 0 else float("nan")


def of_records(sizes: ArrayLike) -> float:
    """Compute a conservative phi from the records of an office: `of_sizes` with the largest case counted twice.

    A sample of cases tends to miss the largest; Fay and Feuer (1997) also add one event of the greatest weight to make
    their upper limit cover.  The effect vanishes as records grow.  NaN without cases.
    """
    k = np.asarray(sizes, dtype=float)
    return of_sizes(np.append(k, k.max())) if k.size else float("nan")


def at_least(persons: ArrayLike, cases: ArrayLike, everyone: ArrayLike = float("nan")) -> Array:
    """Return a lower bound of phi from totals: persons per case, at least 1; 1 if either is missing or cases are 0.

    `persons` may be some of the persons in the cases (a sex, an age), and `everyone` all of them.  If x of n persons in
    c cases are drawn at random, phi of x is 1 + (x/n)(phi of n - 1), hence at least 1 + x/c - x/n.  It is more if the
    persons of one case are alike.
    """
    people, files, whole = np.broadcast_arrays(
        *(np.asarray(values, dtype=float) for values in (persons, cases, everyone))
    )
    is_known = (files > 0) & ~np.isnan(people)
    ratio = np.divide(people, files, out=np.ones(people.shape), where=is_known)
    share = np.divide(people, whole, out=np.ones(people.shape), where=whole > 0)
    drawn = np.where(is_known & (whole > 0), 1.0 + ratio - share, 1.0)
    bound: Array = np.maximum(np.maximum(ratio, drawn), 1.0)
    return bound


def of_sum(dispersions: ArrayLike, counts: ArrayLike) -> float:
    """Return phi of a sum of independent counts: the mean of theirs, weighted by the counts; the least without events.

    Counts that share cases have more than this.
    """
    phi, x = np.asarray(dispersions, dtype=float), np.asarray(counts, dtype=float)
    return float((phi * x).sum() / x.sum()) if x.sum() > 0 else float(phi.min())


def of_ratio(upper: ArrayLike, phi_upper: ArrayLike, lower: ArrayLike, phi_lower: ArrayLike) -> Array:
    """Return the one phi for both counts of a ratio at which its logarithm has the same variance, phi/count each."""
    x, phi_x, y, phi_y = np.broadcast_arrays(
        *(np.asarray(values, dtype=float) for values in (upper, phi_upper, lower, phi_lower))
    )
    mixed: Array = np.divide(phi_x * y + phi_y * x, x + y, out=phi_x.copy(), where=x + y > 0)
    return mixed


def estimate_dispersion(
    count_unit: str, sizes: ArrayLike | None = None, persons: Any = float("nan"), cases: Any = float("nan")
) -> Dispersion:
    """Return the dispersion for counts of `count_unit` from the best available data.

    Cases: 1, exact.  Else from `sizes` of at least 50 cases of the territory, pooled over years rather than only the
    few cases of the figure: quasi-exact.  Else persons per case from totals, or 1: a lower bound.
    """
    if count_unit in ONE_BY_ONE:
        return Dispersion(1.0, EXACT, 0)
    if sizes is not None:
        k = np.asarray(sizes, dtype=float)
        n_cases = int((k > 0).sum())
        if n_cases >= MINIMUM_CASES:
            return Dispersion(of_records(k), QUASI_EXACT, n_cases)
    return Dispersion(float(at_least(persons, cases)), LOWER_BOUND, 0)
