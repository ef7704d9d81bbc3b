"""Statistics of records recover the delays, chances and coverage of the simulations that drew the records."""

from __future__ import annotations

import pytest

from pipelines.statistics.durations import summarise_durations
from pipelines.statistics.stages import APPEAL, FIRST
from pipelines.statistics.stays import find_stays
from tests.oracles.record_shares import share_limits
from tests.records import simulate_events
from tests.records.recovery import CONVICTED, measure_quantiles, measure_ratios, measure_share_coverage, true_quantile


@pytest.mark.parametrize("jurisdiction", ["HR", "RS"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_durations_recover_the_delays_that_the_demonstration_draws(jurisdiction: str, seed: int) -> None:
    """First instance: 20 days and a Weibull time of mean 240; appeal: 15 days and one of mean 130 (shape 1.5)."""
    events = simulate_events(seed, jurisdiction)
    appeal = true_quantile(0.5, 130) - 5  # least 15 there
    for stage, truth in ((FIRST, true_quantile(0.5, 240)), (APPEAL, appeal)):
        row = summarise_durations(find_stays(events, stage).frame).row(0, named=True)
        # Twelve tests at 95 % would fail for every second set of seeds, so widen the limits by a week.
        assert row["median_low"] - 7 <= truth <= row["median_high"] + 7, (stage.name, row["median"], truth)


def test_open_cases_are_counted_and_limits_are_those_of_cases() -> None:
    """Run a small version of the simulation that `python -m tests.records` prints in full."""
    for row in measure_quantiles(40, 700.0, 150, seed=7):
        if row.name == "median":
            assert abs(row.estimate - row.truth) < 0.05 * row.truth
            assert row.finished_only < 0.75 * row.truth, "finished cases alone are the short ones"
        assert row.covered_by_case >= 0.92
        assert row.covered_by_person < row.covered_by_case


def test_limits_of_shares_hold_where_a_case_has_one_outcome() -> None:
    """2000 draws: the standard error of a coverage of 95 % is half a point."""
    for cases in (15, 40):
        coverage = measure_share_coverage(cases, 0.72, True, 2000, seed=3)
        assert coverage.by_case >= 0.935
        assert coverage.by_person < 0.9, "counting persons as independent overstates the sample"


def test_cohorts_recover_the_simulated_chance_of_conviction() -> None:
    """Recover the 72 % of defendants that the simulation convicts (tests/samples/simulation.py) in every year."""
    simulations = [measure_ratios(seed) for seed in (1, 2, 3, 4)]
    persons = sum(simulation.persons for simulation in simulations)
    convicted = sum(simulation.cohort * simulation.persons for simulation in simulations)
    low, high = share_limits(round(convicted), persons)
    assert low <= CONVICTED <= high
