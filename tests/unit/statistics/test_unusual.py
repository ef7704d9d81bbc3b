"""Tests of single lengths and days: agreement with tabulated values, and their error rate by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.statistics.ratios_over_time import score_ratio
from pipelines.statistics.unusual import score_gap, score_inner_gap, score_mean_shift, score_prediction


def test_prediction_is_students_distribution() -> None:
    # t(9) has its upper 2.5 % point at 2.262; sqrt(1 + 1/10) = 1.0488
    p = score_prediction(np.array([10]), np.array([0.0]), np.array([1.0]), np.array([2.262 * 1.0488]))
    assert p[0] == pytest.approx(0.05, abs=1e-4)


def test_no_spread_gives_no_p_value() -> None:
    assert np.isnan(score_prediction(np.array([1, 10]), np.zeros(2), np.zeros(2), np.ones(2))).all()
    assert np.isnan(score_mean_shift(np.array([10]), np.zeros(1), np.zeros(1), np.ones(1), np.ones(1))).all()


def test_error_rates_are_kept() -> None:
    draw = np.random.default_rng(7)
    past, present = draw.normal(3, 0.5, (4000, 12)), draw.normal(3, 0.5, (4000, 20))
    n = np.full(4000, 12)
    mean, deviation = past.mean(axis=1), past.std(axis=1, ddof=1)
    assert (score_prediction(n, mean, deviation, present[:, 0]) < 0.01).mean() < 0.016
    shift = score_mean_shift(n, mean, deviation, np.full(4000, 20), present.mean(axis=1))
    assert (shift < 0.01).mean() < 0.016


def test_gaps_bound_the_share_of_empty_stretches() -> None:
    draw = np.random.default_rng(8)
    days = np.sort(draw.random((4000, 30)), axis=1)
    at_end = 1 - days[:, -1]
    assert (score_gap(30, at_end) < 0.01).mean() == pytest.approx(0.01, abs=0.005)
    inner = np.diff(days, axis=1).max(axis=1)
    assert (score_inner_gap(30, inner) < 0.01).mean() < 0.016


def test_ratio_of_two_sources() -> None:
    expected, p = score_ratio([[10, 20, 30, 20]] * 2, [[20, 40, 60, 40]] * 2, [25, 40], [50, 50])
    assert expected.tolist() == [25, 25]
    assert p[0] == 1 and p[1] < 1e-6
