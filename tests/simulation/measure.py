"""How well the statistics recover a known truth: coverage, errors of families of tests, ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from pipelines.statistics import durations, intervals
from pipelines.statistics.dispersion import at_least, of_records
from pipelines.statistics.ratios import compute_ratio
from tests.oracles import comparison
from tests.oracles.balance import compute_balance
from tests.simulation import process
from tests.simulation.process import ALONE, Sizes, Truth

Array = np.ndarray[Any, np.dtype[Any]]
LEVEL = 0.95
HISTORIES = (50, 200)
"""Earlier cases from which an office's dispersion is known."""


class Coverage(NamedTuple):
    """Fractions of the runs in which limits contain the truth, are wholly above it, and are wholly below it."""

    covered: float
    above: float
    below: float


def measure_coverage(limits: tuple[Array, Array], truth: float) -> Coverage:
    low, high = limits
    return Coverage(
        float(((low <= truth) & (truth <= high)).mean()), float((low > truth).mean()), float((high < truth).mean())
    )


def exact_coverage(expected: float) -> float:
    """Return what the exact interval of a count covers by its definition, without draws."""
    from scipy.stats import poisson

    observed = np.arange(int(expected + 40 * expected**0.5 + 60))
    low, high = intervals.poisson_interval(observed)
    return float(poisson.pmf(observed, expected)[(low <= expected) & (expected <= high)].sum())


def estimate_dispersion(rng: np.random.Generator, cases: int, sizes: Sizes, runs: int) -> Array:
    """Return the dispersion of each run as its office's records of that many earlier cases show it."""
    return np.array([of_records(case_sizes) for case_sizes in process.draw_case_sizes(rng, cases, sizes, runs)])


def measure_counts(rng: np.random.Generator, sizes: Sizes, expected: float, runs: int) -> dict[str, Coverage]:
    """Return the coverage of the expected count by each interval that could be given for it."""
    observed, cases = process.draw_persons(rng, expected, sizes, runs)
    limits_by_name = {"as if alone": intervals.poisson_interval(observed)}
    if sizes is not ALONE:
        limits_by_name["persons per case"] = intervals.poisson_interval(observed, at_least(observed, cases))
        for known_cases in HISTORIES:
            limits_by_name[f"{known_cases} cases"] = intervals.poisson_interval(
                observed, estimate_dispersion(rng, known_cases, sizes, runs)
            )
        limits_by_name["true"] = intervals.poisson_interval(observed, sizes.dispersion)
    return {name: measure_coverage(limits, expected) for name, limits in limits_by_name.items()}


def measure_shares(
    rng: np.random.Generator, sizes: Sizes, whole: int, chance: float, together: float, runs: int
) -> dict[str, Coverage]:
    """Return the coverage of the chance of conviction by the interval of a share of `whole` persons."""
    case_of = process.draw_cases(rng, whole, sizes, runs)
    observed = process.draw_convicted(rng, case_of, chance, together)
    limits_by_name = {"as if alone": intervals.clopper_pearson(observed, whole)}
    if sizes is not ALONE:
        for known_cases in HISTORIES:
            limits_by_name[f"{known_cases} cases"] = intervals.clopper_pearson(
                observed, whole, estimate_dispersion(rng, known_cases, sizes, runs)
            )
    return {name: measure_coverage(limits, chance) for name, limits in limits_by_name.items()}


def measure_ratios(
    rng: np.random.Generator, sizes: Sizes, upper: float, lower: float, runs: int
) -> dict[str, Coverage]:
    """Return the coverage of the ratio of two expected counts; if they are equal, a miss is a false difference."""
    x, _ = process.draw_persons(rng, upper, sizes, runs)
    y, _ = process.draw_persons(rng, lower, sizes, runs)
    limits_by_name = {"as if alone": compute_ratio(x, y)[1:3]}
    if sizes is not ALONE:
        for known_cases in HISTORIES:
            phi = [estimate_dispersion(rng, known_cases, sizes, runs) for _ in "xy"]
            limits_by_name[f"{known_cases} cases"] = compute_ratio(x, y, 1, 1, phi[0], phi[1])[1:3]
    return {name: measure_coverage(limits, upper / lower) for name, limits in limits_by_name.items()}


class Family(NamedTuple):
    """`false`: fraction of runs in which some pair of equal rates was declared different; `detected`: mean number
    of pairs of different rates declared different; each by method. `pairs`: mean number tested, of `different`."""

    pairs: float
    different: int
    false: dict[str, float]
    detected: dict[str, float]


def measure_family(
    rng: np.random.Generator, expected: Sequence[float], populations: Sequence[float], runs: int
) -> Family:
    """Compare all pairs of territories with these expected counts and populations by `comparison.compare_rates`.

    `each alone` tests every pair at 5 per cent; Holm's procedure is worked out here, from the pairs' own p-values.
    """
    rates = np.array(expected) / np.array(populations)
    pairs = list(combinations(range(len(expected)), 2))
    equal = np.array([bool(np.isclose(rates[i], rates[j])) for i, j in pairs])
    ways = ("each alone", "simultaneous", "Holm")
    verdicts = {way: np.zeros((runs, len(pairs)), dtype=bool) for way in ways}
    tested = np.zeros(runs)
    for run in range(runs):
        observed = rng.poisson(expected).astype(float)
        compared = comparison.compare_rates(list(observed), list(populations))
        inside = np.array([not np.isnan(pair.p) for pair in compared])
        tested[run] = inside.sum()
        verdicts["simultaneous"][run] = [pair.verdict in (comparison.HIGHER, comparison.LOWER) for pair in compared]
        i, j = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
        alone = compute_ratio(observed[i], observed[j], np.array(populations)[i], np.array(populations)[j]).p
        verdicts["each alone"][run] = inside & (alone < 0.05)
        remaining = int(inside.sum())
        for place in np.argsort(np.where(inside, alone, np.inf))[:remaining]:
            if alone[place] * remaining >= 0.05:
                break
            verdicts["Holm"][run, place] = True
            remaining -= 1
    return Family(
        float(tested.mean()),
        int((~equal).sum()),
        {way: float(verdicts[way][:, equal].any(axis=1).mean()) for way in ways},
        {way: float(verdicts[way][:, ~equal].sum(axis=1).mean()) for way in ways},
    )


class Recovered(NamedTuple):
    """A version of the ratio of convicted to indicted: its mean over runs, and how often its interval contained the
    truth."""

    mean: float
    covered: float


class StageRatios(NamedTuple):
    """`truth`: the chance of conviction of a person indicted; waits in days: true median, that of the closed cases,
    and Kaplan and Meier's (means over runs); `lags`: quarters of lag, and in how many runs."""

    truth: float
    same_period: Recovered
    lagged: Recovered
    cohort: Recovered
    unfinished: Recovered
    true_median: float
    closed_median: float
    kaplan_meier: float
    lags: dict[int, int]


DAYS = 365.25 / 4
QUARTERS = 44
"""Eleven years.  Records run over the first twenty quarters, figures are of the year after; cohorts are then followed
for five years more."""
RECORDS = 20


def measure_stage_ratios(rng: np.random.Generator, truth: Truth, runs: int) -> StageRatios:
    """Measure the three versions of a year's ratio, and a cohort that is not followed to its end (`unfinished`)."""
    drawn = process.draw_returns(rng, truth, QUARTERS, runs)
    phi = estimate_dispersion(rng, HISTORIES[-1], truth.sizes, runs)
    lags, closed, medians = [], [], []
    for run in range(runs):
        mine = (drawn.run == run) & (drawn.indicted_at >= 0) & (drawn.indicted_at < RECORDS)
        until = np.minimum(drawn.decided_at[mine], RECORDS)
        waited, ended = (until - drawn.indicted_at[mine]) * DAYS, drawn.decided_at[mine] < RECORDS
        median = durations.find_quantile(durations.estimate_product_limit(waited, ended), 0.5).value
        lag = durations.lag_periods(median, "Q")
        if median is None or lag is None:
            raise AssertionError("half of those indicted in five years are decided in them")
        lags.append(lag)
        medians.append(median)
        closed.append(float(np.median(waited[ended])))

    def sum_year(values: Array, back: Array | int = 0) -> Array:
        first = np.broadcast_to(np.asarray(RECORDS - np.asarray(back)), (runs,))
        return np.take_along_axis(values, first[:, None] + np.arange(4), axis=1).sum(axis=1)

    def compare_counts(upper: Array, lower: Array) -> Recovered:
        ratio = compute_ratio(upper, lower, 1, 1, phi, phi)
        return Recovered(float(ratio.value.mean()), measure_coverage(ratio[1:3], truth.convicted).covered)

    def compare_share(part: Array, whole: Array) -> Recovered:
        limits = intervals.clopper_pearson(part, whole, phi)
        return Recovered(float((part / whole).mean()), measure_coverage(limits, truth.convicted).covered)

    lag = np.array(lags)
    soon = follow_cohort(rng, truth, runs, RECORDS + 4)
    return StageRatios(
        truth=truth.convicted,
        same_period=compare_counts(sum_year(drawn.convicted), sum_year(drawn.indicted)),
        lagged=compare_counts(sum_year(drawn.convicted), sum_year(drawn.indicted, lag)),
        cohort=compare_share(sum_year(drawn.cohort), sum_year(drawn.indicted)),
        unfinished=compare_share(*soon),
        true_median=float(np.median(rng.gamma(*truth.wait_first, 400_000))) * DAYS,
        closed_median=float(np.mean(closed)),
        kaplan_meier=float(np.mean(medians)),
        lags={int(number): int((lag == number).sum()) for number in np.unique(lag)},
    )


def follow_cohort(rng: np.random.Generator, truth: Truth, runs: int, quarters: int) -> tuple[Array, Array]:
    """Return persons indicted in the last but one year: those convicted by the end of the last, and all."""
    drawn = process.draw_returns(rng, truth, quarters, runs)
    return drawn.cohort_by_end[:, -8:-4].sum(axis=1), drawn.indicted[:, -8:-4].sum(axis=1)


class Balances(NamedTuple):
    """Fractions of balances that hold as drawn, and that break if some persons are left out of the exits."""

    covered: float
    broken: dict[int, float]


def measure_balances(rng: np.random.Generator, truth: Truth, runs: int) -> Balances:
    """Measure first-instance balances of all quarters, then with 1, 2 and 5 persons of the exits left out."""
    drawn = process.draw_returns(rng, truth, 12, runs)
    opening, closing = drawn.pending_first[:, :-1].ravel(), drawn.pending_first[:, 1:].ravel()
    entries = drawn.indicted[:, 1:].reshape(-1, 1)
    exits = np.stack([drawn.adjudicated[:, 1:].ravel(), drawn.requalified_out[:, 1:].ravel()], axis=1)
    clean = compute_balance(opening, entries, exits, closing)
    broken = {}
    for forgotten in (1, 2, 5):
        less = np.maximum(exits - np.array([forgotten, 0]), 0)
        broken[forgotten] = float((compute_balance(opening, entries, less, closing).state == "broken").mean())
    return Balances(float((clean.state == "holds").mean()), broken)


GROWING = Truth("rising 5 per cent a quarter", 30, 0.05)
STEADY = replace(GROWING, name="steady", growth=0.0)
FALLING = replace(GROWING, name="falling 5 per cent a quarter", growth=-0.05)
