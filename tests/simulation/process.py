"""A process of cases whose truth is known: cases arrive with their persons, wait, leave by one exit, are counted.

Time is in quarters.  Cases are a Poisson stream whose intensity grows or falls by a constant factor; co-defendants come
with their case, wait together, and share its outcome with probability `together`; otherwise each has their own.
Nothing here uses a formula of `pipelines/statistics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Sizes:
    """A distribution of the persons of a case."""

    name: str
    persons: tuple[int, ...]
    chances: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(k * p for k, p in zip(self.persons, self.chances, strict=True))

    @property
    def dispersion(self) -> float:
        """E K^2 / E K."""
        return sum(k * k * p for k, p in zip(self.persons, self.chances, strict=True)) / self.mean


ALONE = Sizes("cases", (1,), (1.0,))
PAIRS = Sizes("mostly alone", (1, 2, 3, 4, 5), (0.7, 0.2, 0.06, 0.03, 0.01))
GANGS = Sizes("with gangs", (1, 2, 3, 4, 5, 8, 12), (0.55, 0.2, 0.1, 0.06, 0.04, 0.03, 0.02))


def draw_persons(rng: np.random.Generator, expected: float, sizes: Sizes, runs: int) -> tuple[Array, Array]:
    """Draw persons and cases of one period with that many persons expected, for each run."""
    cases = rng.poisson(expected / sizes.mean * np.array(sizes.chances), (runs, len(sizes.persons)))
    return cases @ np.array(sizes.persons), cases.sum(axis=1)


def draw_case_sizes(rng: np.random.Generator, cases: int, sizes: Sizes, runs: int) -> Array:
    """Draw the sizes of that many earlier cases of the same office, for each run."""
    return rng.choice(np.array(sizes.persons), (runs, cases), p=np.array(sizes.chances))


def draw_cases(rng: np.random.Generator, whole: int, sizes: Sizes, runs: int) -> Array:
    """Return, for each run and each of `whole` persons, the number of his case: cases in order of arrival, the last
    cut off at the whole."""
    ends = draw_case_sizes(rng, whole, sizes, runs).cumsum(axis=1)
    begins = np.zeros((runs, whole + 1), dtype=int)
    rows, places = np.nonzero(ends < whole)
    begins[rows, ends[rows, places]] = 1
    return begins[:, :whole].cumsum(axis=1)


def draw_convicted(rng: np.random.Generator, case_of: Array, chance: float, together: float) -> Array:
    """Draw the number of convicted persons of each run: equal chances, co-defendants alike as the module describes."""
    runs, whole = case_of.shape
    own_outcome = rng.random((runs, whole)) < chance
    common = rng.random((runs, whole)) < chance
    shared = rng.random((runs, whole)) < together
    rows = np.arange(runs)[:, None]
    return np.where(shared[rows, case_of], common[rows, case_of], own_outcome).sum(axis=1)


@dataclass(frozen=True)
class Truth:
    """The process of one territory.  Chances are per person; waits are gamma distributed, in quarters."""

    name: str
    indicted_per_quarter: float
    growth: float
    """Of the intensity, per quarter."""
    sizes: Sizes = PAIRS
    together: float = 0.5
    indicted: float = 0.7
    """Of those reported; the others are discontinued, requalified or handed over."""
    convicted: float = 0.65
    """Of those indicted; the ratios should recover it."""
    requalified: float = 0.06
    """Of those indicted: out of this offence before a decision."""
    wait_prosecution: tuple[float, float] = (2.0, 1.0)
    wait_first: tuple[float, float] = (4.0, 1.25)
    """Shape and scale: five quarters on average."""


@dataclass(frozen=True)
class Returns:
    """Counts of persons, runs x quarters, as a return has them; records are entries of the same persons."""

    reported: Array
    indicted: Array
    left_prosecution: Array
    adjudicated: Array
    requalified_out: Array
    convicted: Array
    pending_prosecution: Array
    pending_first: Array
    """Stocks at the end of each quarter."""
    cohort: Array
    """Of those indicted in the quarter: convicted, whenever."""
    cohort_by_end: Array
    """Of those indicted in the quarter: convicted by the end of the last quarter."""
    run: Array
    indicted_at: Array
    decided_at: Array
    """Records: one entry a person indicted; times in quarters."""


def draw_returns(rng: np.random.Generator, truth: Truth, quarters: int, runs: int, before: int = 60) -> Returns:
    """Draw the returns of that many quarters, from a process that has run since `before` quarters earlier."""
    per_quarter = truth.indicted_per_quarter / truth.indicted / truth.sizes.mean
    at = np.arange(-before, quarters)
    number = rng.poisson(per_quarter * np.exp(truth.growth * (at - quarters / 2)), (runs, len(at)))
    run = np.repeat(np.repeat(np.arange(runs), len(at)), number.ravel())
    came = np.repeat(np.tile(at, runs), number.ravel()) + rng.random(len(run))
    size = rng.choice(np.array(truth.sizes.persons), len(run), p=np.array(truth.sizes.chances))
    left_at = came + rng.gamma(*truth.wait_prosecution, len(run))
    decided = left_at + rng.gamma(*truth.wait_first, len(run))

    case = np.repeat(np.arange(len(run)), size)

    def draw_outcomes() -> Array:
        shared = (rng.random(len(run)) < truth.together)[case]
        return np.where(shared, rng.random(len(run))[case], rng.random(len(case)))

    first, second = draw_outcomes() < truth.indicted, draw_outcomes()
    guilty = first & (second < truth.convicted)
    requalified = first & (second > 1 - truth.requalified)
    run, came, left_at, decided = run[case], came[case], left_at[case], decided[case]

    def count_quarters(times: Array, which: Array) -> Array:
        inside = which & (times >= 0) & (times < quarters)
        cells = run[inside] * quarters + np.floor(times[inside]).astype(int)
        return np.bincount(cells, minlength=runs * quarters).reshape(runs, quarters)

    def count_pending(since: Array, until: Array, which: Array) -> Array:
        stocks = [np.bincount(run[which & (since < end) & (until >= end)], minlength=runs) for end in ends]
        return np.stack(stocks, axis=1)

    ends = range(1, quarters + 1)
    everyone = np.ones(len(case), dtype=bool)
    return Returns(
        reported=count_quarters(came, everyone),
        indicted=count_quarters(left_at, first),
        left_prosecution=count_quarters(left_at, ~first),
        adjudicated=count_quarters(decided, first & ~requalified),
        requalified_out=count_quarters(decided, requalified),
        convicted=count_quarters(decided, guilty),
        pending_prosecution=count_pending(came, left_at, everyone),
        pending_first=count_pending(left_at, decided, first),
        cohort=count_quarters(left_at, guilty),
        cohort_by_end=count_quarters(left_at, guilty & (decided < quarters)),
        run=run[first],
        indicted_at=left_at[first],
        decided_at=decided[first],
    )
