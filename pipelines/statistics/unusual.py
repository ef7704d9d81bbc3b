"""Test whether lengths and days of single cases are unusual: a length given earlier ones, a stretch without events."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def score_prediction(n: Array, mean: Array, deviation: Array, present: Array) -> Array:
    """Return the two-sided p-value of one further value, given mean and standard deviation of `n` earlier ones.

    t = (x - m) / (s sqrt(1 + 1/n)) has Student's distribution with n - 1 degrees of freedom: the prediction interval of
    a normal sample (Hahn and Meeker (1991), Statistical Intervals, section 4.7).  Lengths are given as logarithms.
    NaN for fewer than two earlier values, or without any spread.
    """
    from scipy.special import stdtr

    n, mean, deviation, present = (np.asarray(column, dtype=float) for column in (n, mean, deviation, present))
    usable = (n >= 2) & (deviation > 0)
    spread = np.where(usable, deviation, 1.0) * np.sqrt(1 + 1 / np.maximum(n, 1))
    p: Array = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(present - mean) / spread)
    return np.where(usable, p, np.nan)


def score_mean_shift(n: Array, mean: Array, deviation: Array, present_n: Array, present_mean: Array) -> Array:
    """Return the two-sided p-value of the mean of further values, likewise: t = (y - m) / (s sqrt(1/n + 1/k))."""
    from scipy.special import stdtr

    columns = (n, mean, deviation, present_n, present_mean)
    n, mean, deviation, present_n, present_mean = (np.asarray(column, dtype=float) for column in columns)
    usable = (n >= 2) & (deviation > 0) & (present_n >= 1)
    spread = np.where(usable, deviation, 1.0) * np.sqrt(1 / np.maximum(n, 1) + 1 / np.maximum(present_n, 1))
    p: Array = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(present_mean - mean) / spread)
    return np.where(usable, p, np.nan)


def score_gap(days: Array, share: Array) -> Array:
    """Return the probability that no event is in a given end of the period that has this share of its days.

    (1 - f)^n for n independent days, each equally likely.
    """
    p: Array = (1.0 - np.asarray(share, dtype=float)) ** np.asarray(days, dtype=float)
    return p


def score_inner_gap(days: Array, share: Array) -> Array:
    """Return an upper bound of the probability of a stretch without events, anywhere in the period.

    At most n + 1 stretches are as long as f with probability (1 - f)^n each (Whitworth's formula, first term; Feller
    (1971), An Introduction to Probability Theory II, section I.9).
    """
    n = np.asarray(days, dtype=float)
    p: Array = np.minimum(1.0, (n + 1) * score_gap(days, share))
    return p
