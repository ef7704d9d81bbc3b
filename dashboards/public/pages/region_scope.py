"""Hold what the parts of the page on the region show: one crime, kind of decision, period, unit, and some stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.public import layout, queries
from pipelines import words
from pipelines.words.language import lower_first, tell

Cells = Mapping[tuple[str, str], Mapping[str, Any]]
"""Figures by area and stage."""


@dataclass(frozen=True)
class StageScope:
    """Stages of proceedings in one period. `is_rate`: as rates per 100,000 inhabitants instead of counts."""

    crime: str
    crime_name: str
    track: str
    freq: str
    period: str
    unit: str
    measures: tuple[str, ...]
    is_rate: bool = False

    def read_cells(self, frame: layout.Frame) -> Cells:
        """Return the figures of the region and of its territories, by area and stage."""
        rows = queries.read_stages(frame.path, self.freq, self.period, self.crime, self.unit, self.measures)
        return {(row["area"], row["measure"]): row for row in rows}

    def name_subject(self) -> str:
        """Return crime and period in words."""
        return f"{self.crime_name}, {words.period_short(self.period)}"

    def name_picture(self) -> str:
        """Return crime, kind of decisions, period and unit, which make a picture complete without its page."""
        unit = tell("per 100,000 inhabitants") if self.is_rate else words.unit_name(self.unit)
        period = words.period_short(self.period)
        return ", ".join((self.crime_name, self.name_decisions(), period, unit))

    def name_decisions(self) -> str:
        """Return the kind of decisions in words, as they follow other words."""
        return lower_first(words.TRACKS[self.track])
