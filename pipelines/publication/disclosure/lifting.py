"""Make a population over leaves from a population over margins.

The assessment over margins finds populations of whole numbers that agree with the published cells. Here their persons
get all their categories: margins of a place are joined one after another, and persons with the same shared categories
are matched in any order (the north-west corner rule). The assessment over leaves counts these persons again and
discards a population that disagrees with a published cell, so it need not trust the margins, and needs the solver only
for cells that no lifted population shows to be wide enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from pipelines.publication.disclosure.margins import Axes, Margins, Place
from pipelines.publication.disclosure.space import Array, Leaves, Space

_MOST_NUMBERS = 8_000_000
"""Numbers in the arrays of the populations that are lifted at once. All of a long history took gigabytes."""


def lift_populations(
    populations: Iterable[Array], blocks: Sequence[tuple[Margins, Leaves]], leaf_space: Space
) -> Iterator[Array]:
    """Yield the populations over the columns of `leaf_space`, which has the leaves of the blocks in their order."""
    width = leaf_space.matrix.shape[1] + sum(block_margins.space.matrix.shape[1] for block_margins, _ in blocks)
    waiting = iter(populations)
    while some := list(islice(waiting, max(_MOST_NUMBERS // width, 1))):
        yield from _lift_some(np.rint(np.stack(some)), blocks, leaf_space)


def _lift_some(stacked: Array, blocks: Sequence[tuple[Margins, Leaves]], leaf_space: Space) -> Array:
    """Return some populations, one in each row, over the columns of `leaf_space`."""
    lifted = np.zeros((len(stacked), leaf_space.matrix.shape[1]))
    margin_column = leaf_column = 0
    for block_margins, block_leaves in blocks:
        size, leaf_size = block_margins.space.matrix.shape[1], block_leaves.space.matrix.shape[1]
        # Merged variables have the same equations, so the first one may have all the persons.
        variables = np.zeros((len(stacked), len(block_margins.columns)))
        merged, first = np.unique(block_margins.columns, return_index=True)
        variables[:, first] = stacked[:, margin_column + merged]
        _lift_block(variables, block_margins, block_leaves, lifted[:, leaf_column : leaf_column + leaf_size])
        margin_column += size
        leaf_column += leaf_size
    # The remaining columns are the rests of ties: whole - parts - rest = constant.
    tie_rows, constants = leaf_space.matrix[leaf_space.cells :], leaf_space.values[leaf_space.cells :]
    rests = tie_rows[:, leaf_column:]
    lifted[:, leaf_column:] = -(rests.T @ ((tie_rows @ lifted.T).T - constants).T).T
    return lifted


def _lift_block(variables: Array, block_margins: Margins, block_leaves: Leaves, lifted: Array) -> None:
    """Add the persons of one block to `lifted`; all populations and all places with the same margins at once."""
    places_by_tree: dict[tuple[Axes, ...], list[Place]] = defaultdict(list)
    for place in block_margins.places:
        places_by_tree[place.plan.tree].append(place)
    for tree, places in places_by_tree.items():
        persons = _Persons(variables, tree, places)
        for margin in tree[1:]:
            persons.join_margin(margin)
        numbers = persons.number_leaves(block_leaves)
        columns = block_leaves.find_columns(numbers)
        is_in_cell = columns >= 0
        np.add.at(lifted, (persons.population[is_in_cell], columns[is_in_cell]), persons.count[is_in_cell])


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
        ends = np.union1d(totals_before, totals_after)
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
