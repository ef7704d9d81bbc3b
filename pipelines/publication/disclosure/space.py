"""Model the cells of one measure as sets of leaves: the assessment's view of how published figures add up.

A leaf is one reporting area x one quarter x one combination of the smallest categories.  A total is the union of its
parts' leaves; the published figures are then linear equations over non-negative leaves, so sub-totals, pools of years
and the region need no further rules.  `structure.py` reads from the cells what adds up; `margins.py` states the same
with fewer variables; `ties.py` links the cells of two measures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes
from pipelines.publication.disclosure.distinct import sort_distinct
from pipelines.publication.disclosure.parts import YearParts
from pipelines.publication.disclosure.structure import APART, REST, BlockCell, Detail, Piece, Structure, read_cells

BLOCK = codes.BLOCK
"""Columns that divide the programme into blocks: the cells of one measure."""

Array = np.ndarray[Any, np.dtype[Any]]
_PERIODS = 4096
"""Radix of periods, enough for 1,024 years of quarters."""


@dataclass(frozen=True)
class Space:
    """The distinct cells of a block, or of linked blocks, as rows over variables that are never negative.

    `rows[i]` is the row of the i-th cell of the frame; `matrix` is rows x variables; `values` are the true values of
    the rows.  `owners` are the areas whose persons the variables count, empty where they are of several.  A row of a
    cell has coefficients of 0 and 1.  The last `ties` rows are not cells but equations: their
    value is always 0, and their coefficients may be negative.  `years` are the years of the persons that the variables
    count, empty for several years and for the rests of equations; without it, all variables are taken together.
    """

    rows: Array
    matrix: sparse.csr_matrix
    values: Array
    owners: Array
    ties: int = 0
    years: Array | None = None

    @cached_property
    def parts(self) -> YearParts:
        """The parts of a few years."""
        return YearParts(self.matrix, self.years)

    @property
    def cells(self) -> int:
        """Number of rows that are cells."""
        return len(self.values) - self.ties

    def mark_rows_with(self, is_wanted: Array) -> Array:
        """Return a mask of the rows that have at least one of the wanted variables."""
        is_entry = is_wanted[self.matrix.indices] & (self.matrix.data != 0.0)
        places = np.concatenate([[0], np.cumsum(is_entry, dtype=np.int64)])[self.matrix.indptr]
        has_one: Array = places[1:] > places[:-1]
        return has_one


def read_values(block: pl.DataFrame) -> Array:
    """Return the values of a block. Raises ValueError if one is missing, negative or not whole."""
    values: Array = block["value"].to_numpy().astype(float)
    if np.isnan(values).any() or (values < 0).any() or (values != np.rint(values)).any():
        raise ValueError("a block needs a whole, non-negative value in every row")
    return values


def build_space(block: pl.DataFrame) -> Space:
    """Return the space of one block over its leaves. `block` has the columns of `mart_count`.

    Raises the ValueError of `read_values`.
    """
    return Leaves(block).space


def write_links(sides: Sequence[tuple[Sequence[int], Sequence[int]]], columns: int) -> sparse.csr_matrix:
    """Return a row for each link: the sum of the variables on its first side less that of those on the second."""
    numbers = [[*plus, *minus] for plus, minus in sides]
    sizes = [len(members) for members in numbers]
    signs = [sign for plus, minus in sides for sign in (*[1.0] * len(plus), *[-1.0] * len(minus))]
    rows, members = np.repeat(np.arange(len(sides)), sizes), np.array([n for row in numbers for n in row], dtype=int)
    matrix = sparse.csr_matrix((signs, (rows, members)), shape=(len(sides), columns))
    # A variable may be on both sides.
    matrix.eliminate_zeros()
    return matrix


def merge_columns(matrix: sparse.csr_matrix) -> tuple[sparse.csr_matrix, Array]:
    """Return the matrix with identical columns merged into one, and the new column of each column."""
    # A column's signature is the sum of its rows' random 64-bit numbers: equal sums mean equal columns.
    marks = np.random.default_rng(20260101).integers(1, 2**62, size=matrix.shape[0], dtype=np.int64)
    signature = np.zeros(matrix.shape[1], dtype=np.int64)
    np.add.at(signature, matrix.indices, marks.repeat(np.diff(matrix.indptr)) * matrix.data.astype(np.int64))
    _, first, inverse = np.unique(signature, return_index=True, return_inverse=True)
    order = np.argsort(first)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return matrix[:, first[order]], position[inverse]


class Leaves:
    """The leaves of one block: mixed radix over area, period and detail.

    `block` has the columns of `mart_count`, and `structure` is that of its cells.
    Leaves that occur in the same rows are merged into one column of `space`.
    """

    def __init__(self, block: pl.DataFrame, structure: Structure | None = None) -> None:
        values = read_values(block)
        structure = structure or Structure(read_cells(block))
        self._areas: dict[tuple[str, str], int] = {}
        self._periods: dict[str, int] = {}
        extended = [(*members, REST, APART) for members in structure.codes]
        self._position = [{code: i for i, code in enumerate(members)} for members in extended]
        sizes = [len(members) for members in extended]
        self._strides = [int(np.prod(sizes[i + 1 :])) for i in range(len(sizes))]
        self._details = int(np.prod(sizes))
        self._cache: dict[tuple[str, Detail], Array] = {}
        sets = [self._find_leaves(cell, pieces) for cell, pieces in zip(structure.cells, structure.pieces, strict=True)]
        areas = np.array([area for _, area in self._areas], dtype=object)
        years = np.array([period[:4] for period in self._periods], dtype=object)
        self.space, self._numbers, self._columns = _merge(
            sets,
            values,
            lambda numbers: areas[numbers // (_PERIODS * self._details)],
            lambda numbers: years[numbers // self._details % _PERIODS],
        )

    def find_columns(self, numbers: Array) -> Array:
        """Return the column of each leaf, or -1 for a leaf that is in no cell."""
        places = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        columns: Array = np.where(self._numbers[places] == numbers, self._columns[places], -1)
        return columns

    def number_categories(self, territory: str, axis: int, categories: tuple[str, ...]) -> Array:
        """Return what each category adds to the number of a leaf, which is the sum over its axes.

        Axis 0 is the area, axis 1 the period, and axis 2 the first dimension.
        """
        if axis == 0:
            places = [self._areas.setdefault((territory, area), len(self._areas)) for area in categories]
            return np.array(places, dtype=np.int64) * _PERIODS * self._details
        if axis == 1:
            periods = [self._periods.setdefault(name, len(self._periods)) for name in categories]
            return np.array(periods, dtype=np.int64) * self._details
        dimension = axis - 2
        positions = [self._position[dimension][code] for code in categories]
        return np.array(positions, dtype=np.int64) * self._strides[dimension]

    def _find_leaves(self, cell: BlockCell, pieces: tuple[Piece, ...]) -> Array:
        """Return all leaves of one cell, sorted."""
        numbers = []
        for piece in pieces:
            areas = self.number_categories(piece.territory, 0, piece.areas.parts)
            periods = self.number_categories(piece.territory, 1, piece.periods.parts)
            details = self._detail_leaves(piece, cell.detail)
            numbers.append((areas[:, None, None] + periods[:, None] + details).ravel())
        leaves: Array = np.sort(np.concatenate(numbers)) if numbers else np.array([], dtype=np.int64)
        return leaves

    def _detail_leaves(self, piece: Piece, detail: Detail) -> Array:
        key = (piece.territory, detail)
        if key not in self._cache:
            leaves: Array = np.zeros(1, dtype=np.int64)
            for i, axis in enumerate(piece.details):
                added = self.number_categories(piece.territory, i + 2, axis.parts)
                leaves = (leaves[:, None] + added).ravel()
            self._cache[key] = leaves
        return self._cache[key]


def merge_owners(owners: Array, columns: Array) -> Array:
    """Return the owner (or year) of each merged column, given those of each variable and its column."""
    merged: Array = np.full(int(columns.max(initial=-1)) + 1, None, dtype=object)
    for owner, column in zip(owners, columns, strict=True):
        merged[column] = owner if merged[column] in (None, owner) else ""
    return merged


def _merge(
    sets: list[Array],
    values: Array,
    find_owners: Callable[[Array], Array],
    find_years: Callable[[Array], Array],
) -> tuple[Space, Array, Array]:
    """Merge rows with the same leaves into one row, and leaves in the same rows into one column.

    Return the space, the sorted numbers of its leaves, and their columns.
    """
    numbers = sort_distinct(np.concatenate(sets))
    first: dict[bytes, int] = {}
    distinct: list[int] = []
    rows = np.empty(len(sets), dtype=np.int64)
    for i, of_cell in enumerate(sets):
        # In a long history, all sets together have millions of leaves, so each takes the place of its longer numbers.
        sets[i] = members = np.searchsorted(numbers, of_cell).astype(np.int32)
        key = hashlib.blake2b(members, digest_size=16).digest()
        if key not in first:
            first[key] = len(first)
            distinct.append(i)
        rows[i] = first[key]
    indices = np.concatenate([sets[i] for i in distinct])
    pointers = np.concatenate([[0], np.cumsum([len(sets[i]) for i in distinct])])
    matrix = sparse.csr_matrix((np.ones(len(indices)), indices, pointers), shape=(len(distinct), len(numbers)))
    merged, columns = merge_columns(matrix)
    owners, years = (merge_owners(find(numbers), columns) for find in (find_owners, find_years))
    return Space(rows=rows, matrix=merged, values=values[distinct], owners=owners, years=years), numbers, columns
