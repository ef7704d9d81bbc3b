"""The evidence of an exchange from SciPy's beta-binomial distribution, as a ratio of two probabilities."""

from __future__ import annotations

from scipy.stats import betabinom


def exchange_evidence(first: int, second: int, weight: float, other: float) -> float:
    """Log probability of the counts exchanged, less that of the counts as reported."""
    persons = first + second
    distribution = betabinom(persons, weight, other)
    return float(distribution.logpmf(second) - distribution.logpmf(first))
