"""Index a table of a Grid for fast look-ups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.declarations.label_template import Matcher
from pipelines.model.content import Grid, SourceCell, SourceTable, Where
from pipelines.reading.formats.common import column_letters


def is_blank(cell: SourceCell | None) -> bool:
    """Return True if there is nothing to see and nothing stored; a formula without result is not blank."""
    return cell is None or cell.kind == "blank" or (cell.kind == "text" and not cell.text.strip())


def has_letters(text: str) -> bool:
    """Return True if a text has a letter of any script that has capitals; numbers and signs do not count."""
    return text.upper() != text.lower()


@dataclass(slots=True)
class Sheet:
    """One table of a Grid. `words` are its cells with letters, merged ones once, in reading order."""

    index: int
    table: SourceTable
    format: str
    cells: dict[tuple[int, int], SourceCell]
    rows: int
    columns: int
    words: list[SourceCell]
    claimed: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Areas that belong to a declared table: top, left, bottom, right."""
    _filled: dict[int, list[SourceCell]] | None = None

    def cell_at(self, row: int, column: int) -> SourceCell | None:
        """Return the cell at a position, None if the reader left it out."""
        return self.cells.get((row, column))

    def iter_filled(self, row: int) -> Iterator[SourceCell]:
        """Return the non-blank cells of a row, left to right."""
        if self._filled is None:
            self._filled = {}
            for cell in self.cells.values():
                if not is_blank(cell):
                    self._filled.setdefault(cell.row, []).append(cell)
            for line in self._filled.values():
                line.sort()  # all of one row, so this sorts by column
        return iter(self._filled.get(row, ()))

    def place_of(self, row: int, column: int) -> Where:
        """Return the place of a position, even if it has no cell."""
        cell = self.cell_at(row, column)
        if cell is not None:
            return cell.where
        if not self.table.cells:
            return Where(sheet=self.table.name)
        neighbour = next(self.iter_filled(row), self.table.cells[0]).where
        if neighbour.sheet is not None:
            return Where(sheet=neighbour.sheet, cell=f"{column_letters(column)}{row}")
        if neighbour.line is not None:
            return neighbour._replace(column=column)
        return Where(page=neighbour.page, table=neighbour.table, cell=f"R{row}C{column}")

    def is_claimed(self, row: int, column: int) -> bool:
        """Return True if a position is within a declared table."""
        return any(
            top <= row <= bottom and left_column <= column <= right_column
            for top, left_column, bottom, right_column in self.claimed
        )


def sheets_of(grid: Grid, *, without_hidden: bool, ignored: Sequence[Matcher] = ()) -> list[Sheet]:
    """Index the tables of a Grid, without ignored sheets and, if the form ignores them, hidden cells and sheets."""
    sheets = []
    for index, table in enumerate(grid.tables):
        if (without_hidden and table.hidden) or any(m.match_text(table.name) is not None for m in ignored):
            continue
        cells = {(c.row, c.column): c for c in table.cells if not (without_hidden and c.hidden)}
        rows = max((r for r, _ in cells), default=0)
        columns = max((c for (_, c), cell in cells.items() if not is_blank(cell)), default=0)
        words = [c for c in table.cells if c.kind == "text" and not c.spread and has_letters(c.text)]
        words = [c for c in words if (c.row, c.column) in cells]
        sheets.append(Sheet(index, table, grid.format, cells, rows, columns, words))
    return sheets
