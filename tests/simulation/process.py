"""A process of cases whose truth is known: cases come, each with its persons, wait, leave by one exit, and are counted.

Time is in quarters.  Cases are a Poisson stream whose intensity grows or falls by a constant factor; co-defendants come
with their case, wait together, and share its fate with probability `together`, else each has one of his own.  Nothing
here uses a formula of `pipelines/statistics`.
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


def persons(rng: np.random.Generator, expected: float, sizes: Sizes, runs: int) -> tuple[Array, Array]:
    """Persons and cases of one period with so many persons expected, for each run."""
    cases = rng.poisson(expected / sizes.mean * np.array(sizes.chances), (runs, len(sizes.persons)))
    return cases @ np.array(sizes.persons), cases.sum(axis=1)


def history(rng: np.random.Generator, cases: int, sizes: Sizes, runs: int) -> Array:
    """Sizes of so many earlier cases of the same office, for each run."""
    return rng.choice(np.array(sizes.persons), (runs, cases), p=np.array(sizes.chances))


def groups(rng: np.random.Generator, whole: int, sizes: Sizes, runs: int) -> Array:
    """For each run and each of `whole` persons, the number of his case: cases in the order in which they came, the last
    cut off at the whole."""
    ends = history(rng, whole, sizes, runs).cumsum(axis=1)
    begins = np.zeros((runs, whole + 1), dtype=int)
    rows, places = np.nonzero(ends < whole)
    begins[rows, ends[rows, places]] = 1
    return begins[:, :whole].cumsum(axis=1)


def convicted(rng: np.random.Generator, case_of: Array, chance: float, together: float) -> Array:
    """How many of each run's persons are convicted, each with the same chance, co-defendants alike as said above."""
    runs, whole = case_of.shape
    own = rng.random((runs, whole)) < chance
    common = rng.random((runs, whole)) < chance
    shared = rng.random((runs, whole)) < together
    rows = np.arange(runs)[:, None]
    return np.where(shared[rows, case_of], common[rows, case_of], own).sum(axis=1)


@dataclass(frozen=True)
class Truth:
    """The process of one territory.  Chances are of a person; waits are gamma distributed, in quarters."""

    name: str
    indicted_per_quarter: float
    growth: float
    """Of the intensity, per quarter."""
    sizes: Sizes = PAIRS
    together: float = 0.5
    indicted: float = 0.7
    """Of those reported; the others are discontinued, requalified or handed over."""
    convicted: float = 0.65
    """Of those indicted: what the ratios are to recover."""
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


def draw(rng: np.random.Generator, truth: Truth, quarters: int, runs: int, before: int = 60) -> Returns:
    """Returns of so many quarters, from a process that has run since `before` quarters earlier."""
    per_quarter = truth.indicted_per_quarter / truth.indicted / truth.sizes.mean
    at = np.arange(-before, quarters)
    number = rng.poisson(per_quarter * np.exp(truth.growth * (at - quarters / 2)), (runs, len(at)))
    run = np.repeat(np.repeat(np.arange(runs), len(at)), number.ravel())
    came = np.repeat(np.tile(at, runs), number.ravel()) + rng.random(len(run))
    size = rng.choice(np.array(truth.sizes.persons), len(run), p=np.array(truth.sizes.chances))
    left = came + rng.gamma(*truth.wait_prosecution, len(run))
    decided = left + rng.gamma(*truth.wait_first, len(run))

    case = np.repeat(np.arange(len(run)), size)

    def fate() -> Array:
        shared = (rng.random(len(run)) < truth.together)[case]
        return np.where(shared, rng.random(len(run))[case], rng.random(len(case)))

    first, second = fate() < truth.indicted, fate()
    guilty = first & (second < truth.convicted)
    gone = first & (second > 1 - truth.requalified)
    run, came, left, decided = run[case], came[case], left[case], decided[case]

    def counted(times: Array, which: Array) -> Array:
        inside = which & (times >= 0) & (times < quarters)
        cells = run[inside] * quarters + np.floor(times[inside]).astype(int)
        return np.bincount(cells, minlength=runs * quarters).reshape(runs, quarters)

    def pending(since: Array, until: Array, which: Array) -> Array:
        there = [np.bincount(run[which & (since < end) & (until >= end)], minlength=runs) for end in ends]
        return np.stack(there, axis=1)

    ends = range(1, quarters + 1)
    everyone = np.ones(len(case), dtype=bool)
    return Returns(
        reported=counted(came, everyone),
        indicted=counted(left, first),
        left_prosecution=counted(left, ~first),
        adjudicated=counted(decided, first & ~gone),
        requalified_out=counted(decided, gone),
        convicted=counted(decided, guilty),
        pending_prosecution=pending(came, left, everyone),
        pending_first=pending(left, decided, first),
        cohort=counted(left, guilty),
        cohort_by_end=counted(left, guilty & (decided < quarters)),
        run=run[first],
        indicted_at=left[first],
        decided_at=decided[first],
    )
