"""What the statistics make of returns whose truth is known: coverage, errors of families of tests, ratios recovered."""

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
from tests.oracles.balance import balance
from tests.simulation import process
from tests.simulation.process import ALONE, Sizes, Truth

Array = np.ndarray[Any, np.dtype[Any]]
LEVEL = 0.95
HISTORIES = (50, 200)
"""Earlier cases from which an office's dispersion is known."""


class Coverage(NamedTuple):
    """How often limits held the truth, and how often they lay wholly above and below it; fractions of the runs."""

    held: float
    above: float
    below: float


def coverage(made: tuple[Array, Array], truth: float) -> Coverage:
    low, high = made
    return Coverage(
        float(((low <= truth) & (truth <= high)).mean()), float((low > truth).mean()), float((high < truth).mean())
    )


def promised(expected: float) -> float:
    """What the exact interval of a count covers, from its definition: no draws."""
    from scipy.stats import poisson

    seen = np.arange(int(expected + 40 * expected**0.5 + 60))
    low, high = intervals.poisson_interval(seen)
    return float(poisson.pmf(seen, expected)[(low <= expected) & (expected <= high)].sum())


def estimated(rng: np.random.Generator, cases: int, sizes: Sizes, runs: int) -> Array:
    """For each run, the dispersion as its office's records of so many earlier cases tell it."""
    return np.array([of_records(one) for one in process.history(rng, cases, sizes, runs)])


def counts(rng: np.random.Generator, sizes: Sizes, expected: float, runs: int) -> dict[str, Coverage]:
    """Coverage of the expected count by each interval that could be given for it."""
    seen, cases = process.persons(rng, expected, sizes, runs)
    made = {"as if alone": intervals.poisson_interval(seen)}
    if sizes is not ALONE:
        made["persons per case"] = intervals.poisson_interval(seen, at_least(seen, cases))
        for known in HISTORIES:
            made[f"{known} cases"] = intervals.poisson_interval(seen, estimated(rng, known, sizes, runs))
        made["true"] = intervals.poisson_interval(seen, sizes.dispersion)
    return {name: coverage(one, expected) for name, one in made.items()}


def shares(
    rng: np.random.Generator, sizes: Sizes, whole: int, chance: float, together: float, runs: int
) -> dict[str, Coverage]:
    """Coverage of the chance of conviction by the interval of a share of `whole` persons."""
    case_of = process.groups(rng, whole, sizes, runs)
    seen = process.convicted(rng, case_of, chance, together)
    made = {"as if alone": intervals.clopper_pearson(seen, whole)}
    if sizes is not ALONE:
        for known in HISTORIES:
            made[f"{known} cases"] = intervals.clopper_pearson(seen, whole, estimated(rng, known, sizes, runs))
    return {name: coverage(one, chance) for name, one in made.items()}


def ratios(rng: np.random.Generator, sizes: Sizes, upper: float, lower: float, runs: int) -> dict[str, Coverage]:
    """Coverage of the ratio of two expected counts; where these are equal, what is not held is a false difference."""
    x, _ = process.persons(rng, upper, sizes, runs)
    y, _ = process.persons(rng, lower, sizes, runs)
    made = {"as if alone": compute_ratio(x, y)[1:3]}
    if sizes is not ALONE:
        for known in HISTORIES:
            phi = [estimated(rng, known, sizes, runs) for _ in "xy"]
            made[f"{known} cases"] = compute_ratio(x, y, 1, 1, phi[0], phi[1])[1:3]
    return {name: coverage(one, upper / lower) for name, one in made.items()}


class Family(NamedTuple):
    """`false`: fraction of runs in which some pair of equal rates was told apart; `found`: mean number of pairs of
    different rates told apart; by way of looking at pairs.  `pairs`: mean number tested, of `different`."""

    pairs: float
    different: int
    false: dict[str, float]
    found: dict[str, float]


def family(rng: np.random.Generator, expected: Sequence[float], populations: Sequence[float], runs: int) -> Family:
    """Territories of the given expected counts and populations, all pairs compared by `comparison.rates`.

    `each alone` tests every pair at 5 per cent; Holm's procedure is worked out here, from the pairs' own p-values.
    """
    rates = np.array(expected) / np.array(populations)
    pairs = list(combinations(range(len(expected)), 2))
    equal = np.array([bool(np.isclose(rates[i], rates[j])) for i, j in pairs])
    ways = ("each alone", "simultaneous", "Holm")
    told = {way: np.zeros((runs, len(pairs)), dtype=bool) for way in ways}
    tested = np.zeros(runs)
    for run in range(runs):
        seen = rng.poisson(expected).astype(float)
        made = comparison.rates(list(seen), list(populations))
        inside = np.array([not np.isnan(one.p) for one in made])
        tested[run] = inside.sum()
        told["simultaneous"][run] = [one.verdict in (comparison.HIGHER, comparison.LOWER) for one in made]
        i, j = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
        alone = compute_ratio(seen[i], seen[j], np.array(populations)[i], np.array(populations)[j]).p
        told["each alone"][run] = inside & (alone < 0.05)
        left = int(inside.sum())
        for place in np.argsort(np.where(inside, alone, np.inf))[:left]:
            if alone[place] * left >= 0.05:
                break
            told["Holm"][run, place] = True
            left -= 1
    return Family(
        float(tested.mean()),
        int((~equal).sum()),
        {way: float(told[way][:, equal].any(axis=1).mean()) for way in ways},
        {way: float(told[way][:, ~equal].sum(axis=1).mean()) for way in ways},
    )


class Recovered(NamedTuple):
    """A way of making the ratio of convicted to indicted: its mean over runs, and how often its interval held the
    truth."""

    mean: float
    held: float


class StageRatios(NamedTuple):
    """`truth`: the chance of conviction of a person indicted; waits in days: true median, that of the closed alone,
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


def stage_ratios(rng: np.random.Generator, truth: Truth, runs: int) -> StageRatios:
    """The three versions of a year's ratio, and a cohort that is not followed to its end (`unfinished`)."""
    drawn = process.draw(rng, truth, QUARTERS, runs)
    phi = estimated(rng, HISTORIES[-1], truth.sizes, runs)
    lags, closed, medians = [], [], []
    for run in range(runs):
        mine = (drawn.run == run) & (drawn.indicted_at >= 0) & (drawn.indicted_at < RECORDS)
        until = np.minimum(drawn.decided_at[mine], RECORDS)
        waited, ended = (until - drawn.indicted_at[mine]) * DAYS, drawn.decided_at[mine] < RECORDS
        median = durations.find_quantile(durations.estimate_curve(waited, ended), 0.5).value
        lag = durations.lag_periods(median, "Q")
        if median is None or lag is None:
            raise AssertionError("half of those indicted in five years are decided in them")
        lags.append(lag)
        medians.append(median)
        closed.append(float(np.median(waited[ended])))

    def year(values: Array, back: Array | int = 0) -> Array:
        first = np.broadcast_to(np.asarray(RECORDS - np.asarray(back)), (runs,))
        return np.take_along_axis(values, first[:, None] + np.arange(4), axis=1).sum(axis=1)

    def between(upper: Array, lower: Array) -> Recovered:
        made = compute_ratio(upper, lower, 1, 1, phi, phi)
        return Recovered(float(made.value.mean()), coverage(made[1:3], truth.convicted).held)

    def within(part: Array, whole: Array) -> Recovered:
        made = intervals.clopper_pearson(part, whole, phi)
        return Recovered(float((part / whole).mean()), coverage(made, truth.convicted).held)

    lag = np.array(lags)
    soon = followed(rng, truth, runs, RECORDS + 4)
    return StageRatios(
        truth=truth.convicted,
        same_period=between(year(drawn.convicted), year(drawn.indicted)),
        lagged=between(year(drawn.convicted), year(drawn.indicted, lag)),
        cohort=within(year(drawn.cohort), year(drawn.indicted)),
        unfinished=within(*soon),
        true_median=float(np.median(rng.gamma(*truth.wait_first, 400_000))) * DAYS,
        closed_median=float(np.mean(closed)),
        kaplan_meier=float(np.mean(medians)),
        lags={int(one): int((lag == one).sum()) for one in np.unique(lag)},
    )


def followed(rng: np.random.Generator, truth: Truth, runs: int, quarters: int) -> tuple[Array, Array]:
    """Of those indicted in the year before last of so many quarters: convicted by the end of the last, and all."""
    drawn = process.draw(rng, truth, quarters, runs)
    return drawn.cohort_by_end[:, -8:-4].sum(axis=1), drawn.indicted[:, -8:-4].sum(axis=1)


class Balances(NamedTuple):
    """Fractions of balances that hold as drawn, and that break where so many are left out of the exits."""

    held: float
    broken: dict[int, float]


def balances(rng: np.random.Generator, truth: Truth, runs: int) -> Balances:
    """First-instance balances of all quarters; then with 1, 2 and 5 persons of the exits forgotten."""
    drawn = process.draw(rng, truth, 12, runs)
    opening, closing = drawn.pending_first[:, :-1].ravel(), drawn.pending_first[:, 1:].ravel()
    entries = drawn.indicted[:, 1:].reshape(-1, 1)
    exits = np.stack([drawn.adjudicated[:, 1:].ravel(), drawn.requalified_out[:, 1:].ravel()], axis=1)
    clean = balance(opening, entries, exits, closing)
    broken = {}
    for forgotten in (1, 2, 5):
        less = np.maximum(exits - np.array([forgotten, 0]), 0)
        broken[forgotten] = float((balance(opening, entries, less, closing).state == "broken").mean())
    return Balances(float((clean.state == "holds").mean()), broken)


GROWING = Truth("rising 5 per cent a quarter", 30, 0.05)
STEADY = replace(GROWING, name="steady", growth=0.0)
FALLING = replace(GROWING, name="falling 5 per cent a quarter", growth=-0.05)
