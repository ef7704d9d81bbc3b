"""What stands outside the declared tables, or is hidden inside them."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.declarations.form import Form
from pipelines.model.content import Cell, Grid
from pipelines.reading.formats.common import column_letters
from pipelines.reading.standardise.collecting import Binding, Collector
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet, is_blank
from pipelines.reading.standardise.values import STORES_NUMBERS

_A_TABLE = 4
"""So many numbers on an unclaimed sheet make it a table that is told once and not cell by cell."""


def check_hidden(form: Form, sheets: Sequence[Sheet], basket: Collector) -> None:
    """Hidden sheets, rows and columns that hold values, each once; single cells where neither is hidden whole."""
    if form.hidden == "ignore":
        return
    for sheet in sheets:
        if sheet.table.hidden:
            first = next((c for c in sheet.cells.values() if not is_blank(c)), None)
            if first is not None and sheet.claimed:
                basket.find("cell.hidden", first.where, what=f"The sheet {sheet.table.name}")
            continue
        hidden = [c for c in sheet.cells.values() if c.hidden and not is_blank(c) and not c.spread]
        if hidden:
            _tell_hidden(sheet, hidden, basket)


def _tell_hidden(sheet: Sheet, hidden: Sequence[Cell], basket: Collector) -> None:
    seen_rows: dict[int, list[bool]] = {}
    seen_columns: dict[int, list[bool]] = {}
    for cell in sheet.cells.values():
        if not is_blank(cell):
            seen_rows.setdefault(cell.row, []).append(cell.hidden)
            seen_columns.setdefault(cell.column, []).append(cell.hidden)
    rows = {r for r, flags in seen_rows.items() if all(flags)}
    columns = {c for c, flags in seen_columns.items() if all(flags)}
    told: set[tuple[str, int]] = set()
    for cell in hidden:
        if cell.row in rows:
            key, what = ("row", cell.row), f"Row {cell.row}"
        elif cell.column in columns:
            key, what = ("column", cell.column), f"Column {column_letters(cell.column)}"
        else:
            key, what = ("cell", cell.row * 100_000 + cell.column), "The cell"
        if key not in told:
            told.add(key)
            basket.find("cell.hidden", cell.where, what=what)


def bind_contacts(plan: Plan, sheets: Sequence[Sheet], basket: Collector) -> None:
    """The compiler's own contact cells outside tables, each with what stands to its right: bound, never kept."""
    if not plan.contacts:
        return
    for sheet in sheets:
        for cell in sheet.words:
            if plan.is_contact(cell.text) and not sheet.is_claimed(cell.row, cell.column):
                for other in sheet.filled(cell.row):
                    if other.column >= cell.column:
                        place = (sheet.index, other.row, other.column)
                        basket.bindings.append(Binding(other.where, "contact", {}, *place))


def bind_ignored(plan: Plan, grid: Grid, basket: Collector) -> None:
    """The cells of sheets that the form reads past, bound as such, so that a picture of the file shows it."""
    for index, table in enumerate(grid.tables):
        if any(m.hit(table.name) is not None for m in plan.ignored_sheets):
            filled = (c for c in table.cells if not is_blank(c))
            basket.bindings += [Binding(c.where, "ignored", {}, index, c.row, c.column) for c in filled]


def check_outside(sheets: Sequence[Sheet], basket: Collector) -> None:
    """Numbers beside and below the declared tables, and whole tables that are not declared.

    Above a table stand dates and reference numbers; they are let be. Formats without stored numbers are judged by
    whole tables only: a page number is a number, too.
    """
    for sheet in sheets:
        if sheet.claimed and sheet.format not in STORES_NUMBERS:
            continue
        numbers = [c for c in sheet.cells.values() if _is_number(c, sheet)]
        if not sheet.claimed:
            if len(numbers) >= _A_TABLE:
                basket.find("table.undeclared", numbers[0].where)
            continue
        top = min(area[0] for area in sheet.claimed)
        for cell in numbers:
            if cell.row >= top and not sheet.is_claimed(cell.row, cell.column):
                basket.find("cell.unbound", cell.where, seen=cell.text)


def _is_number(cell: Cell, sheet: Sheet) -> bool:
    if sheet.format in STORES_NUMBERS:
        return cell.kind == "number" and not cell.spread
    if cell.spread or is_blank(cell):
        return False
    return cell.text.strip().replace(".", "").replace(",", "").isdigit()
