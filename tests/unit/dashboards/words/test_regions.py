"""Sentences about the range of the territories and the window of a comparison."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.words import regions


def make_range(n: int, **columns: Any) -> dict[str, Any]:
    figures = (
        {"minimum": 1.0, "median": 2.0, "maximum": 6.0} if n >= 3 else dict.fromkeys(("minimum", "median", "maximum"))
    )
    return {"n": n, "n_enough": 0, "n_withheld": 0} | figures | columns


@pytest.mark.parametrize("n", [1, 2])
def test_range_of_fewer_than_three_territories_has_no_limits(n: int) -> None:
    sentence = regions.describe_range(make_range(n), "this rate")
    assert sentence.startswith(f"Only {n} ") and "too few for a median or a range" in sentence
    assert "from" not in regions.format_range(make_range(n), 0)


def test_range_of_three_territories_has_median_and_limits() -> None:
    assert regions.describe_range(make_range(3), "this rate").startswith(
        "Over 3 territories with a public figure of this rate: median 2, from 1 to 6"
    )
    assert regions.format_range(make_range(3), 0) == "2, from 1 to 6 (n = 3)"


def test_window_that_is_not_enough_is_not_called_the_longest() -> None:
    windows = [
        {"freq": "A", "period": "2025", "n_reaching": 2, "n_territories": 6, "is_most": False, "is_default": True},
        {"freq": "P5", "period": "2021-2025", "n_reaching": 1, "n_territories": 6, "is_most": False,
         "is_default": False},
    ]  # fmt: skip
    sentence = regions.explain_window(windows)
    assert "longest" not in sentence and "2 of 6 territories" in sentence and "2025 (one year)" in sentence
