"""Choose the cells of one problem that are hidden, by moving hidden cells and hiding what moves with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from pipelines.publication.disclosure import risk, structure
from pipelines.publication.disclosure.moves import Move, MoveSplitter, join_moves
from pipelines.publication.disclosure.problem import WIDTH, ProtectionProblem
from pipelines.publication.disclosure.readers import PUBLIC, InformedReader, list_readers
from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.witnesses import WitnessCoverage, Witnesses
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT


@dataclass(frozen=True)
class ProtectionRule:
    """The threshold of small counts, the range that a hidden cell needs, and whether insiders count as readers."""

    threshold: int = SMALLEST_PUBLISHED_COUNT
    width: int = WIDTH
    guards_against_offices: bool = False


class Pattern:
    """The cells of one problem that are hidden so far.

    Arrays have an element for each row of `views.margins`.  `fixed` cells were published by an earlier release with the
    same value: readers know them, so they can protect nothing and are published again.  `printed` cells are not hidden
    either, unless no other pattern protects; those that an earlier release had to hide stay hidden.
    """

    def __init__(
        self, block: pl.DataFrame, *, name: str, rule: ProtectionRule, figures: ReleasedRecordFigures | None = None
    ) -> None:
        self._name, self._width = name, rule.width
        problem = ProtectionProblem(block, name, figures)
        self._views, self._raising, self._kept = problem.views, problem.raising, problem.kept
        self._block = block.filter(self._kept)
        self._cells = self._views.margins
        values = self._cells.values
        self.fixed = self._find_rows(self._block["was_published"])
        is_small = (values > 0) & (values < rule.threshold)
        # The constants of equations, such as the gap of a balance, are not counts.
        is_small[self._cells.cells :] = False
        is_small_change = self._find_rows(self._block["is_small_change"])
        self._is_group = self._find_rows(self._block["is_group"])
        self._small = is_small | (is_small_change | self._is_group) & ~self.fixed
        self._was_hidden = self._find_rows(self._block["was_hidden"])
        self.printed = self._find_rows(self._block["is_printed"]) & ~self.fixed & ~self._small & ~self._was_hidden
        self.hidden = (self._small | self._was_hidden) & ~self.fixed
        if not self.hidden.any():
            return
        self._readers = list_readers(self._block) if rule.guards_against_offices else [InformedReader(PUBLIC)]
        self._own_columns = np.stack([reader.find_own_columns(self._cells) for reader in self._readers])
        self._concerned: Array = (abs(self._cells.matrix) @ ~self._own_columns.T > 0).T
        # An insider who has corrected an own figure knows by how much the totals of the region have changed.
        of_others = self._find_rows(self._block["area_kind"] != "region")
        self._is_guarded = is_small | is_small_change & of_others & ~self.fixed
        self._concerned[1:] &= self._is_guarded
        self._safe: Array = np.zeros((len(self._readers), len(values)), dtype=bool)
        self._reach = np.full(len(values), float(rule.width))
        self._revealed: tuple[Array, set[tuple[str, int]]] | None = None
        self._costs = self._raising.costs.copy()
        self._truth = problem.find_true_population(name)
        self._splitter = MoveSplitter(self._cells.matrix)
        self._moves: dict[bytes, Move] = {}
        self._last_population = self._truth
        self._places = _list_places(self._block, self._cells)
        self._raising.fix_cells(np.flatnonzero(self.fixed | self.printed))
        for cell in np.flatnonzero(self.hidden):
            self._raising.hide_cell(int(cell))

    def _find_rows(self, is_marked: pl.Series) -> Array:
        marked: Array = np.zeros(len(self._cells.values), dtype=bool)
        marked[self._cells.rows[is_marked.to_numpy()]] = True
        return marked

    def hide_further(self) -> None:
        """Move every hidden cell that no population so far has moved far enough, and hide what moves with it.

        For each insider, small counts of others have to move while the insider's own figures do not.
        """
        while (self.hidden & self._concerned & ~self._safe).any():
            # The public comes last: every population that protects from an insider protects from the public.
            for reader in (*range(1, len(self._readers)), 0):
                own_columns = self._own_columns[reader]
                if not (self.hidden & self._concerned[reader] & ~self._safe[reader]).any():
                    continue
                self._raising.freeze_columns(own_columns)
                while len(waiting := np.flatnonzero(self.hidden & self._concerned[reader] & ~self._safe[reader])):
                    self._hide_with(int(waiting[0]), reader)
                self._raising.release_columns(own_columns)

    def _hide_with(self, cell: int, reader: int) -> None:
        for moved, population in self._move_cell(cell):
            for moving in np.flatnonzero((np.abs(moved) > 1e-6) & (self._raising.costs > 0.0)):
                self.hidden[moving] = True
                self._raising.hide_cell(int(moving))
            for move in self._split_population(population, cell):
                self._note_move(move)
        self._safe[reader, cell] = True

    def _split_population(self, population: Array, cell: int) -> list[Move]:
        """Return the new moves of a population; those that change the cell are one move, which may have fractions."""
        is_published = ~self.hidden
        is_published[self._cells.cells :] = True
        is_of_cell: Array = np.zeros(len(population), dtype=bool)
        is_of_cell[self._columns_of(cell)] = True
        # The program starts from the population before, and most of it stays as it was.
        is_new = is_of_cell | (np.abs(population - self._last_population) > 1e-6)
        self._last_population = population
        moves = self._splitter.split_change(population - self._truth, is_published, is_new)
        of_cell = [move for move in moves if is_of_cell[move.columns].any()]
        others = [move for move in moves if move.is_whole and not is_of_cell[move.columns].any()]
        return [join_moves(of_cell), *others] if of_cell else others

    def _columns_of(self, row: int) -> Array:
        matrix = self._cells.matrix
        columns: Array = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        return columns

    def _note_move(self, move: Move) -> None:
        """Mark the cells that a move protects from every reader whose own figures it leaves as they are."""
        if move.is_whole:
            if move.key in self._moves:
                return
            self._moves[move.key] = move
        is_possible = ~self._own_columns[:, move.columns].any(axis=1)
        rows, effects = self._splitter.find_effect(move)
        far = rows[(np.abs(effects) >= np.maximum(self._reach[rows], self._width) - 1e-6) & self.hidden[rows]]
        self._safe[np.ix_(is_possible, far)] = True

    def _move_cell(self, cell: int) -> list[_Move]:
        """Return moves of a cell that leave enough values possible, giving up printed totals only if necessary.

        What earlier releases published may leave no such move, or a shorter one.
        """
        moves, is_enough = self._try_moves(cell)
        for nearby in self._list_printed(cell) if not is_enough else ():
            self._raising.unfix_cells(nearby)
            moves, is_enough = self._try_moves(cell)
            for moved, _ in moves:
                self.printed[nearby] &= np.abs(moved[nearby]) < 1e-6
            self._raising.fix_cells(nearby[self.printed[nearby]])
            if is_enough:
                break
        return moves

    def _try_moves(self, cell: int) -> tuple[list[_Move], bool]:
        reach = float(self._reach[cell])
        cheapest, least_cost = None, np.inf
        # The only category of a total cannot be larger than the total, but smaller at no cost.
        for by in (-reach, reach) if self._is_group[cell] else (reach, -reach):
            if (moved := self._raising.raise_cell(cell, by)) is None:
                continue
            # The program counts by how much cells move, but a cell is hidden whole, however little it moves.
            cost = float(self._raising.costs[np.abs(moved) > 1e-6].sum())
            if cost < least_cost:
                cheapest, least_cost = (moved, self._raising.read_population(moved)), cost
            if cost == 0.0:
                break
        if cheapest is not None:
            return self._move_by_one(cell, least_cost) or [cheapest], True
        moves = [
            (moved, self._raising.read_population(moved))
            for by in (1.0, -1.0)
            if (moved := self._raising.raise_cell(cell, by)) is not None
        ]
        return moves, len(moves) == 2 and reach <= 2.0

    def _move_by_one(self, cell: int, less_than: float) -> list[_Move]:
        """Return moves that raise and lower a cell by one each, if both together hide less, else an empty list."""
        if less_than == 0.0 or self._reach[cell] > 2.0:
            return []
        moves: list[_Move] = []
        is_moved: Array = np.zeros(len(self._costs), dtype=bool)
        for by in (1.0, -1.0):
            if (moved := self._raising.raise_cell(cell, by)) is None:
                return []
            moves.append((moved, self._raising.read_population(moved)))
            is_moved |= np.abs(moved) > 1e-6
            if float(self._raising.costs[is_moved].sum()) >= less_than:
                return []
        return moves

    def _list_printed(self, cell: int) -> Iterator[Array]:
        """Yield each printed total that has persons in common with a cell, then all of these, then all printed ones.

        Of several that may move, a program would move each a little, and all of them would be withheld.
        """
        rows = np.flatnonzero(self.printed)
        nearby = np.array([bool(self._places[row] & self._places[cell]) for row in rows], dtype=bool)
        for row in sorted(rows[nearby], key=lambda row: float(self._costs[row])):
            yield np.array([row])
        for chosen in (rows[nearby], rows) if nearby.any() and not nearby.all() else (rows,):
            if len(chosen):
                yield chosen[self.printed[chosen]]

    def show_unneeded(self) -> None:
        """Publish cells again that were hidden for one cell, if populations found for others protect that cell too."""
        coverage = WitnessCoverage(
            self._find_witnesses(self._cells, self._truth, self.hidden, moves=self._moves.values()),
            [
                (own_columns, self.hidden & concerned)
                for own_columns, concerned in zip(self._own_columns, self._concerned, strict=True)
            ],
            self._width,
        )
        candidates = np.flatnonzero(self.hidden & ~self._small & ~self._was_hidden)
        for cell in candidates[np.argsort(-self._costs[candidates], kind="stable")]:
            if coverage.give_up(int(cell)):
                self.hidden[cell] = False
                self._raising.show_cell(int(cell), float(self._costs[cell]))

    def hide_everything(self) -> None:
        """Hide every cell that earlier releases have not published: then readers learn nothing new."""
        self.hidden = ~self.fixed
        self.hidden[self._cells.cells :] = False

    def assess_cells(self, *, margins_only: bool = False) -> risk.BlockRisk:
        """Assess the hidden cells, and prepare those that fail to be moved further.

        The populations that show other cells to be safe are kept.  Cells that earlier releases reveal by themselves
        cannot be protected; they are reported, and do not fail.
        """
        report = self._assess_readers(self.hidden, margins_only=margins_only)
        if not report.passed and self.fixed.any():
            report = self._except_revealed(report)
        self._safe[0, list(report.failed_rows)] = False
        self._reach[list(report.failed_rows)] += 1.0
        names = [reader.name for reader in self._readers]
        for name, row in report.to_insiders:
            self._safe[names.index(name), row] = False
        self._reach[list({row for _, row in report.to_insiders})] += 1.0
        return report

    def _assess_readers(self, hidden: Array, *, margins_only: bool = False) -> risk.BlockRisk:
        """Return the risk for all readers, with the failed rows of margins: over margins first, then over leaves."""
        witnesses = self._find_witnesses(self._cells, self._truth, hidden, moves=self._moves.values())
        report = self._assess_view(self._cells, hidden, witnesses)
        self._moves |= {move.key: move for move in witnesses.list_moves()}
        return self._assess_leaves(hidden, witnesses) if report.passed and not margins_only else report

    def _assess_leaves(self, hidden: Array, margin_witnesses: Witnesses) -> risk.BlockRisk:
        """Assess over leaves with the populations found over margins that are needed to settle all cells."""
        assessed = [
            (own_columns, hidden & concerned)
            for own_columns, concerned in zip(self._own_columns, self._concerned, strict=True)
        ]
        needed = margin_witnesses.choose_needed(assessed, self._width)
        leaves = self._views.leaves
        truth, *lifted = self._views.lift_populations([self._truth, *needed])
        report = self._assess_view(leaves, hidden, self._find_witnesses(leaves, truth, hidden, lifted))
        is_hidden_cell = hidden[self._cells.rows]
        return report.with_rows_of(leaves.rows[is_hidden_cell], self._cells.rows[is_hidden_cell])

    def _find_witnesses(
        self,
        view: Space,
        truth: Array,
        hidden: Array,
        populations: Sequence[Array] = (),
        moves: Iterable[Move] = (),
    ) -> Witnesses:
        is_published = risk.find_published_rows(view, hidden[self._cells.rows])
        witnesses = Witnesses(view, truth, is_published)
        witnesses.add_populations(populations)
        witnesses.add_moves(moves)
        return witnesses

    def _assess_view(self, view: Space, hidden: Array, witnesses: Witnesses) -> risk.BlockRisk:
        cells, guarded = hidden[self._cells.rows], self._is_guarded[self._cells.rows]
        return risk.assess_readers(view, cells, guarded, self._readers, witnesses, name=self._name, width=self._width)

    def _except_revealed(self, report: risk.BlockRisk) -> risk.BlockRisk:
        if self._revealed is None:
            can_hide = ~self.fixed
            can_hide[self._cells.cells :] = False
            everything = self._assess_readers(can_hide)
            self._revealed = np.array(everything.failed_rows, dtype=np.int64), set(everything.to_insiders)
        rows, pairs = self._revealed
        return report.except_revealed(rows, pairs)

    def read_states(self) -> Array:
        """Return the state of each cell of the frame."""
        by_row: Array = np.where(self._small, "A", np.where(self.hidden, "D", "F")).astype(object)
        states: Array = np.full(len(self._kept), "F", dtype=object)
        states[self._kept] = by_row[self._cells.rows]
        return states


_Move = tuple[Array, Array]
"""Deviations of all cells, and the population that has them."""


def _list_places(block: pl.DataFrame, known: Space) -> list[frozenset[tuple[str, str]]]:
    """Return the territories and years of each row."""
    places: list[frozenset[tuple[str, str]]] = [frozenset()] * len(known.values)
    for row, cell in zip(known.rows, block.iter_rows(named=True), strict=True):
        territories = cell["reporters"].split(",") if cell["area_kind"] == "region" else [cell["territory"]]
        places[row] = frozenset(product(territories, structure.years_of(cell["period"])))
    return places
