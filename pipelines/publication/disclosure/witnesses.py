"""Collect whole-number populations that show readers several values of the same hidden cell.

A population is kept as its difference from the true one, because most change only a few counts, and is split into moves
(`moves.py`).  It is possible for the public if no published cell changes, and for an insider if the insider's own
figures do not change either; so one population often serves several readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from pipelines.publication.disclosure.moves import Move, MoveSplitter, join_moves, stack_moves
from pipelines.publication.disclosure.space import Array, Space


class Witnesses:
    """Populations that agree with the true one, `truth`, in all rows of a space marked in `is_published`."""

    def __init__(self, space: Space, truth: Array, is_published: Array) -> None:
        self.space, self.truth = space, truth
        self._published, self._hidden = is_published, ~is_published
        self._splitter = MoveSplitter(space.matrix)
        self._known: set[bytes] = set()
        self._changes = [sparse.csr_matrix((0, len(truth)))]
        self._effects = [sparse.csr_matrix((0, len(space.values)))]

    @property
    def changes(self) -> sparse.csr_matrix:
        """Differences from the true population, one row for each."""
        return _stack_rows(self._changes)

    @property
    def effects(self) -> sparse.csr_matrix:
        """Differences of all cells, one row for each population."""
        return _stack_rows(self._effects)

    def list_moves(self) -> list[Move]:
        """Return the differences from the true population."""
        return [
            Move(self.changes.indices[start:end], self.changes.data[start:end])
            for start, end in pairwise(self.changes.indptr)
        ]

    def add_populations(self, populations: Iterable[Array]) -> None:
        """Add populations as `add_changes` does."""
        self.add_changes(Move.from_change(population - self.truth) for population in populations)

    def add_changes(self, changes: Iterable[Move]) -> None:
        """Add the populations with some changes that agree with the published cells, and the moves of each change.

        Populations that do not agree count for nothing, and neither do those of their moves that do not.
        """
        moves: list[Move] = []
        for change in changes:
            parts = self._splitter.split_change(change, self._hidden)
            moves += parts
            if len(parts) > 1:
                moves.append(join_moves(parts))
        self.add_moves(moves)

    def add_solution(self, change: Move, own_columns: Array | None = None) -> tuple[Array, Array]:
        """Add the moves without fractions of a change that may have fractions.

        Return rows, which may be repeated, and the values that those moves give them that are possible for a reader.
        """
        moves, (numbers, rows, effects) = self.add_moves(self._splitter.split_change(change, self._hidden))
        if own_columns is not None and moves:
            is_possible = np.array([not own_columns[move.columns].any() for move in moves])[numbers]
            rows, effects = rows[is_possible], effects[is_possible]
        return rows, self.space.values[rows] + effects

    def add_moves(self, moves: Iterable[Move]) -> tuple[list[Move], tuple[Array, Array, Array]]:
        """Add the populations that differ from the true one by a move, if they agree with the published cells.

        Return those that are new, and their effects as `MoveSplitter.find_effects` does.
        """
        new: dict[bytes, Move] = {}
        for move in moves:
            if move.is_whole and (self.truth[move.columns] + move.amounts > -0.5).all():
                new[move.key] = Move(move.columns, np.rint(move.amounts))
        chosen = [move for key, move in new.items() if key not in self._known]
        self._known.update(new)  # `|=` with the keys would copy all moves so far
        numbers, rows, effects = self._splitter.find_effects(chosen)
        agrees: Array = np.ones(len(chosen), dtype=bool)
        agrees[numbers[self._published[rows]]] = False
        agreeing = [move for move, does in zip(chosen, agrees, strict=True) if does]
        places, is_left = agrees.cumsum() - 1, agrees[numbers]
        numbers, rows, effects = places[numbers[is_left]], rows[is_left], effects[is_left]
        if agreeing:
            starts = np.searchsorted(numbers, np.arange(len(agreeing) + 1))
            shape = (len(agreeing), len(self.space.values))
            self._changes.append(stack_moves(agreeing, len(self.truth)))
            self._effects.append(sparse.csr_matrix((effects, rows, starts), shape=shape))
        return agreeing, (numbers, rows, effects)

    def find_range(self, own_columns: Array | None = None) -> tuple[Array, Array]:
        """Return the least and the greatest value of each row over the populations possible for a reader."""
        effects = self.effects
        if own_columns is not None:
            effects = effects[self.mark_possible(own_columns)]
        # The true population is one of the possible ones.
        low: Array = np.zeros(len(self.space.values))
        high = low.copy()
        np.minimum.at(low, effects.indices, effects.data)
        np.maximum.at(high, effects.indices, effects.data)
        return self.space.values + low, self.space.values + high

    def mark_possible(self, own_columns: Array) -> Array:
        """Return a mask of the populations that leave these variables as they are."""
        keeps: Array = np.asarray(abs(self.changes) @ own_columns.astype(float)).ravel() < 0.5
        return keeps

    def choose_needed(self, assessed: Sequence[tuple[Array, Array]], width: int) -> list[Move]:
        """Return moves that suffice for what all show; `assessed` are own columns and rows of each reader.

        Fewer populations are quicker to check over leaves.
        """
        possible = np.stack([self.mark_possible(own_columns) for own_columns, _ in assessed])
        is_assessed = np.stack([rows for _, rows in assessed])
        low, high = np.zeros(is_assessed.shape), np.zeros(is_assessed.shape)
        needed = []
        matrix, moves = self.effects, self.list_moves()
        # Populations that change the most cells first: fewer of them are then needed.
        for number in np.argsort(-np.diff(matrix.indptr), kind="stable"):
            start, end = matrix.indptr[number : number + 2]
            rows, effects = matrix.indices[start:end], matrix.data[start:end]
            readers = np.flatnonzero(possible[:, number])
            if not len(readers):
                continue
            place = np.ix_(readers, rows)
            is_open = is_assessed[place] & (high[place] - low[place] < width)
            widens = (effects > high[place]) | (effects < low[place])
            if (is_open & widens).any():
                needed.append(moves[number])
                high[place] = np.maximum(high[place], effects)
                low[place] = np.minimum(low[place], effects)
        return needed


def _stack_rows(blocks: list[sparse.csr_matrix]) -> sparse.csr_matrix:
    """Return the rows of all blocks as one matrix, which takes their place in the list."""
    if len(blocks) > 1:
        blocks[:] = [sparse.vstack(blocks, format="csr")]
    return blocks[0]


class WitnessCoverage:
    """Which hidden cells of which readers the populations protect, so that some populations can be given up.

    A cell is covered for a reader if one population that is possible for that reader moves it by `width` or more.
    `assessed` are own columns and hidden rows of each reader.
    """

    def __init__(self, witnesses: Witnesses, assessed: Sequence[tuple[Array, Array]], width: int) -> None:
        self._effects = witnesses.effects
        self._by_cell = witnesses.effects.tocsc()
        self._possible = np.stack([witnesses.mark_possible(own_columns) for own_columns, _ in assessed]).astype(float)
        self._needed = np.stack([rows for _, rows in assessed])
        self._moves_far = (abs(witnesses.effects) >= width - 0.5).astype(float).tocsr()
        self._counts: Array = self._moves_far.T.dot(self._possible.T).T
        self._is_left: Array = np.ones(witnesses.effects.shape[0], dtype=bool)
        # Cells that only two short moves protect are not counted; whatever moves them stays.
        is_short = (self._needed & (self._counts < 0.5)).any(axis=0).astype(float)
        self._must_stay = abs(self._effects) @ is_short > 0

    def give_up(self, cell: int) -> bool:
        """Drop all populations that move a cell if the others still cover all other cells; return True if they do."""
        start, end = self._by_cell.indptr[cell : cell + 2]
        dropped = self._by_cell.indices[start:end]
        dropped = dropped[self._is_left[dropped]]
        if self._must_stay[dropped].any():
            return False
        moved = self._moves_far[dropped]
        rows, numbers = np.unique(moved.indices, return_inverse=True)
        of_rows = sparse.csr_matrix((moved.data, numbers, moved.indptr), shape=(len(dropped), len(rows)))
        lost = of_rows.T.dot(self._possible[:, dropped].T).T
        counts = self._counts[:, rows] - lost
        needed = self._needed[:, rows] & (rows != cell)
        if (needed & (lost > 0.5) & (counts < 0.5)).any():
            return False
        self._counts[:, rows] = counts
        self._needed[:, cell] = False
        self._is_left[dropped] = False
        return True


class ObservedRange:
    """Least and greatest value of every cell over the whole-number populations found so far."""

    def __init__(self, matrix: sparse.csr_matrix, cells: int, width: int) -> None:
        self.matrix, self.width = matrix, width
        self.low: Array = np.full(cells, np.inf)
        self.high: Array = np.full(cells, -np.inf)
        self.populations: list[Array] = []

    def add_population(self, population: Array | None) -> None:
        if population is not None:
            self.populations.append(population)
            values = self.matrix @ population
            np.minimum(self.low, values, out=self.low)
            np.maximum(self.high, values, out=self.high)

    def extend_range(self, rows: Array, values: Array) -> None:
        """Take further values of some rows into account; a row may be repeated."""
        np.minimum.at(self.low, rows, values)
        np.maximum.at(self.high, rows, values)

    def list_open(self, rows: Array) -> Array:
        """Return those of the rows that are not wide."""
        is_open: Array = self.high[rows] - self.low[rows] < self.width
        open_rows: Array = rows[is_open]
        return open_rows

    def is_wide(self, cell: int) -> bool:
        return bool(self.high[cell] - self.low[cell] >= self.width)
