"""Read from the cells of one measure how they add up, as a reader of the published tables knows it.

A cell is made of pieces: one for each territory and year that it covers.  In a piece, each axis (area, period, and the
dimensions of a breakdown) has a span, which is the list of categories that make up the total, and the cell contains
either the whole span or one category of it.  `space.py` and `margins.py` make linear equations of the pieces in two
independent ways.

Three properties of the data determine the pieces. They are read from the cells, never from a territory's name:
- a regional cell contains only the areas in its `reporters`: an area that did not report adds nothing;
- a territory's total that is declared not additive, and a year that is not the sum of its quarters, are not unions of
  their parts.  They have separate spans, because an equation that does not hold gives no protection;
- categories that do not add up to their total leave an unpublished rest; if they exceed the total, it has a separate
  span.  Only categories that the area itself reports count: otherwise a withheld total next to its only category,
  published in full, would pass for protected (seen in 2026, with offences).

A place that had other counts in an earlier release than now is a place of its own (`BlockCell.name_place`).

One property is in the code list: some codes are not part of their total (an injured party was presumed or identified
before).  They have separate spans, and the remaining codes still add up to the total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Literal, NamedTuple

import polars as pl

from pipelines.core import codes

DETAIL = codes.BREAKDOWNS
TOTAL = "_T"
OUTSIDE: dict[str, frozenset[str]] = {
    "victim_status": frozenset(
        c for c, row in codes.read_codelist("victim_status").items() if row["in_total"] == "false"
    )
}
"""Codes of a dimension that are not part of its total."""
NOT_APPLICABLE = "_Z"
REST = "rest"
"""The part of a total that no published category covers."""
APART = "apart"
"""A total smaller than the sum of its categories."""
_WHOLE_YEAR = "whole"

Detail = tuple[str, ...]
Sums = Literal["equal", "rest", "apart"]


class BlockCell(NamedTuple):
    """One published figure of a block."""

    kind: str
    area: str
    territory: str
    period: str
    detail: Detail
    value: float
    reporters: tuple[str, ...]
    additive: bool
    is_stock: bool = False
    """The measure is a stock at one day, so that a year is not the sum of its quarters."""
    states: str = ""
    """Which pieces had other counts in an earlier release than now, as `territory:year:number` (`earlier.py`)."""

    def name_place(self, territory: str, year: str) -> str:
        """Return the territory, with the number of its state if it had other counts in this year then than now."""
        number = _read_states(self.states).get((territory, year))
        return f"{territory}@{number}" if number else territory


@cache
def _read_states(states: str) -> dict[tuple[str, str], str]:
    parts = [part.split(":") for part in states.split(",") if part]
    return {(territory, year): number for territory, year, number in parts}


class AxisCategories(NamedTuple):
    """The categories of an axis that a cell contains (`parts`): the whole `span`, or one category of it."""

    span: tuple[str, ...]
    parts: tuple[str, ...]


class Piece(NamedTuple):
    """The part of a cell that belongs to one territory and one year, in one state of its counts."""

    territory: str
    areas: AxisCategories
    periods: AxisCategories
    details: tuple[AxisCategories, ...]


def years_of(period: str) -> tuple[str, ...]:
    """Return the years of a period: `2026-Q3` -> 2026; `2026` -> 2026; `2020-2022` -> 2020, 2021, 2022."""
    if "-Q" in period:
        return (period[:4],)
    if "-" in period:
        first, last = (int(part) for part in period.split("-"))
        return tuple(str(year) for year in range(first, last + 1))
    return (period,)


def read_cells(block: pl.DataFrame) -> list[BlockCell]:
    """Return the cells of a block in the order of its rows. `block` has the columns of `mart_count`."""
    kinds = ("area_kind", "area", "territory", "period")
    details = zip(*(block[dim].to_list() for dim in DETAIL), strict=True)
    values = block["value"].to_list()
    reporters = [tuple(code for code in (names or "").split(",") if code) for names in block["reporters"].to_list()]
    additive = [bool(is_additive) for is_additive in block["is_additive"].to_list()]
    is_stock = [statistic in ("start", "end") for statistic in block["statistic"].to_list()]
    states = block["states"].fill_null("").to_list() if "states" in block.columns else [""] * block.height
    columns = (*(block[name].to_list() for name in kinds), details, values, reporters, additive, is_stock, states)
    return [BlockCell(*fields) for fields in zip(*columns, strict=True)]


def find_unplaced(block: pl.DataFrame) -> list[bool]:
    """Return a mask of regional cells with several categories, one of which a reporter of the cell does not report.

    Only the region is broken down by two dimensions at once.  If a territory lacks one of the two categories in its own
    figures (its table has a gap there), it cannot be said to have persons of both.  The cell would then exceed the
    figures of its other reporters, or belong to none, and contradict correct figures.  Zeros are dropped too: if they
    were kept, a missing cell would reveal that it is not zero.
    """
    cells = read_cells(block)
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


def _cells_of_reporters(cells: list[BlockCell]) -> list[BlockCell]:
    """Return the cells of territories and jurisdictions; a cell that several tables share appears once."""
    shared = {
        (cell.kind, cell.area, cell.period, cell.detail, cell.states): cell for cell in cells if cell.kind != "region"
    }
    return list(shared.values())


def _categories(cells: list[BlockCell]) -> dict[tuple[str, int], frozenset[str]]:
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


class Structure:
    """How the cells of one block add up."""

    def __init__(self, cells: list[BlockCell]) -> None:
        self.cells = cells
        # A cell that several tables share counts once; otherwise no breakdown would add up to its total.
        self._own = _cells_of_reporters(cells)
        self._parts = self._jurisdictions()
        self.codes = [
            tuple(sorted({cell.detail[i] for cell in cells} - {TOTAL})) or (TOTAL,) for i in range(len(DETAIL))
        ]
        """Categories of each dimension that occur in the block."""
        self._inside = [
            tuple(code for code in members if code not in OUTSIDE.get(dim, ()))
            for dim, members in zip(DETAIL, self.codes, strict=True)
        ]
        self._used = _categories(cells)
        self._sums = self._breakdowns()
        self._uneven = self._years()
        self._axes: dict[tuple[str, Detail], tuple[AxisCategories, ...]] = {}

    @cached_property
    def pieces(self) -> list[tuple[Piece, ...]]:
        """The pieces of each cell. Both views of a block use them."""
        return [tuple(self.split_cell(cell)) for cell in self.cells]

    def split_cell(self, cell: BlockCell) -> Iterator[Piece]:
        """Yield the pieces of a cell. A territory that does not report the cell's category has none."""
        for year in years_of(cell.period):
            for territory in cell.reporters if cell.kind == "region" else (cell.territory,):
                details = self._detail_axes(territory, cell.detail)
                if all(axis.parts for axis in details):
                    place = cell.name_place(territory, year)
                    areas = self._areas_of(cell, territory, (place, year))
                    yield Piece(place, areas, self._periods_of(cell, (place, year)), details)

    def _areas_of(self, cell: BlockCell, territory: str, place: tuple[str, str]) -> AxisCategories:
        span = self._parts.get(place, ())
        if cell.kind != "jurisdiction":
            return AxisCategories(span or (territory,), span or (territory,))
        return AxisCategories(span if cell.area in span else (cell.area,), (cell.area,))

    def _periods_of(self, cell: BlockCell, place: tuple[str, str]) -> AxisCategories:
        _, year = place
        if cell.is_stock:
            return AxisCategories((cell.period,), (cell.period,))
        if place in self._uneven:
            name = cell.period if "-Q" in cell.period else f"{year}-{_WHOLE_YEAR}"
            return AxisCategories((name,), (name,))
        quarters = tuple(f"{year}-Q{quarter}" for quarter in range(1, 5))
        return AxisCategories(quarters, (cell.period,) if "-Q" in cell.period else quarters)

    def _detail_axes(self, territory: str, detail: Detail) -> tuple[AxisCategories, ...]:
        key = (territory, detail)
        if key not in self._axes:
            self._axes[key] = tuple(self._detail_axis(territory, i, code) for i, code in enumerate(detail))
        return self._axes[key]

    def _detail_axis(self, territory: str, i: int, code: str) -> AxisCategories:
        inside = self._inside_of(territory, i)
        sums = self._sums.get((territory, i), "equal")
        span = {"equal": inside or (REST,), "rest": (*inside, REST), "apart": (APART,)}[sums]
        if code == TOTAL:
            return AxisCategories(span, span)
        used = self._used.get((territory, i))
        if used is not None and code not in used:
            return AxisCategories(span, ())
        return AxisCategories(span if code in span else (code,), (code,))

    def _jurisdictions(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the jurisdictions whose sum is the territory's figure, by (territory and state, year).

        They are those with figures of their own and all reporters of the territory's figures: a jurisdiction that did
        not report a quarter has no year of its own, and is still in the other quarters of the territory.
        """
        areas_by_year: dict[tuple[str, str], set[str]] = defaultdict(set)
        reporters_by_year: dict[tuple[str, str], set[str]] = defaultdict(set)
        not_additive = set()
        for cell in self._own:
            for year in years_of(cell.period):
                place = (cell.name_place(cell.territory, year), year)
                if cell.kind == "jurisdiction":
                    areas_by_year[place].add(cell.area)
                elif cell.additive:
                    reporters_by_year[place].update(code for code in cell.reporters if code != cell.territory)
                else:
                    not_additive.add(place)
        return {
            place: tuple(sorted(areas | reporters_by_year[place]))
            for place, areas in areas_by_year.items()
            if place not in not_additive
        }

    def _inside_of(self, territory: str, i: int) -> tuple[str, ...]:
        """Return the categories that add up to the total of a dimension in a territory."""
        used = self._used.get((territory, i))
        return tuple(code for code in self._inside[i] if used is None or code in used)

    def _breakdowns(self) -> dict[tuple[str, int], Sums]:
        """Return how categories relate to their total, by (territory, dimension); the worst case over its cells."""
        value = {(cell.area, cell.period, cell.states, cell.detail): cell.value for cell in self._own}
        sums: dict[tuple[str, str, str, str, int, Detail], list[float]] = defaultdict(list)
        for cell in self._own:
            for i, code in enumerate(cell.detail):
                if code != TOTAL and code in self._inside[i]:
                    total = (*cell.detail[:i], TOTAL, *cell.detail[i + 1 :])
                    sums[cell.territory, cell.area, cell.period, cell.states, i, total].append(cell.value)
        relations: dict[tuple[str, int], Sums] = {}
        for (territory, area, period, states, i, total), parts in sums.items():
            whole = value.get((area, period, states, total))
            if whole is None:
                continue
            if sum(parts) > whole:
                relations[territory, i] = "apart"
            elif sum(parts) < whole and len(parts) == len(self._inside_of(territory, i)):
                relations.setdefault((territory, i), "rest")
        return relations

    def _years(self) -> set[tuple[str, str]]:
        """Return each (territory and state, year) whose annual figure is not the sum of its quarters."""
        value = {(cell.area, cell.period, cell.states, cell.detail): cell.value for cell in self._own}
        quarters: dict[tuple[str, str, str, str, Detail], list[float]] = defaultdict(list)
        for cell in self._own:
            if "-Q" in cell.period:
                place = cell.name_place(cell.territory, cell.period[:4])
                quarters[place, cell.area, cell.period[:4], cell.states, cell.detail].append(cell.value)
        uneven = set()
        for (place, area, year, states, detail), parts in quarters.items():
            whole = value.get((area, year, states, detail))
            if whole is not None and (sum(parts) > whole or (len(parts) == 4 and sum(parts) != whole)):
                uneven.add((place, year))
        return uneven
