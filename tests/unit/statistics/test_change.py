"""The test of a change over time, against SciPy's exact test of a share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipelines.statistics.change import DISPERSION, compute_change

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
