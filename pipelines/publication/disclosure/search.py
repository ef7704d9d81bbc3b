"""Search for the cells that have to be hidden with others, by moving hidden cells and hiding what moves with them.

Counts (`pattern.py`) and figures of cooperation (`cooperation/protect.py`) write different problems. The search knows
only a space, its readers, and which cells each of them may not find.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.publication.disclosure import lp, risk
from pipelines.publication.disclosure.distinct import sort_distinct
from pipelines.publication.disclosure.moves import Move, MoveSplitter, join_moves
from pipelines.publication.disclosure.neighbourhoods import Neighbourhood, Neighbourhoods, RaisedCell
from pipelines.publication.disclosure.parts import ProblemPart, YearSpan
from pipelines.publication.disclosure.readers import InformedReader
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.sweeps import FreeMoves, draw_weights
from pipelines.publication.disclosure.witnesses import WitnessCoverage, Witnesses

_FEWEST_SWEPT = 8
"""Cells from which one program for all of them takes less time than one for each."""
_READERS_SWEPT = 3
"""Insiders whose figures a sweep leaves as they are, before each of them has sweeps of its own."""


@dataclass(frozen=True)
class GuardedCells:
    """Masks of the rows of a space that say what the search may and must do.

    `hidden` are withheld from the start, and `fixed` are known from earlier releases.  `guarded` are the rows that
    insiders may not find, and `assessed` those that nobody may.  `lowered_first` can only become smaller at no cost.
    `printed` are known from elsewhere and stay published, unless no other pattern protects a cell; `places` says which
    of them have persons in common with a cell.  Rows that are not `searched` are moved only after an assessment that
    they failed.
    """

    hidden: Array
    fixed: Array
    guarded: Array
    assessed: Array
    lowered_first: Array
    printed: Array
    places: Sequence[frozenset[tuple[str, str]]] = ()
    searched: Array | None = None


class PatternSearch:
    """The cells of one problem that are hidden so far; masks have an element for each row of the space.

    `readers` are the public, then insiders.
    """

    def __init__(
        self,
        space: Space,
        raising: lp.Raising,
        truth: Array,
        readers: Sequence[InformedReader],
        cells: GuardedCells,
        width: int,
    ) -> None:
        self._space, self._truth, self._width = space, truth, width
        self._raising = Neighbourhoods(space, truth, raising)
        self._own: Array | None = None
        self.hidden, self.printed = cells.hidden.copy(), cells.printed.copy()
        self._lowered_first, self._places = cells.lowered_first, cells.places
        self._printed_by_place: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in np.flatnonzero(self.printed).tolist():
            for place in self._places[row]:
                self._printed_by_place[place].append(row)
        self.own_columns = np.stack([reader.find_own_columns(space) for reader in readers])
        self.concerned: Array = (
            np.stack([space.mark_rows_with(~columns) for columns in self.own_columns]) & cells.assessed
        )
        self.concerned[1:] &= cells.guarded
        # A move changes a few rows for most readers, so the values of one row are next to each other in memory.
        size = len(readers), len(space.values)
        self._safe: Array = np.zeros(size, dtype=bool, order="F")
        # The least and the greatest change of each row in the populations that are possible for each reader.
        self._least: Array = np.zeros(size, dtype=np.float32, order="F")
        self._most: Array = np.zeros(size, dtype=np.float32, order="F")
        self._reach = np.full(len(space.values), float(width))
        self._costs = raising.costs.copy()
        self._splitter = MoveSplitter(space.matrix)
        self._searched: Array = (
            np.ones(len(space.values), dtype=bool) if cells.searched is None else cells.searched.copy()
        )
        self._random = np.random.default_rng(20260101)
        self._moves: dict[bytes, Move] = {}
        self._assessed_moves: dict[bytes, Move] = {}
        self._raising.fix_cells(np.flatnonzero(cells.fixed | self.printed))
        for cell in np.flatnonzero(self.hidden):
            self._raising.hide_cell(int(cell))

    def hide_further(self) -> None:
        """Move every hidden cell that no population so far has moved far enough, and hide what moves with it.

        For each insider, small counts of others have to move while the insider's own figures do not.
        """
        spans = self._space.parts.spans
        waiting = list(spans)
        while waiting:
            for span in waiting:
                self._hide_in_span(span)
            waiting = [span for span in spans if self._find_waiting(slice(None), span.rows).any()]

    def _hide_in_span(self, span: YearSpan) -> None:
        """Move the hidden cells of some years as `hide_further` does, and hide what moves with them, in any year."""
        insiders = range(1, len(self.own_columns))
        for first in insiders[::_READERS_SWEPT]:
            self._sweep(insiders[first - 1 : first - 1 + _READERS_SWEPT], span.parts)
        while self._find_waiting(slice(None), span.rows).any():
            # The public comes last: every population that protects from an insider protects from the public.
            for reader in (*insiders, 0):
                self._own = self.own_columns[reader] if reader else None
                self._sweep([reader], span.parts)
                self._move_waiting(reader, span)
        self._raising.drop_programs(span.years.stop)

    def _move_waiting(self, reader: int, span: YearSpan) -> None:
        """Move the waiting cells of a reader in some years one after another.

        Cells that are hidden meanwhile let others of their year move, so it is swept again.
        """
        parts = self._space.parts
        waiting = span.rows[self._find_waiting(reader, span.rows)].tolist()
        changed: set[ProblemPart] = set()
        while waiting:
            cell = heapq.heappop(waiting)
            if not self._find_waiting(reader, cell):
                continue
            if newly_hidden := self._hide_with(cell, reader):
                changed |= {part for row in newly_hidden if (part := parts.find_part_of(row)) is not None}
                for row in newly_hidden:
                    if span.has_row(row) and self._find_waiting(reader, row):
                        heapq.heappush(waiting, row)
            elif (part := parts.find_part_of(cell)) in changed:
                # Cells that were hidden let this one move, so they may let others of its year move.
                self._sweep([reader], [part])
                changed.remove(part)

    def _sweep(self, readers: Sequence[int], parts: Sequence[ProblemPart]) -> None:
        """Look for moves of many waiting cells at once that hide nothing further (`sweeps.py`).

        Each move leaves the figures of all these readers as they are, and moves nothing outside one of the parts.
        """
        numbers = list(readers)
        for part in parts:
            self._sweep_part(numbers, part)

    def _sweep_part(self, readers: list[int], part: ProblemPart) -> None:
        place = np.ix_(readers, part.rows)
        waiting = self._find_waiting(*place) & ~part.is_shared
        count = int(waiting.sum())
        settled = count * len(readers)
        if count < _FEWEST_SWEPT:
            return
        is_own: Array = self.own_columns[np.ix_(readers, part.columns)].any(axis=0)
        program = FreeMoves(part, self._truth, ~self.hidden[part.rows], is_own, float(self._width))
        values = self._space.values[part.rows]
        while count >= _FEWEST_SWEPT and settled >= _FEWEST_SWEPT * len(readers):
            weights = draw_weights(self._random, waiting.sum(axis=0), values, self._width)
            change = program.find_change(part.matrix.T @ weights)
            for move in self._splitter.split_change(change, self.hidden):
                self._note_move(move)
            waiting = self._find_waiting(*place) & ~part.is_shared
            settled, count = count - int(waiting.sum()), int(waiting.sum())

    def _find_waiting(self, readers: int | slice | Array, rows: int | slice | Array = slice(None)) -> Array:
        """Return a mask of the rows that still have to move for some readers."""
        is_searched = self.hidden[rows] & self._searched[rows]
        waiting: Array = is_searched & self.concerned[readers, rows] & ~self._safe[readers, rows]
        return waiting

    def _hide_with(self, cell: int, reader: int) -> list[int]:
        """Move a cell and hide what moves with it; return the rows that this hides further."""
        newly_hidden: list[int] = []
        for raised in self._move_cell(cell):
            rows = raised.moved_rows
            for moving in rows[self._raising.costs[rows] > 0.0].tolist():
                if not self.hidden[moving]:
                    newly_hidden.append(moving)
                self.hidden[moving] = True
                self._raising.hide_cell(moving)
            for move in self._split_population(raised, cell):
                self._note_move(move)
        self._safe[reader, cell] = True
        return newly_hidden

    def _split_population(self, raised: RaisedCell, cell: int) -> list[Move]:
        """Return the new moves of a population; those that change the cell are one move, which may have fractions."""
        own_columns, columns = self._columns_of(cell), raised.of.part.columns
        values = raised.values
        new_columns = np.concatenate([own_columns, columns[raised.of.replace_values(values)]])
        change = Move.from_change(values - raised.of.truth, columns)
        moves = self._splitter.split_change(change, self.hidden, np.isin(change.columns, new_columns))
        of_cell, others = [], []
        for move in moves:
            if np.isin(move.columns, own_columns).any():
                of_cell.append(move)
            elif move.is_whole:
                others.append(move)
        return [join_moves(of_cell), *others] if of_cell else others

    def _columns_of(self, row: int) -> Array:
        matrix = self._space.matrix
        columns: Array = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        return columns

    def _note_move(self, move: Move) -> None:
        """Mark the cells that are safe with a move, from all readers whose own figures it leaves as they are.

        As in an assessment, the values of a cell in several populations count together.  A move with fractions is no
        population, so it shows nothing.
        """
        if not move.is_whole or move.key in self._moves:
            return
        self._moves[move.key] = move
        rows, effects = self._splitter.find_effect(move)
        least = most = effects
        opposite = Move(move.columns, -move.amounts)
        if (self._truth[opposite.columns] + opposite.amounts > -0.5).all():
            self._moves[opposite.key] = opposite
            least, most = -np.abs(effects), np.abs(effects)
        place = np.ix_(np.flatnonzero(~self.own_columns[:, move.columns].any(axis=1)), rows)
        self._least[place] = least = np.minimum(self._least[place], least)
        self._most[place] = most = np.maximum(self._most[place], most)
        self._safe[place] |= (most - least >= self._reach[rows] - 1e-6) & self.hidden[rows]

    def _move_cell(self, cell: int) -> list[RaisedCell]:
        """Return moves of a cell that leave enough values possible, giving up printed totals only if necessary.

        What earlier releases published may leave no such move, or a shorter one.
        """
        moves, is_enough = self._try_moves(cell)
        for nearby in self._list_printed(cell) if not is_enough else ():
            self._raising.unfix_cells(nearby)
            moves, is_enough = self._try_moves(cell)
            for raised in moves:
                self.printed[np.intersect1d(nearby, raised.moved_rows)] = False
            self._raising.fix_cells(nearby[self.printed[nearby]])
            if is_enough:
                break
        return moves

    def _try_moves(self, cell: int) -> tuple[list[RaisedCell], bool]:
        """Return the cheapest moves of the smallest programs that have some.

        Moves that hide a cell that further years share are compared with those of one program more.  Further years are
        left out if the equations within the years of a program already keep the cell from moving far enough.
        """
        cheapest: list[RaisedCell] = []
        least_cost, is_enough = np.inf, False
        for program in self._raising.list_programs(cell):
            program.freeze_columns(self._own)
            moves, suffices = self._try_program(program, cell)
            if suffices < is_enough:
                continue
            if (cost := self._find_cost(moves)) < least_cost or suffices > is_enough:
                cheapest, least_cost, is_enough = moves, cost, suffices
            if is_enough:
                if least_cost == 0.0 or not self._hides_shared(cheapest, program):
                    break
            elif program is not self._raising.whole and self._is_stuck(cell, program):
                break
        return cheapest, is_enough

    def _is_stuck(self, cell: int, program: Neighbourhood) -> bool:
        """Return True if the equations within the years of a program keep a cell from moving far enough."""
        within_years = self._raising.drop_shared_rows(program)
        within_years.freeze_columns(self._own)
        _, is_enough = self._try_program(within_years, cell)
        return not is_enough

    def _hides_shared(self, moves: Sequence[RaisedCell], program: Neighbourhood) -> bool:
        """Return True if moves hide a cell that has persons of further years than those of a program."""
        rows = np.concatenate([raised.moved_rows for raised in moves])
        return bool(program.part.is_shared[program.find_own(rows[self._raising.costs[rows] > 0.0])].any())

    def _find_cost(self, moves: Sequence[RaisedCell]) -> float:
        """Return the cost of the cells that some moves hide together."""
        if not moves:
            return np.inf
        # The program counts by how much cells move, but a cell is hidden whole, however little it moves.
        rows = moves[0].moved_rows
        if len(moves) > 1:
            rows = sort_distinct(np.concatenate([raised.moved_rows for raised in moves]))
        return float(self._raising.costs[rows].sum())

    def _try_program(self, program: Neighbourhood, cell: int) -> tuple[list[RaisedCell], bool]:
        reach = float(self._reach[cell])
        cheapest, least_cost = None, np.inf
        # The only category of a total cannot be larger than the total, but smaller at no cost.
        for by in (-reach, reach) if self._lowered_first[cell] else (reach, -reach):
            if (raised := program.raise_cell(cell, by)) is None:
                continue
            if (cost := self._find_cost([raised])) < least_cost:
                cheapest, least_cost = raised, cost
            if cost == 0.0:
                break
        if cheapest is not None:
            return self._move_by_one(program, cell, least_cost) or [cheapest], True
        moves = [raised for by in (1.0, -1.0) if (raised := program.raise_cell(cell, by)) is not None]
        return moves, len(moves) == 2 and reach <= 2.0

    def _move_by_one(self, program: Neighbourhood, cell: int, less_than: float) -> list[RaisedCell]:
        """Return moves that raise and lower a cell by one each, if both together hide less, else an empty list."""
        if less_than == 0.0 or self._reach[cell] > 2.0:
            return []
        moves: list[RaisedCell] = []
        for by in (1.0, -1.0):
            if (raised := program.raise_cell(cell, by)) is None:
                return []
            moves.append(raised)
            if self._find_cost(moves) >= less_than:
                return []
        return moves

    def _list_printed(self, cell: int) -> Iterator[Array]:
        """Yield each printed total that has persons in common with a cell, then all of these, then all printed ones.

        Of several that may move, a program would move each a little, and all of them would be withheld.
        """
        rows = np.flatnonzero(self.printed)
        if not len(rows):
            return
        in_common = {row for place in self._places[cell] for row in self._printed_by_place.get(place, ())}
        nearby = [row for row in sorted(in_common) if self.printed[row]]
        for row in sorted(nearby, key=lambda row: float(self._costs[row])):
            yield np.array([row])
        for chosen in (np.array(nearby), rows) if 0 < len(nearby) < len(rows) else (rows,):
            yield chosen[self.printed[chosen]]

    def show_unneeded(self, candidates: Array, *, with_assessed: bool = True) -> None:
        """Publish cells again that were hidden for one cell, if populations found for others protect that cell too.

        `candidates` marks the cells that may be published.  The populations are those of the search, and
        `with_assessed` those of assessments, too.
        """
        rows = np.flatnonzero(self.hidden & candidates)
        coverage = WitnessCoverage(
            self.find_witnesses(self.hidden, with_assessed=with_assessed), self.list_assessed(self.hidden), self._width
        )
        for cell in rows[np.argsort(-self._costs[rows], kind="stable")]:
            if coverage.give_up(int(cell)):
                self.hidden[cell] = False
                self._raising.show_cell(int(cell), float(self._costs[cell]))

    def list_assessed(self, hidden: Array) -> list[tuple[Array, Array]]:
        """Return own columns and rows to assess of each reader, if the rows in `hidden` are withheld."""
        return [
            (own_columns, hidden & concerned)
            for own_columns, concerned in zip(self.own_columns, self.concerned, strict=True)
        ]

    def find_witnesses(self, hidden: Array, *, with_assessed: bool = True) -> Witnesses:
        """Return the populations found so far that agree with the cells published if `hidden` are withheld."""
        witnesses = Witnesses(self._space, self._truth, risk.find_published_rows(self._space, hidden[self._space.rows]))
        witnesses.add_moves((self._moves | self._assessed_moves if with_assessed else self._moves).values())
        return witnesses

    def keep_moves(self, moves: Iterable[Move]) -> None:
        """Keep populations for later assessments: those that an assessment found, or an earlier problem had."""
        self._assessed_moves |= {move.key: move for move in moves}

    def move_further(self, rows: Iterable[int], of_insiders: Iterable[tuple[int, int]]) -> None:
        """Let the public's failed rows, and those of insiders by their number, be moved further than before."""
        failed = list(rows)
        pairs = list(of_insiders)
        self._searched[[*failed, *(row for _, row in pairs)]] = True
        self._reach[failed] += 1.0
        for reader, row in [*((0, row) for row in failed), *pairs]:
            self._safe[reader, row] = False
            # Some of the populations before may have moved a cell that has been shown again since.
            self._least[reader, row] = self._most[reader, row] = 0.0
        self._reach[list({row for _, row in pairs})] += 1.0
