"""Batches of facts: every file is in one, a submission is in one only, and none is larger than it may be."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.home import initialise_home
from pipelines.warehouse import fact_batches
from pipelines.warehouse.fact_batches import FILE_SIZE, count_batches, find_range, list_submissions, split_files

ROWS = st.dictionaries(st.from_regex(r"S[0-9]{1,4}", fullmatch=True), st.integers(0, 5_000), max_size=30)
EMPTY = {f"facts.{table}": f"/facts/.empty-{table}.parquet" for table in ("observation", "case_event")}


@given(rows=ROWS, with_events=st.sets(st.integers(0, 29)), batch_size=st.integers(1, 20_000))
def test_every_file_is_in_one_batch_and_none_is_too_large(
    rows: dict[str, int], with_events: set[int], batch_size: int
) -> None:
    submissions = sorted(rows)
    events = [name for place, name in enumerate(submissions) if place in with_events]
    files = {
        "facts.observation": [f"/facts/observation/{name}.parquet" for name in submissions],
        "facts.case_event": [f"/facts/case_event/{name}.parquet" for name in events],
    }
    with tempfile.TemporaryDirectory() as folder:
        home = initialise_home(Path(folder) / "home", "demonstration")
        # Some submissions have more than one block.
        blocks = [(name, part) for name, count in rows.items() for part in (count // 3, count - count // 3)]
        schema = {"submission_id": pl.String(), "rows": pl.Int64()}
        pl.DataFrame(blocks, schema, orient="row").write_parquet(home.gathered / "block.parquet")
        batches = split_files(home, {table: [EMPTY[table], *paths] for table, paths in files.items()}, batch_size)
    assert batches[1:] or sum(rows.values()) + FILE_SIZE * len(rows) <= batch_size or len(rows) == 1
    assert all(batch[table][0] == EMPTY[table] for batch in batches for table in files)
    for table, paths in files.items():
        assert [path for batch in batches for path in batch[table][1:]] == paths
    names = [{Path(path).stem for paths in batch.values() for path in paths[1:]} for batch in batches]
    assert sum(map(len, names)) == len(rows), "a submission is in two batches"
    assert not rows or all(names)
    ranges = [find_range(list_submissions(batch)) for batch in batches]
    assert ranges == ([[min(batch), max(batch)] for batch in names] if rows else [[]])
    assert all(before[1] < after[0] for before, after in pairwise(ranges)), "ranges of two batches overlap"
    for batch in names:
        assert len(batch) <= 1 or sum(rows[name] + FILE_SIZE for name in batch) <= batch_size
    for batch, following in pairwise(names):
        joined = {*batch, min(following)}
        assert sum(rows[name] + FILE_SIZE for name in joined) > batch_size, "a batch has room for a submission"


def test_batches_of_tables_are_those_of_all_accepted_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    blocks = [("S1", 700, "2025-01-01"), ("S1", 300, "2025-01-01"), ("S2", 500, "2025-01-02"), ("S3", 9_000, None)]
    schema = {"submission_id": pl.String(), "rows": pl.Int64(), "accepted_at": pl.String()}
    pl.DataFrame(blocks, schema, orient="row").write_parquet(home.gathered / "block.parquet")
    for batch_size, number in ((2_500, 1), (2_499, 2), (1_000, 3)):
        monkeypatch.setattr(fact_batches, "BATCH_SIZE", batch_size)
        assert count_batches(home) == number
    pl.DataFrame(schema=schema).write_parquet(home.gathered / "block.parquet")
    assert count_batches(home) == 1
