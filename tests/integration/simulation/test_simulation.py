"""A small run of the simulation: intervals cover, clusters matter, and only the right ratios find the truth.

Bounds are four standard errors of that many runs from the exact value, so that chance does not fail them and a wrong
formula does.  `python -m tests.simulation` runs all of it; a slow test compares the page.
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


def make_generator() -> np.random.Generator:
    return np.random.default_rng(4)


def test_process_has_the_declared_mean_and_dispersion() -> None:
    observed, cases = process.draw_persons(make_generator(), 40, GANGS, 40_000)
    assert observed.mean() == pytest.approx(40, rel=0.01)
    assert (observed / np.maximum(cases, 1)).mean() == pytest.approx(GANGS.mean, rel=0.02)
    assert observed.var() / observed.mean() == pytest.approx(GANGS.dispersion, rel=0.03)
    case_of = process.draw_cases(make_generator(), 30, GANGS, 500)
    assert case_of[:, 0].max() == 0 and (np.diff(case_of, axis=1) >= 0).all() and np.diff(case_of, axis=1).max() == 1


def test_draw_convicted_has_the_given_chance_and_clusters() -> None:
    case_of = process.draw_cases(make_generator(), 30, GANGS, 4000)
    alone, together = (process.draw_convicted(make_generator(), case_of, 0.7, chance) for chance in (0.0, 1.0))
    assert alone.mean() == pytest.approx(21, rel=0.02) == together.mean()
    assert together.var() > 2 * alone.var()


@pytest.mark.parametrize("expected", [2, 20, 100])
def test_exact_intervals_cover_as_their_definition_promises(expected: int) -> None:
    coverage = measure.measure_counts(make_generator(), ALONE, expected, RUNS)["as if alone"]
    # exact coverage by its definition: the chances of those counts whose limits contain the truth
    k = np.arange(0, 400)
    chances = np.exp(k * math.log(expected) - expected - np.array([math.lgamma(count + 1) for count in k]))
    low, high = intervals.poisson_interval(k)
    promised = float(chances[(low <= expected) & (expected <= high)].sum())
    assert promised >= 0.95
    assert coverage.covered == pytest.approx(promised, abs=SLACK)


@pytest.mark.parametrize("sizes", [PAIRS, GANGS], ids=lambda one: one.name)
@pytest.mark.parametrize("expected", [5, 20, 100])
def test_intervals_scaled_by_records_cover_under_clustering_and_others_do_not(
    sizes: process.Sizes, expected: int
) -> None:
    coverage = measure.measure_counts(make_generator(), sizes, expected, RUNS)
    assert coverage["50 cases"].covered > 0.95 - SLACK and coverage["200 cases"].covered > 0.95 - SLACK
    assert coverage["200 cases"].covered < 0.99
    assert coverage["as if alone"].covered < 0.94
    assert coverage["as if alone"].covered < coverage["persons per case"].covered < 0.95 + SLACK


def test_shares_cover_under_clustering() -> None:
    for whole in (20, 100):
        coverage = measure.measure_shares(make_generator(), GANGS, whole, 0.7, 1.0, RUNS)
        assert coverage["50 cases"].covered > 0.95 - SLACK and coverage["as if alone"].covered < 0.8
    assert measure.measure_shares(make_generator(), ALONE, 100, 0.7, 0.0, RUNS)["as if alone"].covered == pytest.approx(
        0.955, abs=0.02
    )


def test_ratios_cover_under_clustering() -> None:
    for upper, lower in ((20, 50), (100, 100)):
        coverage = measure.measure_ratios(make_generator(), GANGS, upper, lower, RUNS)
        assert coverage["50 cases"].covered > 0.95 - SLACK and coverage["as if alone"].covered < 0.75
    assert measure.measure_ratios(make_generator(), ALONE, 100, 100, RUNS)["as if alone"].covered == pytest.approx(
        0.955, abs=0.015
    )


def test_seven_equal_territories_rarely_differ() -> None:
    family = measure.measure_family(make_generator(), [60.0] * 7, [1.0] * 7, 300)
    assert family.pairs == 21 and family.different == 0
    assert family.false["simultaneous"] <= 0.05 < 0.2 < family.false["each alone"]


def test_seven_different_territories_mostly_differ() -> None:
    family = measure.measure_family(make_generator(), [40.0, 40, 160, 160, 160, 320, 320], [1.0] * 7, 100)
    assert family.different == 16 and family.detected["simultaneous"] > 15
    assert family.detected["simultaneous"] <= family.detected["Holm"] <= family.detected["each alone"]


@pytest.mark.sampled(turn=0)
@pytest.mark.parametrize(
    ("truth", "naive"),
    [(measure.GROWING, (0.45, 0.57)), (measure.FALLING, (0.75, 0.92))],
    ids=lambda one: str(one)[:30],
)
def test_only_lagged_and_finished_cohort_ratios_find_the_truth(
    truth: process.Truth, naive: tuple[float, float]
) -> None:
    ratios = measure.measure_stage_ratios(make_generator(), truth, 60)
    assert naive[0] < ratios.same_period.mean < naive[1]
    assert ratios.lagged.mean == pytest.approx(0.65, abs=0.04)
    assert ratios.cohort.mean == pytest.approx(0.65, abs=0.02)
    assert ratios.cohort.covered > 0.9 and ratios.lagged.covered > 0.9
    assert ratios.unfinished.mean < 0.5
    assert ratios.kaplan_meier == pytest.approx(ratios.true_median, rel=0.05)
    assert ratios.closed_median < 0.97 * ratios.true_median


def test_balances_hold_as_drawn_and_break_where_planted() -> None:
    balances = measure.measure_balances(make_generator(), measure.STEADY, 20)
    assert balances.covered == 1.0
    assert balances.broken[1] == 0.0 and balances.broken[2] > 0.99 and balances.broken[5] > 0.99


def test_write_page_with_one_seed_is_reproducible() -> None:
    small = report.Size(100, 4, 4)
    first, second = (report.write_page(small, lambda _: None) for _ in range(2))
    assert first == second and "## Balances" in first


@pytest.mark.slow
def test_page_is_what_the_simulation_writes() -> None:
    assert report.write_page(report.WHOLE, lambda _: None) == PAGE.read_text(encoding="utf-8")
