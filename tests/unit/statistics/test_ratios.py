"""Ratios of counts, of rates and of ratios: by hand, from R's published output, against SciPy."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pyarrow as pa  # in sight of the module: DuckDB evaluates annotations
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats.contingency import odds_ratio

from pipelines.statistics import columns, intervals
from pipelines.statistics.ratios import compute_difference, compute_ratio, ratio_of_ratios
from tests.support.sampling import count_examples

counts = st.integers(0, 120)


def test_one_against_one_by_hand() -> None:
    # X given X + Y = 2: 1 - (1 - p)^2 = 0.025 at p = 1 - sqrt 0.975; the other limit by symmetry
    ratio = compute_ratio(1, 1)
    p = 1 - math.sqrt(0.975)
    assert float(ratio.low) == pytest.approx(p / (1 - p), rel=1e-10)
    assert float(ratio.high) == pytest.approx((1 - p) / p, rel=1e-10)
    assert (float(ratio.value), float(ratio.p)) == (1.0, 1.0)


def test_five_against_none_by_hand() -> None:
    # p^5 = 0.025; P(X = 5 of 5) = 1/32, twice
    ratio = compute_ratio(5, 0)
    p = 0.025**0.2
    assert float(ratio.low) == pytest.approx(p / (1 - p), rel=1e-10)
    assert math.isinf(float(ratio.high)) and math.isnan(float(ratio.value))
    assert float(ratio.p) == pytest.approx(2 / 32)


def test_ten_against_two_by_hand() -> None:
    # (66 + 12 + 1) / 4096 of twelve tosses give ten or more, twice
    assert float(compute_ratio(10, 2).p) == pytest.approx(2 * 79 / 4096)
    assert float(compute_ratio(2, 10).p) == pytest.approx(2 * 79 / 4096)


@pytest.mark.parametrize(
    ("x", "y", "tx", "ty", "level", "value", "low", "high"),
    [  # output of R's poisson.test as published in tutorials
        (10, 2, 20_000, 17_887, 0.95, 4.47175, 0.9529548, 41.9743814),
        (930, 619, 3, 3, 0.95, 1.502423, 1.355716, 1.665905),
        (909, 901, 12, 14, 0.99, 1.177026, 1.041626, 1.330051),
    ],
)
def test_published_ratios_of_rates(
    x: int, y: int, tx: int, ty: int, level: float, value: float, low: float, high: float
) -> None:
    ratio = compute_ratio(x, y, tx, ty, level=level)
    assert [float(number) for number in ratio[:3]] == [pytest.approx(number, rel=2e-6) for number in (value, low, high)]


@given(counts, counts, st.floats(0.1, 10), st.floats(0.5, 0.999))
@settings(max_examples=count_examples(50))
def test_ratios_equal_those_of_the_binomial_test(x: int, y: int, exposure: float, level: float) -> None:
    ratio = compute_ratio(x, y, exposure, 1.0, level=level)
    if x + y == 0:
        assert (float(ratio.low), float(ratio.high), float(ratio.p)) == (0.0, math.inf, 1.0)
        return
    null = exposure / (1 + exposure)
    expected = stats.binomtest(x, x + y).proportion_ci(level, "exact")
    assert float(ratio.low) == pytest.approx(
        expected.low / (1 - expected.low) / exposure if expected.low < 1 else math.inf
    )
    if expected.high < 1:
        assert float(ratio.high) == pytest.approx(expected.high / (1 - expected.high) / exposure, rel=1e-6)
    tails = stats.binom.cdf(x, x + y, null), stats.binom.sf(x - 1, x + y, null)
    assert float(ratio.p) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-7, abs=1e-300)


@given(counts, counts, st.floats(1, 8), st.floats(1, 8), st.floats(0.1, 10))
@settings(max_examples=count_examples(60))
def test_interval_and_test_never_contradict_each_other(x: int, y: int, one: float, other: float, t: float) -> None:
    ratio = compute_ratio(x, y, t, 1.0, one, other)
    outside = bool(ratio.low > 1 or ratio.high < 1)
    assert outside == bool(ratio.p < 0.05) or float(ratio.p) == pytest.approx(0.05, abs=1e-9)
    turned = compute_ratio(y, x, 1.0, t, other, one)
    assert float(turned.p) == pytest.approx(float(ratio.p), rel=1e-9)
    if ratio.low > 0:
        assert float(turned.high) == pytest.approx(1 / float(ratio.low), rel=1e-6)


def test_ratio_of_clusters_is_that_of_effective_counts() -> None:
    # 30 and 12 persons of cases of three: as 10 and 4 cases
    assert compute_ratio(30, 12, 1, 1, 3, 3) == compute_ratio(10, 4)
    # of cases of three and of two: 10 and 6 cases, whose ratio times 3/2 is that of persons
    mixed, cases = compute_ratio(30, 12, 1, 1, 3, 2), compute_ratio(10, 6)
    np.testing.assert_allclose(mixed.low, cases.low * 1.5)
    np.testing.assert_allclose(mixed.high, cases.high * 1.5)
    assert float(mixed.value) == 2.5


def test_compute_ratio_keeps_missing_values() -> None:
    ratio = compute_ratio([np.nan, 1, 1, 1], [1, np.nan, 1, 1], [1, 1, np.nan, 0])
    assert np.isnan(np.array(ratio)).all()
    assert np.isnan(compute_difference([np.nan, 3], 1)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("table", "low", "high"),
    # Examples of R's fisher.test: the lady tasting tea, and twins convicted (Fisher 1935).  R finds limits to a
    # tolerance of 1e-4 in the odds or their inverse; to the last digit they are compared with SciPy's below.
    [
        ((3, 1, 1, 3), 0.2117329, 621.9337505),
        ((2, 15, 10, 3), 0.003325764, 0.363182271),
    ],
)
def test_published_ratios_of_ratios(table: tuple[int, int, int, int], low: float, high: float) -> None:
    _, made_low, made_high, _ = ratio_of_ratios(*table)
    for limit, published in ((made_low, low), (made_high, high)):
        assert min(abs(limit - published), abs(1 / limit - 1 / published)) < 1e-4


def test_tea_by_hand() -> None:
    # three or more of four: (16 + 1)/70, twice
    assert ratio_of_ratios(3, 1, 1, 3)[3] == pytest.approx(34 / 70)
    # all right: 1/70, twice; no upper limit
    value, low, high, p = ratio_of_ratios(4, 0, 0, 4)
    assert (math.isnan(value), low > 1, high, p) == (True, True, math.inf, pytest.approx(2 / 70))


@given(counts, counts, counts, counts)
@settings(max_examples=count_examples(30), deadline=None)
def test_ratios_of_ratios_equal_those_of_scipy(a: int, b: int, c: int, d: int) -> None:
    value, low, high, p = ratio_of_ratios(a, b, c, d)
    expected = odds_ratio([[a, b], [c, d]])
    if not math.isnan(expected.statistic):  # SciPy gives nothing where a margin is empty; then nothing is excluded here
        limits = expected.confidence_interval(0.95)
        assert (low, high) == (pytest.approx(limits.low, rel=1e-5), pytest.approx(limits.high, rel=1e-5))
    else:
        assert (low, high, p) == (0.0, math.inf, 1.0)
    if b * c > 0:
        assert value == pytest.approx(a * d / (b * c))
    assert (p < 0.05) == (low > 1 or high < 1)


def test_clusters_widen_a_ratio_of_ratios() -> None:
    _, low, high, p = ratio_of_ratios(60, 100, 30, 90)
    assert low > 1 and p < 0.05
    value, wider_low, wider_high, higher = ratio_of_ratios(60, 100, 30, 90, 3, 3)
    assert value == pytest.approx(1.8)
    assert wider_low < low < 1.8 < high < wider_high and higher > 0.05
    assert all(math.isnan(number) for number in ratio_of_ratios(float("nan"), 1, 1, 1))


# Whole columns.


def test_each_row_has_its_own_method() -> None:
    limits = columns.compute_limits(
        ["poisson", "poisson", "clopper_pearson", "conditional", "", "clopper_pearson", "poisson"],
        [25, 10, 81, 10, 7, 9, np.nan],
        [np.nan, 20, 263, 4, 8, 8, np.nan],
        [1, np.nan, 1, 2, 1, 1, 1],
    )
    expected = [
        intervals.poisson_interval(25),
        [limit / 20 for limit in intervals.poisson_interval(10)],
        intervals.clopper_pearson(81, 263),
        compute_ratio(10, 4, 1, 1, 2, 2)[1:3],
        (np.nan, np.nan),
        (np.nan, np.nan),  # inconsistent: no interval, and other rows keep theirs
        (np.nan, np.nan),
    ]
    np.testing.assert_allclose(limits.low, [float(row[0]) for row in expected])
    np.testing.assert_allclose(limits.high, [float(row[1]) for row in expected])
    below = columns.compute_limits(["poisson", "conditional", "poisson"], [-1, 4, 25], [np.nan, -2, np.nan])
    assert np.isnan(below.low).tolist() == [True, True, False]
    with pytest.raises(ValueError, match="wilson"):
        columns.compute_limits(["wilson"], [1], [2])


def test_each_row_may_have_its_own_level() -> None:
    limits = columns.compute_limits("poisson", [25, 25, 25], np.nan, 1.0, [0.9, 0.95, 0.99])
    np.testing.assert_allclose(limits.low, [17.38, 16.18, 14.00], atol=6e-3)


def test_p_values_of_columns() -> None:
    p_values = columns.p_values([10, 5, np.nan, 5, -1], [2, 0, 1, 5, 5], [1, 1, 1, np.nan, 1], 1.0)
    np.testing.assert_allclose(p_values, [2 * 79 / 4096, 2 / 32, np.nan, np.nan, np.nan])


def test_compute_limits_works_as_a_function_of_the_warehouse() -> None:
    # as a plugin will register it: Arrow columns in, a struct out, NULL for what is missing or undefined
    def compute_limit_columns(
        method: pa.ChunkedArray, x: pa.ChunkedArray, y: pa.ChunkedArray, phi: pa.ChunkedArray, level: pa.ChunkedArray
    ) -> pa.Array:
        results = columns.compute_limits(
            method.to_numpy(), *(column.to_numpy().astype(float) for column in (x, y, phi, level))
        )
        return pa.StructArray.from_arrays([pa.array(column, from_pandas=True) for column in results], ["low", "high"])

    struct = duckdb.struct_type({"low": "DOUBLE", "high": "DOUBLE"})
    with duckdb.connect() as connection:
        connection.create_function(
            "limits", compute_limit_columns, ["VARCHAR", "DOUBLE", "DOUBLE", "DOUBLE", "DOUBLE"], struct, type="arrow",
            null_handling="special",
        )  # fmt: skip
        rows = connection.sql(
            """
            select round(made.low, 2), round(made.high, 2) from (
              select limits(method, x, y, phi, 0.95) as made from (values
                ('poisson', 25, null, null), ('clopper_pearson', 5, 10, 1), ('conditional', 10, 0, 1),
                ('clopper_pearson', 5, null, 1), ('', 1, 1, 1)) as given (method, x, y, phi))
            """
        ).fetchall()
    assert rows == [(16.18, 36.9), (0.19, 0.81), (2.24, math.inf), (None, None), (None, None)]
