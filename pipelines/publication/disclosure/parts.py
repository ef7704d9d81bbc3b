"""Take parts of a problem in which the persons of a few years may move, while all others keep their place.

Cells of different years have hardly anything in common but pools, and the stock at the end of a year.  A population
that moves persons of a few years only is a population like any other, and a program over these years has a fraction of
the variables.  What a search does with a part must cost no more in a problem of many years, so a part has arrays of its
own, and none as long as those of the problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from pipelines.publication.disclosure.distinct import sort_distinct

_Array = np.ndarray[Any, np.dtype[Any]]
_FEWEST_YEARS = 3
"""Years of a problem from which its parts are worth programs of their own."""
_SHARED_YEARS = (8, 32)
"""Years of the parts that rows of neighbouring years share. Parts of one size overlap by half."""
_SPAN_YEARS = 4
"""Years of a span."""
_FEWEST_IN_SPANS = 17
"""Years of a problem from which it is searched span by span."""


@dataclass(frozen=True, eq=False)
class ProblemPart:
    """Some columns of a problem, and the rows that have one of them, in order.

    `years` are the places of its years among all years; the part that is the whole problem has none.  `matrix` has
    these rows and columns only, and `is_shared` marks the rows that have other columns too.
    """

    years: tuple[int, ...]
    rows: _Array
    columns: _Array
    is_shared: _Array
    matrix: sparse.csr_matrix

    @cached_property
    def without_shared_rows(self) -> ProblemPart:
        """The same columns, with the rows that have no others."""
        is_kept = ~self.is_shared
        return ProblemPart(self.years, self.rows[is_kept], self.columns, self.is_shared[is_kept], self.matrix[is_kept])

    def find_numbers(self, rows: _Array) -> _Array:
        """Return the number of each of some rows of the problem among those of the part, or -1."""
        numbers = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        own_numbers: _Array = np.where(self.rows[numbers] == rows, numbers, -1)
        return own_numbers


@dataclass(frozen=True, eq=False)
class YearSpan:
    """Some years of a problem that are searched together, before and after others.

    `years` are their places among all years, `parts` has a part for each, and `rows` are those whose first year is one
    of them, in order.  Rows of no year are those of a span without years.
    """

    years: range
    rows: _Array
    parts: tuple[ProblemPart, ...]

    def has_row(self, row: int) -> bool:
        """Return True if a row is one of the span."""
        place = int(np.searchsorted(self.rows, row))
        return place < len(self.rows) and bool(self.rows[place] == row)


class YearParts:
    """The parts of a matrix by the years of its columns, which are empty for several years and for rests."""

    def __init__(self, matrix: sparse.csr_matrix, years: _Array | None) -> None:
        self._matrix, self._by_column = matrix.tocsr(), matrix.tocsc()
        of_columns = [""] * matrix.shape[1] if years is None else [str(year) for year in years]
        self._all_years = sorted(set(of_columns) - {""})
        place_of_year = {year: place for place, year in enumerate(self._all_years)}
        self._places: _Array = np.array([place_of_year.get(year, -1) for year in of_columns], dtype=np.int64)
        order = np.argsort(self._places, kind="stable")
        self._columns = np.split(order, np.searchsorted(self._places[order], np.arange(len(self._all_years))))[1:]
        self._parts: dict[tuple[int, ...], ProblemPart] = {}
        self._windows_of_row: dict[int, tuple[tuple[int, ...], ...]] = {}

    @cached_property
    def whole(self) -> ProblemPart:
        """All rows and columns."""
        rows, columns = map(np.arange, self._matrix.shape)
        return ProblemPart((), rows, columns, np.zeros(len(rows), dtype=bool), self._matrix)

    def list_parts(self, row: int) -> Iterator[ProblemPart]:
        """Yield the parts that contain all columns of a row, of its own years and of ever more: see `_choose_windows`.

        None is yielded if the row has columns of no year, or the matrix has too few years.
        """
        if row not in self._windows_of_row:
            self._windows_of_row[row] = tuple(self._choose_windows(row))
        yield from map(self._find_part, self._windows_of_row[row])

    def _choose_windows(self, row: int) -> Iterator[tuple[int, ...]]:
        """Yield the places of the years of each part: those of the row, one more on either side, then 8 and 32."""
        places = self.list_years_of(row)
        if not self._are_enough or not places or places[0] < 0:
            return
        before: tuple[int, ...] = ()
        size = len(self._all_years)
        ranges = [(places[0] - 1, places[-1] + 2)]
        for years in _SHARED_YEARS:
            # Rows of neighbouring years share a part, so that there are few of these.
            first = (places[0] - years // 4) // (years // 2) * (years // 2)
            ranges.append((first, first + years))
        for window in (places, *(tuple(range(max(start, 0), min(end, size))) for start, end in ranges)):
            if len(before) < len(window) < size and window[-1] >= places[-1]:
                yield window
                before = window

    @property
    def _are_enough(self) -> bool:
        return len(self._all_years) >= _FEWEST_YEARS

    @cached_property
    def spans(self) -> tuple[YearSpan, ...]:
        """The years in spans, which have every row once; a problem of few years has one span of all of them.

        A search that goes from span to span needs the programs of a few years at a time, however many years there are.
        """
        size = len(self._all_years)
        if size < _FEWEST_IN_SPANS:
            return (YearSpan(range(size), self.whole.rows, tuple(self.list_years()) or (self.whole,)),)
        of_rows = self._places[self._matrix.indices]
        # The place added at the end is for empty rows there, and least of no row.
        first_places = np.minimum.reduceat(np.append(of_rows, size), self._matrix.indptr[:-1])
        first_places[np.diff(self._matrix.indptr) == 0] = -1
        spans: list[YearSpan] = []
        for first in (*range(0, size, _SPAN_YEARS), None):
            years = range(0) if first is None else range(first, min(first + _SPAN_YEARS, size))
            is_of_span = first_places < 0 if first is None else np.isin(first_places, years)
            parts = tuple(self._find_part((place,)) for place in years)
            spans.append(YearSpan(years, np.flatnonzero(is_of_span), parts))
        return tuple(spans)

    def list_years_of(self, row: int) -> tuple[int, ...]:
        """Return the places of the years of a row's columns among all years, in order. A column of no year gives -1."""
        columns = self._matrix.indices[self._matrix.indptr[row] : self._matrix.indptr[row + 1]]
        return tuple(sorted(set(self._places[columns].tolist())))

    def list_years(self) -> Iterator[ProblemPart]:
        """Yield the part of each year, or nothing if the matrix has too few years."""
        for place in range(len(self._all_years)) if self._are_enough else ():
            yield self._find_part((place,))

    def find_part_of(self, row: int) -> ProblemPart | None:
        """Return the part of the year to which all columns of a row belong, or None if it has others.

        In a matrix of too few years every row belongs to the whole.
        """
        if not self._are_enough:
            return self.whole
        places = self.list_years_of(row)
        return self._find_part(places) if len(places) == 1 and places[0] >= 0 else None

    def _find_part(self, window: tuple[int, ...]) -> ProblemPart:
        if window not in self._parts:
            self._parts[window] = self._take_part(window)
        return self._parts[window]

    def _take_part(self, window: tuple[int, ...]) -> ProblemPart:
        columns = np.sort(np.concatenate([self._columns[place] for place in window]))
        rows = sort_distinct(self._by_column[:, columns].indices)
        of_rows = self._matrix[rows]
        # A rest is part of every equation of these years.
        has_no_year = of_rows.indices[self._places[of_rows.indices] < 0]
        rests, counts = np.unique(has_no_year, return_counts=True)
        columns = np.concatenate([columns, rests[counts == np.diff(self._by_column.indptr)[rests]]])
        matrix = of_rows[:, columns]
        is_shared: _Array = np.diff(of_rows.indptr) > np.diff(matrix.indptr)
        return ProblemPart(window, rows, columns, is_shared, matrix)
