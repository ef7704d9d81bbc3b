"""Report content outside the declared tables, or hidden inside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.declarations.form import Form
from pipelines.findings.finding import Severity
from pipelines.model.content import Grid, SourceCell
from pipelines.reading.formats.common import column_letters
from pipelines.reading.standardise.collecting import Binding, Collector
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet, is_blank
from pipelines.reading.standardise.values import STORES_NUMBERS

_MIN_TABLE_NUMBERS = 4
"""With this many numbers, an unclaimed sheet counts as a table and is reported once instead of cell by cell."""


def check_hidden(form: Form, sheets: Sequence[Sheet], collector: Collector) -> None:
    """Report hidden sheets, rows and columns that hold values, each once; else the hidden cells one by one."""
    if form.hidden == "ignore":
        return
    for sheet in sheets:
        if sheet.table.hidden:
            first = next((c for c in sheet.cells.values() if not is_blank(c)), None)
            if first is not None and sheet.claimed:
                collector.add_finding("cell.hidden", first.where, what=f"The sheet {sheet.table.name}")
            continue
        hidden = [c for c in sheet.cells.values() if c.hidden and not is_blank(c) and not c.spread]
        if hidden:
            _report_hidden(sheet, hidden, collector)


def _report_hidden(sheet: Sheet, hidden: Sequence[SourceCell], collector: Collector) -> None:
    """Report hidden rows and columns once each, and other hidden cells one by one."""
    flags_by_row: dict[int, list[bool]] = {}
    flags_by_column: dict[int, list[bool]] = {}
    for cell in sheet.cells.values():
        if not is_blank(cell):
            flags_by_row.setdefault(cell.row, []).append(cell.hidden)
            flags_by_column.setdefault(cell.column, []).append(cell.hidden)
    rows = {r for r, flags in flags_by_row.items() if all(flags)}
    columns = {c for c, flags in flags_by_column.items() if all(flags)}
    reported_areas: set[tuple[str, int]] = set()
    for cell in hidden:
        if cell.row in rows:
            key, area_name = ("row", cell.row), f"Row {cell.row}"
        elif cell.column in columns:
            key, area_name = ("column", cell.column), f"Column {column_letters(cell.column)}"
        else:
            key, area_name = ("cell", cell.row * 100_000 + cell.column), "The cell"
        if key not in reported_areas:
            reported_areas.add(key)
            collector.add_finding("cell.hidden", cell.where, what=area_name)


def bind_contacts(plan: Plan, sheets: Sequence[Sheet], collector: Collector) -> None:
    """Bind the compiler's own contact cells outside tables, and the cells to their right, which are never stored."""
    if not plan.contacts:
        return
    for sheet in sheets:
        for cell in sheet.words:
            if plan.is_contact(cell.text) and not sheet.is_claimed(cell.row, cell.column):
                for neighbour in sheet.iter_filled(cell.row):
                    if neighbour.column >= cell.column:
                        place = (sheet.index, neighbour.row, neighbour.column)
                        collector.bindings.append(Binding(neighbour.where, "contact", {}, *place))


def bind_ignored(plan: Plan, grid: Grid, collector: Collector) -> None:
    """Bind the cells of sheets that the form ignores, so that a view of the file shows them as ignored."""
    for index, table in enumerate(grid.tables):
        if any(m.match_text(table.name) is not None for m in plan.ignored_sheets):
            filled = (c for c in table.cells if not is_blank(c))
            collector.bindings += [Binding(c.where, "ignored", {}, index, c.row, c.column) for c in filled]


def check_outside(
    sheets: Sequence[Sheet], collector: Collector, unread_sheets: Mapping[int, tuple[str | None, str]]
) -> None:
    """Report numbers to the right of and below the declared tables, and whole tables that are not declared.

    `unread_sheets` have the headings of a declared table under another title or name, with the text found and the one
    expected: an error, because the figures of a whole period may be left out. Their numbers are not reported again.
    Dates and reference numbers above a table are left alone. Formats that do not store numbers are checked for whole
    tables only, because a page number is a number too.
    """
    for sheet in sheets:
        if sheet.claimed and (sheet.format not in STORES_NUMBERS or sheet.index in unread_sheets):
            continue
        numbers = [c for c in sheet.cells.values() if _is_number(c, sheet)]
        if not sheet.claimed:
            if len(numbers) >= _MIN_TABLE_NUMBERS:
                title, expected = unread_sheets.get(sheet.index, (None, None))
                severity: Severity = "error" if sheet.index in unread_sheets else "warning"
                collector.add_finding(
                    "table.undeclared", numbers[0].where, severity=severity, seen=title, expected=expected
                )
            continue
        top = min(area[0] for area in sheet.claimed)
        for cell in numbers:
            if cell.row >= top and not sheet.is_claimed(cell.row, cell.column):
                collector.add_finding("cell.unbound", cell.where, seen=cell.text)


def _is_number(cell: SourceCell, sheet: Sheet) -> bool:
    if sheet.format in STORES_NUMBERS:
        return cell.kind == "number" and not cell.spread
    if cell.spread or is_blank(cell):
        return False
    return cell.text.strip().replace(".", "").replace(",", "").isdigit()
