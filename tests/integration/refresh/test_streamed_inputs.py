"""Steps that read only a part of the counts have the same results as with all of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.core.home import Home, open_home
from pipelines.publication import measured_quality
from pipelines.publication.disclosure import programme
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
