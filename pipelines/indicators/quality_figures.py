"""Quality indicators of a territory as ESQRS asks for them, from what arrived and what was published.

Belongs here: which indicator stands under which concept, its unit, and why it is not there.  Does not belong here: the
formulas (`statistics.quality`), where dates and cells come from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from pipelines.statistics import quality


@dataclass(frozen=True)
class Indicator:
    """`concept` is the ESQRS concept it stands under; `code` that of the ESS guidelines; `unit` of its figure."""

    name: str
    concept: str
    code: str
    unit: str


INDICATORS: Final = {
    "COMPLETENESS_RATE": Indicator("Data completeness: rate", "RELEVANCE", "R1", "fraction"),
    "TIMELAG_FIRST": Indicator("Time lag: first results", "TIMELINESS", "TP1", "days"),
    "PUNCTUALITY_RATE": Indicator("Punctuality: delivery", "PUNCTUALITY", "TP3", "fraction"),
}
"""By identifier; the identifiers are from memory, the codes are those of `statistics.quality`."""


@dataclass(frozen=True)
class Figure:
    """A computed indicator, or none with the reason. `n` is the number of returns or periods behind it."""

    value: float | None
    unit: str
    n: int = 0
    reason: str | None = None

    def written(self) -> str:
        """The figure to four places, or `n/a`."""
        return "n/a" if self.value is None else f"{self.value:.4f}".rstrip("0").rstrip(".")

    def notes(self) -> list[tuple[str, str]]:
        """What goes with it: unit and n, or the reason."""
        return (
            [("reason", self.reason or "not given")]
            if self.value is None
            else [("unit", self.unit), ("n", str(self.n))]
        )


@dataclass(frozen=True)
class Delivery:
    """One return that was due: cells provided of those required, and its days; None where it did not come or appear."""

    period_end: date
    due: date
    arrived: date | None
    published: date | None
    provided: int
    required: int


def figures(deliveries: Sequence[Delivery], today: date) -> dict[str, Figure]:
    """The indicators over returns of one territory and instrument.

    Completeness over all cells; the mean time lag over what was published; the rate of punctual returns among those due
    by `today`. Raises ValueError as `statistics.quality` does.
    """
    of = {id_: about.unit for id_, about in INDICATORS.items()}
    cells = quality.completeness(sum(d.provided for d in deliveries), sum(d.required for d in deliveries))
    public = [d for d in deliveries if d.published is not None]
    ends = np.array([d.period_end for d in public], dtype="datetime64[D]")
    lags = quality.time_lag(ends, np.array([d.published for d in public], dtype="datetime64[D]"))
    due = np.array([d.due for d in deliveries], dtype="datetime64[D]")
    arrived = np.array([d.arrived for d in deliveries], dtype="datetime64[D]")
    rate = quality.punctual(due, arrived, np.datetime64(today)) if deliveries else math.nan
    asked = sum(d.due <= today for d in deliveries)
    return {
        "COMPLETENESS_RATE": _figure(float(cells), of["COMPLETENESS_RATE"], len(deliveries), "no cell is required"),
        "TIMELAG_FIRST": _figure(
            float(lags.mean()) if len(public) else math.nan, of["TIMELAG_FIRST"], len(public), "nothing was published"
        ),
        "PUNCTUALITY_RATE": _figure(rate, of["PUNCTUALITY_RATE"], asked, "nothing was due"),
    }


def _figure(value: float, unit: str, n: int, otherwise: str) -> Figure:
    return Figure(None, unit, n, otherwise) if math.isnan(value) else Figure(value, unit, n)
