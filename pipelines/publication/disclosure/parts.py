"""Take parts of a problem in which the persons of a few years may move, while all others keep their place.

Cells of different years have hardly anything in common but pools, and the stock at the end of a year.  A population
that moves persons of a few years only is a population like any other, and a program over these years has a fraction of
the variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

_Array = np.ndarray[Any, np.dtype[Any]]
_FEWEST_YEARS = 3
"""Years of a problem from which its parts are worth programs of their own."""


class ProblemPart(NamedTuple):
    """Some columns of a matrix, and the rows that have one of them; `is_shared` marks rows with other columns too."""

    rows: _Array
    columns: _Array
    is_shared: _Array


class YearParts:
    """The parts of a matrix by the years of its columns, which are empty for several years and for rests."""

    def __init__(self, matrix: sparse.csr_matrix, years: _Array | None) -> None:
        self._matrix, self._by_column = matrix.tocsr(), matrix.tocsc()
        self._years: _Array = np.full(matrix.shape[1], "", dtype=object) if years is None else years
        self._all_years = sorted(set(self._years.tolist()) - {""})
        self._parts: dict[tuple[str, ...], ProblemPart] = {}
        self._years_of_row: dict[int, tuple[tuple[str, ...], ...]] = {}

    def list_parts(self, row: int) -> Iterator[ProblemPart]:
        """Yield the parts that contain all columns of a row: its own years, then one year more on either side.

        None is yielded if the row has columns of no year, or the matrix has too few years.
        """
        if row not in self._years_of_row:
            self._years_of_row[row] = tuple(self._choose_years(row))
        for years in self._years_of_row[row]:
            if years not in self._parts:
                self._parts[years] = self._take_part(years)
            yield self._parts[years]

    def _choose_years(self, row: int) -> Iterator[tuple[str, ...]]:
        """Yield the years of each part of a row."""
        row_years = sorted({str(year) for year in self._years[self._find_columns(row)]})
        if len(self._all_years) < _FEWEST_YEARS or not row_years or not row_years[0]:
            return
        first, last = self._all_years.index(row_years[0]), self._all_years.index(row_years[-1])
        before: tuple[str, ...] = ()
        for years in (tuple(row_years), tuple(self._all_years[max(first - 1, 0) : last + 2])):
            if len(before) < len(years) < len(self._all_years):
                yield years
            before = years

    def list_years(self) -> Iterator[ProblemPart]:
        """Yield the part of each year, or nothing if the matrix has too few years."""
        for year in self._all_years if len(self._all_years) >= _FEWEST_YEARS else ():
            if (year,) not in self._parts:
                self._parts[(year,)] = self._take_part((year,))
            yield self._parts[(year,)]

    def _find_columns(self, row: int) -> _Array:
        columns: _Array = self._matrix.indices[self._matrix.indptr[row] : self._matrix.indptr[row + 1]]
        return columns

    def _take_part(self, years: tuple[str, ...]) -> ProblemPart:
        columns = np.flatnonzero(np.isin(self._years, years))
        rows = np.unique(self._by_column[:, columns].indices)
        is_outside: _Array = np.ones(self._matrix.shape[0], dtype=bool)
        is_outside[rows] = False
        # A rest is part of every equation of these years.
        has_no_year = np.flatnonzero(self._years == "")
        rests = has_no_year[is_outside @ self._by_column[:, has_no_year].astype(bool) == 0]
        columns = np.concatenate([columns, rests])
        is_shared: _Array = np.zeros(self._matrix.shape[0], dtype=bool)
        is_shared[rows] = np.diff(self._matrix[rows].indptr) > np.diff(self._matrix[rows][:, columns].indptr)
        return ProblemPart(rows, columns, is_shared)
