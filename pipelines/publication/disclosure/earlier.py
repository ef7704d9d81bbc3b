"""Combine the cells of a draft with those of all earlier releases into one problem.

A reader keeps every release.  Cells of an earlier release are therefore further equations on the true counts of their
time.  What connects the counts of then and now is decided by the true counts themselves, so that nothing that a reader
may know or guess is missed:

- A place is one territory, one year and one block.  If no cell of a place has changed, then and now are the same
  unknown counts, and both releases restrict them.
- If a cell of a place has changed, the place has other unknown counts then than now (`structure.Cell.states`).  Its
  cells that have not changed are still equal (`ties.py`), whether a reader sees that or only assumes it.
- A cell with the same value in both releases is one cell: it is public if either release published it, and stays hidden
  if the earlier ones hid it.
- A published cell that has changed by 1 to 4 would show a small count as its difference, so it is hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure.structure import years_of

COLUMNS = (*codes.CELL_KEY, "territory", "reporters", "is_additive", "value")
"""Columns that the problem needs of a cell."""
STORED = (*COLUMNS, "is_published")
"""Columns of the cells of an earlier release: `value` is the true one, or null where it is hidden and not known."""
NOW = "now"
"""Name of the draft among the releases that show a cell; earlier ones have their number."""
_IDENTITY = [*codes.CELL_KEY, "reporters"]
_VALUED = [*_IDENTITY, "value"]
_BLOCK = list(codes.BLOCK)

_Place = tuple[str, ...]
"""Block, territory and year."""


def read_release(public_cells: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of a release as its readers know them (`STORED`); missing figures are left out."""
    is_hidden = pl.col("conf_status") != "F"
    return (
        public_cells.filter(is_hidden | pl.col("value").is_not_null())
        .select(*COLUMNS, ~is_hidden.alias("is_published"))
        .unique(codes.CELL_KEY, maintain_order=True)
    )


def record_release(cells: pl.DataFrame, conf_status: pl.Series) -> pl.DataFrame:
    """Return what has to be kept of a release (`STORED`): its cells with their true values, and which it published."""
    return (
        cells.lazy()
        .with_columns((conf_status == "F").alias("is_published"))
        .filter(pl.col("value").is_not_null())
        .select(STORED)
        .unique(codes.CELL_KEY, maintain_order=True)
        .collect()
    )


def combine_releases(cells: pl.DataFrame, earlier: Sequence[pl.DataFrame], *, threshold: int) -> pl.DataFrame:
    """Return `cells` and the further cells that earlier releases add, with what readers know about each.

    `cells` have a value in every row and a column `_row`; `earlier` have the columns `STORED`, oldest first.  The rows
    of earlier releases have no `_row`.  Added columns: `states` (see `structure.Cell`), `releases` (a list in a text of
    those that show the cell with this value), `was_published` and `was_hidden` (by an earlier release, with this
    value), and `is_small_change`.
    """
    current = cells.select("_row", *COLUMNS)
    if not earlier:
        current = current.with_columns(pl.lit("").alias("states"), pl.lit(NOW).alias("releases"))
        return current.with_columns(
            pl.lit(False).alias(name) for name in ("was_published", "was_hidden", "is_small_change")
        )
    old = pl.concat(
        [frame.select(STORED).with_columns(pl.lit(i).alias("_release")) for i, frame in enumerate(earlier)]
    ).with_columns(pl.col("reporters").fill_null(""), pl.col("value").cast(pl.Float64))
    current = current.with_columns(pl.col("reporters").fill_null(""))
    places = _find_changed_places(current, old)
    cells_then = _name_states(old, current, places).lazy()
    now = current.lazy()
    # A hidden cell whose value is not known cannot be compared; it is taken as unchanged, or left out with its place.
    values_now = now.select(*_IDENTITY, pl.col("value").alias("_now")).unique(_IDENTITY)
    old_cells = (
        cells_then.join(values_now, on=_IDENTITY, how="left", maintain_order="left")
        .with_columns(
            pl.when((pl.col("states") == "") & pl.col("value").is_null())
            .then(pl.col("_now"))
            .otherwise(pl.col("value"))
            .alias("value")
        )
        .filter(pl.col("value").is_not_null())
    )
    is_new = (pl.col("states") != "") | pl.col("_now").is_null() | (pl.col("_now") != pl.col("value"))
    further = (
        old_cells.filter(is_new)
        .unique([*_VALUED, "states"], maintain_order=True)
        .select(pl.lit(None, dtype=current.schema["_row"]).alias("_row"), *COLUMNS, "states")
    )
    combined = _list_releases(pl.concat([now.with_columns(pl.lit("").alias("states")), further]), old_cells)
    return _add_knowledge(combined, old_cells, threshold).collect()


def _list_releases(combined: pl.LazyFrame, old: pl.LazyFrame) -> pl.LazyFrame:
    """Add `releases`: those that show a cell with this value, in this state of its counts."""
    by_cell = old.group_by([*_VALUED, "states"]).agg(
        pl.col("_release").unique().sort().cast(pl.String).str.join(",").alias("_earlier")
    )
    now = pl.when(pl.col("_row").is_not_null()).then(pl.lit(NOW))
    return (
        combined.join(by_cell, on=[*_VALUED, "states"], how="left", maintain_order="left")
        .with_columns(pl.concat_str(pl.col("_earlier"), now, separator=",", ignore_nulls=True).alias("releases"))
        .drop("_earlier")
    )


def _add_knowledge(combined: pl.LazyFrame, old: pl.LazyFrame, threshold: int) -> pl.LazyFrame:
    """Add `was_published`, `was_hidden` and `is_small_change` (see `combine_releases`)."""
    knowledge = old.group_by(_VALUED).agg(
        pl.col("is_published").any().alias("was_published"), pl.lit(True).alias("_was")
    )
    combined = combined.join(knowledge, on=_VALUED, how="left", maintain_order="left").with_columns(
        pl.col("was_published", "_was").fill_null(False)
    )
    # A territory's figure of other reporters (a jurisdiction that was late) is still compared with the earlier one.
    is_region = pl.col("area_kind") == "region"
    compared = [*codes.CELL_KEY, "_of"]
    of = pl.when(is_region).then(pl.col("reporters")).otherwise(pl.lit("")).alias("_of")
    published = old.filter("is_published").select(*codes.CELL_KEY, of, pl.col("value").alias("_then"))
    changes = (
        combined.filter(pl.col("_row").is_not_null())
        .select("_row", *codes.CELL_KEY, of, "value")
        .join(published, on=compared)
        .filter((pl.col("value") - pl.col("_then")).abs().is_between(1, threshold - 1))
        .select("_row", pl.lit(True).alias("is_small_change"))
        .unique("_row")
    )
    return (
        combined.join(changes, on="_row", how="left", maintain_order="left")
        .with_columns(
            (pl.col("_was") & ~pl.col("was_published")).alias("was_hidden"),
            pl.col("is_small_change").fill_null(False),
        )
        .drop("_was")
    )


def _find_changed_places(current: pl.DataFrame, old: pl.DataFrame) -> dict[_Place, set[int]]:
    """Return the places that have changed since an earlier release, with these releases."""
    own_key = [*codes.CELL_KEY]
    is_region = pl.col("area_kind") == "region"
    then = old.lazy()
    now = current.lazy().select(
        *own_key, "reporters", pl.col("value").alias("_now"), pl.col("is_additive").alias("_adds_up")
    )
    differs = (pl.col("value") != pl.col("_now")) | (pl.col("is_additive") != pl.col("_adds_up"))
    changed = [
        then.filter(~is_region)
        .join(now.drop("reporters").unique(own_key), on=own_key, maintain_order="left")
        .filter(differs),
        then.filter(is_region).join(now.unique(_IDENTITY), on=_IDENTITY, maintain_order="left").filter(differs),
    ]
    territorial, regional = pl.collect_all(
        [frame.unique([*own_key, "_release"], maintain_order=True) for frame in changed]
    )
    places: dict[_Place, set[int]] = defaultdict(set)
    for frame in (territorial.filter(pl.col("freq").is_in(["Q", "A"])), territorial, regional):
        for row in frame.iter_rows(named=True):
            members = _list_places(row)
            # A total of several years or areas only shows that one of its places has changed. If none is known to
            # have, any may.
            if not any(row["_release"] in places.get(place, ()) for place in members):
                for place in members:
                    places[place].add(row["_release"])
    return places


def _list_places(row: dict[str, object]) -> list[_Place]:
    block = tuple(str(row[column]) for column in _BLOCK)
    territories = str(row["reporters"]).split(",") if row["area_kind"] == "region" else [str(row["territory"])]
    return [(*block, territory, year) for territory in territories for year in years_of(str(row["period"]))]


def _name_states(old: pl.DataFrame, current: pl.DataFrame, places: dict[_Place, set[int]]) -> pl.DataFrame:
    """Add `states` to the cells of earlier releases: `territory:year:number` for each changed place in the cell."""
    if not places:
        return old.with_columns(pl.lit("").alias("states"))
    numbers = _number_states(old, current, places)
    years = pl.col("period").map_elements(lambda period: ",".join(years_of(period)), return_dtype=pl.String)
    columns = ("_release", *_BLOCK, "area_kind", "territory", "reporters")
    distinct = old.select(*columns, "period").unique().with_columns(years.alias("_years"))
    changed_years = {place[-1] for place in places}
    states = [
        ",".join(
            f"{place[-2]}:{place[-1]}:{numbers[place, row['_release']]}"
            for place in _list_places(row)
            if (place, row["_release"]) in numbers
        )
        if changed_years.intersection(row["_years"].split(","))
        else ""
        for row in distinct.iter_rows(named=True)
    ]
    states_of_cells = distinct.drop("_years").with_columns(pl.Series("states", states, dtype=pl.String))
    return old.join(states_of_cells, on=[*columns, "period"], how="left", maintain_order="left")


def _number_states(
    old: pl.DataFrame, current: pl.DataFrame, places: dict[_Place, set[int]]
) -> dict[tuple[_Place, int], int]:
    """Return the number of the state of each changed place in each release; equal contents have one number."""
    territories = pl.DataFrame([place[:-1] for place in places], schema=[*_BLOCK, "territory"], orient="row").unique()
    candidates = old.filter((pl.col("area_kind") != "region") & pl.col("freq").is_in(["Q", "A"])).join(
        territories, on=[*_BLOCK, "territory"], how="semi"
    )
    contents: dict[tuple[_Place, int], dict[tuple[object, ...], float]] = defaultdict(dict)
    key = list(codes.CELL_KEY)
    for row in candidates.filter(pl.col("value").is_not_null()).iter_rows(named=True):
        (place,) = _list_places(row)
        if row["_release"] in places.get(place, ()):
            contents[place, row["_release"]][tuple(row[column] for column in key)] = row["value"]
    numbers: dict[tuple[_Place, int], int] = {}
    for place, releases in places.items():
        states: list[dict[tuple[object, ...], float]] = []
        for release in sorted(releases):
            content = contents[place, release]
            agreeing = (
                number
                for number, state in enumerate(states)
                if content and all(state.get(cell, value) == value for cell, value in content.items())
            )
            number = next(agreeing, len(states))
            if number == len(states):
                states.append({})
            states[number].update(content)
            numbers[place, release] = number + 1
    return numbers
