"""Limits of one count, one rate and one share: by hand, from the definition, from published tables, against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.statistics import intervals
from tests.oracles.rates import compute_rate
from tests.oracles.shares import NotPartOfWholeError, compute_share
from tests.support.sampling import count_examples


def at_most(x: int, mean: float) -> float:
    """P(X <= x) of a Poisson count, term by term."""
    return math.fsum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(x + 1))


# Counts.


def test_limits_of_no_event_by_hand() -> None:
    # P(X = 0) = exp(-mean) falls to 0.025 at mean = -ln 0.025
    low, high = intervals.poisson_interval(0)
    assert (float(low), float(high)) == (0.0, pytest.approx(-math.log(0.025), rel=1e-12))


def test_limits_of_one_event_by_hand() -> None:
    # low: 1 - exp(-m) = 0.025; high: exp(-m) (1 + m) = 0.025
    low, high = (float(limit) for limit in intervals.poisson_interval(1))
    assert low == pytest.approx(-math.log(0.975), rel=1e-12)
    assert math.exp(-high) * (1 + high) == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize(
    ("count", "level", "low", "high"),
    [  # Garwood (1936) as tabled since; 25 at three levels: GraphPad, "How QuickCalcs computes the interval of a count"
        (0, 0.95, 0.000, 3.689),
        (5, 0.95, 1.623, 11.668),
        (10, 0.95, 4.795, 18.390),
        (20, 0.95, 12.217, 30.888),
        (100, 0.95, 81.364, 121.627),
        (25, 0.90, 17.38, 34.92),
        (25, 0.95, 16.18, 36.90),
        (25, 0.99, 14.00, 41.00),
    ],
)
def test_limits_of_counts_equal_published_ones(count: int, level: float, low: float, high: float) -> None:
    limits = intervals.poisson_interval(count, level=level)
    assert (float(limits.low), float(limits.high)) == (pytest.approx(low, abs=6e-3), pytest.approx(high, abs=6e-3))


@given(st.integers(1, 400), st.floats(0.5, 0.999))
@settings(max_examples=count_examples(50))
def test_limits_of_counts_are_where_the_tails_fall(count: int, level: float) -> None:
    low, high = (float(limit) for limit in intervals.poisson_interval(count, level=level))
    half = (1 - level) / 2
    assert at_most(count, high) == pytest.approx(half, rel=1e-6)
    assert 1 - at_most(count - 1, low) == pytest.approx(half, rel=1e-6, abs=1e-12)


def test_limits_of_columns_equal_chi_squared_quantiles() -> None:
    counts = np.arange(0, 500)
    low, high = intervals.poisson_interval(counts)
    np.testing.assert_allclose(low[1:], stats.chi2.ppf(0.025, 2 * counts[1:]) / 2, rtol=1e-10)
    np.testing.assert_allclose(high, stats.chi2.ppf(0.975, 2 * counts + 2) / 2, rtol=1e-10)


def test_limits_of_six_persons_in_cases_of_three_are_those_of_two_cases() -> None:
    # all cases have three persons: phi = 9/3 = 3, effective count 2, exact limits 0.2422 and 7.2247 (Garwood), times 3
    low, high = intervals.poisson_interval(6, 3)
    assert (float(low), float(high)) == (pytest.approx(0.7266, abs=2e-4), pytest.approx(21.674, abs=1e-3))


def test_scaled_limits_are_those_of_fay_and_feuer() -> None:
    # gamma method with variance y phi and weight phi of one event more: v/(2y) chi2(2y^2/v), ... see the docstring
    y, phi = 37.0, 2.6
    v = y * phi
    low, high = intervals.poisson_interval(y, phi)
    assert float(low) == pytest.approx(v / (2 * y) * stats.chi2.ppf(0.025, 2 * y**2 / v), rel=1e-10)
    more = v + phi**2
    assert float(high) == pytest.approx(more / (2 * (y + phi)) * stats.chi2.ppf(0.975, 2 * (y + phi) ** 2 / more))


def test_poisson_interval_keeps_missing_values_and_rejects_invalid_ones() -> None:
    low, high = intervals.poisson_interval([np.nan, 3.0], [np.nan, np.nan])
    assert np.isnan(low[0]) and np.isnan(high[0])
    assert low[1] == intervals.poisson_interval(3).low  # an unknown dispersion counts as none: a lower bound
    for arguments in [(-1,), (1, 0.5), (1, np.inf), (1, 1, 0.0), (1, 1, 95)]:
        with pytest.raises(ValueError, match=r"count|dispersion|level"):
            intervals.poisson_interval(*arguments)


@given(st.integers(0, 300), st.floats(1, 20), st.floats(1, 20))
@settings(max_examples=count_examples(50))
def test_more_dispersion_never_narrows_an_interval(count: int, one: float, other: float) -> None:
    calm, wild = (intervals.poisson_interval(count, phi) for phi in sorted((one, other)))
    assert wild.low <= calm.low + 1e-9
    assert wild.high >= calm.high - 1e-9


# Shares.


def test_limits_of_none_of_ten_by_hand() -> None:
    # (1 - p)^10 = 0.025
    limits = intervals.clopper_pearson([0, 10], [10, 10])
    edge = 0.025**0.1
    np.testing.assert_allclose(limits.low, [0, edge], rtol=1e-12)
    np.testing.assert_allclose(limits.high, [1 - edge, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 5
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0000, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_limits_of_shares_equal_published_ones(part: int, whole: int, low: float, high: float) -> None:
    limits = intervals.clopper_pearson(part, whole)
    assert (float(limits.low), float(limits.high)) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
@settings(max_examples=count_examples(50))
def test_limits_of_shares_equal_those_of_scipy(counts: tuple[int, int], level: float) -> None:
    limits = intervals.clopper_pearson(*counts, level=level)
    expected = stats.binomtest(*counts).proportion_ci(level, "exact")
    assert (float(limits.low), float(limits.high)) == (
        pytest.approx(expected.low, abs=1e-9),
        pytest.approx(expected.high),
    )


def test_shares_of_clusters_have_the_limits_of_the_effective_size() -> None:
    # thirty persons of cases of three: as if 5 of 10
    clustered, plain = intervals.clopper_pearson(15, 30, 3), intervals.clopper_pearson(5, 10)
    assert clustered == plain
    assert (float(clustered.low), float(clustered.high)) == (
        pytest.approx(0.1871, abs=5e-5),
        pytest.approx(0.8129, abs=5e-5),
    )


def test_share_rejects_a_numerator_that_is_not_a_part() -> None:
    assert compute_share(12, 30, nested=True).value == 0.4
    with pytest.raises(NotPartOfWholeError, match="no part of the denominator"):
        compute_share(12, 30, nested=False)
    with pytest.raises(NotPartOfWholeError, match="1 of 2 parts are above their whole, first 31 of 30"):
        compute_share([12, 31], [30, 30], nested=True)
    with pytest.raises(ValueError, match="5 of 4"):
        intervals.clopper_pearson(5, 4)


def test_a_share_of_nothing_is_undefined() -> None:
    estimate = compute_share([0, np.nan, 3], [0, 10, np.nan], nested=True)
    assert np.isnan([estimate.value, estimate.low, estimate.high]).all()


# Rates.


def test_rates_by_hand() -> None:
    # 10 events among two millions: 0.5, from 4.795/20 to 18.390/20, per 100,000
    rates = compute_rate([10, 0, 20], [2_000_000, 1_000_000, 100_000])
    np.testing.assert_allclose(rates.value, [0.5, 0, 20])
    np.testing.assert_allclose(rates.low, [0.23977, 0, 12.2165], atol=1e-4)
    np.testing.assert_allclose(rates.high, [0.91952, 0.36889, 30.8884], atol=1e-4)


def test_a_rate_without_population_is_undefined() -> None:
    rates = compute_rate([10, 10, np.nan], [0, np.nan, 1_000_000])
    assert np.isnan([rates.value, rates.low, rates.high]).all()
    with pytest.raises(ValueError, match="exposure"):
        compute_rate(1, -1)
