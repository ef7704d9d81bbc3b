"""Show which forms of exploitation the victims of each territory suffered, as shares shaded by size and as a table."""

from __future__ import annotations

from dashboards.public import charts, layout, queries, tables
from pipelines import words
from pipelines.core.codes import TOTAL_CODES
from pipelines.front.charts.shades import ShadedCell, ShadedRow, ShadedTable
from pipelines.words import FormattedFigure, Row, figures, indicators
from pipelines.words.language import lower_first, tell

_DIMENSION = "exploitation"


@layout.keep_part
def show_forms(frame: layout.Frame, crime: str, crime_name: str, unit: str, year: str) -> None:
    """Show the shares of all territories in a year; nothing if the release has none."""
    rows = queries.read_rows(frame.path, "victim_forms", year, crime, unit)
    at = {(row["area"], row[_DIMENSION]): row for row in rows}
    labels = queries.read_labels(frame.path, _DIMENSION)
    forms = [code for code in labels if code not in TOTAL_CODES and any(row[_DIMENSION] == code for row in rows)]
    areas = [code for code, _ in frame.territories]
    if not any(row["value"] is not None for row in rows):
        return
    layout.put_heading(tell("Forms of exploitation in each territory"))
    title = tell(
        "Victims of {crime}, presumed and identified, {year}: forms of exploitation, per cent of the victims of each "
        "territory",
        crime=lower_first(crime_name),
        year=year,
    )
    shaded = [ShadedRow(labels[form], [_shade_cell(at.get((area, form))) for area in areas]) for form in forms]
    table = ShadedTable(title, [frame.marked_name(area) for area in areas], shaded)
    layout.show_panels(
        frame, [charts.draw_shades(table, under=frame.lines_under_chart(*areas))], about=title, key="forms"
    )
    notes = words.Notes()
    lines = [
        tables.Line(
            tables.Cell(labels[form]),
            tuple(
                _build_cell(frame, at.get((area, form)), notes, f"{labels[form]}, {frame.area_name(area)}")
                for area in areas
            ),
        )
        for form in forms
    ]
    with layout.open_fold(tell("The shares as a table, with 95% confidence intervals")):
        headings = [frame.marked_name(area) for area in areas]
        corner = figures.DIMENSIONS[_DIMENSION]
        layout.show_table(frame, title, headings, lines, corner=corner, notes=notes, legend=True, is_share=True)


def _is_few(row: Row | None) -> bool:
    return row is not None and row["value"] is not None and row["state"] == "too_few"


def _format_share(row: Row | None) -> FormattedFigure:
    return words.format_absent() if row is None else indicators.format_figure(row)


def _shade_cell(row: Row | None) -> ShadedCell:
    return ShadedCell(_format_share(row), _is_few(row))


def _build_cell(frame: layout.Frame, row: Row | None, notes: words.Notes, what: str) -> tables.Cell:
    if row is None:
        return tables.value_cell(_format_share(row), what)
    marks = indicators.mark_notes(row, notes, of="share")
    address = tables.source_address(frame.id, row, _DIMENSION)
    return tables.value_cell(_format_share(row), what, marks, address, is_few=_is_few(row))
