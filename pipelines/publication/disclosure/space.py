"""Model how the cells of one measure add up, as a reader of the published tables knows it.

Every cell of one block (one measure, level, unit, statistic and offence group) is a set of leaves.  A leaf is one
reporting area x one quarter x one combination of the smallest categories.  A total is the union of its parts' leaves;
the published figures are then linear equations over non-negative leaves, so sub-totals, pools of years and the region
need no further rules.  `ties.py` links the cells of two measures.

Three properties of the data determine the leaves. They are read from the cells, never from a territory's name:
- a regional cell contains only the areas in its `reporters`: an area that did not report adds nothing;
- a territory's total that is declared not additive, and a year that is not the sum of its quarters, are not unions of
  their parts.  They have separate leaves, because an equation that does not hold gives no protection;
- categories that do not add up to their total leave an unpublished rest; if they exceed the total, it has a separate
  leaf.  Only categories that the area itself reports count: otherwise a withheld total next to its only category,
  published in full, would pass for protected (seen in 2026, with offences).

One property is in the code list: some codes are not part of their total (an injured party was presumed or identified
before).  They have separate leaves, and the remaining codes still add up to the total.
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
"""Columns that divide the programme into blocks: the cells of one measure."""
DETAIL = codes.BREAKDOWNS
TOTAL = "_T"
OUTSIDE: dict[str, frozenset[str]] = {
    "victim_status": frozenset(
        c for c, row in codes.read_codelist("victim_status").items() if row["in_total"] == "false"
    )
}
"""Codes of a dimension that are not part of its total."""
NOT_APPLICABLE = "_Z"
_REST = "rest"  # the part of a total that no published category covers
_APART = "apart"  # a total smaller than the sum of its categories
_WHOLE_YEAR = "whole"

Array = np.ndarray[Any, np.dtype[Any]]
Detail = tuple[str, ...]
Sums = Literal["equal", "rest", "apart"]


@dataclass(frozen=True)
class Space:
    """The distinct cells of a block, or of linked blocks, as rows over merged leaves.

    `rows[i]` is the row of the i-th cell of the frame; `matrix` is rows x leaves (0/1), with leaves that occur in the
    same rows merged into one; `values` are the true values of the rows.  The last `ties` rows are not cells but
    equations between cells: their value is always 0, and their coefficients may be negative.
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
    """Return the years of a period: `2026-Q3` -> 2026; `2026` -> 2026; `2020-2022` -> 2020, 2021, 2022."""
    if "-Q" in period:
        return (period[:4],)
    if "-" in period:
        first, last = (int(part) for part in period.split("-"))
        return tuple(str(year) for year in range(first, last + 1))
    return (period,)


def build_space(block: pl.DataFrame) -> Space:
    """Return the space of one block. `block` has the columns of `mart_count`, with a value in every row.

    Raises ValueError if a value is missing, negative or not whole.
    """
    values = block["value"].to_numpy().astype(float)
    if np.isnan(values).any() or (values < 0).any() or (values != np.rint(values)).any():
        raise ValueError("a block needs a whole, non-negative value in every row")
    cells = _cells(block)
    leaves = _Leaves(cells)
    return _merge([leaves.find_leaves(cell) for cell in cells], values)


def find_unplaced(block: pl.DataFrame) -> list[bool]:
    """Return a mask of regional cells with several categories, one of which a reporter of the cell does not report.

    Only the region is broken down by two dimensions at once.  If a territory lacks one of the two categories in its own
    figures (its table has a gap there), it cannot be said to have persons of both.  The cell would then exceed the
    figures of its other reporters, or belong to none, and contradict correct figures.  Zeros are dropped too: if they
    were kept, a missing cell would reveal that it is not zero.
    """
    cells = _cells(block)
    reported = _categories(cells)
    return [
        cell.kind == "region"
        and sum(code not in (TOTAL, NOT_APPLICABLE) for code in cell.detail) > 1
        and any(
            code != TOTAL and code not in reported.get((territory, i), (code,))
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


def _cells_of_reporters(cells: list[_Cell]) -> list[_Cell]:
    """Return the cells of territories and jurisdictions; a cell that several tables share appears once."""
    shared = {(cell.kind, cell.area, cell.period, cell.detail): cell for cell in cells if cell.kind != "region"}
    return list(shared.values())


def _categories(cells: list[_Cell]) -> dict[tuple[str, int], frozenset[str]]:
    """Return the reported categories of each (territory, dimension). Without an entry, any category is possible."""
    used: dict[tuple[str, int], set[str]] = defaultdict(set)
    for cell in _cells_of_reporters(cells):
        for i, code in enumerate(cell.detail):
            if code != TOTAL:
                used[cell.territory, i].add(code)
    own_categories = {key: frozenset(codes_used) for key, codes_used in used.items()}
    for cell in cells:
        for i, code in enumerate(cell.detail):
            # A category that only the region reports may belong to any of its reporters.
            if code != TOTAL and not any(code in own_categories.get((t, i), ()) for t in cell.reporters):
                for territory in cell.reporters:
                    if (territory, i) in own_categories:
                        used[territory, i].add(code)
    return {key: frozenset(codes_used) for key, codes_used in used.items()}


class _Leaves:
    """Assigns leaf numbers to cells: mixed radix over area, period and detail."""

    def __init__(self, cells: list[_Cell]) -> None:
        # A cell that several tables share counts once; otherwise no breakdown would add up to its total.
        self._own = _cells_of_reporters(cells)
        self._parts = self._jurisdictions()
        self._codes = [
            tuple(sorted({cell.detail[i] for cell in cells} - {TOTAL})) or (TOTAL,) for i in range(len(DETAIL))
        ]
        self._inside = [
            tuple(code for code in members if code not in OUTSIDE.get(dim, ()))
            for dim, members in zip(DETAIL, self._codes, strict=True)
        ]
        self._used = _categories(cells)
        self._sums = self._breakdowns()
        self._uneven = self._years()
        self._areas: dict[tuple[str, str], int] = {}
        self._periods: dict[str, int] = {}
        extended = [(*members, _REST, _APART) for members in self._codes]
        self._position = [{code: i for i, code in enumerate(members)} for members in extended]
        sizes = [len(members) for members in extended]
        self._strides = [int(np.prod(sizes[i + 1 :])) for i in range(len(sizes))]
        self._details = int(np.prod(sizes))
        self._cache: dict[tuple[str, Detail], Array] = {}

    def find_leaves(self, cell: _Cell) -> Array:
        """Return all leaves of one cell, sorted."""
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
        leaves: Array = np.sort(np.concatenate(pieces)) if pieces else np.array([], dtype=np.int64)
        return leaves

    def _jurisdictions(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the jurisdictions whose sum is the territory's figure, by (territory, year)."""
        areas_by_year: dict[tuple[str, str], set[str]] = defaultdict(set)
        not_additive = set()
        for cell in self._own:
            for year in years_of(cell.period):
                if cell.kind == "jurisdiction":
                    areas_by_year[cell.territory, year].add(cell.area)
                elif not cell.additive:
                    not_additive.add((cell.territory, year))
        return {key: tuple(sorted(areas)) for key, areas in areas_by_year.items() if key not in not_additive}

    def _areas_of(self, cell: _Cell, year: str) -> list[tuple[str, str]]:
        if cell.kind == "jurisdiction":
            return [(cell.territory, cell.area)]
        territories = cell.reporters if cell.kind == "region" else (cell.territory,)
        return [(t, area) for t in territories for area in self._parts.get((t, year), (t,))]

    def _inside_of(self, territory: str, i: int) -> tuple[str, ...]:
        """Return the categories that add up to the total of a dimension in a territory."""
        used = self._used.get((territory, i))
        return tuple(code for code in self._inside[i] if used is None or code in used)

    def _breakdowns(self) -> dict[tuple[str, int], Sums]:
        """Return how categories relate to their total, by (territory, dimension); the worst case over its cells."""
        value = {(cell.area, cell.period, cell.detail): cell.value for cell in self._own}
        sums: dict[tuple[str, str, str, int, Detail], list[float]] = defaultdict(list)
        for cell in self._own:
            for i, code in enumerate(cell.detail):
                if code != TOTAL and code in self._inside[i]:
                    total = (*cell.detail[:i], TOTAL, *cell.detail[i + 1 :])
                    sums[cell.territory, cell.area, cell.period, i, total].append(cell.value)
        relations: dict[tuple[str, int], Sums] = {}
        for (territory, area, period, i, total), parts in sums.items():
            whole = value.get((area, period, total))
            if whole is None:
                continue
            if sum(parts) > whole:
                relations[territory, i] = "apart"
            elif sum(parts) < whole and len(parts) == len(self._inside_of(territory, i)):
                relations.setdefault((territory, i), "rest")
        return relations

    def _years(self) -> set[tuple[str, str]]:
        """Return each (territory, year) whose annual figure is not the sum of its quarters."""
        value = {(cell.area, cell.period, cell.detail): cell.value for cell in self._own}
        quarters: dict[tuple[str, str, str, Detail], list[float]] = defaultdict(list)
        for cell in self._own:
            if "-Q" in cell.period:
                quarters[cell.territory, cell.area, cell.period[:4], cell.detail].append(cell.value)
        uneven = set()
        for (territory, area, year, detail), parts in quarters.items():
            whole = value.get((area, year, detail))
            if whole is not None and (sum(parts) > whole or (len(parts) == 4 and sum(parts) != whole)):
                uneven.add((territory, year))
        return uneven

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
    """Merge rows with the same leaves into one row, and leaves in the same rows into one leaf."""
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
    # A leaf's signature is the sum of its rows' random 64-bit numbers: equal sums mean equal membership.
    marks = np.random.default_rng(20260101).integers(1, 2**62, size=matrix.shape[0], dtype=np.int64)
    columns = matrix.tocsc()
    signature = np.zeros(len(numbers), dtype=np.int64)
    np.add.at(signature, np.repeat(np.arange(len(numbers)), np.diff(columns.indptr)), marks[columns.indices])
    _, keep = np.unique(signature, return_index=True)
    return Space(rows=rows, matrix=columns[:, np.sort(keep)].tocsr(), values=values[distinct])
