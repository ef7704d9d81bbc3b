"""Steps that read only a part of the counts have the same results as with all of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.core import codes
from pipelines.core.home import Home, open_home
from pipelines.publication import measured_quality
from pipelines.publication.disclosure import programme, structure
from pipelines.refresh.counts import latest_counts
from pipelines.warehouse.count_builds import tables_folder
from pipelines.warehouse.quality import coherence, coherence_table, vintages
from pipelines.warehouse.quality.coherence_reasons import read_reasons


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    return open_home(built_home)


@pytest.fixture(scope="module")
def counts_file(home: Home) -> Path:
    return tables_folder(latest_counts(home)) / "mart_count.parquet"


def test_cells_of_the_programme_are_those_of_all_counts(counts_file: Path) -> None:
    counts, areas = pl.read_parquet(counts_file), ["RS", "AL", "BA", "BA_FED"]
    expected = programme.select_rows(counts.filter(pl.col("area").is_in(areas)))
    assert expected.height > 1_000
    assert_frame_equal(programme.read_rows(counts_file, areas), expected)


def test_longer_history_examines_no_more_cells_of_the_region(
    counts_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = pl.read_parquet(counts_file)
    earlier = counts.with_columns(period=pl.format("{}{}", pl.lit("1"), pl.col("period").str.slice(1)))
    examined: list[int] = []

    def find_unplaced(block: pl.DataFrame) -> list[bool]:
        examined.append(block.height)
        return structure.find_unplaced(block)

    monkeypatch.setattr(programme, "find_unplaced", find_unplaced)
    n_cells = programme.select_rows(counts).height
    n_examined = sum(examined)
    assert programme.select_rows(pl.concat([counts, earlier])).height == 2 * n_cells
    assert sum(examined) == 2 * n_examined


def test_cells_that_contradict_their_reporters_are_left_out_of_every_period(counts_file: Path) -> None:
    # Without the women of one territory, no figure of the region on women of one age can include that territory.
    counts = pl.read_parquet(counts_file).filter((pl.col("territory") != "RS") | (pl.col("sex") != "F"))
    cells = pl.concat(
        [counts.filter(table.row_filter).with_columns(table_id=pl.lit(table.id)) for table in programme.load().tables]
    ).with_row_index("_row")
    unplaced: list[int] = []
    for block in cells.filter(pl.col("value").is_not_null()).partition_by(codes.BLOCK):
        unplaced += block.filter(pl.Series(structure.find_unplaced(block), dtype=pl.Boolean))["_row"].to_list()
    assert unplaced
    expected = cells.filter(~pl.col("_row").is_in(unplaced)).drop("_row")
    assert_frame_equal(programme.select_rows(counts), expected, check_exact=True)


def test_selected_counts_give_the_same_coherence(home: Home, counts_file: Path) -> None:
    counts = pl.read_parquet(counts_file)
    selected = coherence_table.select_comparable(counts.lazy()).collect()
    assert 0 < selected.height < counts.height / 2
    whole = counts.filter(pl.col("value").is_not_null(), pl.col("offence") == "_T", ~pl.col("freq").str.contains("P"))
    assert_frame_equal(
        coherence.from_counts(selected, "demonstration", "returns"),
        coherence.from_counts(whole, "demonstration", "returns"),
    )
    reference = measured_quality.with_collected(pl.read_parquet(home.gathered / "reference.parquet"))
    pairs = coherence_table.compare_returns(counts, reference, read_reasons(), "demonstration")
    assert pairs.height
    assert_frame_equal(coherence_table.compare_returns(selected, reference, read_reasons(), "demonstration"), pairs)


def test_selected_revisions_give_the_same_ends(counts_file: Path) -> None:
    triangle = pl.read_parquet(counts_file.with_name("mart_revision.parquet"))
    selected = vintages.select_known(triangle.lazy()).collect()
    assert selected.width < triangle.width
    assert_frame_equal(vintages.select_ends(selected), vintages.select_ends(triangle))
