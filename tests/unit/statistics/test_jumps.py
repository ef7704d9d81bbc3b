"""The test for surprising counts, against values computed by hand from its stated formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from pipelines.statistics.jumps import compute_surprise


def negative_binomial(x: int, mean: float, variance: float) -> float:
    """P(X = x), from the definition with gamma functions."""
    size = mean**2 / (variance - mean)
    log = (
        math.lgamma(x + size)
        - math.lgamma(size)
        - math.lgamma(x + 1)
        + size * math.log(size / (size + mean))
        + x * math.log(mean / (size + mean))
    )
    return math.exp(log)


def test_a_count_far_above_four_quiet_periods_is_surprising() -> None:
    # past 4, 5, 6, 5: mean 5, Pearson dispersion (1+0+1+0)/5/3 = 0.133, raised to 1.5; variance 1.5 * 5 * 1.25 = 9.375
    tail = 1.0 - sum(negative_binomial(x, 5.0, 9.375) for x in range(30))
    assert compute_surprise(np.array([[4.0, 5.0, 6.0, 5.0]]), np.array([30.0]))[0] == pytest.approx(2 * tail, rel=1e-6)
    assert 2 * tail < 0.001


def test_one_to_three_is_no_surprise_whatever_the_per_cent() -> None:
    assert compute_surprise(np.array([[1.0, 1.0, 1.0, 1.0]]), np.array([3.0]))[0] > 0.1


def test_an_overdispersed_series_is_judged_by_its_own_dispersion() -> None:
    calm, wild = [10.0, 11.0, 9.0, 10.0], [0.0, 22.0, 1.0, 17.0]
    p = compute_surprise(np.array([calm, wild]), np.array([24.0, 24.0]))
    assert p[0] < 0.02 < p[1]


def test_a_first_case_after_years_of_none_is_no_alarm() -> None:
    assert compute_surprise(np.zeros((1, 12)), np.array([1.0]))[0] > 0.05


def test_three_periods_are_too_few_to_judge_by() -> None:
    assert np.isnan(compute_surprise(np.array([[5.0, 5.0, 5.0, np.nan]]), np.array([50.0]))[0])


@given(st.lists(st.integers(0, 60), min_size=4, max_size=12), st.integers(0, 200))
def test_a_probability_is_a_probability(past: list[int], present: int) -> None:
    p = compute_surprise(np.array([past], dtype=float), np.array([float(present)]))[0]
    assert 0.0 <= p <= 1.0


@given(st.lists(st.integers(0, 5_000), min_size=4, max_size=12), st.floats(-3.0, 20_000.0))
def test_p_value_is_that_of_scipy(past: list[int], present: float) -> None:
    mean = max(float(np.mean(past)), 0.5)
    phi = max(sum((count - mean) ** 2 for count in past) / mean / (len(past) - 1), 1.5)
    variance = phi * mean * (1 + 1 / len(past))
    size = mean**2 / (variance - mean)
    reference = nbinom(size, size / (size + mean))
    expected = min(1.0, 2 * min(reference.cdf(present), reference.sf(present - 1)))
    computed = compute_surprise(np.array([past], dtype=float), np.array([present]))[0]
    assert computed == pytest.approx(expected, rel=1e-9, abs=1e-300)
