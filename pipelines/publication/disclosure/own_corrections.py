"""Find the cells from which an insider learns nothing of others: the persons, or the correction, are all its own.

An insider knows by how much its own figures were corrected, and so by how much the totals that contain them have
changed.  If nobody else's figures have changed, what it can subtract was public before the correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure.readers import InformedReader
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.structure import years_of

_Place = tuple[str, str]
"""Territory and year."""


def mark_rows_without_others(known: Space, own_columns: Array) -> Array:
    """Return a mask of the rows that count nobody else: all other persons in them are in a cell of 0.

    `own_columns` marks the variables that count only persons of the insider.
    """
    has_others = known.mark_rows_with(~own_columns & ~_mark_zeros(known))
    return ~has_others


def _mark_zeros(known: Space) -> Array:
    """Return a mask of the variables that are 0 because a cell of 0 contains them, also by the equations between cells.

    If an office counts no minors, it counts no minors who are men, although no cell has its men by age.
    """
    rows, values = known.matrix.tocsr(), known.values
    is_zero: Array = np.asarray(rows[: known.cells][values[: known.cells] == 0].sum(axis=0)).ravel() > 0
    equations = rows[known.cells :][values[known.cells :] == 0]
    sides = [equations.maximum(0), (-equations).maximum(0)]
    while True:
        before = is_zero.sum()
        for side, other_side in (sides, sides[::-1]):
            # If one side of an equation is 0, so is each variable on the other.
            is_zero |= np.asarray(other_side[side @ ~is_zero < 0.5].sum(axis=0)).ravel() > 0
        if is_zero.sum() == before:
            return is_zero


def mark_own_corrections(block: pl.DataFrame, readers: Sequence[InformedReader]) -> Array:
    """Return a mask (readers x cells) of changes of published totals that are the reader's own corrections alone.

    `block` has the columns of `earlier.combine_releases`.  Which jurisdictions of a territory have corrected a year is
    read from their cells: of the same measure, or of all linked ones if the measure is not published by jurisdiction.
    If none of them has, or there are none, the territory itself has.
    """
    corrected = _find_corrected_areas(block)
    of_all_blocks: dict[_Place, set[str]] = defaultdict(set)
    for (*_, territory, year), areas in corrected.items():
        of_all_blocks[territory, year] |= areas
    with_cells = _list_places_with_cells(block)
    is_own: Array = np.zeros((len(readers), block.height), dtype=bool)
    for cell in _list_changed_totals(block).iter_rows(named=True):
        measure = tuple(cell[column] for column in codes.BLOCK)
        areas = set[str]()
        for territory, year in _list_places_of(cell):
            if (*measure, territory, year) in with_cells and f"{territory}:{year}" not in cell["_changed"]:
                continue
            areas |= corrected.get((*measure, territory, year), of_all_blocks[territory, year]) or {territory}
        is_own[:, cell["_number"]] = [bool(areas) and areas <= reader.areas for reader in readers]
    return is_own


def _list_changed_totals(block: pl.DataFrame) -> pl.DataFrame:
    """Return the totals of now of which an earlier release published another value, numbered as in `block`.

    `_changed` are the places that have changed since one of the earlier releases.  A total of the region is compared
    with those of the same reporters; a territory's jurisdiction that was late counts as corrected.
    """
    of = pl.when(area_kind="region").then(pl.col("reporters")).otherwise(pl.lit(""))
    totals = block.with_row_index("_number").filter(pl.col("area_kind") != "jurisdiction").with_columns(_of=of)
    key = [*codes.CELL_KEY, "_of"]
    of_then = (
        totals.filter(pl.col("_row").is_null())
        .group_by(key)
        .agg(
            pl.col("was_published").any().alias("_was_published"),
            pl.col("states").str.split(",").explode().str.replace(r":\d+$", "").unique().alias("_changed"),
        )
        .filter("_was_published")
    )
    return totals.filter(pl.col("_row").is_not_null(), ~pl.col("was_published")).join(of_then, on=key)


def _list_places_of(cell: Mapping[str, Any]) -> Iterator[_Place]:
    territories = cell["reporters"].split(",") if cell["area_kind"] == "region" else [cell["territory"]]
    return product(territories, years_of(cell["period"]))


def _list_places_with_cells(block: pl.DataFrame) -> set[tuple[str, ...]]:
    """Return the blocks, territories and years with a figure of the territory: corrections of others are not seen."""
    of_territories = block.filter(pl.col("freq").is_in(["Q", "A"]), area_kind="territory")
    places = of_territories.select(*codes.BLOCK, "territory", pl.col("period").str.head(4)).unique()
    return set(places.iter_rows())


def _find_corrected_areas(block: pl.DataFrame) -> dict[tuple[str, ...], set[str]]:
    """Return the jurisdictions with corrected figures by block, territory and year, where jurisdictions have cells.

    A jurisdiction counts as unchanged only if it has all its cells in each release, with the same values.
    """
    place = [*codes.BLOCK, "territory", "year"]
    of_years = block.filter(pl.col("area_kind") != "region", pl.col("freq").is_in(["Q", "A"])).with_columns(
        year=pl.col("period").str.head(4), is_of_now=pl.col("_row").is_not_null()
    )
    changed = of_years.filter(~pl.col("is_of_now"), pl.col("states") != "").select(place).unique()
    of_changed = of_years.join(changed, on=place, how="semi")
    cells_of_parts = (
        of_changed.filter(area_kind="jurisdiction")
        .group_by(*codes.CELL_KEY, "territory", "year")
        .agg(is_same=(pl.col("value").n_unique() == 1) & pl.col("is_of_now").any() & ~pl.col("is_of_now").all())
    )
    corrected: dict[tuple[str, ...], set[str]] = {}
    unchanged: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for *key, area, is_same in cells_of_parts.group_by(*place, "area").agg(pl.col("is_same").all()).iter_rows():
        corrected.setdefault(tuple(key), set()).update([] if is_same else [area])
        unchanged[tuple(key)].update([area] if is_same else [])
    for *key, reporters in of_changed.filter(area_kind="territory").select(*place, "reporters").unique().iter_rows():
        if tuple(key) in corrected:
            reporting_areas = {*(reporters or "").split(",")} - {"", key[-2]}
            corrected[tuple(key)] |= reporting_areas - unchanged[tuple(key)]
    return corrected
