"""The simulation in small: intervals cover, clusters matter, and only the right ratios find the truth.

Bounds are four standard errors of so many runs from what is promised, so that chance does not fail them and a wrong
formula does.  The whole of it is `python -m tests.simulation`, compared with the page it wrote in a slow test.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipelines.statistics import intervals
from tests.simulation import measure, process, report
from tests.simulation.__main__ import PAGE
from tests.simulation.process import ALONE, GANGS, PAIRS

RUNS = 3000
SLACK = 4 * math.sqrt(0.95 * 0.05 / RUNS)


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_the_process_is_what_it_says() -> None:
    seen, cases = process.draw_persons(rng(), 40, GANGS, 40_000)
    assert seen.mean() == pytest.approx(40, rel=0.01)
    assert (seen / np.maximum(cases, 1)).mean() == pytest.approx(GANGS.mean, rel=0.02)
    assert seen.var() / seen.mean() == pytest.approx(GANGS.dispersion, rel=0.03)
    case_of = process.draw_cases(rng(), 30, GANGS, 500)
    assert case_of[:, 0].max() == 0 and (np.diff(case_of, axis=1) >= 0).all() and np.diff(case_of, axis=1).max() == 1


def test_the_judged_are_convicted_as_often_as_they_should_be() -> None:
    case_of = process.draw_cases(rng(), 30, GANGS, 4000)
    alone, together = (process.draw_convicted(rng(), case_of, 0.7, one) for one in (0.0, 1.0))
    assert alone.mean() == pytest.approx(21, rel=0.02) == together.mean()
    assert together.var() > 2 * alone.var()


@pytest.mark.parametrize("expected", [2, 20, 100])
def test_exact_intervals_cover_and_not_much_too_much(expected: int) -> None:
    made = measure.measure_counts(rng(), ALONE, expected, RUNS)["as if alone"]
    # what they cover, from the definition: the chances of those counts whose limits hold the truth
    k = np.arange(0, 400)
    chances = np.exp(k * math.log(expected) - expected - np.array([math.lgamma(one + 1) for one in k]))
    low, high = intervals.poisson_interval(k)
    promised = float(chances[(low <= expected) & (expected <= high)].sum())
    assert promised >= 0.95
    assert made.covered == pytest.approx(promised, abs=SLACK)


@pytest.mark.parametrize("sizes", [PAIRS, GANGS], ids=lambda one: one.name)
@pytest.mark.parametrize("expected", [5, 20, 100])
def test_intervals_scaled_by_records_cover_under_clustering_and_others_do_not(
    sizes: process.Sizes, expected: int
) -> None:
    made = measure.measure_counts(rng(), sizes, expected, RUNS)
    assert made["50 cases"].covered > 0.95 - SLACK and made["200 cases"].covered > 0.95 - SLACK
    assert made["200 cases"].covered < 0.99
    assert made["as if alone"].covered < 0.94
    assert made["as if alone"].covered < made["persons per case"].covered < 0.95 + SLACK


def test_shares_cover_under_clustering() -> None:
    for whole in (20, 100):
        made = measure.measure_shares(rng(), GANGS, whole, 0.7, 1.0, RUNS)
        assert made["50 cases"].covered > 0.95 - SLACK and made["as if alone"].covered < 0.8
    assert measure.measure_shares(rng(), ALONE, 100, 0.7, 0.0, RUNS)["as if alone"].covered == pytest.approx(
        0.955, abs=0.02
    )


def test_ratios_cover_under_clustering() -> None:
    for upper, lower in ((20, 50), (100, 100)):
        made = measure.measure_ratios(rng(), GANGS, upper, lower, RUNS)
        assert made["50 cases"].covered > 0.95 - SLACK and made["as if alone"].covered < 0.75
    assert measure.measure_ratios(rng(), ALONE, 100, 100, RUNS)["as if alone"].covered == pytest.approx(
        0.955, abs=0.015
    )


def test_seven_equal_territories_are_rarely_told_apart() -> None:
    made = measure.measure_family(rng(), [60.0] * 7, [1.0] * 7, 300)
    assert made.pairs == 21 and made.different == 0
    assert made.false["simultaneous"] <= 0.05 < 0.2 < made.false["each alone"]


def test_seven_different_territories_mostly_are() -> None:
    made = measure.measure_family(rng(), [40.0, 40, 160, 160, 160, 320, 320], [1.0] * 7, 100)
    assert made.different == 16 and made.detected["simultaneous"] > 15
    assert made.detected["simultaneous"] <= made.detected["Holm"] <= made.detected["each alone"]


@pytest.mark.parametrize(
    ("truth", "naive"),
    [(measure.GROWING, (0.45, 0.57)), (measure.FALLING, (0.75, 0.92))],
    ids=lambda one: str(one)[:30],
)
def test_only_lagged_and_finished_cohort_ratios_find_the_truth(
    truth: process.Truth, naive: tuple[float, float]
) -> None:
    made = measure.measure_stage_ratios(rng(), truth, 60)
    assert naive[0] < made.same_period.mean < naive[1]
    assert made.lagged.mean == pytest.approx(0.65, abs=0.04)
    assert made.cohort.mean == pytest.approx(0.65, abs=0.02)
    assert made.cohort.covered > 0.9 and made.lagged.covered > 0.9
    assert made.unfinished.mean < 0.5
    assert made.kaplan_meier == pytest.approx(made.true_median, rel=0.05)
    assert made.closed_median < 0.97 * made.true_median


def test_balances_hold_as_drawn_and_break_where_planted() -> None:
    made = measure.measure_balances(rng(), measure.STEADY, 20)
    assert made.covered == 1.0
    assert made.broken[1] == 0.0 and made.broken[2] > 0.99 and made.broken[5] > 0.99


def test_one_seed_makes_one_page() -> None:
    small = report.Size(100, 4, 4)
    first, second = (report.write_page(small, lambda _: None) for _ in range(2))
    assert first == second and "## Balances" in first


@pytest.mark.slow
def test_the_page_is_what_the_simulation_finds() -> None:
    assert report.write_page(report.WHOLE, lambda _: None) == PAGE.read_text(encoding="utf-8")
