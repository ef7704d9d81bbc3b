"""Model the cells of one measure as margins: the protection's view of how published figures add up.

A place is one territory, one year and one choice of spans (`structure.py`).  Its persons could be counted in a table
with an axis for area, quarter and each dimension, but published cells show only margins of that table: persons by
quarter, by sex, by offence, never by sex and offence.  The cells of the full table are the leaves of `space.py`, of
which there are many.  Here the variables are the cells of the margins, with an equation wherever one margin is a sum of
another, such as year = women + men.

The equations lose nothing if the largest margins form a tree in which two neighbours share exactly the axes that they
have in common with the rest of the tree.  Then any whole, non-negative values of the margins that agree with the
equations are the margins of some whole, non-negative table (Vorob'ev 1962; Lauritzen, *Graphical Models* 1996, ch. 4).
Margins by quarter, sex, age and offence form such a tree; the region by sex and age is one margin of two axes.  Margins
that do not (sex x age, age x status, sex x status) are replaced by one of all their axes, so that the claim holds.
`test_margins.py` compares the bounds of both views.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes
from pipelines.publication.disclosure.space import Array, Space, merge_columns, merge_owners, read_values
from pipelines.publication.disclosure.structure import Piece, Structure, read_cells

_AxisSet = frozenset[int]
_Join = tuple[_AxisSet, _AxisSet, _AxisSet]
_STATE_OF_NOW = 2**31
"""Number of the newest state of a place in the order of all."""
Axes = tuple[int, ...]
"""Numbers of the axes of a margin, sorted: 0 is the area, 1 the period, 2 and above are dimensions."""


class _Sum(NamedTuple):
    """Margin `whole` is the sum of margin `parts`, whose axes include those of `whole`."""

    whole: Axes
    parts: Axes


class MarginPlan(NamedTuple):
    """The equations between margins, and the largest margins, each of which shares axes with one before it."""

    sums: tuple[_Sum, ...]
    tree: tuple[Axes, ...]

    def list_margins(self) -> list[Axes]:
        """Return all margins, the smallest first; some are not published, but needed by the equations."""
        return sorted({*self.tree, *(axes for link in self.sums for axes in link)}, key=lambda axes: (len(axes), axes))


class _Entry(NamedTuple):
    """The piece of a cell in a place: one category for each axis by which it is broken down."""

    place: int
    axes: Axes
    categories: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """One territory, year and choice of spans, with the margins that its cells need.

    `offsets` has the first variable of each margin; its cells follow with the last axis varying fastest.
    """

    territory: str
    spans: tuple[tuple[str, ...], ...]
    plan: MarginPlan
    offsets: dict[Axes, int]


class Margins:
    """The margins of one block. `block` has the columns of `mart_count`, and `structure` is that of its cells.

    The rows of `space` are cells, then equations with a value of 0. Identical variables are merged into one column;
    `columns[i]` is that of the i-th variable.  Raises the ValueError of `space.read_values`.
    """

    def __init__(self, block: pl.DataFrame, structure: Structure | None = None) -> None:
        values = read_values(block)
        structure = structure or Structure(read_cells(block))
        self._numbers: dict[tuple[str, tuple[tuple[str, ...], ...]], int] = {}
        self._entries = [self._find_entries(pieces) for pieces in structure.pieces]
        tables: list[set[Axes]] = [set() for _ in self._numbers]
        for entries in self._entries:
            for entry in entries:
                tables[entry.place].add(entry.axes)
        for (_, spans), place in self._numbers.items():
            if len(spans[0]) > 1:
                # Each jurisdiction knows its own persons by every category, so all margins are needed by area, too.
                tables[place] |= {tuple(sorted({0, *axes})) for axes in tables[place]}
        self.places = [
            Place(territory, spans, plan_margins(frozenset(tables[place])), {})
            for (territory, spans), place in self._numbers.items()
        ]
        self.space, self.columns = self._build_space(values)
        self._name = "|".join(map(str, block.select(codes.BLOCK).row(0))) if block.height else ""

    def weigh_variables(self) -> Array:
        """Return a weight between 0 and 1 for each column.

        It depends on the block, the territory, the year and the categories of the variable, so that a draft and the
        releases before it have the same weights.
        """
        weights: Array = np.zeros(len(self.columns))
        for place in self.places:
            # A place with other counts than now has the same weights, so that what has not changed is shared alike.
            territory = place.territory.split("@")[0]
            for axes, offset in place.offsets.items():
                seed = hashlib.sha256(f"{self._name}|{territory}|{place.spans}|{axes}".encode()).digest()
                size = int(np.prod([len(place.spans[i]) for i in axes]))
                weights[offset : offset + size] = np.random.default_rng(list(seed)).random(size)
        _, first = np.unique(self.columns, return_index=True)
        return weights[first]

    def list_states(self) -> list[tuple[int, ...]]:
        """Return the columns of each count of a place that had other counts in an earlier release, the oldest first."""
        by_count: dict[tuple[object, ...], dict[int, int]] = defaultdict(dict)
        for place in self.places:
            territory, _, number = place.territory.partition("@")
            for axes, offset in place.offsets.items():
                # Which jurisdictions report may differ between the states; the other spans say what a category means.
                first = (territory, place.spans[1:], axes)
                for variable, categories in enumerate(_cross(place.spans[i] for i in axes), start=offset):
                    state = int(number) if number else _STATE_OF_NOW
                    by_count[*first, categories][state] = int(self.columns[variable])
        states = [tuple(columns[state] for state in sorted(columns)) for columns in by_count.values()]
        return [members for members in states if len(set(members)) > 1]

    def name_columns(self) -> Array:
        """Return a number for each column, which is the same in every problem that has its first variable."""
        names: Array = np.zeros(len(self.columns), dtype=np.uint64)
        for place in self.places:
            for axes, offset in place.offsets.items():
                first = f"{self._name}|{place.territory}|{place.spans}|{axes}"
                for number, categories in enumerate(_cross(place.spans[i] for i in axes)):
                    digest = hashlib.blake2b(f"{first}|{categories}".encode(), digest_size=8).digest()
                    names[offset + number] = int.from_bytes(digest)
        _, first_variables = np.unique(self.columns, return_index=True)
        return names[first_variables]

    def _find_entries(self, pieces: tuple[Piece, ...]) -> tuple[_Entry, ...]:
        entries = []
        for piece in pieces:
            choices = (piece.areas, piece.periods, *piece.details)
            key = (piece.territory, tuple(choice.span for choice in choices))
            # An axis with a single category breaks nothing down: a total and its only category are one cell.
            broken = tuple(i for i, choice in enumerate(choices) if len(choice.parts) < len(choice.span))
            entries.append(
                _Entry(
                    self._numbers.setdefault(key, len(self._numbers)),
                    broken,
                    tuple(choices[i].parts[0] for i in broken),
                )
            )
        return tuple(sorted(entries))

    def _build_space(self, values: Array) -> tuple[Space, Array]:
        """Return the space, in which cells with the same entries share a row, and the column of each variable."""
        first: dict[tuple[_Entry, ...], int] = {}
        distinct = []
        rows = np.empty(len(values), dtype=np.int64)
        for i, entries in enumerate(self._entries):
            if entries not in first:
                first[entries] = len(first)
                distinct.append(i)
            rows[i] = first[entries]
        numbers, equations = self._number_variables()
        indices = [[numbers[entry] for entry in entries] for entries in first]
        pointers = np.concatenate([[0], np.cumsum([len(members) for members in indices])])
        flat = np.array([number for members in indices for number in members], dtype=np.int64)
        cell_matrix = sparse.csr_matrix((np.ones(len(flat)), flat, pointers), shape=(len(first), equations.shape[1]))
        matrix, columns = merge_columns(sparse.vstack([cell_matrix, equations], format="csr"))
        totals = np.concatenate([values[distinct], np.zeros(equations.shape[0])])
        owners, years = (
            merge_owners(of_variables, columns)
            for of_variables in (self._list_owners(numbers), self._list_years(numbers))
        )
        over_margins = Space(
            rows=rows, matrix=matrix, values=totals, owners=owners, years=years, ties=equations.shape[0]
        )
        return over_margins, columns

    def _list_years(self, numbers: dict[_Entry, int]) -> Array:
        """Return the year of each variable."""
        years: Array = np.empty(len(numbers), dtype=object)
        for entry, number in numbers.items():
            years[number] = self.places[entry.place].spans[1][0][:4]
        return years

    def _list_owners(self, numbers: dict[_Entry, int]) -> Array:
        """Return the area of each variable, or the territory if it sums several areas."""
        owners: Array = np.empty(len(numbers), dtype=object)
        for entry, number in numbers.items():
            place = self.places[entry.place]
            if 0 in entry.axes:
                owners[number] = entry.categories[entry.axes.index(0)]
            elif len(place.spans[0]) == 1:
                owners[number] = place.spans[0][0]
            else:
                owners[number] = place.territory.split("@")[0]
        return owners

    def _number_variables(self) -> tuple[dict[_Entry, int], sparse.csr_matrix]:
        """Return the variable of each margin cell, and the equations between margins as rows over the variables."""
        numbers: dict[_Entry, int] = {}
        row_numbers: list[Array] = []
        columns: list[Array] = []
        signs: list[Array] = []
        equation = size = 0
        for number, place in enumerate(self.places):
            spans = place.spans
            for axes in place.plan.list_margins():
                place.offsets[axes] = size
                for categories in _cross(spans[i] for i in axes):
                    numbers[_Entry(number, axes, categories)] = size
                    size += 1
            for whole, parts in place.plan.sums:
                shape = [len(spans[i]) for i in parts]
                positions = np.indices(shape).reshape(len(shape), -1)
                places = [parts.index(i) for i in whole]
                targets = (
                    np.ravel_multi_index([positions[i] for i in places], [shape[i] for i in places])
                    if places
                    else np.zeros(positions.shape[1], dtype=np.int64)
                )
                wholes = int(np.prod([shape[i] for i in places]))
                row_numbers += [equation + np.arange(wholes), equation + targets]
                columns += [place.offsets[whole] + np.arange(wholes), place.offsets[parts] + np.arange(len(targets))]
                signs += [np.ones(wholes), -np.ones(len(targets))]
                equation += wholes
        entries = (
            (np.concatenate(signs), (np.concatenate(row_numbers), np.concatenate(columns))) if signs else ([], ([], []))
        )
        return numbers, sparse.csr_matrix(entries, shape=(equation, size))


def _cross(spans: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return all combinations of one category from each span, the last varying fastest, as NumPy orders them."""
    combinations: list[tuple[str, ...]] = [()]
    for span in spans:
        combinations = [(*before, category) for before in combinations for category in span]
    return combinations


@cache
def plan_margins(tables: frozenset[Axes]) -> MarginPlan:
    """Return equations from which all published margins of a place follow, without loss."""
    published = {frozenset(axes) for axes in tables}
    largest = _find_largest(published)
    while isinstance(joins := _join_into_tree(largest), frozenset):
        largest = _find_largest((largest - joins) | {frozenset().union(*joins)})
    sums = {(shared, table) for shared, *neighbours in joins for table in neighbours}
    joined = {shared for shared, _ in sums}
    order = sorted(largest, key=sorted)
    for axes in published - largest - joined:
        sums.add((axes, next(table for table in order if axes < table)))
    leaves_of_tree = [margin for _, margin, _ in joins]
    (root,) = largest.difference(leaves_of_tree)
    return MarginPlan(
        sums=tuple(
            sorted(_Sum(tuple(sorted(whole)), tuple(sorted(_shorten(whole, parts, sums)))) for whole, parts in sums)
        ),
        tree=tuple(tuple(sorted(margin)) for margin in (root, *reversed(leaves_of_tree))),
    )


def _shorten(whole: _AxisSet, parts: _AxisSet, sums: set[tuple[_AxisSet, _AxisSet]]) -> _AxisSet:
    """Return the smallest margin between the two that is itself a sum of `parts`, or `parts` if there is none."""
    between = [middle for middle, table in sums if table == parts and whole < middle]
    return min(between, key=lambda axes: (len(axes), sorted(axes)), default=parts)


def _find_largest(tables: set[_AxisSet]) -> set[_AxisSet]:
    """Return the margins that no other margin includes."""
    return {axes for axes in tables if not any(axes < larger for larger in tables)}


def _join_into_tree(tables: set[_AxisSet]) -> list[_Join] | frozenset[_AxisSet]:
    """Return joins (shared axes, margin, its neighbour) that make a tree, or the margins that cannot be joined.

    This is Graham's reduction of a hypergraph: remove a margin if another one has all the axes that it shares with the
    remaining ones, until a single margin is left.
    """
    remaining = sorted(tables, key=sorted)
    joins: list[_Join] = []
    while len(remaining) > 1:
        for margin in remaining:
            neighbours = [axes for axes in remaining if axes != margin]
            shared = margin & frozenset().union(*neighbours)
            neighbour = next((axes for axes in neighbours if shared <= axes), None)
            if neighbour is not None:
                joins.append((shared, margin, neighbour))
                remaining.remove(margin)
                break
        else:
            return frozenset(remaining)
    return joins
