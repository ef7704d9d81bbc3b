"""A table of a Grid made quick to look things up in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.declarations.label_template import Matcher
from pipelines.model.content import Cell, Grid, Table, Where
from pipelines.reading.formats.common import column_letters


def is_blank(cell: Cell | None) -> bool:
    """Nothing to see and nothing stored. A formula without result is not blank."""
    return cell is None or cell.kind == "blank" or (cell.kind == "text" and not cell.text.strip())


def has_letters(text: str) -> bool:
    """Whether a text holds a letter of any script that has capitals; numbers and signs do not."""
    return text.upper() != text.lower()


@dataclass(slots=True)
class Sheet:
    """One table of a Grid. `words` are its cells with letters, merged ones once, in reading order."""

    index: int
    table: Table
    format: str
    cells: dict[tuple[int, int], Cell]
    rows: int
    columns: int
    words: list[Cell]
    claimed: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Areas that belong to a declared table: top, left, bottom, right."""
    _filled: dict[int, list[Cell]] | None = None

    def at(self, row: int, column: int) -> Cell | None:
        """The cell at a position, None where the reader left it out."""
        return self.cells.get((row, column))

    def filled(self, row: int) -> Iterator[Cell]:
        """The cells of a row that are not blank, left to right."""
        if self._filled is None:
            self._filled = {}
            for cell in self.cells.values():
                if not is_blank(cell):
                    self._filled.setdefault(cell.row, []).append(cell)
            for line in self._filled.values():
                line.sort()  # of one row, so by column
        return iter(self._filled.get(row, ()))

    def where(self, row: int, column: int) -> Where:
        """The place of a position, also of one that has no cell."""
        cell = self.at(row, column)
        if cell is not None:
            return cell.where
        if not self.table.cells:
            return Where(sheet=self.table.name)
        known = next(self.filled(row), self.table.cells[0]).where
        if known.sheet is not None:
            return Where(sheet=known.sheet, cell=f"{column_letters(column)}{row}")
        if known.line is not None:
            return known._replace(column=column)
        return Where(page=known.page, table=known.table, cell=f"R{row}C{column}")

    def is_claimed(self, row: int, column: int) -> bool:
        """Whether a position lies in a declared table."""
        return any(top <= row <= bottom and left <= column <= right for top, left, bottom, right in self.claimed)


def sheets_of(grid: Grid, *, without_hidden: bool, ignored: Sequence[Matcher] = ()) -> list[Sheet]:
    """The tables of a Grid; hidden cells and sheets left out where the form ignores them, and ignored sheets."""
    out = []
    for index, table in enumerate(grid.tables):
        if (without_hidden and table.hidden) or any(m.hit(table.name) is not None for m in ignored):
            continue
        cells = {(c.row, c.column): c for c in table.cells if not (without_hidden and c.hidden)}
        rows = max((r for r, _ in cells), default=0)
        columns = max((c for (_, c), cell in cells.items() if not is_blank(cell)), default=0)
        words = [c for c in table.cells if c.kind == "text" and not c.spread and has_letters(c.text)]
        words = [c for c in words if (c.row, c.column) in cells]
        out.append(Sheet(index, table, grid.format, cells, rows, columns, words))
    return out
