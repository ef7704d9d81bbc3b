"""Scales and ticks: all values inside, few round ticks, no decimals that the figures do not have."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.front.charts.scales import BandScale, LinearScale, choose_ticks


@given(st.floats(0.01, 1e7), st.integers(2, 8), st.integers(0, 2))
def test_choose_ticks_covers_the_top_with_few_even_steps(top: float, most: int, digits: int) -> None:
    ticks = choose_ticks(top, most, digits=digits)
    assert ticks[0] == 0 and ticks[-1] >= top - 1e-6 and 2 <= len(ticks) <= most + 1
    assert all(tick == pytest.approx(round(tick, digits), abs=1e-9) for tick in ticks)
    assert [b - a for a, b in itertools.pairwise(ticks)] == pytest.approx([ticks[1]] * (len(ticks) - 1))


@pytest.mark.parametrize(
    ("top", "digits", "expected"),
    [
        (0, 0, [0, 1]),
        (1, 0, [0, 1]),
        (3, 0, [0, 1, 2, 3]),
        (198, 0, [0, 50, 100, 150, 200]),
        (0.46, 2, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
    ],
)
def test_choose_ticks_takes_round_numbers(top: float, digits: int, expected: list[float]) -> None:
    assert choose_ticks(top, 5, digits=digits) == expected


def test_linear_scale_keeps_values_inside() -> None:
    scale = LinearScale(200, 100, 0)
    assert [scale(value) for value in (0, 50, 200, 500)] == [100, 75, 0, 0]


def test_band_scale_divides_its_range_equally() -> None:
    scale = BandScale(4, 10, 50)
    assert scale.step == 10 and scale.find_center(0) == 15 and scale.find_edge(4) == 50
