"""Pairs of medians, tested by their published limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipelines.statistics.medians import Median, compare_medians


def test_limits_of_one_pair_are_those_of_zou_and_donner() -> None:
    (pair,) = compare_medians([Median(260, 210, 330), Median(210, 180, 330)])
    assert (pair.first, pair.second, pair.ratio) == (0, 1, 260 / 210)
    below = math.sqrt(math.log(260 / 210) ** 2 + math.log(330 / 210) ** 2)
    assert pair.low == pytest.approx(260 / 210 / math.exp(below))
    assert pair.high == pytest.approx(260 / 210 * math.exp(math.hypot(math.log(330 / 260), math.log(210 / 180))))


def test_limits_are_wider_for_more_pairs_and_open_without_limits_of_a_median() -> None:
    alike = [Median(100, 80, 125), Median(150, 120, 180)]
    alone, (among_three, *_) = compare_medians(alike)[0], compare_medians([*alike, Median(90, 70, 110)])
    assert among_three.low < alone.low < alone.high < among_three.high
    (pair,) = compare_medians([Median(100, 0, 125), Median(150, 120, math.inf)])
    assert (pair.low, math.isfinite(pair.high)) == (0, True)
    (pair,) = compare_medians([Median(100, 80, math.inf), Median(150, 0, 180)])
    assert pair.low > 0 and pair.high == math.inf


def test_equal_medians_are_called_different_in_at_most_five_per_cent_of_samples() -> None:
    """Simulate exact limits of three lognormal medians with different standard errors."""
    random = np.random.default_rng(20261120)
    errors = np.array([0.05, 0.1, 0.3])
    logs = random.normal(0.0, errors, size=(1500, 3))
    false_alarms = 0
    for row in logs:
        medians = [
            Median(*np.exp([log, log - 1.96 * error, log + 1.96 * error]))
            for log, error in zip(row, errors, strict=True)
        ]
        false_alarms += any(pair.low > 1 or pair.high < 1 for pair in compare_medians(medians))
    assert false_alarms / len(logs) < 0.06


@pytest.mark.parametrize("median", [Median(0, 0, 1), Median(2, 3, 4), Median(5, 3, 4), Median(5, -1, 6)])
def test_numbers_that_are_not_a_median_with_its_limits_are_refused(median: Median) -> None:
    with pytest.raises(ValueError, match="not a median"):
        compare_medians([median, Median(1, 1, 1)])
