"""Tests of the files of a release: their bytes depend on the table alone, also where a table is written in parts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.publication.releases import formats

ROWS = 300_000


def make_streamed_table() -> pl.LazyFrame:
    """Return a table whose parts polars makes in several threads, which are of other sizes in each run."""
    numbers = pl.LazyFrame({"id": range(ROWS // 3)}).with_columns(
        name=pl.format("cell {}", pl.col("id")), parts=pl.concat_list(pl.col("id"), pl.col("id") + 1, pl.lit(None))
    )
    once = numbers.unique("id", keep="first", maintain_order=True)
    return once.explode("parts").filter(pl.col("parts").is_not_null())


def test_parquet_of_a_streamed_table_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    contents = set()
    for _ in range(4):
        formats.write_parquet(make_streamed_table(), tmp_path / "table.parquet")
        contents.add((tmp_path / "table.parquet").read_bytes())
    assert len(contents) == 1
    described = pq.ParquetFile(tmp_path / "table.parquet").metadata
    groups = [described.row_group(place).num_rows for place in range(described.num_row_groups)]
    assert groups == [122_880, ROWS // 3 * 2 - 122_880]


def test_csv_of_a_streamed_table_equals_that_of_the_table_in_memory(tmp_path: Path) -> None:
    formats.write_csv(make_streamed_table(), tmp_path / "table.csv")
    table = make_streamed_table().collect()
    assert (tmp_path / "table.csv").read_bytes() == formats.format_csv(table)
    assert pl.read_csv(tmp_path / "table.csv").equals(table)


def test_rows_of_tables_are_counted() -> None:
    assert formats.count_rows({"full": make_streamed_table(), "empty": pl.LazyFrame({"id": []})}) == {
        "full": ROWS // 3 * 2, "empty": 0,
    }  # fmt: skip
