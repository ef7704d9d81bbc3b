"""Hold what the parts of the page "Compare" share: the indicator, the territories, and how their figures are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dashboards.public import comparison, layout, queries, tables
from dashboards.public.comparison import Choice
from dashboards.public.pages import versions
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.words import FormattedFigure, Row, indicators
from pipelines.words.coverage import list_returns
from pipelines.words.language import lower_first


@dataclass(frozen=True)
class Compared:
    """One indicator in the territories that were chosen, in one version."""

    frame: layout.Frame = field(compare=False)
    crime: str
    choice: Choice
    areas: tuple[str, ...]
    version: str
    rows: Sequence[Row] = field(compare=False, repr=False)
    """Figures of this version in all areas and periods, which the other fields determine."""

    @cached_property
    def name(self) -> str:
        """Return the name of the indicator without its scale."""
        return comparison.name_indicator(self.frame.path, self.choice, comparison.read_metrics(self.frame.path))

    @cached_property
    def crime_name(self) -> str:
        return str(queries.read_labels(self.frame.path, "offence_group")[self.crime])

    @cached_property
    def coverage(self) -> Coverage:
        return Coverage(self.frame, list_returns(self.choice.measure), self.crime, self.choice.unit)

    @cached_property
    def basis(self) -> str:
        """Return what the figures are made of, as a key of `indicators.FEW`."""
        return comparison.find_basis(self.frame.path, self.choice)

    @property
    def digits(self) -> int:
        return comparison.count_digits(self.choice.kind)

    def compose_title(self, freq: str, *more: str) -> str:
        """Return the title of a table or a picture."""
        name = comparison.name_with_scale(self.name, self.choice, freq)
        return ", ".join((name, lower_first(self.crime_name), *more))

    def format_figure(self, row: Row | None) -> FormattedFigure:
        """Format a figure with its interval and, if it has one, its lag."""
        if row is None and self.version != comparison.RECOMMENDED:
            return versions.format_missing(self.version)
        return versions.add_lag(comparison.format_compared(row, self.choice.kind), row)

    def build_cell(self, row: Row | None, notes: words.Notes, area: str, period: str = "") -> tables.Cell:
        """Return a figure as a field, with its notes and the link to its source."""
        figure = self.format_figure(row)
        subject = ", ".join(filter(None, (self.frame.area_name(area), period)))
        if row is None:
            return tables.value_cell(figure, subject)
        marks = indicators.mark_notes(row, notes, of=self.basis)
        if rule := row.get("default_rule") if row.get("is_default") and row["value"] is not None else None:
            marks = (*marks, notes.number_note(indicators.explain_rule(str(rule), str(row["freq"]))))
        address = comparison.find_address(self.frame.id, self.choice, row)
        return tables.value_cell(figure, subject, marks, address, is_few=comparison.is_few(row))
