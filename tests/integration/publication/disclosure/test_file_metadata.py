"""Search the metadata of released files: no smallest or greatest value is that of a withheld figure."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.core.home import open_home
from pipelines.publication.releases.publish import find_current_release

_STATED = re.compile(r"Min: (?P<least>[^,\]]+), Max: (?P<most>[^\]]+)\]")


def list_wrong_statistics(path: Path) -> Iterator[str]:
    """Yield the columns of a Parquet file whose statistics are not those of the rows that a reader sees."""
    file = pq.ParquetFile(path)
    for number in range(file.metadata.num_row_groups):
        group, rows = file.metadata.row_group(number), pl.from_arrow(file.read_row_group(number))
        assert isinstance(rows, pl.DataFrame)
        for position in range(group.num_columns):
            stated, name = group.column(position).statistics, group.column(position).path_in_schema
            if stated is None or name not in rows.columns or not rows[name].dtype.is_numeric():
                continue
            if stated.has_min_max and (stated.min, stated.max) != (rows[name].min(), rows[name].max()):
                yield f"{path.name} {name}: {stated.min} to {stated.max}"
            if stated.has_null_count and stated.null_count != rows[name].null_count():
                yield f"{path.name} {name}: {stated.null_count} without a value"


def list_wrong_segments(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the numeric columns of a database of which a segment states a value that no row of the column has."""
    for (table,) in connection.execute("select table_name from duckdb_tables() where not temporary").fetchall():
        segments = connection.execute(
            "select column_name, segment_type, stats from pragma_storage_info($1)", [table]
        ).fetchall()
        for column, kind, stats in segments:
            stated = _STATED.search(stats)
            if kind not in ("DOUBLE", "FLOAT", "BIGINT", "INTEGER") or stated is None:
                continue
            has_both = connection.execute(
                f'select bool_or("{column}" = $1::double) and bool_or("{column}" = $2::double) from "{table}"',
                [stated["least"], stated["most"]],
            ).fetchone()
            # A column without values has none to give away.
            if has_both == (False,):
                yield f"{table} {column}: {stats}"


@pytest.fixture(scope="module")
def folder(built_home: Path) -> Path:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return release


def test_parquet_statistics_are_those_of_published_rows(folder: Path) -> None:
    paths = sorted((folder / "data").rglob("*.parquet"))
    assert len(paths) > 20
    assert [wrong for path in paths for wrong in list_wrong_statistics(path)] == []


def test_database_statistics_are_those_of_published_rows(folder: Path) -> None:
    with duckdb.connect(folder / "release.duckdb", read_only=True) as connection:
        assert list(list_wrong_segments(connection)) == []


def test_parquet_statistics_of_another_value_are_found(tmp_path: Path) -> None:
    """Replace the greatest value in the metadata at the end of a file, and leave the rows as they are."""
    path = tmp_path / "cell.parquet"
    pl.DataFrame({"value": [3.0, 40.0, 500.0]}).write_parquet(path)
    assert list(list_wrong_statistics(path)) == []
    rows, metadata = path.read_bytes().rsplit(struct.pack("<d", 500.0), 1)
    path.write_bytes(rows + struct.pack("<d", 501.0) + metadata)
    assert list(list_wrong_statistics(path)) == ["cell.parquet value: 3.0 to 501.0"]


def test_database_statistics_of_a_removed_value_are_found(tmp_path: Path) -> None:
    """Withhold the greatest value only after it was stored: until the next checkpoint its segment still states it."""
    with duckdb.connect(tmp_path / "release.duckdb") as connection:
        connection.execute("create table cell as select * from (values (3.0::double), (40.0), (500.0)) as t(value)")
        connection.execute("checkpoint")
        assert list(list_wrong_segments(connection)) == []
        connection.execute("update cell set value = null where value = 500")
        assert len(list(list_wrong_segments(connection))) == 1
