"""Look for withheld values in numbers of rows, and in which rows exist."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.core.home import Home, open_home
from pipelines.publication.disclosure import programme
from pipelines.publication.releases.publish import find_current_release

PLACE = ["table_id", "area", "period", "measure", "level", "statistic", "count_unit", "offence_group", "reporters"]
KNOWN_ENTRIES = {
    "release", "version", "previous", "demonstration", "drafted_at", "tables", "cells", "withheld", "files",
    "software_version", "code", "rules", "declarations", "codelists", "denominators", "commit", "reference_files",
}  # fmt: skip
"""Entries of a manifest: versions and digests, and the numbers that `list_wrong_numbers` counts again."""


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    return open_home(built_home)


@pytest.fixture(scope="module")
def folder(home: Home) -> Path:
    release = find_current_release(home)
    assert release is not None
    return release


def read_counts(home: Home) -> pl.DataFrame:
    """Return the true counts, without training territories, as protection reads them."""
    (tables,) = home.warehouse.glob("counts-*/")
    areas = pl.read_parquet(tables / "dim_area.parquet").filter(pl.col("kind") == "national")["area"].to_list()
    return pl.read_parquet(tables / "mart_count.parquet").filter(pl.col("area").is_in(areas))


# -- numbers in the manifest


def list_wrong_numbers(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield the numbers of a manifest that a reader cannot count in the files of the release."""
    tables = {path.stem: pl.read_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))}
    cells = tables["cell"]
    is_withheld, is_shown = pl.col("conf_status") == "C", pl.col("value").is_not_null()
    n_hidden, n_shown = cells.filter(is_withheld).height, cells.filter(is_shown).height
    figures = cells.filter(is_withheld | is_shown).unique("cell_id")
    totals = figures.filter(
        pl.col("is_total") & (pl.col("freq") == "A") & (pl.col("statistic") == "count")
        & (pl.col("area_kind") == "territory")
    )  # fmt: skip
    counted = {
        "tables": {name: table.height for name, table in tables.items()},
        "cells": {"shown": n_shown, "hidden": n_hidden, "missing": cells.height - n_shown - n_hidden},
        "withheld": {
            "figures": figures.height,
            "figures_withheld": figures.filter(is_withheld).height,
            "annual_totals": totals.height,
            "annual_totals_withheld": totals.filter(is_withheld).height,
        },
    }
    for name, numbers in counted.items():
        if manifest[name] != numbers:
            yield f"{name}: {manifest[name]}"
    rows = {name: entry["rows"] for name, entry in manifest["files"].items() if "rows" in entry}
    yield from (f"{name}: {n} rows" for name, n in rows.items() if n != tables[Path(name).stem].height)
    yield from (f"unknown entry {name}" for name in sorted(manifest.keys() - KNOWN_ENTRIES))
    stated = {name: tables["release"][name].item() for name in counted["withheld"]}
    yield from (f"release: {name}" for name, n in stated.items() if n != counted["withheld"][name])


def test_reader_can_count_each_number_of_the_manifest(folder: Path) -> None:
    """Look for numbers that readers cannot count themselves, such as that of small figures."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert list(list_wrong_numbers(folder, manifest)) == []
    planted = {**manifest, "withheld": {**manifest["withheld"], "small": 3375}}
    assert next(list_wrong_numbers(folder, planted)).startswith("withheld: ")
    assert list(list_wrong_numbers(folder, {**manifest, "losses": {"2025": 5}})) == ["unknown entry losses"]


def test_files_of_a_table_have_as_many_rows_as_it(folder: Path) -> None:
    for path in sorted((folder / "csv").glob("*.csv")):
        rows = pl.read_csv(path, infer_schema=False).height
        assert rows == pl.read_parquet(folder / "data" / f"{path.stem}.parquet").height, path.name


# -- rows that are there or not


def give_other_values(counts: pl.DataFrame, withheld: pl.Series) -> pl.DataFrame:
    """Make each withheld zero 3, and every other withheld count 0."""
    new_value = pl.when(pl.col("value") == 0).then(pl.lit(3.0)).otherwise(pl.lit(0.0))
    return counts.with_columns(
        pl.when(pl.col("cell_id").is_in(withheld.to_list())).then(new_value).otherwise(pl.col("value")).alias("value")
    )


def check_rows(counts: pl.DataFrame, withheld: pl.Series, select: Callable[[pl.DataFrame], pl.DataFrame]) -> int:
    """Compare the rows that the programme selects from the true counts and from others; return their number."""
    rows = select(counts).drop("value")
    assert rows.equals(select(give_other_values(counts, withheld)).drop("value"))
    return rows.height


def test_rows_do_not_depend_on_withheld_values(home: Home, folder: Path) -> None:
    """Look for withheld zeros without a row, and for columns that depend on a withheld value."""
    cells = pl.read_parquet(folder / "data" / "cell.parquet")
    withheld, counts = cells.filter(conf_status="C")["cell_id"], read_counts(home)
    true = counts.filter(pl.col("cell_id").is_in(withheld.to_list()))["value"]
    assert (true == 0).sum() > 100 and (true > 0).sum() > 1_000
    assert check_rows(counts, withheld, programme.select_rows) == cells.height
    with pytest.raises(AssertionError):
        check_rows(counts, withheld, lambda rows: programme.select_rows(rows.filter(pl.col("value") > 0)))
    is_few = pl.when(pl.col("value") < 5).then(pl.lit("few")).otherwise(pl.col("flags"))
    with pytest.raises(AssertionError):
        check_rows(counts, withheld, lambda rows: programme.select_rows(rows.with_columns(flags=is_few)))


def list_unequal_places(cells: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the places whose withheld cells have different numbers of rows in another table."""
    numbers = rows.group_by("cell_id").len()
    withheld = cells.filter(conf_status="C").join(numbers, on="cell_id", how="left")
    return withheld.group_by(PLACE).agg(pl.col("len").fill_null(0).n_unique()).filter(pl.col("len") > 1)


def test_withheld_cells_of_a_place_have_equally_many_rows_in_other_tables(home: Home, folder: Path) -> None:
    cells = pl.read_parquet(folder / "data" / "cell.parquet")
    rows = pl.read_parquet(folder / "data" / "indicator.parquet")
    assert list_unequal_places(cells, rows).is_empty()
    zeros = read_counts(home).filter(pl.col("value") == 0)["cell_id"].to_list()
    assert list_unequal_places(cells, rows.filter(~pl.col("cell_id").is_in(zeros))).height > 50


# -- nil returns


def list_known_zeros(cells: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """Return the withheld cells that are zero by nil returns alone: the public flag states it."""
    withheld = cells.filter((pl.col("conf_status") == "C") & pl.col("flags").str.split(",").list.contains("nil"))
    zeros = counts.filter(pl.col("value") == 0).select("cell_id")
    return withheld.join(zeros, on="cell_id", how="semi")


def test_no_zero_of_a_nil_return_is_withheld(home: Home, folder: Path) -> None:
    """Look for withheld zeros of nil returns, which are public: they would protect no other cell."""
    cells, counts = pl.read_parquet(folder / "data" / "cell.parquet"), read_counts(home)
    assert cells.filter(pl.col("flags").str.contains("nil")).height > 50
    assert list_known_zeros(cells, counts).is_empty()
    zero = counts.filter((pl.col("value") == 0) & pl.col("cell_id").is_in(cells["cell_id"].to_list()))["cell_id"][0]
    is_planted = pl.col("cell_id") == zero
    planted = cells.with_columns(
        conf_status=pl.when(is_planted).then(pl.lit("C")).otherwise(pl.col("conf_status")),
        flags=pl.when(is_planted).then(pl.lit("nil")).otherwise(pl.col("flags")),
    )
    assert not list_known_zeros(planted, counts).is_empty()


def test_key_of_a_cell_is_that_of_the_code_list(folder: Path) -> None:
    """Look for two rows with the same declared dimensions: a further column would split a withheld count."""
    cells = pl.read_parquet(folder / "data" / "cell.parquet")
    assert set(codes.CELL_KEY) <= set(cells.columns)
    assert cells.select("table_id", "reporters", *codes.CELL_KEY).is_duplicated().sum() == 0
