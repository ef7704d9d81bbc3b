"""Solve the linear programs of a search among the persons of a few years first, and in the whole problem if needed.

A population that moves persons of a few years (`parts.py`) may be dearer than one that moves those of further years,
if it hides a cell that other years share, or there may be none.  Then more years are tried, and at last all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.parts import ProblemPart
from pipelines.publication.disclosure.space import Array, Space


class Neighbourhood:
    """The linear program over some variables of a problem, while all others keep their true value."""

    def __init__(self, raising: lp.Raising, truth: Array, part: ProblemPart) -> None:
        self.raising, self._truth = raising, truth
        self._rows, self._columns, self.is_shared = part
        self.numbers: Array = np.full(len(self.is_shared), -1, dtype=np.int64)
        """Number of each row of the space among those of the program, or -1."""
        self.numbers[self._rows] = np.arange(len(self._rows))
        self.last_population = truth
        self.is_frozen: Array | None = None

    def raise_cell(self, cell: int, by: float) -> RaisedCell | None:
        """Return the cheapest population that raises a cell by `by` or more, or None (`lp.Raising.raise_cell`)."""
        if (of_rows := self.raising.raise_cell(int(self.numbers[cell]), by)) is None:
            return None
        moved: Array = np.zeros(len(self.numbers))
        moved[self._rows] = of_rows
        return RaisedCell(moved, of_rows, self.raising.last_free, self)

    def find_population(self, raised: RaisedCell) -> Array:
        """Return the values of all variables of the space in a population that this program has found."""
        population = self._truth.copy()
        population[self._columns] = self.raising.join_population(raised.free, raised.of_rows)
        return population

    def freeze_columns(self, is_known: Array | None) -> None:
        """Let these variables of the space keep their true value, and no others."""
        if self.is_frozen is is_known:
            return
        if self.is_frozen is not None:
            self.raising.release_columns(self.is_frozen[self._columns])
        if is_known is not None:
            self.raising.freeze_columns(is_known[self._columns])
        self.is_frozen = is_known

    def find_own(self, rows: Array) -> Array:
        """Return the numbers of those of the rows that the program has."""
        numbers = self.numbers[rows]
        in_program: Array = numbers[numbers >= 0]
        return in_program


class RaisedCell(NamedTuple):
    """A population that raises a cell: the deviations of all cells, and the program that found it.

    Most of them are only compared by cost, so the variables are joined when `population` is read: `of_rows` are the
    deviations of the rows of the program, and `free` its variables that cover several cells.
    """

    moved: Array
    of_rows: Array
    free: Array
    of: Neighbourhood

    @property
    def population(self) -> Array:
        """All variables of the space."""
        return self.of.find_population(self)


class Neighbourhoods:
    """The programs of a search: the whole problem, and those over its parts, which are made when they are needed.

    `raising` is the program of the whole problem.
    """

    def __init__(self, space: Space, truth: Array, raising: lp.Raising) -> None:
        self._space, self._truth = space, truth
        rows, columns = np.arange(space.matrix.shape[0]), np.arange(space.matrix.shape[1])
        self.whole = Neighbourhood(raising, truth, ProblemPart(rows, columns, np.zeros(len(rows), dtype=bool)))
        self._is_fixed: Array = np.zeros(len(rows), dtype=bool)
        self._by_part: dict[int, Neighbourhood] = {}

    @property
    def costs(self) -> Array:
        """The cost of moving each row of the space."""
        return self.whole.raising.costs

    def list_programs(self, cell: int) -> Iterator[Neighbourhood]:
        """Yield the programs in which a cell can be raised, the smallest first and that of the whole problem last."""
        for part in self._space.parts.list_parts(cell):
            if id(part) not in self._by_part:
                self._by_part[id(part)] = self._make_program(part)
            yield self._by_part[id(part)]
        yield self.whole

    def _make_program(self, part: ProblemPart) -> Neighbourhood:
        rows, columns = part.rows, part.columns
        matrix = self._space.matrix[rows][:, columns]
        ties = int((rows >= self._space.cells).sum())
        raising = lp.Raising(matrix, matrix @ self._truth[columns], self.costs[rows], ties, is_part=True)
        raising.set_true_population(self._truth[columns])
        raising.fix_cells(np.flatnonzero(self._is_fixed[rows]))
        return Neighbourhood(raising, self._truth, part)

    def _list_made(self) -> Iterator[Neighbourhood]:
        yield self.whole
        yield from self._by_part.values()

    def fix_cells(self, cells: Array) -> None:
        """Let these cells keep their value from now on, because readers know it."""
        self._is_fixed[cells] = True
        for program in self._list_made():
            program.raising.fix_cells(program.find_own(cells))

    def unfix_cells(self, cells: Array) -> None:
        """Let these cells move again, as far as no insider knows them."""
        self._is_fixed[cells] = False
        for program in self._list_made():
            program.raising.unfix_cells(program.find_own(cells))

    def hide_cell(self, cell: int) -> None:
        """Let the cell deviate at no cost from now on."""
        self.show_cell(cell, 0.0)

    def show_cell(self, cell: int, cost: float) -> None:
        """Let the deviation of a cell cost something."""
        for program in self._list_made():
            if (number := int(program.numbers[cell])) >= 0:
                program.raising.show_cell(number, cost)
