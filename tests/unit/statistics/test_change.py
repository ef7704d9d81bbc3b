"""The test of a change over time, against SciPy's exact test of a share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats.contingency import odds_ratio

from pipelines.statistics.change import (
    DISPERSION,
    Kind,
    Operands,
    _limit_parts,
    compute_change,
    compute_figure_change,
)

counts = st.integers(20, 3000)


@given(counts, counts)
def test_interval_is_the_exact_one_of_the_share_of_the_last_count(first: int, last: int) -> None:
    """Given their sum, the last of two Poisson counts is binomial; its share p is the ratio p/(1 - p)."""
    change = compute_change(first, last)
    limits = binomtest(last, first + last, 0.5).proportion_ci(0.95, method="exact")
    assert change.ratio == pytest.approx(last / first)
    assert change.low == pytest.approx(limits.low / (1 - limits.low), rel=1e-6)
    assert change.high == pytest.approx(limits.high / (1 - limits.high), rel=1e-6)


@given(counts, counts)
def test_clear_change_is_significant_even_if_persons_come_in_cases(first: int, last: int) -> None:
    change = compute_change(first, last)
    assert (change.verdict == "rise") <= (change.low is not None and change.low > 1)
    assert (change.verdict == "fall") <= (change.high is not None and change.high < 1)
    fewer = binomtest(round(last / DISPERSION), round(last / DISPERSION) + round(first / DISPERSION), 0.5).pvalue
    if fewer > 0.1:
        assert change.verdict == "no_clear_change"
    assert change.verdict == {"rise": "fall", "fall": "rise"}.get(
        swapped := compute_change(last, first).verdict, swapped
    ), "the verdict does not depend on the direction"


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [(63, 71, "no_clear_change"), (100, 170, "rise"), (170, 100, "fall"), (100, 135, "no_clear_change"),
     (19, 400, "too_few"), (400, 19, "too_few"), (50, 50, "no_clear_change")],
)  # fmt: skip
def test_verdicts(first: int, last: int, verdict: str) -> None:
    """From 63 to 71 the ratio is 1.13 (0.79 to 1.61): no evidence of a change."""
    assert compute_change(first, last).verdict == verdict


def test_worked_example_of_the_documentation() -> None:
    change = compute_change(63, 71)
    assert (change.ratio, change.low, change.high) == (
        pytest.approx(1.127, abs=0.001), pytest.approx(0.791, abs=0.002), pytest.approx(1.607, abs=0.002),
    )  # fmt: skip


def test_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="from zero up"):
        compute_change(-1, 30)


def test_limits_of_two_parts_are_where_the_score_test_is_at_its_level() -> None:
    """At both limits, the chi-squared of the best shares is at its 95% point."""
    change = compute_figure_change("part", Operands(160, 800), Operands(360, 400))
    narrow = compute_figure_change("part", Operands(40, 200), Operands(160, 200))
    assert (change.verdict, change.ratio) == ("rise", pytest.approx(4.5))
    assert _find_chi_squared(160, 800, 360, 400, change.low) == pytest.approx(3.8415, abs=1e-3)
    assert _find_chi_squared(160, 800, 360, 400, change.high) == pytest.approx(3.8415, abs=1e-3)
    assert narrow.low is not None and narrow.high is not None and narrow.low < 4 < narrow.high


def _find_chi_squared(x: float, n: float, y: float, m: float, ratio: float | None) -> float:
    """Return the smallest of Koopman's chi-squared over all shares with this ratio, by likelihood on a fine grid."""
    assert ratio is not None
    shares = np.linspace(1e-4, min(1, 1 / ratio) - 1e-4, 400_001)
    last_shares = ratio * shares
    likelihood = (
        x * np.log(shares) + (n - x) * np.log(1 - shares) + y * np.log(last_shares) + (m - y) * np.log(1 - last_shares)
    )
    p, q = (float(values[likelihood.argmax()]) for values in (shares, last_shares))
    return (x - n * p) ** 2 / (n * p * (1 - p)) + (y - m * q) ** 2 / (m * q * (1 - q))


def test_published_example_of_koopman() -> None:
    assert _limit_parts(Operands(16, 80), Operands(36, 40)) == pytest.approx((2.94, 7.15), abs=0.005)


@pytest.mark.parametrize(("first", "last"), [((30, 40), (50, 35)), ((100, 400), (140, 400)), ((25, 25), (60, 20))])
def test_interval_of_two_ratios_is_that_of_their_odds_ratio(first: tuple[int, int], last: tuple[int, int]) -> None:
    change = compute_figure_change("ratio", Operands(*first), Operands(*last))
    limits = odds_ratio([[*last], [*first]], kind="conditional").confidence_interval(0.95)
    assert change.low == pytest.approx(limits.low, rel=1e-4) and change.high == pytest.approx(limits.high, rel=1e-4)
    assert change.ratio == pytest.approx(last[0] / last[1] / (first[0] / first[1]))


def test_rates_are_compared_by_their_populations() -> None:
    """Check that a count that stays the same is a fall per inhabitant if the population doubles."""
    change = compute_figure_change("rate", Operands(200, 1e6), Operands(200, 2e6))
    assert (change.verdict, change.ratio) == ("fall", pytest.approx(0.5))


@pytest.mark.parametrize(
    ("kind", "first", "last", "verdict"),
    [
        ("part", (85, 100), (50, 100), "too_few"),  # of 100, the rest is 15
        ("ratio", (85, 100), (50, 100), "no_clear_change"),
        ("ratio", (300, 19), (300, 100), "too_few"),
        ("rate", (19, 1e6), (60, 1e6), "too_few"),
    ],
)
def test_all_counts_behind_a_figure_must_be_enough(
    kind: Kind, first: tuple[float, float], last: tuple[float, float], verdict: str
) -> None:
    assert compute_figure_change(kind, Operands(*first), Operands(*last)).verdict == verdict


def test_known_dispersion_widens_the_interval() -> None:
    single = compute_figure_change("part", Operands(60, 100), Operands(70, 100))
    several = compute_figure_change("part", Operands(60, 100, 2.1), Operands(70, 100, 2.1))
    assert single.low is not None and several.low is not None and several.low < single.low
