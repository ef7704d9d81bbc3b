"""Compare how counts are distributed over categories with earlier periods, and test if two categories were exchanged.

Counts are conditional on their total, so a rise or fall of all of them changes nothing.  Persons come in groups
(co-defendants, victims of one trafficker) and one person is counted in several measures, so counts vary more than
multinomial ones.  Every evidence is therefore divided by a dispersion that the earlier periods show.

Of m persons in the two categories x are in the first.  Earlier counts give the predictive beta-binomial distribution
with parameters a = c q, b = c (1 - q), where q is the earlier share of the first and c the number of earlier persons,
at most CONCENTRATION: shares drift, so a long history is not certainty.  The binomial coefficients of x and m - x are
the same, so the log likelihood ratio of "exchanged" to "as reported" is

    L = ln B(a + m - x, b + x) - ln B(a + x, b + m - x),

B being the beta function.  Lines are added, divided by the dispersion.  Under the hypothesis "as reported" the ratio
exp(L) has the expectation 1, so P(L >= l) <= exp(-l) for any counts (Markov's inequality); exp(L) is an e-value.  The
chance that any of k comparisons reaches ln(k) + l is then at most exp(-l) (Bonferroni).

Sources: Johnson, Kotz and Balakrishnan (1997), Discrete Multivariate Distributions, chapter 35 (Dirichlet compound
multinomial); McCullagh and Nelder (1989), Generalized Linear Models, section 4.5 (dispersion); Vovk and Wang (2021),
E-values: calibration, combination and applications, Annals of Statistics 49(3), 1736-1754.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.jumps import MINIMUM_DISPERSION, MINIMUM_HISTORY

Array = np.ndarray[Any, np.dtype[Any]]

CONCENTRATION = 60.0
"""Earlier persons that count as evidence of the present share, at most."""
SHARED_DISPERSION = 3.5
"""Dispersion of a category that all persons of a case share, if the earlier periods show nothing."""
HALF = 0.5
"""Added to each earlier count, so that a category that was never seen is not impossible."""
PRIOR_WEIGHT = 2.0
"""Persons that the dispersion assumed beforehand is worth."""
MAXIMUM_WEIGHT = 12.0
"""Persons that the dispersion of the earlier periods is worth, at most."""


def compute_exchange_evidence(first: ArrayLike, second: ArrayLike, weight: ArrayLike, other: ArrayLike) -> Array:
    """Return L for each pair of present counts, given the parameters of their earlier counts; see the module.

    `first` and `second` are counts, possibly divided by a dispersion; `weight` and `other` are a and b, both above 0.
    """
    from scipy.special import gammaln

    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    a, b = np.asarray(weight, dtype=float), np.asarray(other, dtype=float)
    evidence: Array = gammaln(a + y) + gammaln(b + x) - gammaln(a + x) - gammaln(b + y)
    return evidence


def blend_dispersion(observed: float, persons: float, prior: float) -> float:
    """Return the mean of an observed and a prior dispersion, weighted by the persons in the rarer category.

    With few persons in it, the earlier periods show nothing about how they come together.
    """
    weight = min(persons, MAXIMUM_WEIGHT)
    return (weight * observed + PRIOR_WEIGHT * prior) / (weight + PRIOR_WEIGHT)


def compute_pair_dispersion(first: Array, second: Array, share: Array) -> float:
    """Return the dispersion of the score of a pair of categories over earlier periods, at least MINIMUM_DISPERSION.

    `first`, `second`: lines x periods; `share`: one earlier share q of the first category for each line.  The score of
    a period is linear in the counts: S = sum over lines of (x - q m) g with g = ln(q / (1 - q)) and m = x + y.  Were
    all persons independent, its variance would be the sum of m q (1 - q) g^2; the dispersion is the ratio of the
    observed variance to this.  It contains both the size of groups and the overlap of measures.
    """
    q = share[:, None]
    m = first + second
    gain = np.log(q / (1 - q))
    scores = ((first - q * m) * gain).sum(axis=0)
    variances = (m * q * (1 - q) * gain**2).sum(axis=0)
    used = variances > 0
    if used.sum() <= 1:
        return MINIMUM_DISPERSION
    ratio = float((scores[used] ** 2).sum() / variances[used].sum())
    n_periods = int(used.sum())
    return max(MINIMUM_DISPERSION, ratio * n_periods / (n_periods - 1))


def compute_change(present: Array, past: Array) -> float:
    """Return the p-value of a changed distribution.

    `present`: lines x categories; `past`: periods x lines x categories.  For the present and for each earlier period,
    which is left out of its own expectation, G = 2 sum x ln(x / e) over all cells (`compute_likelihood_ratio`).  If
    nothing changed, the present G comes from the distribution of the earlier ones.  With their mean g and variance v,
    G / g is compared with the F distribution of f and k f degrees of freedom: f = 2 g^2 / v, at most the degrees
    of freedom of the table (Satterthwaite's approximation), and k is the number of earlier periods.  g is at least
    MINIMUM_DISPERSION times the degrees of freedom.  1 if fewer than four earlier periods are known.
    """
    from scipy.special import fdtrc

    total = past.sum(axis=0)
    earlier = np.array([compute_likelihood_ratio(period, total - period) for period in past if period.sum() > 0])
    freedom = count_freedom(present, total)
    if earlier.size < MINIMUM_HISTORY or freedom < 1:
        return 1.0
    mean = max(float(earlier.mean()), MINIMUM_DISPERSION * freedom)
    variance = float(earlier.var(ddof=1))
    effective = min(float(freedom), 2 * mean**2 / variance) if variance > 0 else float(freedom)
    return float(fdtrc(effective, earlier.size * effective, compute_likelihood_ratio(present, total) / mean))


def compute_likelihood_ratio(counts: Array, earlier: Array) -> float:
    """Return G = 2 sum x ln(x / e) of counts (lines x categories) with e from earlier counts, each plus half a person.

    Lines without present or earlier counts add nothing.
    """
    total = counts.sum(axis=1, keepdims=True)
    is_compared = (counts > 0) & (earlier.sum(axis=1, keepdims=True) > 0)
    expected = total * (earlier + HALF) / (earlier + HALF).sum(axis=1, keepdims=True)
    ratio = np.divide(counts, expected, out=np.ones_like(expected), where=is_compared)
    return 2 * float((counts * np.log(ratio)).sum())


def count_freedom(counts: Array, earlier: Array) -> int:
    """Return the degrees of freedom: categories seen before, less 1, of each line with present and earlier counts."""
    is_compared = (counts.sum(axis=1) > 0) & (earlier.sum(axis=1) > 0)
    return int(((earlier > 0).sum(axis=1) - 1)[is_compared].sum())
