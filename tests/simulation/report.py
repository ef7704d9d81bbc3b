"""Write the page `docs/methodology/simulation.md` from one run of all measurements."""

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
"""Population in millions of seven invented territories, as unequal as real ones."""
FAMILIES = (
    ("equal, 1.5", (1.5,) * 7),
    ("equal, 6", (6.0,) * 7),
    ("1, 1, 1, 2, 2, 2, 3", (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0)),
    ("3, 3, 3, 6, 6, 6, 9", (3.0, 3.0, 3.0, 6.0, 6.0, 6.0, 9.0)),
)
"""Events per 100,000 inhabitants of each territory, over the window compared."""


class Size(NamedTuple):
    """Number of runs of each measurement."""

    intervals: int
    families: int
    ratios: int


WHOLE = Size(intervals=20_000, families=3_000, ratios=400)


def write_page(size: Size, say: Callable[[str], None]) -> str:
    """Return the whole page, and pass each part to `say` as soon as it is ready. The same size gives the same page."""
    parts = [_head(size)]
    makers = (_counts, _shares, _ratios, _families, _stages, _balances)
    for number, maker in enumerate(makers):
        parts.append(maker(np.random.default_rng([SEED, number]), size))
        say(parts[-1])
    return "\n\n".join(parts) + "\n"


def _head(size: Size) -> str:
    error = 100 * (0.95 * 0.05 / size.intervals) ** 0.5
    return f"""# Simulation: coverage of the intervals, accuracy of the ratios

This page is written by `python -m tests.simulation`, seed {SEED}; do not edit it. The simulation draws
cases from a process whose true parameters are known, and counts them as a return would. It then
measures how often each interval contains the true value.

There are {size.intervals:,} runs per interval (one standard error at 95% is {error:.2f} points), {size.families:,} per
family of pairs and {size.ratios:,} per stage ratio. The nominal level is 95% throughout. Formulas and sources
are in [uncertainty](uncertainty.md) and [ratios](ratios.md).

There are two invented distributions of persons per case. *{PAIRS.name.capitalize()}* has {PAIRS.mean:.2f} persons per
case and dispersion φ = {PAIRS.dispersion:.2f}. *{GANGS.name.capitalize()}* has {GANGS.mean:.2f} persons per case and
dispersion φ = {GANGS.dispersion:.2f}; one case in fifty has twelve persons. The columns are:

- *as if alone* ignores that co-defendants come together (labelled as a lower bound of uncertainty);
- *persons per case* scales by the mean size of a case only (also a lower bound);
- *50 cases* and *200 cases* take φ from that many earlier cases of the same office;
- *true* uses the true φ."""


def _counts(rng: np.random.Generator, size: Size) -> str:
    rows = []
    for sizes in (ALONE, *CLUSTERED):
        for expected in COUNTS:
            coverage = measure.measure_counts(rng, sizes, expected, size.intervals)
            rows.append(
                [
                    sizes.name,
                    f"{expected}",
                    *_cells(coverage, ("as if alone", "persons per case", "50 cases", "200 cases", "true")),
                    f"{_points(measure.exact_coverage(expected) - measure.LEVEL)}" if sizes is ALONE else "",
                ]
            )
    heads = ["sizes", "expected", "as if alone", "persons per case", "50 cases", "200 cases", "true", "excess"]
    return f"""## Counts

The table shows the percentage of runs in which the interval contains the expected count. *Excess*
is the coverage of the exact interval for independent cases minus the nominal level, in points,
computed without random draws.

{_table(heads, rows)}

Exact intervals never have less than the nominal coverage (a simulated figure below 95 is random
variation). At small counts they have more. If clusters are ignored, the coverage is far lower.
Scaled by φ from case records, the intervals reach the nominal coverage again."""


def _shares(rng: np.random.Generator, size: Size) -> str:
    rows = []
    for sizes, together in ((ALONE, 0.0), (PAIRS, 0.5), (PAIRS, 1.0), (GANGS, 0.5), (GANGS, 1.0)):
        for whole, chance in SHARES:
            coverage = measure.measure_shares(rng, sizes, whole, chance, together, size.intervals)
            rows.append(
                [
                    sizes.name,
                    f"{100 * together:.0f}%" if sizes is not ALONE else "",
                    f"{whole}",
                    f"{100 * chance:.0f}%",
                    *_cells(coverage, ("as if alone", "50 cases", "200 cases")),
                ]
            )
    heads = ["sizes", "same outcome", "whole", "truth", "as if alone", "50 cases", "200 cases"]
    return f"""## Shares

The interval is Clopper and Pearson's, for the share convicted of the persons in the column *whole*.
*Same outcome* is the percentage of cases in which all defendants get the same outcome.

{_table(heads, rows)}

φ assumes that all defendants of a case get the same outcome, which is the worst case. If they do
not, the coverage exceeds the nominal level."""


def _ratios(rng: np.random.Generator, size: Size) -> str:
    rows = []
    for sizes in (ALONE, *CLUSTERED):
        for upper, lower in RATIOS:
            coverage = measure.measure_ratios(rng, sizes, upper, lower, size.intervals)
            rows.append([sizes.name, f"{upper} : {lower}", *_cells(coverage, ("as if alone", "50 cases", "200 cases"))])
    heads = ["sizes", "expected", "as if alone", "50 cases", "200 cases"]
    return f"""## Ratios of two counts

The interval is the conditional interval of the ratio of two independent counts. If both expected
counts are equal, 100 minus the figure is the percentage of runs in which two equal territories are
wrongly declared different.

{_table(heads, rows)}"""


def _families(rng: np.random.Generator, size: Size) -> str:
    rows, gains, false = [], [], []
    for name, rates in FAMILIES:
        expected = [10 * people * rate for people, rate in zip(TERRITORIES, rates, strict=True)]
        family = measure.measure_family(rng, expected, [people * 1e6 for people in TERRITORIES], size.families)
        same = family.different == len(TERRITORIES) * (len(TERRITORIES) - 1) // 2
        rows.append(
            [
                name,
                f"{family.pairs:.1f}",
                *("" if same else _per_cent(family.false[way]) for way in family.false),
                *(f"{family.detected[way]:.1f}" if family.different else "" for way in family.detected),
            ]
        )
        if family.different:
            gains.append(100 * (family.detected["Holm"] / family.detected["simultaneous"] - 1))
        else:
            false.append(100 * family.false["each alone"])
    ways = ("alone", "together", "Holm")
    heads = ["rates", "pairs", *(f"false: {way}" for way in ways), *(f"found: {way}" for way in ways)]
    populations = ", ".join(f"{millions:g}" for millions in TERRITORIES)
    return f"""## Seven territories at once

The populations are {populations} million, with the true rates per 100,000
in the first column. Pairs in which both counts reach 20 are tested. *False* is the percentage of
runs in which at least one pair of equal rates is declared different. *Found* is the number of pairs
of different rates that are declared different. The three methods are each pair tested *alone*,
simultaneous intervals (*together*, used here), and *Holm*'s procedure.

{_table(heads, rows)}

If each pair is tested alone, equal territories are declared different in {min(false):.0f} to {max(false):.0f}% of
comparisons. Simultaneous intervals keep this below 5%. Holm's procedure finds
{min(gains):.0f} to {max(gains):.0f}% more differences, but has no matching interval."""


def _stages(rng: np.random.Generator, size: Size) -> str:
    ratios = {
        truth.name: measure.measure_stage_ratios(rng, truth, size.ratios)
        for truth in (measure.GROWING, measure.STEADY, measure.FALLING)
    }
    versions = ("same_period", "lagged", "cohort", "unfinished")
    rows = [
        [
            name,
            *(f"{100 * getattr(ratio, version).mean:.1f}" for version in versions),
            *(_per_cent(getattr(ratio, version).covered) for version in versions),
        ]
        for name, ratio in ratios.items()
    ]
    names = ("same period", "lagged", "cohort", "unfinished")
    heads = ["indictments", *names, *(f"coverage: {name}" for name in names)]
    waits = [
        [name, f"{ratio.true_median:.0f}", f"{ratio.closed_median:.0f}", f"{ratio.kaplan_meier:.0f}", _lags(ratio)]
        for name, ratio in ratios.items()
    ]
    truth = next(iter(ratios.values())).truth
    return f"""## Stage ratios

Of those indicted, {100 * truth:.0f}% are convicted, after five quarters on average. The returns of one year have
some hundred persons indicted, and co-defendants often get the same outcome. The first columns show
the mean figure in per cent. *Coverage* is the percentage of runs in which its interval contains {100 * truth:.0f}.
*Lagged* divides by those indicted earlier, by the Kaplan–Meier median of the territory's own case
records in quarters. *Cohort* follows those indicted to the end, *unfinished* for only one more
year.

{_table(heads, rows)}

If indictments rise, the same-period ratio is too low; if they fall, it is too high, whatever the
courts do. Lagged and cohort ratios recover the true value, the lagged one to within a few points,
because waiting times differ. The mean of a ratio of counts is slightly above the ratio of the
means. **A cohort that is not followed to its end does not give a conviction ratio**: it is shown
with the cases still open.

The next table shows the median wait from indictment to decision in days, from case records of five
years in which the last cases are still open:

{_table(["indictments", "truth", "closed cases alone", "Kaplan–Meier", "lag in quarters (runs)"], waits)}"""


def _balances(rng: np.random.Generator, size: Size) -> str:
    balances = measure.measure_balances(rng, measure.STEADY, size.ratios)
    rows = [["as drawn", _per_cent(1 - balances.covered)]]
    rows += [
        [f"{omitted} decision{'' if omitted == 1 else 's'} left out", _per_cent(fraction)]
        for omitted, fraction in balances.broken.items()
    ]
    return f"""## Balances

The table shows the percentage of first-instance balances, over eleven quarters, that do not close.
Stocks are counted independently of flows.

{_table(["returns", "broken"], rows)}

The rule tolerates a gap of one unit."""


def _cells(coverage: dict[str, Coverage], names: Iterable[str]) -> list[str]:
    return [_per_cent(coverage[name].covered) if name in coverage else "" for name in names]


def _lags(ratios: StageRatios) -> str:
    return ", ".join(f"{lag} ({runs})" for lag, runs in ratios.lags.items())


def _per_cent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def _points(fraction: float) -> str:
    return f"{100 * fraction:+.1f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---" if number == 0 else "---:" for number in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, marks, *rows))
