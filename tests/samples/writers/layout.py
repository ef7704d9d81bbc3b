"""A sheet as its office draws it: rows of cells, some of them merged, before any file format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `across` and `down` say how many positions it covers. `mark` is a raised note mark behind the value."""

    value: Value = None
    across: int = 1
    down: int = 1
    head: bool = False
    mark: str | None = None


Row = Sequence[Cell | Value]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet, or one table of a document. Positions that a merged cell covers are left out of the rows below it."""

    name: str
    rows: tuple[Row, ...]
    widths: tuple[int, ...] = ()
    """Widths of the columns in characters, from the left; columns beyond it have the width of the program."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell at its position; `row` and `column` count from 0."""

    row: int
    column: int
    cell: Cell


def head_cell(value: Value, across: int = 1, down: int = 1, mark: str | None = None) -> Cell:
    """Return a heading cell."""
    return Cell(value, across, down, head=True, mark=mark)


def place_cells(rows: Iterable[Row]) -> Iterator[Placed]:
    """Yield each cell with its position, skipping positions that a merged cell above or to the left covers."""
    covered: set[tuple[int, int]] = set()
    for number, row in enumerate(rows):
        column = 0
        for item in row:
            cell = item if isinstance(item, Cell) else Cell(item)
            while (number, column) in covered:
                column += 1
            if cell.across > 1 or cell.down > 1:
                covered.update(
                    (number + down, column + across) for down in range(cell.down) for across in range(cell.across)
                )
            yield Placed(number, column, cell)
            column += cell.across


def fill_matrix(rows: Sequence[Row]) -> list[list[Placed | None]]:
    """Return for each position the cell that begins there or covers it; `row` and `column` are where it begins."""
    placed = list(place_cells(rows))
    height = max((p.row + p.cell.down for p in placed), default=0)
    width = max((p.column + p.cell.across for p in placed), default=0)
    positions: list[list[Placed | None]] = [[None] * width for _ in range(max(height, len(rows)))]
    for p in placed:
        for down in range(p.cell.down):
            for across in range(p.cell.across):
                positions[p.row + down][p.column + across] = p
    return positions


def format_value(value: Value, *, decimal: str = ".") -> str:
    """Format a value as text: nothing for None, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", decimal)
    return str(value)
