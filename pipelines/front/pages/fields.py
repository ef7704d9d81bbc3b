"""Compose fields of tables that several pages share: counts of the region, rates, ratios and clearance rates."""

from __future__ import annotations

from pipelines import words
from pipelines.design.components import Part
from pipelines.front.tables import FigureTable, format_figure
from pipelines.words import Row, durations, indicators, regions


def area_field(table: FigureTable, row: Row | None, *, is_region: bool) -> Part:
    """Return a count of a territory or of the region."""
    return regional_field(table, row) if is_region else table.count_field(row)


def regional_field(table: FigureTable, row: Row | None, *, has_interval: bool = False) -> Part:
    """Return a count of the region, with its interval if asked; none is shown from too few territories.

    A row or a column with its territories replaces the note that it is partial.
    """
    if regions.is_refused(row):
        return format_figure(regions.refuse_figure())
    if row is not None:
        flags = str(row["flags"] or "").split(",")
        row = {**row, "flags": ",".join(flag for flag in flags if flag != "partial")}
    return table.count_field(row, has_interval=has_interval)


def rate_field(table: FigureTable, cell: Row | None, *, is_region: bool) -> Part:
    """Return the rate of a count with its interval and the marks of its notes."""
    if cell is None:
        return format_figure(words.format_absent())
    if is_region and regions.is_refused(cell):
        return format_figure(regions.refuse_figure())
    figure = words.format_rate(cell)
    marks = words.mark_notes(cell, table.notes, of_rate=True)
    return format_figure(figure, marks, is_few=figure.kind == "value" and words.is_few(cell))


def ratio_field(table: FigureTable, row: Row | None) -> Part:
    """Return a ratio or a clearance rate with its interval and the marks of its notes."""
    figure = indicators.format_figure(row)
    texts, version = [], ""
    if row is not None:
        version = indicators.explain_version(row)
        texts = [text] if "undefined" in row and (text := durations.explain_undefined(row)) else []
        flags = str(row["flags"] or "").split(",") if "undefined" not in row or row["value"] is not None else []
        texts += [indicators.FLAGS[flag] for flag in flags if flag in indicators.FLAGS]
        texts += filter(None, (version, indicators.explain_ages(row)))
    marks = [table.notes.number_note(text, is_unfolded=text == version) for text in texts]
    return format_figure(figure, marks, is_few=row is not None and row["state"] == "too_few" and figure.kind == "value")
