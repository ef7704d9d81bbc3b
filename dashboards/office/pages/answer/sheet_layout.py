"""Arrange the cells of a sheet as rows of an HTML table, merged areas included.

The first column stays in view while the sheet scrolls. A merged area that begins there and spans more than
`FROZEN_COLUMNS` would cover the numbers next to it, so that only its text stays in view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.office.answers import CellView

FROZEN_COLUMNS = 3
"""Columns that a cell of the first column may span and still stay in view as a whole."""
WIDEST = 60
"""Columns shown for the sake of a merged area alone: an area may reach to the last of 16,384 columns."""


@dataclass(frozen=True)
class SheetCell:
    """One cell of the sheet: its text, its classes, its description, and the severity of its finding in words.

    `columns` and `rows` are the numbers of columns and shown rows that it spans. `anchor` is the id to which a link to
    a marked cell leads.
    """

    text: str = ""
    classes: str = ""
    description: str = ""
    severity: str = ""
    columns: int = 1
    rows: int = 1
    anchor: str = ""

    @property
    def is_merged(self) -> bool:
        """True if the cell spans several columns or rows."""
        return self.columns > 1 or self.rows > 1


@dataclass(frozen=True)
class SheetRows:
    """Rows of a sheet: the number of its columns, and each shown row by its number with the cells that begin in it."""

    column_count: int
    rows: Sequence[tuple[int, Sequence[SheetCell]]]


def arrange_rows(cells: Iterable[CellView], draw: Callable[[CellView, int, int], SheetCell]) -> SheetRows:
    """Arrange cells in rows. `draw` returns a cell that spans so many columns and rows.

    Rows without a cell are left out. A merged area is cut where the shown rows and columns end and where another cell
    begins, so that the cells of each row always fill all columns.
    """
    by_row: dict[int, dict[int, CellView]] = {}
    for cell in cells:
        by_row.setdefault(cell.row, {})[cell.column] = cell
    row_numbers = sorted(by_row)
    column_count = _count_columns(by_row)
    filled = {(row, column) for row, line in by_row.items() for column in line}
    rows: list[tuple[int, list[SheetCell]]] = []
    for index, row in enumerate(row_numbers):
        sheet_cells = []
        for column in range(1, column_count + 1):
            cell_view = by_row[row].get(column)
            if cell_view is None:
                if (row, column) not in filled:
                    sheet_cells.append(SheetCell(classes="rti-cell-frozen" if column == 1 else ""))
                continue
            columns, rows_below = _fit_area(cell_view, row_numbers[index + 1 :], column_count, filled)
            sheet_cells.append(draw(cell_view, columns, 1 + len(rows_below)))
            filled.update((r, column + i) for r in (row, *rows_below) for i in range(columns))
        rows.append((row, sheet_cells))
    return SheetRows(column_count, rows)


def name_frozen_class(column: int, columns: int) -> str:
    """Return the class of a cell of the first column, which stays in view or whose text does; else nothing."""
    if column > 1:
        return ""
    return "rti-cell-frozen" if columns <= FROZEN_COLUMNS else "rti-cell-first"


def _count_columns(by_row: Mapping[int, Mapping[int, CellView]]) -> int:
    last_filled = max((column for line in by_row.values() for column in line), default=0)
    last_merged = max(
        (column + cell.columns - 1 for line in by_row.values() for column, cell in line.items()), default=0
    )
    return max(last_filled, min(last_merged, WIDEST))


def _fit_area(
    cell: CellView, rows_below: Sequence[int], column_count: int, filled: set[tuple[int, int]]
) -> tuple[int, list[int]]:
    """Return how many columns of a merged area are free, and the shown rows below its first where all of them are."""
    columns = 1
    while columns < cell.columns and cell.column + columns <= column_count:
        if (cell.row, cell.column + columns) in filled:
            break
        columns += 1
    area_columns = range(cell.column, cell.column + columns)
    area_rows: list[int] = []
    for row in rows_below:
        if row >= cell.row + cell.rows or any((row, column) in filled for column in area_columns):
            break
        area_rows.append(row)
    return columns, area_rows
