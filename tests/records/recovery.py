"""A simulation with known answers: how the estimators recover a court's true delays and outcomes.

Run it with `python -m tests.records`.

Cases arrive evenly over four years and are looked at on the last day of them.  Each has 1 to 5 defendants, who are
decided on one day; the delay of a case is 20 days and a Weibull time of shape 1.5.  Decided cases are short, the
more so the nearer the last day, and a table of finished cases shows nothing else.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from pipelines.statistics.cohorts import summarise_cohorts
from pipelines.statistics.durations import QUANTILES, estimate_curve, find_quantile
from pipelines.statistics.record_shares import design_effect
from pipelines.statistics.stages import FIRST
from pipelines.statistics.stays import find_stays
from tests.oracles.record_shares import share_limits
from tests.oracles.survival import fit_independent_curve
from tests.records import simulate_events

Array = np.ndarray[Any, np.dtype[Any]]
YEARS = 4
SIZES = (0.62, 0.22, 0.09, 0.05, 0.02)
CONVICTED = 0.72
"""Chance of a conviction in the demonstration's simulation, of each defendant who is tried."""


class Drawn(NamedTuple):
    days: Array
    ended: Array
    case: Array


def true_quantile(p: float, mean: float) -> float:
    """Return the first day by which a part p is decided: 20 days and whole days of the Weibull time."""
    scale = mean / math.gamma(1 + 1 / 1.5)
    return 20 + math.floor(scale * (-math.log(1 - p)) ** (1 / 1.5))


def draw_cases(generator: np.random.Generator, cases: int, mean: float, window: float = 365.25 * YEARS) -> Drawn:
    sizes = generator.choice(np.arange(1, 6), size=cases, p=SIZES)
    scale = mean / math.gamma(1 + 1 / 1.5)
    delay = 20 + np.floor(scale * generator.weibull(1.5, cases))
    observed_days = np.floor(generator.uniform(0, window, cases))
    case = np.repeat(np.arange(cases), sizes)
    return Drawn(np.minimum(delay, observed_days)[case], (delay <= observed_days)[case], case)


class Measured(NamedTuple):
    """Results for one quantile: its truth, the medians of two estimates, and how often limits covered the truth."""

    cases: int
    name: str
    truth: float
    finished_only: float
    estimate: float
    reached: float
    covered_by_case: float
    covered_by_person: float


def measure_quantiles(cases: int, mean: float, draws: int, seed: int) -> list[Measured]:
    """Measure each quantile in `draws` draws of that many cases; a limit not reached contains everything beyond."""
    generator = np.random.default_rng(seed)
    results: dict[str, list[tuple[float, float | None, bool, bool]]] = {name: [] for name in QUANTILES}
    for _ in range(draws):
        drawn = draw_cases(generator, cases, mean)
        if not drawn.ended.any():
            continue
        by_case, by_person = (
            estimate_curve(drawn.days, drawn.ended, drawn.case),
            fit_independent_curve(drawn.days, drawn.ended),
        )
        for name, p in QUANTILES.items():
            truth = true_quantile(p, mean)
            naive = float(np.quantile(drawn.days[drawn.ended], p, method="inverted_cdf"))
            limits = [find_quantile(curve, p) for curve in (by_case, by_person)]
            covered = [(q.low is None or q.low <= truth) and (q.high is None or truth <= q.high) for q in limits]
            results[name].append((naive, limits[0].value, *covered))
    measured = []
    for name, rows in results.items():
        values = [value for _, value, _, _ in rows]
        measured.append(
            Measured(
                cases,
                name,
                true_quantile(QUANTILES[name], mean),
                float(np.median([naive for naive, *_ in rows])),
                float(np.median([math.inf if value is None else value for value in values])),
                float(np.mean([value is not None for value in values])),
                float(np.mean([by_case for _, _, by_case, _ in rows])),
                float(np.mean([by_person for _, _, _, by_person in rows])),
            )
        )
    return measured


class Ratios(NamedTuple):
    """Conviction ratios of the demonstration's simulation: of one period, and of cohorts after eight quarters."""

    period: float
    cohort: float
    cohort_low: float
    cohort_high: float
    persons: int


def measure_ratios(seed: int, jurisdiction: str = "RS") -> Ratios:
    """Return convicted over indicted of 2025, and the decided ratio of all cohorts of quarters followed for eight."""
    events = simulate_events(seed, jurisdiction)
    newest = events.filter(pl.col("event_date").dt.year() == 2025)
    counts = dict(newest.group_by("event").agg(pl.struct("proceeding", "person").n_unique()).rows())
    whole = summarise_cohorts(
        find_stays(events, FIRST).frame.with_columns(territory=pl.lit("all")), ["territory"], quarters=8
    ).filter(pl.col("quarters") == 8, pl.col("open").is_not_null())
    part, of = int(whole["decided_ratio_n"].sum()), int(whole["decided_ratio_of"].sum())
    low, high = share_limits(part, of)
    return Ratios(counts["convicted_first"] / counts["indicted"], part / of, low, high, of)


class Covered(NamedTuple):
    """How often the limits of a share contained its truth, with proceedings known and with each person taken alone."""

    by_case: float
    by_person: float


def measure_share_coverage(cases: int, truth: float, alike: bool, draws: int, seed: int) -> Covered:
    """Measure shares of persons in cases whose outcomes are the same within a case (`alike`) or independent."""
    generator = np.random.default_rng(seed)
    covered = np.zeros(2)
    for _ in range(draws):
        case = np.repeat(np.arange(cases), generator.choice(np.arange(1, 6), size=cases, p=SIZES))
        hit = (generator.random(cases) < truth)[case] if alike else generator.random(case.size) < truth
        for place, clusters in enumerate((case, np.arange(case.size))):
            low, high = share_limits(int(hit.sum()), hit.size, design_effect(hit, clusters))
            covered[place] += low <= truth <= high
    return Covered(*(covered / draws))
