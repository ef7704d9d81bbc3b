"""Compute the quality indicators of a territory for ESQRS, from arrived returns and published figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from pipelines.statistics import quality
from pipelines.statistics.intervals import Array


@dataclass(frozen=True)
class QualityIndicator:
    """One quality indicator.

    `concept`: its ESQRS concept; `code`: that of the ESS guidelines, empty for our own indicators; `unit`: the unit of
    its figure; `seen`: True if the identifier was verified.
    """

    name: str
    concept: str
    code: str
    unit: str
    seen: bool = False


INDICATORS: Final = {
    "COMPLETENESS_RATE": QualityIndicator("Data completeness: rate", "RELEVANCE", "R1", "fraction"),
    "TIMELAG_FIRST": QualityIndicator("Time lag: first results", "TIMELINESS", "TP1", "days", seen=True),
    "TIMELAG_FINAL": QualityIndicator("Time lag: final results", "TIMELINESS", "TP2", "days", seen=True),
    "PUNCTUALITY_RATE": QualityIndicator("Punctuality: delivery, share on the day", "PUNCTUALITY", "TP3", "fraction"),
    "PUNCTUALITY_DAYS": QualityIndicator("Punctuality: delivery, days after the day", "PUNCTUALITY", "TP3", "days"),
    "COMPAR_LENGTH": QualityIndicator("Length of comparable time series", "COMPAR_TIME", "CC2", "periods"),
    "COHERENCE_RATE": QualityIndicator("Coherence of two offices: share that agree", "COHER_X_DOM", "", "fraction"),
    "DATA_REV_AVGSIZE": QualityIndicator("Data revision: average size", "DATA_REV", "A6", "fraction"),
}
"""By identifier. TIMELAG_FIRST and TIMELAG_FINAL are concepts of the SDMX Glossary below TIMELINESS (seen in a public
conversion of it); the other identifiers are from memory or, without a code, our own. The codes are those of
`statistics.quality` and `statistics.revisions`; of them R1 and its formula were read in a public copy of the ESS
guidelines, the rest was not."""


@dataclass(frozen=True)
class QualityFigure:
    """A computed indicator, or the reason why there is none. `n` is the number of returns or periods behind it."""

    value: float | None
    unit: str
    n: int = 0
    reason: str | None = None

    def format_value(self) -> str:
        """Return the figure to four decimal places, or `n/a`."""
        return "n/a" if self.value is None else f"{self.value:.4f}".rstrip("0").rstrip(".")

    def list_notes(self) -> list[tuple[str, str]]:
        """Return its annotations: unit and n, or the reason why the figure is missing."""
        return (
            [("reason", self.reason or "not given")]
            if self.value is None
            else [("unit", self.unit), ("n", str(self.n))]
        )


@dataclass(frozen=True)
class Delivery:
    """One return that was due: its required and provided cells, and its dates; None if it did not arrive or appear.

    `published` is the first release that has it, `final` the first on or after the day it became final; `comparable`
    the number of its office's periods of the same frequency up to this one without a gap or a break (CC2).
    """

    period_end: date
    due: date
    arrived: date | None
    published: date | None
    provided: int
    required: int
    final: date | None = None
    comparable: int = 0


def measure_quality(deliveries: Sequence[Delivery], today: date) -> dict[str, QualityFigure]:
    """Return the indicators over returns of one territory and instrument.

    Completeness covers all cells; the mean time lag covers published returns, first and final; the punctuality rate
    covers returns due by `today`, and the mean delay those that arrived. The comparable length is computed from the
    returns of one period (`measure_length`), coherence and revision from other tables (`quality_table`). Raises the
    ValueError of `statistics.quality`.
    """
    units = {id_: about.unit for id_, about in INDICATORS.items()}
    cells = quality.compute_completeness(sum(d.provided for d in deliveries), sum(d.required for d in deliveries))
    public = [d for d in deliveries if d.published is not None]
    lags = _lags([(d.period_end, d.published) for d in public])
    final_deliveries = [d for d in deliveries if d.final is not None]
    final = _lags([(d.period_end, d.final) for d in final_deliveries])
    due = np.array([d.due for d in deliveries], dtype="datetime64[D]")
    arrived = np.array([d.arrived for d in deliveries], dtype="datetime64[D]")
    rate = quality.compute_punctuality(due, arrived, np.datetime64(today)) if deliveries else math.nan
    returns_due = sum(d.due <= today for d in deliveries)
    arrivals = [d for d in deliveries if d.arrived is not None]
    delays = quality.compute_delays(
        np.array([d.due for d in arrivals], dtype="datetime64[D]"),
        np.array([d.arrived for d in arrivals], dtype="datetime64[D]"),
    )
    return {
        "COMPLETENESS_RATE": _figure(float(cells), units["COMPLETENESS_RATE"], len(deliveries), "no cell is required"),
        "TIMELAG_FIRST": _figure(
            float(lags.mean()) if len(public) else math.nan,
            units["TIMELAG_FIRST"],
            len(public),
            "nothing was published",
        ),
        "TIMELAG_FINAL": _figure(
            float(final.mean()) if final_deliveries else math.nan,
            units["TIMELAG_FINAL"],
            len(final_deliveries),
            "nothing was published as final",
        ),
        "PUNCTUALITY_RATE": _figure(rate, units["PUNCTUALITY_RATE"], returns_due, "nothing was due"),
        "PUNCTUALITY_DAYS": _figure(
            float(delays.mean()) if arrivals else math.nan, units["PUNCTUALITY_DAYS"], len(arrivals), "nothing came"
        ),
    }


def measure_length(deliveries: Sequence[Delivery]) -> QualityFigure:
    """Return the comparable length (CC2) of returns that were due in one period: the shortest of any office."""
    lengths = [delivery.comparable for delivery in deliveries]
    return _figure(
        float(min(lengths)) if lengths else math.nan, INDICATORS["COMPAR_LENGTH"].unit, len(lengths), "nothing was due"
    )


def _lags(pairs: Sequence[tuple[date, date | None]]) -> Array:
    """Return the days from the ends of periods to publications."""
    ends = np.array([end for end, _ in pairs], dtype="datetime64[D]")
    return quality.time_lag(ends, np.array([day for _, day in pairs], dtype="datetime64[D]"))


def _figure(value: float, unit: str, n: int, otherwise: str) -> QualityFigure:
    return QualityFigure(None, unit, n, otherwise) if math.isnan(value) else QualityFigure(value, unit, n)
