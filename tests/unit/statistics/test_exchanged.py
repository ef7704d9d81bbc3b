"""Shares that look exchanged: the p-value worked by hand, its symmetry, and which shares are suspected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics.exchanged import compute_fit, detect_exchange


def _fit(parts: list[float], wholes: list[float], part: float, whole: float) -> float:
    return float(compute_fit(np.array([parts]), np.array([wholes]), np.array([part]), np.array([whole]))[0])


@pytest.mark.parametrize(
    ("part", "p"),
    [
        # Four times 2 of 20: asin sqrt(8.375 / 80.75) = 0.32789; phi 1.5, since they vary less.
        # The deviation of 20 compared with 80: sqrt(1.5 (1/82 + 1/322)) = 0.15150.
        (2, 0.9094),  # asin sqrt(2.375 / 20.75) = 0.34513; z = 0.1138
        (8, 0.01733),  # asin sqrt(8.375 / 20.75) = 0.68841; z = 2.3797
        (18, 3.103e-9),  # asin sqrt(18.375 / 20.75) = 1.22567; z = 5.9261
    ],
)
def test_the_p_value_worked_by_hand(part: int, p: float) -> None:
    assert _fit([2, 2, 2, 2], [20, 20, 20, 20], part, 20) == pytest.approx(p, rel=1e-3)


def test_shares_that_vary_more_make_a_share_less_surprising() -> None:
    steady, wild = _fit([2, 2, 2, 2], [20] * 4, 8, 20), _fit([0, 0, 1, 7], [20] * 4, 8, 20)
    assert 2 * steady < wild


def test_p_value_holds_its_level_where_nothing_is_exchanged() -> None:
    """Shares drawn from one binomial distribution, so that phi's floor of 1.5 makes the test careful."""
    draw = np.random.default_rng(20261126)
    past = draw.binomial(30, 0.12, size=(20_000, 8)).astype(float)
    now = draw.binomial(30, 0.12, size=20_000).astype(float)
    wholes, whole = np.full((20_000, 8), 30.0), np.full(20_000, 30.0)
    assert (compute_fit(past, wholes, now, whole) < 0.05).mean() < 0.05
    assert not detect_exchange(past, wholes, now, whole).any()
    assert detect_exchange(past, wholes, whole - now, whole).mean() > 0.97, "nearly all exchanged shares are detected"


def _suspected(parts: list[float], wholes: list[float], part: float, whole: float) -> bool:
    return bool(detect_exchange(np.array([parts]), np.array([wholes]), np.array([part]), np.array([whole]))[0])


@pytest.mark.parametrize(
    ("parts", "wholes", "part", "whole", "expected"),
    [
        ([4, 3, 5, 4], [39, 35, 41, 38], 34, 39, True),  # 34 of 39, usually a tenth: exchanged
        ([4, 3, 5, 4], [39, 35, 41, 38], 5, 39, False),  # as usual
        ([4, 3, 5, 4], [39, 35, 41, 38], 20, 40, False),  # fits neither way: a change, not an exchange
        ([19, 18, 21, 20], [39, 35, 41, 38], 20, 39, False),  # halves: cannot be decided
        ([4, 3, 5], [39, 35, 41], 34, 39, False),  # three periods are too few
        ([4, 3, 5, 0], [39, 35, 41, 0], 34, 39, False),  # a period without persons does not count
        ([0, 0, 0, 0], [9, 8, 7, 9], 1, 1, False),  # one person is not evidence
        ([36, 30, 33, 35, np.nan], [39, 35, 41, 38, np.nan], 3, 40, True),  # victims, mostly women
    ],
)
def test_exchange_needs_clear_evidence(
    parts: list[float], wholes: list[float], part: float, whole: float, expected: bool
) -> None:
    assert _suspected(parts, wholes, part, whole) is expected


_PERIODS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=12)


@given(_PERIODS, st.integers(0, 60), st.integers(0, 60))
def test_women_and_men_are_judged_alike(periods: list[tuple[int, int]], women: int, men: int) -> None:
    wholes: list[float] = [a + b for a, b in periods]
    p = _fit([a for a, _ in periods], wholes, women, women + men)
    assert 0 <= p <= 1
    assert p == pytest.approx(_fit([b for _, b in periods], wholes, men, women + men), rel=1e-6, abs=1e-9)
