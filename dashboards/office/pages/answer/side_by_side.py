"""Show the sender's sheet, and next to it what was read from it, with the findings marked in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.places import render_place
from dashboards.office.pages.answer.sheet_layout import SheetCell, arrange_rows, name_frozen_class
from pipelines.core.result_cache import ResultCache
from pipelines.design import components as ui
from pipelines.words.language import upper_first

if TYPE_CHECKING:
    from pipelines.office.answers import CellView, ReadRow, SideBySidePreview, TableView

LONGEST = 300
"""Rows shown of one sheet and of the values read; the downloads have all of them."""
_LINKED = 20
"""Marked cells of a sheet to which the page has links: a phone shows a few rows of it at a time."""
SHEET = "sheet"
"""Parameter of the address: the number of the sheet or table to show."""
_PREVIEWS: ResultCache[SideBySidePreview] = ResultCache(kept=16)
"""The files read last: reading one again takes 150 ms in a process of its own, and 5,000 cells take 4 MB of memory."""
_LABELS = frozenset({"heading", "label", "section", "title", "corner", "sheet", "dimension"})
_VALUES = frozenset({"value", "pseudonym", "check"})


@dataclass(frozen=True)
class SenderSheet:
    """The sender's sheet: the letters of its columns, its rows with their numbers, and links to its marked cells.

    A row has no cell for a position that a merged one covers. A link is a pair of the name of a cell and its anchor.
    """

    caption: str
    letters: Sequence[str]
    rows: Sequence[tuple[int, Sequence[SheetCell]]]
    marked: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class SideBySide:
    """Both sides. `sheets` are the options of the choice, if there is more than one sheet; `values` is None if no
    figure was read."""

    sheet: SenderSheet | None
    values: ui.PageTable | None
    sheets: Sequence[tuple[str, str]] = field(default_factory=list)
    chosen: str = ""
    is_cut: bool = False


def compare_sides(answer: Answer) -> SideBySide | None:
    """Return the sheet and the values read from it; None if the file cannot be read. Raises DamagedFileError."""
    from pipelines.model.content import ReadError
    from pipelines.office import answers
    from pipelines.submissions import service

    context = answer.context
    filename, data = service.read_original(context.desk, context.who, answer.submission_id)
    form, language = answer.report.form, context.language

    def read_both_sides() -> SideBySidePreview:
        return answers.preview_side_by_side(data, filename, form, language, draws_page=False)

    try:
        key = (answer.report.sha256, filename, form, language, context.desk.registry.digest)
        sides = _PREVIEWS.get_or_make(key, read_both_sides)
    except ReadError:
        return None
    tables = [table for table in sides.tables if table.cells]
    severities: dict[str, str] = {}
    for group in answer.groups:
        for finding in group.all_findings:
            severities.setdefault(finding.place, finding.severity)
    number = _choose_table(context, tables, severities)
    table = tables[number] if tables else None
    if table is not None:
        _mark_merged_areas(table, severities)
    rows = _rows_of_table(sides.rows, table)
    return SideBySide(
        _draw_sheet(context, table, severities) if table is not None else None,
        _values_table(context, rows, severities) if rows else _event_counts_table(answer),
        [(str(i), option.name or str(i + 1)) for i, option in enumerate(tables)] if len(tables) > 1 else [],
        str(number),
        bool(sides.cut)
        or len(rows) > LONGEST
        or (table is not None and any(cell.row > LONGEST for cell in table.cells)),
    )


def _choose_table(context: PageContext, tables: Sequence[TableView], severities: Mapping[str, str]) -> int:
    """Return the number of the table that the address asks for, else of the one with the most severe finding."""
    requested = context.request.query_params.get(SHEET, "")
    numbers = {str(number): number for number in range(len(tables))}
    if requested in numbers:
        return numbers[requested]
    table_by_place = {
        place: number
        for number, table in enumerate(tables)
        for place in (*table.merged_places, *(cell.place for cell in table.cells))
    }
    return next((table_by_place[place] for place in severities if place in table_by_place), 0)


def _rows_of_table(rows: Sequence[ReadRow], table: TableView | None) -> Sequence[ReadRow]:
    if table is None:
        return rows
    places = {cell.place for cell in table.cells}
    return [row for row in rows if row.place in places] or rows


def _mark_merged_areas(table: TableView, severities: dict[str, str]) -> None:
    """Give the first cell of a merged area the most severe finding of all its cells."""
    ranks = list(words.SEVERITIES)
    for place, severity in list(severities.items()):
        first_place = table.merged_places.get(place)
        if first_place is None:
            continue
        known_severity = severities.get(first_place)
        if known_severity is None or ranks.index(severity) < ranks.index(known_severity):
            severities[first_place] = severity


def _draw_sheet(context: PageContext, table: TableView, severities: Mapping[str, str]) -> SenderSheet:
    from pipelines.reading.formats.common import column_letters

    signs = {code: words.describe_severity(code, context.language)[2] for code in words.SEVERITIES}
    marked: list[tuple[str, str]] = []

    def draw_cell(cell: CellView, columns: int, rows: int) -> SheetCell:
        severity = severities.get(cell.place, "")
        role = "value" if cell.role in _VALUES else "label" if cell.role in _LABELS else "none"
        classes = [
            f"rti-cell-{role}",
            f"rti-cell-{severity}" if severity else "",
            name_frozen_class(cell.column, columns),
        ]
        description = ", ".join(part for part in (upper_first(cell.place), cell.role_words, cell.said) if part)
        name = f"{column_letters(cell.column)}{cell.row}"
        if severity:
            marked.append((name, f"cell-{name}"))
        return SheetCell(
            cell.text,
            " ".join(filter(None, classes)),
            description,
            signs.get(severity, ""),
            columns,
            rows,
            f"cell-{name}" if severity else "",
        )

    layout = arrange_rows((cell for cell in table.cells if cell.row <= LONGEST), draw_cell)
    return SenderSheet(
        context.tell("Your sheet: {name}", name=table.name),
        [column_letters(column) for column in range(1, layout.column_count + 1)],
        layout.rows,
        marked[:_LINKED],
    )


def _values_table(context: PageContext, rows: Sequence[ReadRow], severities: Mapping[str, str]) -> ui.PageTable:
    return ui.PageTable(
        context.tell("Values we read"),
        context.tell("Place"),
        [context.tell("Your words"), context.tell("Read as"), context.tell("Value")],
        [
            ui.PageRow(
                render_place(row.place),
                (row.label, row.read_as, row.shown.words),
                kind=severities.get(row.place, ""),
            )
            for row in rows[:LONGEST]
        ],
        numbers=frozenset({2}),
    )


def _event_counts_table(answer: Answer) -> ui.PageTable | None:
    """Return the records read from a register as counts only, since a register is not a list of figures; no record is
    repeated."""
    context, reading = answer.context, answer.report.reading
    if reading is None or reading.events.is_empty():
        return None
    counts = reading.events.group_by("event").len().sort("event").iter_rows()
    return ui.PageTable(
        context.tell("Values we read"),
        context.tell("Event"),
        [context.tell("Number")],
        [ui.PageRow(context.code_label("measure", str(event)), (str(count),)) for event, count in counts],
        numbers=frozenset({0}),
    )
