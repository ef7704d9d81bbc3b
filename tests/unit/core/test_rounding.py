"""Tests of rounding for display: a reader who checks a figure rounds a half up."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from pipelines.core.rounding import format_half_up, round_half_up


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (5 / 8, 2, "0.63"),
        (12.5, 0, "13"),
        (2.675, 2, "2.68"),  # the double is just below
        (100 * 0.145, 0, "15"),  # 14.499999999999998
        (-12.5, 0, "-13"),
        (-0.4, 0, "0"),
        (1234567.5, 0, "1,234,568"),
        (0, 2, "0.00"),
        (math.inf, 0, "inf"),
    ],
)
def test_half_is_rounded_away_from_zero(value: float, digits: int, text: str) -> None:
    assert format_half_up(value, digits) == text
    assert round_half_up(value, digits) == float(text.replace(",", ""))


def test_rounded_number_is_never_negative_zero() -> None:
    assert math.copysign(1, round_half_up(-0.4)) == 1


@pytest.mark.parametrize("whole", range(1, 400))
def test_shares_of_counts_are_rounded_like_exact_fractions(whole: int) -> None:
    for part in range(whole + 1):
        exact = math.floor(Fraction(100 * part, whole) + Fraction(1, 2))
        assert Decimal(format_half_up(100 * (part / whole))) == exact, (part, whole)
