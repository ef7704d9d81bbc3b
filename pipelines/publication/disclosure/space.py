"""What a reader of the published tables knows about how the cells of one measure add up.

Every cell of one block (one measure, level, unit, statistic and offence group) is a set of leaves.  A leaf is one area
that reports by itself x one quarter x one combination of the smallest categories.  A total is the union of its parts'
leaves; the figures a reader sees are then linear equations over non-negative leaves, and nothing else has to be told
about sub-totals, pools of years or the region.  What ties the cells of two measures is in `ties.py`.

Three facts of the data shape the leaves and are seen in the cells themselves, never in a territory's name:
- a regional cell holds only the areas named in its `reporters`: an area that did not report adds nothing;
- a territory's total that is declared not additive, and a year that is not the sum of its quarters, are no union of
  their parts.  They are leaves of their own, since an equation that does not hold protects nobody;
- categories that do not make their total leave a rest that nobody publishes, or (where they exceed it) stand apart;
  they are the categories that the area itself tells: another area's are none of its own, or a withheld total beside
  its one and only category, told in full, would pass for protected (seen in 2026, with offences).

One fact is in the code list: some codes are no part of their total (an injured party was presumed or identified
before).  They are leaves of their own, and the others make the total all the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes

BLOCK = codes.BLOCK
"""Columns that part the programme into blocks: the cells of one measure."""
DETAIL = codes.BREAKDOWNS
TOTAL = "_T"
OUTSIDE: dict[str, frozenset[str]] = {
    "victim_status": frozenset(c for c, row in codes.codelist("victim_status").items() if row["in_total"] == "false")
}
"""Codes of a dimension that are no part of its total."""
NOT_APPLICABLE = "_Z"
_REST = "rest"  # what the published categories leave over
_APART = "apart"  # a total that its categories exceed
_WHOLE_YEAR = "whole"

Array = np.ndarray[Any, np.dtype[Any]]
Detail = tuple[str, ...]
Sums = Literal["equal", "rest", "apart"]


@dataclass(frozen=True)
class Space:
    """The distinct cells of a block, or of blocks that are tied, as rows over merged leaves.

    `rows[i]` is the row of the i-th cell of the frame; `matrix` is rows x leaves (0/1), leaves that occur in the very
    same rows merged into one; `values` the true value of each row.  The last `ties` rows are no cells but equations
    between them: their value is 0, which everyone knows, and their coefficients may be negative.
    """

    rows: Array
    matrix: sparse.csr_matrix
    values: Array
    ties: int = 0

    @property
    def cells(self) -> int:
        """Number of rows that are cells."""
        return len(self.values) - self.ties


@dataclass(frozen=True)
class _Cell:
    kind: str
    area: str
    territory: str
    period: str
    detail: Detail
    value: float
    reporters: tuple[str, ...]
    additive: bool


def years_of(period: str) -> tuple[str, ...]:
    """`2026-Q3` -> 2026; `2026` -> 2026; `2020-2022` -> 2020, 2021, 2022."""
    if "-Q" in period:
        return (period[:4],)
    if "-" in period:
        first, last = (int(part) for part in period.split("-"))
        return tuple(str(year) for year in range(first, last + 1))
    return (period,)


def build(block: pl.DataFrame) -> Space:
    """Leaves of one block. `block` has the columns of `mart_count` with a value in every row.

    Raises ValueError when a value is missing, negative or not whole.
    """
    values = block["value"].to_numpy().astype(float)
    if np.isnan(values).any() or (values < 0).any() or (values != np.rint(values)).any():
        raise ValueError("a block needs a whole, non-negative value in every row")
    cells = _cells(block)
    leaves = _Leaves(cells)
    return _merge([leaves.of(cell) for cell in cells], values)


def unplaced(block: pl.DataFrame) -> list[bool]:
    """Which rows of one block are regional cells of several categories that a reporter of theirs does not tell.

    The region alone is broken down by two dimensions at once; of a territory that lacks one of the two categories among
    its own figures (its table has a gap there) nothing says that it may hold persons of both.  The cell would then
    exceed what its other reporters can hold, or be of nobody, and contradict figures that are right.  A nought is no
    exception: if it stayed, a cell that is gone would tell that it is none.
    """
    cells = _cells(block)
    told = _categories(cells)
    return [
        cell.kind == "region"
        and sum(code not in (TOTAL, NOT_APPLICABLE) for code in cell.detail) > 1
        and any(
            code != TOTAL and code not in told.get((territory, i), (code,))
            for territory in cell.reporters
            for i, code in enumerate(cell.detail)
        )
        for cell in cells
    ]


def _cells(block: pl.DataFrame) -> list[_Cell]:
    return [
        _Cell(
            kind=row["area_kind"],
            area=row["area"],
            territory=row["territory"],
            period=row["period"],
            detail=tuple(row[dim] for dim in DETAIL),
            value=row["value"],
            reporters=tuple(code for code in (row["reporters"] or "").split(",") if code),
            additive=bool(row["is_additive"]),
        )
        for row in block.iter_rows(named=True)
    ]


def _own(cells: list[_Cell]) -> list[_Cell]:
    """The cells of territories and jurisdictions, one that several tables share only once."""
    shared = {(cell.kind, cell.area, cell.period, cell.detail): cell for cell in cells if cell.kind != "region"}
    return list(shared.values())


def _categories(cells: list[_Cell]) -> dict[tuple[str, int], frozenset[str]]:
    """(territory, dimension) -> the categories that it tells. Of one that tells none, any may be there."""
    used: dict[tuple[str, int], set[str]] = defaultdict(set)
    for cell in _own(cells):
        for i, code in enumerate(cell.detail):
            if code != TOTAL:
                used[cell.territory, i].add(code)
    told = {key: frozenset(found) for key, found in used.items()}
    for cell in cells:
        for i, code in enumerate(cell.detail):
            # A category that the region alone tells may be anybody's of whom it is made.
            if code != TOTAL and not any(code in told.get((t, i), ()) for t in cell.reporters):
                for territory in cell.reporters:
                    if (territory, i) in told:
                        used[territory, i].add(code)
    return {key: frozenset(found) for key, found in used.items()}


class _Leaves:
    """Leaf numbers of cells: mixed radix over area, period and detail."""

    def __init__(self, cells: list[_Cell]) -> None:
        # A cell that several tables share is one cell: counted twice, no breakdown would make its total.
        self._own = _own(cells)
        self._parts = self._jurisdictions()
        self._codes = [
            tuple(sorted({cell.detail[i] for cell in cells} - {TOTAL})) or (TOTAL,) for i in range(len(DETAIL))
        ]
        self._inside = [
            tuple(code for code in named if code not in OUTSIDE.get(dim, ()))
            for dim, named in zip(DETAIL, self._codes, strict=True)
        ]
        self._used = _categories(cells)
        self._sums = self._breakdowns()
        self._uneven = self._years()
        self._areas: dict[tuple[str, str], int] = {}
        self._periods: dict[str, int] = {}
        extended = [(*named, _REST, _APART) for named in self._codes]
        self._position = [{code: i for i, code in enumerate(named)} for named in extended]
        sizes = [len(named) for named in extended]
        self._strides = [int(np.prod(sizes[i + 1 :])) for i in range(len(sizes))]
        self._details = int(np.prod(sizes))
        self._cache: dict[tuple[str, Detail], Array] = {}

    def of(self, cell: _Cell) -> Array:
        """All leaves of one cell, sorted."""
        pieces = []
        for year in years_of(cell.period):
            for territory, area in self._areas_of(cell, year):
                details = self._detail_leaves(territory, cell.detail)
                whole = (territory, year) in self._uneven
                names = (
                    (cell.period,)
                    if "-Q" in cell.period
                    else (
                        (f"{year}-{_WHOLE_YEAR}",) if whole else tuple(f"{year}-Q{quarter}" for quarter in range(1, 5))
                    )
                )
                place = self._areas.setdefault((territory, area), len(self._areas))
                for name in names:
                    period = self._periods.setdefault(name, len(self._periods))
                    # 4,096 periods are 1,024 years: the radix never overflows into the next area
                    pieces.append(details + (place * 4096 + period) * self._details)
        out: Array = np.sort(np.concatenate(pieces)) if pieces else np.array([], dtype=np.int64)
        return out

    def _jurisdictions(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(territory, year) -> the jurisdictions whose sum the territory's figures are."""
        seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        apart = set()
        for cell in self._own:
            for year in years_of(cell.period):
                if cell.kind == "jurisdiction":
                    seen[cell.territory, year].add(cell.area)
                elif not cell.additive:
                    apart.add((cell.territory, year))
        return {key: tuple(sorted(areas)) for key, areas in seen.items() if key not in apart}

    def _areas_of(self, cell: _Cell, year: str) -> list[tuple[str, str]]:
        if cell.kind == "jurisdiction":
            return [(cell.territory, cell.area)]
        territories = cell.reporters if cell.kind == "region" else (cell.territory,)
        return [(t, area) for t in territories for area in self._parts.get((t, year), (t,))]

    def _inside_of(self, territory: str, i: int) -> tuple[str, ...]:
        """The categories that make the total of a dimension in a territory."""
        used = self._used.get((territory, i))
        return tuple(code for code in self._inside[i] if used is None or code in used)

    def _breakdowns(self) -> dict[tuple[str, int], Sums]:
        """(territory, dimension) -> how its categories stand to their total, at worst over its cells."""
        value = {(cell.area, cell.period, cell.detail): cell.value for cell in self._own}
        sums: dict[tuple[str, str, str, int, Detail], list[float]] = defaultdict(list)
        for cell in self._own:
            for i, code in enumerate(cell.detail):
                if code != TOTAL and code in self._inside[i]:
                    total = (*cell.detail[:i], TOTAL, *cell.detail[i + 1 :])
                    sums[cell.territory, cell.area, cell.period, i, total].append(cell.value)
        out: dict[tuple[str, int], Sums] = {}
        for (territory, area, period, i, total), parts in sums.items():
            whole = value.get((area, period, total))
            if whole is None:
                continue
            if sum(parts) > whole:
                out[territory, i] = "apart"
            elif sum(parts) < whole and len(parts) == len(self._inside_of(territory, i)):
                out.setdefault((territory, i), "rest")
        return out

    def _years(self) -> set[tuple[str, str]]:
        """(territory, year) whose annual figure is not its quarters: the office's own figure, or a non-additive one."""
        value = {(cell.area, cell.period, cell.detail): cell.value for cell in self._own}
        quarters: dict[tuple[str, str, str, Detail], list[float]] = defaultdict(list)
        for cell in self._own:
            if "-Q" in cell.period:
                quarters[cell.territory, cell.area, cell.period[:4], cell.detail].append(cell.value)
        out = set()
        for (territory, area, year, detail), parts in quarters.items():
            whole = value.get((area, year, detail))
            if whole is not None and (sum(parts) > whole or (len(parts) == 4 and sum(parts) != whole)):
                out.add((territory, year))
        return out

    def _detail_leaves(self, territory: str, detail: Detail) -> Array:
        key = (territory, detail)
        if key not in self._cache:
            choices = []
            for i, code in enumerate(detail):
                inside = self._inside_of(territory, i)
                if code != TOTAL:
                    used = self._used.get((territory, i))
                    parts: tuple[str, ...] = (code,) if used is None or code in used else ()
                else:
                    sums = self._sums.get((territory, i), "equal")
                    parts = {"equal": inside or (_REST,), "rest": (*inside, _REST), "apart": (_APART,)}[sums]
                choices.append([self._position[i][part] * self._strides[i] for part in parts])
            self._cache[key] = np.array([sum(places) for places in product(*choices)], dtype=np.int64)
        return self._cache[key]


def _merge(sets: list[Array], values: Array) -> Space:
    """Rows with the same leaves become one row, leaves in the same rows one leaf."""
    numbers, inverse = np.unique(np.concatenate(sets), return_inverse=True)
    ends = np.cumsum([len(members) for members in sets])
    sets = np.split(inverse, ends[:-1])
    first: dict[bytes, int] = {}
    distinct: list[int] = []
    rows = np.empty(len(sets), dtype=np.int64)
    for i, members in enumerate(sets):
        key = members.tobytes()
        if key not in first:
            first[key] = len(first)
            distinct.append(i)
        rows[i] = first[key]
    indices = np.concatenate([sets[i] for i in distinct])
    pointers = np.concatenate([[0], np.cumsum([len(sets[i]) for i in distinct])])
    matrix = sparse.csr_matrix((np.ones(len(indices)), indices, pointers), shape=(len(distinct), len(numbers)))
    # A leaf's signature is the sum of random 64-bit numbers of its rows: equal sums, equal membership.
    marks = np.random.default_rng(20260101).integers(1, 2**62, size=matrix.shape[0], dtype=np.int64)
    columns = matrix.tocsc()
    signature = np.zeros(len(numbers), dtype=np.int64)
    np.add.at(signature, np.repeat(np.arange(len(numbers)), np.diff(columns.indptr)), marks[columns.indices])
    _, keep = np.unique(signature, return_index=True)
    return Space(rows=rows, matrix=columns[:, np.sort(keep)].tocsr(), values=values[distinct])
