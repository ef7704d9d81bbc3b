"""The page `docs/methodology/simulation.md`, made of the figures of one run of all measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from tests.simulation import measure
from tests.simulation.measure import Coverage, StageRatios
from tests.simulation.process import ALONE, GANGS, PAIRS

SEED = 2026
COUNTS = (2, 5, 10, 20, 50, 100, 300)
SHARES = ((20, 0.3), (20, 0.7), (50, 0.7), (100, 0.7), (300, 0.7))
RATIOS = ((5, 5), (20, 20), (20, 50), (50, 20), (100, 100), (300, 100))
CLUSTERED = (PAIRS, GANGS)
TERRITORIES = (2.8, 3.2, 3.9, 1.6, 1.8, 0.6, 6.6)
"""Millions of population of seven made-up territories, as unequal as real ones are."""
FAMILIES = (
    ("equal, 1.5", (1.5,) * 7),
    ("equal, 6", (6.0,) * 7),
    ("1, 1, 1, 2, 2, 2, 3", (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0)),
    ("3, 3, 3, 6, 6, 6, 9", (3.0, 3.0, 3.0, 6.0, 6.0, 6.0, 9.0)),
)
"""Events a 100,000 of each territory, over the window compared."""


class Size(NamedTuple):
    """How many runs each measurement makes."""

    intervals: int
    families: int
    ratios: int


WHOLE = Size(intervals=20_000, families=3_000, ratios=400)


def page(size: Size, say: Callable[[str], None]) -> str:
    """The whole page; `say` is told each part when it is there.  The same size gives the same page."""
    parts = [_head(size)]
    makers = (_counts, _shares, _ratios, _families, _stages, _balances)
    for number, maker in enumerate(makers):
        parts.append(maker(np.random.default_rng([SEED, number]), size))
        say(parts[-1])
    return "\n\n".join(parts) + "\n"


def _head(size: Size) -> str:
    return f"""# Simulation: what the intervals and ratios are worth

Made by `python -m tests.simulation`, seed {SEED}; do not edit. It draws cases from a process whose truth is known,
counts them as a return would, and looks how often each interval holds the truth. {size.intervals:,} runs an interval
(one standard error at 95 % is {100 * (0.95 * 0.05 / size.intervals) ** 0.5:.2f} points), {size.families:,} a family of
pairs, {size.ratios:,} a stage ratio. The nominal level is 95 % throughout; formulas and sources are in
[uncertainty](uncertainty.md) and [ratios](ratios.md).

The sizes of cases: *{PAIRS.name}* has {PAIRS.mean:.2f} persons a case and dispersion φ = {PAIRS.dispersion:.2f};
*{GANGS.name}* {GANGS.mean:.2f} and {GANGS.dispersion:.2f}, a case of twelve among fifty. These are made up. Columns:
*as if alone* ignores that co-defendants come together (what is labelled a lower bound of uncertainty); *persons a case*
scales by that alone (a lower bound, too); *50* and *200 cases* take φ from so many earlier cases of the same office;
*true* knows it."""


def _counts(rng: np.random.Generator, size: Size) -> str:
    rows = []
    for sizes in (ALONE, *CLUSTERED):
        for expected in COUNTS:
            made = measure.counts(rng, sizes, expected, size.intervals)
            rows.append(
                [
                    sizes.name,
                    f"{expected}",
                    *_cells(made, ("as if alone", "persons per case", "50 cases", "200 cases", "true")),
                    f"{_points(measure.promised(expected) - measure.LEVEL)}" if sizes is ALONE else "",
                ]
            )
    heads = ["sizes", "expected", "as if alone", "persons a case", "50 cases", "200 cases", "true", "excess"]
    return f"""## Counts

Per cent of runs in which the interval holds the expected count. *Excess*: how far the exact interval of independent
cases covers more than it promises, in points, computed without draws.

{_table(heads, rows)}

Exact intervals never cover less than they promise (a drawn figure below 95 is chance) and, at small counts, more.
Ignoring clusters covers far less. Scaled by φ from records, intervals cover again."""


def _shares(rng: np.random.Generator, size: Size) -> str:
    rows = []
    for sizes, together in ((ALONE, 0.0), (PAIRS, 0.5), (PAIRS, 1.0), (GANGS, 0.5), (GANGS, 1.0)):
        for whole, chance in SHARES:
            made = measure.shares(rng, sizes, whole, chance, together, size.intervals)
            rows.append(
                [
                    sizes.name,
                    f"{100 * together:.0f} %" if sizes is not ALONE else "",
                    f"{whole}",
                    f"{100 * chance:.0f} %",
                    *_cells(made, ("as if alone", "50 cases", "200 cases")),
                ]
            )
    heads = ["sizes", "one fate", "whole", "truth", "as if alone", "50 cases", "200 cases"]
    return f"""## Shares

Clopper and Pearson's interval of the share convicted among so many persons. *One fate*: how often all defendants of a
case are judged alike.

{_table(heads, rows)}

φ takes all defendants of a case to be judged alike, which is the worst there is; where they are not, the interval
covers more than it promises."""


def _ratios(rng: np.random.Generator, size: Size) -> str:
    rows = []
    for sizes in (ALONE, *CLUSTERED):
        for upper, lower in RATIOS:
            made = measure.ratios(rng, sizes, upper, lower, size.intervals)
            rows.append([sizes.name, f"{upper} : {lower}", *_cells(made, ("as if alone", "50 cases", "200 cases"))])
    heads = ["sizes", "expected", "as if alone", "50 cases", "200 cases"]
    return f"""## Ratios of two counts

The conditional interval of the ratio of two independent counts. Where both are expected equal, 100 less the figure is
how often two equal territories are told apart by mistake.

{_table(heads, rows)}"""


def _families(rng: np.random.Generator, size: Size) -> str:
    rows, gains, false = [], [], []
    for name, rates in FAMILIES:
        expected = [10 * people * rate for people, rate in zip(TERRITORIES, rates, strict=True)]
        made = measure.family(rng, expected, [people * 1e6 for people in TERRITORIES], size.families)
        same = made.different == len(TERRITORIES) * (len(TERRITORIES) - 1) // 2
        rows.append(
            [
                name,
                f"{made.pairs:.1f}",
                *("" if same else _per_cent(made.false[way]) for way in made.false),
                *(f"{made.found[way]:.1f}" if made.different else "" for way in made.found),
            ]
        )
        if made.different:
            gains.append(100 * (made.found["Holm"] / made.found["simultaneous"] - 1))
        else:
            false.append(100 * made.false["each alone"])
    ways = ("alone", "together", "Holm")
    heads = ["rates", "pairs", *(f"false: {way}" for way in ways), *(f"found: {way}" for way in ways)]
    return f"""## Seven territories at once

Populations of {", ".join(f"{one:g}" for one in TERRITORIES)} millions, true rates a 100,000 as given; pairs in which
both reach 20 are tested. *False*: per cent of runs in which some pair of equal rates is told apart; *found*: how many
pairs of different rates are. With each pair tested alone, with simultaneous intervals (used here), with Holm's
procedure.

{_table(heads, rows)}

Testing each pair alone tells equal territories apart in {min(false):.0f} to {max(false):.0f} % of comparisons.
Simultaneous intervals keep that below 5 %. Holm's procedure would tell {min(gains):.0f} to {max(gains):.0f} % more
pairs apart, but has no interval to show beside them."""


def _stages(rng: np.random.Generator, size: Size) -> str:
    made = {
        truth.name: measure.stage_ratios(rng, truth, size.ratios)
        for truth in (measure.GROWING, measure.STEADY, measure.FALLING)
    }
    versions = ("same_period", "lagged", "cohort", "unfinished")
    rows = [
        [
            name,
            *(f"{100 * getattr(one, version).mean:.1f}" for version in versions),
            *(_per_cent(getattr(one, version).held) for version in versions),
        ]
        for name, one in made.items()
    ]
    names = ("same period", "lagged", "cohort", "unfinished")
    heads = ["indictments", *names, *(f"held: {name}" for name in names)]
    waits = [
        [name, f"{one.true_median:.0f}", f"{one.closed_median:.0f}", f"{one.kaplan_meier:.0f}", _lags(one)]
        for name, one in made.items()
    ]
    truth = next(iter(made.values())).truth
    return f"""## Stage ratios

Of those indicted, {100 * truth:.0f} % are convicted, after five quarters on average. Returns of a year with some
hundred persons indicted; co-defendants are often judged alike. First the mean figure in per cent; *held*: per cent
of runs in which its interval holds {100 * truth:.0f}. *Lagged* takes those indicted as many quarters earlier as Kaplan
and Meier's median of the territory's own records says; *cohort* follows those indicted to the end; *unfinished* follows
them for one year more only.

{_table(heads, rows)}

Where indictments rise, the same-period ratio is too low, where they fall too high, whatever the courts do. Lagged and
cohort ratios recover the truth, the lagged one to within a few points, since waits differ. The mean of a ratio of
counts lies a little above the ratio of means. **A cohort that is not followed to its end is no conviction ratio**: it
is shown with those still open.

Median wait from indictment to decision in days, from records of five years in which the last are still open:

{_table(["indictments", "truth", "closed cases alone", "Kaplan and Meier", "lag in quarters (runs)"], waits)}"""


def _balances(rng: np.random.Generator, size: Size) -> str:
    made = measure.balances(rng, measure.STEADY, size.ratios)
    rows = [["as drawn", _per_cent(1 - made.held)]]
    rows += [[f"{forgotten} of the decisions forgotten", _per_cent(one)] for forgotten, one in made.broken.items()]
    return f"""## Balances

First-instance balances of eleven quarters, stocks counted apart from flows: per cent that break.

{_table(["returns", "breaks"], rows)}

One unit is tolerated, by rule."""


def _cells(made: dict[str, Coverage], names: Iterable[str]) -> list[str]:
    return [_per_cent(made[name].held) if name in made else "" for name in names]


def _lags(one: StageRatios) -> str:
    return ", ".join(f"{lag} ({runs})" for lag, runs in one.lags.items())


def _per_cent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def _points(fraction: float) -> str:
    return f"{100 * fraction:+.1f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---" if number == 0 else "---:" for number in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, marks, *rows))
