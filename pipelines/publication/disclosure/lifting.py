"""Make populations over leaves from populations over margins.

The assessment over margins finds populations of whole numbers that agree with the published cells. Here their persons
get all their categories: margins of a place are joined one after another, and persons with the same shared categories
are matched in any order (the north-west corner rule). The assessment over leaves counts these persons again and
discards a population that disagrees with a published cell, so it need not trust the margins, and needs the solver only
for cells that no lifted population shows to be wide enough.

How a place is lifted does not depend on other places.  So a population is lifted only in the places where it differs
from the true one. In a long history these are few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import sparse

from pipelines.publication.disclosure.distinct import sort_distinct
from pipelines.publication.disclosure.margins import Axes, Margins, Place
from pipelines.publication.disclosure.moves import Move, stack_moves
from pipelines.publication.disclosure.space import Array, Leaves, Space

_MOVES_AT_ONCE = 64
"""Moves that are lifted together, in all places where one of them changes something."""


class Lift:
    """Lifts from the true population over margins, `truth`, to the columns of `leaf_space`.

    The leaf space has the leaves of the blocks in their order, then the rests of ties.
    """

    def __init__(self, truth: Array, blocks: Sequence[tuple[Margins, Leaves]], leaf_space: Space) -> None:
        self._leaf_space, self._margins = leaf_space, len(truth)
        self._blocks = []
        first = 0
        for block_margins, block_leaves in blocks:
            end = first + block_margins.space.matrix.shape[1]
            self._blocks.append(_BlockLift(block_margins, block_leaves, np.rint(truth[first:end]), first))
            first = end
        # The remaining columns are the rests of ties: whole - parts - rest = constant.
        ties = leaf_space.matrix[leaf_space.cells :]
        leaves = sum(block.size for block in self._blocks)
        self._of_leaves, self._of_rests = ties[:, :leaves], ties[:, leaves:]
        # Transposed once: for each batch of moves, that took longer the longer the history was.
        self._by_leaf = self._of_leaves.T.tocsr()

    def lift_truth(self) -> Array:
        """Return the true population over leaves."""
        leaves = np.concatenate([block.lift_truth() for block in self._blocks])
        constants = self._leaf_space.values[self._leaf_space.cells :]
        return np.concatenate([leaves, -(self._of_rests.T @ (self._of_leaves @ leaves - constants))])

    def lift_moves(self, moves: Sequence[Move]) -> Iterator[Move]:
        """Yield what each move over margins changes over leaves, in the order of the first columns of the moves."""
        # Moves of the same places follow one another.
        in_order = sorted(moves, key=lambda move: int(move.columns[0]))
        for start in range(0, len(in_order), _MOVES_AT_ONCE):
            some = in_order[start : start + _MOVES_AT_ONCE]
            changes = stack_moves(some, self._margins).tocoo()
            leaves = sparse.hstack([block.lift_changes(changes) for block in self._blocks], format="csr")
            rests = -(leaves @ self._by_leaf) @ self._of_rests
            lifted = sparse.hstack([leaves, rests], format="csr")
            lifted.eliminate_zeros()
            lifted.sort_indices()
            for first, end in pairwise(lifted.indptr.tolist()):
                yield Move(lifted.indices[first:end].astype(np.int64), lifted.data[first:end])


class _BlockLift:
    """Lifts the persons of one block, whose margins are the columns from `first` of the problem."""

    def __init__(self, block_margins: Margins, block_leaves: Leaves, truth: Array, first: int) -> None:
        self._leaves, self._places = block_leaves, block_margins.places
        self.size, self._first, self.end = block_leaves.space.matrix.shape[1], first, first + len(truth)
        # Merged variables have the same equations, so the first one may have all the persons.
        merged, self._variables = np.unique(block_margins.columns, return_index=True)
        self._truth: Array = np.zeros(len(block_margins.columns))
        self._truth[self._variables] = truth[merged]
        self._place_of_variable: Array = np.empty(len(self._truth), dtype=np.int64)
        for number, place in enumerate(self._places):
            for start, end in _list_ranges(place):
                self._place_of_variable[start:end] = number

    def lift_truth(self) -> Array:
        """Return the true persons by leaf."""
        lifted = self._lift_places(self._truth[None], self._places)
        return np.bincount(lifted.leaf, lifted.persons, self.size)

    def lift_changes(self, changes: sparse.coo_matrix) -> sparse.csr_matrix:
        """Return what each row of `changes`, over the columns of the problem, changes over the leaves of this block."""
        size = changes.shape[0]
        is_of_block = (changes.col >= self._first) & (changes.col < self.end)
        populations, amounts = changes.row[is_of_block], changes.data[is_of_block]
        variables = self._variables[changes.col[is_of_block] - self._first]
        touched = [self._places[number] for number in sort_distinct(self._place_of_variable[variables])]
        places, needed = _renumber(touched)
        # The last row has the true persons of the same places.
        stacked = np.repeat(self._truth[needed][None], size + 1, axis=0)
        order = np.argsort(needed)
        stacked[populations, order[np.searchsorted(needed, variables, sorter=order)]] += amounts
        lifted = self._lift_places(stacked, places)
        leaves, numbers = np.unique(lifted.leaf, return_inverse=True)
        persons = np.bincount(lifted.population * len(leaves) + numbers, lifted.persons, (size + 1) * len(leaves))
        differences = persons.reshape(size + 1, len(leaves))
        differences = differences[:size] - differences[size]
        rows, columns = np.nonzero(differences)
        return sparse.csr_matrix((differences[rows, columns], (rows, leaves[columns])), shape=(size, self.size))

    def _lift_places(self, variables: Array, places: Sequence[Place]) -> _Lifted:
        """Return the persons of some places; all populations and all places with the same margins at once."""
        places_by_tree: dict[tuple[Axes, ...], list[Place]] = defaultdict(list)
        for place in places:
            places_by_tree[place.plan.tree].append(place)
        nothing: Array = np.zeros(0, dtype=np.int64)
        parts = [_Lifted(nothing, nothing, np.zeros(0))]
        for tree, alike in places_by_tree.items():
            persons = _Persons(variables, tree, alike)
            for margin in tree[1:]:
                persons.join_margin(margin)
            leaves = self._leaves.find_columns(persons.number_leaves(self._leaves))
            is_in_cell = leaves >= 0
            parts.append(_Lifted(persons.population[is_in_cell], leaves[is_in_cell], persons.count[is_in_cell]))
        return _Lifted(*map(np.concatenate, zip(*parts, strict=True)))


class _Lifted(NamedTuple):
    """Groups of persons: the number of their population, their leaf, and how many they are."""

    population: Array
    leaf: Array
    persons: Array


def _list_ranges(place: Place) -> Iterator[tuple[int, int]]:
    """Yield the first variable of each margin of a place, and the one after its last."""
    for axes, offset in place.offsets.items():
        yield offset, offset + int(np.prod([len(place.spans[i]) for i in axes]))


def _renumber(places: Sequence[Place]) -> tuple[list[Place], Array]:
    """Return places whose variables are numbered from 0, and the number that each of these has in the block."""
    renumbered, ranges = [], []
    size = 0
    for place in places:
        offsets: dict[Axes, int] = {}
        for axes, (start, end) in zip(place.offsets, _list_ranges(place), strict=True):
            offsets[axes] = size
            size += end - start
            ranges.append(np.arange(start, end))
        renumbered.append(replace(place, offsets=offsets))
    return renumbered, np.concatenate(ranges) if ranges else np.zeros(0, dtype=np.int64)


class _Persons:
    """Groups of persons of the same population, place and categories, of the margins joined so far."""

    def __init__(self, variables: Array, tree: tuple[Axes, ...], places: list[Place]) -> None:
        self._variables, self._places = variables, places
        self._radix = 1 + max((len(span) for place in places for span in place.spans), default=1)
        self.categories: dict[int, Array] = {}
        self.population, self.place, self.categories, self.count = self._read_margin(tree[0])

    def _read_margin(self, axes: Axes) -> tuple[Array, Array, dict[int, Array], Array]:
        """Return population, place, categories by axis and number of persons of the cells of one margin."""
        columns, numbers, positions = [], [], []
        for number, place in enumerate(self._places):
            shape = [len(place.spans[i]) for i in axes]
            size = int(np.prod(shape))
            columns.append(place.offsets[axes] + np.arange(size))
            numbers.append(np.full(size, number))
            positions.append(np.indices(shape).reshape(len(axes), size))
        counts = self._variables[:, np.concatenate(columns)]
        population, cell = np.nonzero(counts)
        categories = np.concatenate(positions, axis=1)[:, cell]
        return (
            population,
            np.concatenate(numbers)[cell],
            dict(zip(axes, categories, strict=True)),
            counts[population, cell],
        )

    def _encode(self, population: Array, place: Array, categories: dict[int, Array], axes: list[int]) -> Array:
        key = population * len(self._places) + place
        for axis in axes:
            key = key * self._radix + categories[axis]
        return key

    def join_margin(self, axes: Axes) -> None:
        """Give the persons the categories of one more margin, in agreement with the axes that they have already."""
        population, place, categories, count = self._read_margin(axes)
        shared = [axis for axis in axes if axis in self.categories]
        before = np.argsort(self._encode(self.population, self.place, self.categories, shared), kind="stable")
        after = np.argsort(self._encode(population, place, categories, shared), kind="stable")
        # Both are sorted by what they share, and the same number of persons shares it, so running totals match them.
        totals_before, totals_after = np.cumsum(self.count[before]), np.cumsum(count[after])
        if not np.array_equal(totals_before[-1:], totals_after[-1:]):
            raise ValueError("two margins of a place have different totals")
        ends = sort_distinct(np.concatenate([totals_before, totals_after]))
        chosen = before[np.searchsorted(totals_before, ends)]
        joined = after[np.searchsorted(totals_after, ends)]
        self.population, self.place = self.population[chosen], self.place[chosen]
        self.categories = {axis: codes[chosen] for axis, codes in self.categories.items()} | {
            axis: categories[axis][joined] for axis in axes if axis not in shared
        }
        self.count = np.diff(ends, prepend=0.0)

    def number_leaves(self, block_leaves: Leaves) -> Array:
        """Return the leaf of each group. An axis that no published cell breaks down gets its first category."""
        axes = len(self._places[0].spans)
        added = np.zeros((len(self._places), axes, self._radix), dtype=np.int64)
        for number, place in enumerate(self._places):
            for axis, span in enumerate(place.spans):
                added[number, axis, : len(span)] = block_leaves.number_categories(place.territory, axis, span)
        numbers: Array = np.zeros(len(self.place), dtype=np.int64)
        for axis in range(axes):
            numbers += added[self.place, axis, self.categories.get(axis, np.zeros(len(self.place), dtype=np.int64))]
        return numbers
