"""Solve the linear programs of a search among the persons of a few years first, and in the whole problem if needed.

A population that moves persons of a few years (`parts.py`) may be dearer than one that moves those of further years,
if it hides a cell that other years share, or there may be none.  Then more years are tried, and at last all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.parts import ProblemPart
from pipelines.publication.disclosure.space import Array, Space

_TOLERANCE = 1e-6


class Neighbourhood:
    """The linear program over a part of a problem, while all other variables keep their true value."""

    def __init__(self, raising: lp.Raising, truth: Array, part: ProblemPart) -> None:
        self.raising, self.part = raising, part
        self.truth = truth[part.columns]
        self._last_values = self.truth
        self._is_frozen: Array | None = None

    def raise_cell(self, cell: int, by: float) -> RaisedCell | None:
        """Return the cheapest population that raises a cell by `by` or more, or None (`lp.Raising.raise_cell`)."""
        number = int(self.part.find_numbers(np.array([cell]))[0])
        if (moved := self.raising.raise_cell(number, by)) is None:
            return None
        return RaisedCell(moved, self.raising.last_free, self)

    def replace_values(self, values: Array) -> Array:
        """Return a mask of the variables that differ from those of the call before, which were the true ones at first.

        The program starts from the population before, and most of it stays as it was.
        """
        is_new: Array = np.abs(values - self._last_values) > _TOLERANCE
        self._last_values = values
        return is_new

    def freeze_columns(self, is_known: Array | None) -> None:
        """Let these variables of the problem keep their true value, and no others."""
        if self._is_frozen is is_known:
            return
        if self._is_frozen is not None:
            self.raising.release_columns(self._is_frozen[self.part.columns])
        if is_known is not None:
            self.raising.freeze_columns(is_known[self.part.columns])
        self._is_frozen = is_known

    def find_own(self, rows: Array) -> Array:
        """Return the numbers of those of the rows that the program has."""
        numbers = self.part.find_numbers(rows)
        in_program: Array = numbers[numbers >= 0]
        return in_program


class RaisedCell(NamedTuple):
    """A population that raises a cell: the deviations of all rows of the program that found it.

    Most of them are only compared by cost, so the variables are joined when `values` is read: `free` are those that
    cover several cells.
    """

    moved: Array
    free: Array
    of: Neighbourhood

    @property
    def is_moved(self) -> Array:
        """A mask of the rows of the program that deviate."""
        is_moved: Array = np.abs(self.moved) > _TOLERANCE
        return is_moved

    @property
    def moved_rows(self) -> Array:
        """The rows of the problem that deviate, in order."""
        rows: Array = self.of.part.rows[self.is_moved]
        return rows

    @property
    def values(self) -> Array:
        """The variables of the program."""
        return self.of.raising.join_population(self.free, self.moved)


class Neighbourhoods:
    """The programs of a search: the whole problem, and those over its parts, which are made when they are needed.

    `raising` is the program of the whole problem.
    """

    def __init__(self, space: Space, truth: Array, raising: lp.Raising) -> None:
        self._space, self._truth = space, truth
        self.whole = Neighbourhood(raising, truth, space.parts.whole)
        self._is_fixed: Array = np.zeros(space.matrix.shape[0], dtype=bool)
        self._by_part: dict[ProblemPart, Neighbourhood] = {}
        self._by_year: dict[int, list[Neighbourhood]] = defaultdict(list)

    @property
    def costs(self) -> Array:
        """The cost of moving each row of the space."""
        return self.whole.raising.costs

    def list_programs(self, cell: int) -> Iterator[Neighbourhood]:
        """Yield the programs in which a cell can be raised, the smallest first and that of the whole problem last."""
        yield from map(self._find_program, self._space.parts.list_parts(cell))
        yield self.whole

    def drop_shared_rows(self, program: Neighbourhood) -> Neighbourhood:
        """Return a program over the same years, with only those equations that have no other years.

        What it cannot move, no program can, because the equations that it lacks are further limits.
        """
        return self._find_program(program.part.without_shared_rows)

    def _find_program(self, part: ProblemPart) -> Neighbourhood:
        if part not in self._by_part:
            self._by_part[part] = program = self._make_program(part)
            for year in part.years:
                self._by_year[year].append(program)
        return self._by_part[part]

    def _make_program(self, part: ProblemPart) -> Neighbourhood:
        own_truth = self._truth[part.columns]
        ties = int((part.rows >= self._space.cells).sum())
        raising = lp.Raising(part.matrix, part.matrix @ own_truth, self.costs[part.rows], ties, is_part=True)
        raising.set_true_population(own_truth)
        raising.fix_cells(np.flatnonzero(self._is_fixed[part.rows]))
        return Neighbourhood(raising, self._truth, part)

    def drop_programs(self, year: int) -> None:
        """Give up the programs of years before the one at a place: each takes megabytes, and can be made again."""
        for part in [part for part in self._by_part if part.years[-1] < year]:
            program = self._by_part.pop(part)
            for place in part.years:
                self._by_year[place].remove(program)

    def fix_cells(self, cells: Array) -> None:
        """Let these cells keep their value from now on, because readers know it."""
        self._is_fixed[cells] = True
        for program, numbers in self._find_in_programs(cells):
            program.raising.fix_cells(numbers)

    def unfix_cells(self, cells: Array) -> None:
        """Let these cells move again, as far as no insider knows them."""
        self._is_fixed[cells] = False
        for program, numbers in self._find_in_programs(cells):
            program.raising.unfix_cells(numbers)

    def _find_in_programs(self, cells: Array) -> Iterator[tuple[Neighbourhood, Array]]:
        """Yield the programs that have some of the cells, with their numbers in it."""
        is_cell: Array = np.zeros(len(self._is_fixed), dtype=bool)
        is_cell[cells] = True
        for program in (self.whole, *self._by_part.values()):
            if len(numbers := np.flatnonzero(is_cell[program.part.rows])):
                yield program, numbers

    def hide_cell(self, cell: int) -> None:
        """Let the cell deviate at no cost from now on."""
        self.show_cell(cell, 0.0)

    def show_cell(self, cell: int, cost: float) -> None:
        """Let the deviation of a cell cost something."""
        self.whole.raising.show_cell(cell, cost)
        row = np.array([cell])
        programs = {program: None for year in self._space.parts.list_years_of(cell) for program in self._by_year[year]}
        for program in programs:
            for number in program.find_own(row).tolist():
                program.raising.show_cell(number, cost)
