"""Evidence of an exchange and of a change from SciPy: its beta-binomial distribution and its power divergence."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import betabinom, power_divergence


def exchange_evidence(first: int, second: int, weight: float, other: float) -> float:
    """Return the log probability of the counts exchanged, less that of the counts as reported."""
    persons = first + second
    distribution = betabinom(persons, weight, other)
    return float(distribution.logpmf(second) - distribution.logpmf(first))


def likelihood_ratio(counts: ArrayLike, earlier: ArrayLike) -> float:
    """Return G of one line of counts; earlier counts have half a person added. 0 without counts or earlier counts."""
    present, past = np.asarray(counts, dtype=float), np.asarray(earlier, dtype=float)
    if present.sum() == 0 or past.sum() == 0:
        return 0.0
    expected = present.sum() * (past + 0.5) / (past + 0.5).sum()
    return float(power_divergence(present, expected, lambda_="log-likelihood").statistic)
