"""Split the difference between two populations into moves, each of which is possible without the others.

Two counts that change belong together if a published cell or an equation contains both.  Counts that are not connected
in this way need each other for nothing: if either group of counts keeps its true values, all published cells still have
theirs.  So one solution of a program contains many populations, and these are small: they leave the figures of most
insiders as they are, and one move with fractions spoils no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from pipelines.publication.disclosure.space import Array

_TOLERANCE = 1e-6
_FEWEST_IN_GRAPH = 500
"""Entries of a change from which functions for arrays connect them in less time than loops."""
_VARIABLES_AT_ONCE = 50_000
"""Most variables of moves whose effects are found at once, unless a single move has more."""


class Move(NamedTuple):
    """The variables that differ from the true population, in order, and by how much."""

    columns: Array
    amounts: Array

    @classmethod
    def from_change(cls, change: Array, columns: Array | None = None) -> Move:
        """Return the move of all variables that a change alters. `columns` are its variables if it is not of all."""
        altered = np.flatnonzero(np.abs(change) > _TOLERANCE)
        if columns is None:
            return cls(altered, change[altered])
        altered = altered[np.argsort(columns[altered])]
        return cls(columns[altered], change[altered])

    def add_to(self, truth: Array) -> Array:
        """Return the population that differs from the true one by this move."""
        population: Array = truth.copy()
        population[self.columns] += self.amounts
        return population

    @property
    def is_whole(self) -> bool:
        """True if no amount is a fraction."""
        return bool((np.abs(self.amounts - np.rint(self.amounts)) < _TOLERANCE).all())

    @property
    def key(self) -> bytes:
        """The same for two moves of the same variables by the same whole amounts."""
        # Columns of a sparse matrix are shorter integers.
        return self.columns.astype(np.int64).tobytes() + np.rint(self.amounts).astype(float).tobytes()


class MoveSplitter:
    """Splits changes of the variables of `matrix`, whose rows are cells and equations."""

    def __init__(self, matrix: sparse.csr_matrix) -> None:
        self._matrix = matrix.tocsc()

    def split_change(self, change: Move, is_hidden: Array, is_wanted: Array | None = None) -> list[Move]:
        """Split a change into moves. `is_hidden` marks rows that may change: cells, and no equations.

        `is_wanted` marks variables of the change: only moves that contain one of these are then returned.  The moves of
        a change that alters published rows alter some of them, too.
        """
        columns, amounts = change
        _, rows, places = self._list_entries(columns)
        connects = ~is_hidden[rows]
        rows, places = rows[connects], places[connects]
        labels = _label_connected(rows, places, len(columns))
        has_wanted: Array = np.ones(len(columns), dtype=bool)
        if is_wanted is not None:
            has_wanted[:] = False
            has_wanted[labels[is_wanted]] = True
        members = np.flatnonzero(has_wanted[labels])
        members = members[np.argsort(labels[members], kind="stable")]
        starts = np.flatnonzero(np.diff(labels[members], prepend=-1))
        return [Move(columns[group], amounts[group]) for group in np.split(members, starts[1:]) if len(group)]

    def find_effect(self, move: Move) -> tuple[Array, Array]:
        """Return the rows that a move changes, in order, and by how much."""
        entries, rows, places = self._list_entries(move.columns)
        return _sum_by_key(rows, self._matrix.data[entries] * move.amounts[places])

    def find_effects(self, moves: Sequence[Move]) -> tuple[Array, Array, Array]:
        """Return the number of a move, a row that it changes, and by how much, in the order of moves and rows."""
        # The arrays of all moves at once would be several times as large as what is returned.
        ends = np.cumsum([len(move.columns) for move in moves], dtype=np.int64)
        starts = np.flatnonzero(np.diff(ends // _VARIABLES_AT_ONCE, prepend=-1))
        batches = [
            self._find_effects_of(moves[start:end], start) for start, end in pairwise([*starts.tolist(), len(moves)])
        ]
        nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        numbers, rows, effects = map(np.concatenate, zip(nothing, *batches, strict=True))
        return numbers, rows, effects

    def _find_effects_of(self, moves: Sequence[Move], first: int) -> tuple[Array, Array, Array]:
        """Return what `find_effects` does for some of its moves; `first` is the number of the first of them."""
        entries, rows, places = self._list_entries(np.concatenate([move.columns for move in moves]))
        numbers = np.arange(first, first + len(moves)).repeat([len(move.columns) for move in moves])
        amounts = np.concatenate([move.amounts for move in moves])
        size = self._matrix.shape[0]
        keys, effects = _sum_by_key(numbers[places] * size + rows, self._matrix.data[entries] * amounts[places])
        return keys // size, keys % size, effects

    def _list_entries(self, columns: Array) -> tuple[Array, Array, Array]:
        """Return the entries of the matrix in some columns, the row of each, and the place of its column among them."""
        starts = self._matrix.indptr[columns]
        sizes = self._matrix.indptr[columns + 1] - starts
        entries = _concatenate_ranges(starts, sizes)
        return entries, self._matrix.indices[entries], np.arange(len(columns)).repeat(sizes)


def _label_connected(rows: Array, places: Array, size: int) -> Array:
    """Return the least place of those to which each of `size` places is connected by common rows."""
    if len(rows) >= _FEWEST_IN_GRAPH:
        return _label_in_graph(rows, places, size)
    # Most changes are of a few places, for which loops take a fraction of the time of functions for arrays.
    lowest = list(range(size))
    first_of_row: dict[int, int] = {}
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        first_root, second_root = place, first_of_row.setdefault(row, place)
        while lowest[first_root] != first_root:
            lowest[first_root] = first_root = lowest[lowest[first_root]]
        while lowest[second_root] != second_root:
            lowest[second_root] = second_root = lowest[lowest[second_root]]
        # The lower place represents both, so that each group has the number of its least place.
        if first_root < second_root:
            lowest[second_root] = first_root
        else:
            lowest[first_root] = second_root
    # Places refer to lower ones, which have their own number by now.
    for place, lower in enumerate(lowest):
        lowest[place] = lowest[lower]
    return np.array(lowest, dtype=np.int64)


def _label_in_graph(rows: Array, places: Array, size: int) -> Array:
    """Return the labels of `_label_connected` from a graph in which each row is connected with its places."""
    distinct, numbers = np.unique(rows, return_inverse=True)
    nodes = size + len(distinct)
    edges = (np.ones(len(rows), dtype=bool), (places, numbers + size))
    _, components = csgraph.connected_components(sparse.csr_matrix(edges, shape=(nodes, nodes)), directed=False)
    _, first, inverse = np.unique(components[:size], return_index=True, return_inverse=True)
    labels: Array = first[inverse]
    return labels


def _sum_by_key(keys: Array, amounts: Array) -> tuple[Array, Array]:
    """Return the keys whose amounts have a sum other than zero, in order, and these sums."""
    distinct, numbers = np.unique(keys, return_inverse=True)
    sums = np.bincount(numbers, amounts, len(distinct))
    changed = np.flatnonzero(np.abs(sums) > _TOLERANCE)
    return distinct[changed], sums[changed]


def _concatenate_ranges(starts: Array, sizes: Array) -> Array:
    """Return the numbers `start` to `start + size - 1` of each range, one range after another."""
    ends = sizes.cumsum()
    numbers: Array = np.arange(ends[-1] if len(ends) else 0)
    numbers += (starts - ends + sizes).repeat(sizes)
    return numbers


def join_moves(moves: Sequence[Move]) -> Move:
    """Return several moves of different variables as one."""
    columns = np.concatenate([move.columns for move in moves])
    order = np.argsort(columns)
    return Move(columns[order], np.concatenate([move.amounts for move in moves])[order])


def stack_moves(moves: Sequence[Move], size: int) -> sparse.csr_matrix:
    """Return whole moves as the rows of a matrix with `size` columns."""
    pointers = np.concatenate([[0], np.cumsum([len(move.columns) for move in moves])])
    columns = np.concatenate([move.columns for move in moves]) if moves else np.array([], dtype=np.int64)
    amounts = np.concatenate([np.rint(move.amounts) for move in moves]) if moves else np.array([])
    return sparse.csr_matrix((amounts, columns, pointers), shape=(len(moves), size))
