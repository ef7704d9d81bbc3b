"""Tests of rounding for display: a reader who checks a figure rounds a half up."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import rounding
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


@given(
    st.floats(min_value=-1e9, max_value=1e9)
    | st.builds(lambda whole, part: whole / part, st.integers(-(10**8), 10**8), st.integers(1, 2000)),
    st.integers(0, 3),
)
def test_numbers_that_are_no_halves_are_rounded_as_decimals_would_be(value: float, digits: int) -> None:
    number = rounding._round_decimal(value, digits)
    assert round_half_up(value, digits) == float(number)
    assert format_half_up(value, digits) == f"{number:,.{digits}f}"
