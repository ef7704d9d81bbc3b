"""Write facts from several processes at once: none is lost or written twice, and a killed writer leaves no half."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from pipelines.model import long_tables
from pipelines.warehouse.dbt_runner import WarehouseError
from pipelines.warehouse.lake import facts
from pipelines.warehouse.lake.connection import LakeBusyError, hold_lock, open_part
from tests.support.paths import ROOT

pytestmark = pytest.mark.lake
WRITER = """
import sys
from pathlib import Path
from pipelines.warehouse.lake import facts
for path in map(Path, sys.argv[1:]):
    print(path.stem, facts.write_facts(path.stem, {"observation": path}), flush=True)
"""
ROWS = 3


def write_file(folder: Path, submission_id: str, value: int) -> Path:
    """Write the facts of a submission: ROWS observations with the same value."""
    rows = pl.DataFrame({"submission_id": [submission_id] * ROWS, "value": [float(value)] * ROWS})
    path = folder / f"{submission_id}.parquet"
    pl.concat([long_tables.empty_table(long_tables.OBSERVATION), rows], how="diagonal").write_parquet(path)
    return path


def start_writer(*paths: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, *map(str, paths)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_sums() -> dict[str, tuple[int, float]]:
    """Return the number of observations in the lake and their sum by submission."""
    query = "select submission_id, count(*), sum(value) from facts.observation group by all"
    with open_part("counts") as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(query).fetchall()}


@pytest.fixture(scope="module", autouse=True)
def tables(lake: Mapping[str, str]) -> None:
    facts.create_fact_tables()


def test_four_writers_at_once_lose_nothing_and_write_nothing_twice(tmp_path: Path) -> None:
    """Write six returns of each of four territories in a process each; all four also write the same two."""
    shared = [write_file(tmp_path, f"SHARED{n}", 1000 + n) for n in range(2)]
    territories = ("AL", "ME", "MK", "RS")
    files_of_territory = {
        code: [write_file(tmp_path, f"{code}{n}", 10 * place + n) for n in range(6)]
        for place, code in enumerate(territories)
    }
    writers = [start_writer(*paths[:3], *shared, *paths[3:]) for paths in files_of_territory.values()]
    outputs = [writer.communicate(timeout=300) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, [error for _, error in outputs]
    written = [line.split() for output, _ in outputs for line in output.splitlines()]
    assert sorted(line[0] for line in written if line[0].startswith("SHARED")) == ["SHARED0"] * 4 + ["SHARED1"] * 4
    assert sorted(name for name, new in written if new == "True") == sorted(
        [f"{code}{n}" for code in territories for n in range(6)] + ["SHARED0", "SHARED1"]
    )
    expected = {
        f"{code}{n}": (ROWS, ROWS * (10.0 * place + n)) for place, code in enumerate(territories) for n in range(6)
    }
    expected |= {f"SHARED{n}": (ROWS, ROWS * (1000.0 + n)) for n in range(2)}
    sums = read_sums()
    assert {name: sums[name] for name in expected} == expected


def test_a_killed_writer_leaves_whole_submissions_and_no_lock(tmp_path: Path) -> None:
    paths = [write_file(tmp_path, f"KILLED{n:02d}", n) for n in range(40)]
    writer = start_writer(*paths)
    assert writer.stdout is not None
    for _ in range(3):  # it is in the middle of its work
        assert writer.stdout.readline().endswith("True\n")
    writer.kill()
    writer.communicate(timeout=60)
    stored_sums = {name: counts for name, counts in read_sums().items() if name.startswith("KILLED")}
    assert 3 <= len(stored_sums) < len(paths)
    assert all(counts == (ROWS, ROWS * float(name.removeprefix("KILLED"))) for name, counts in stored_sums.items())
    everything = {path.stem: {"observation": path} for path in paths}
    assert facts.write_missing_facts(everything) == len(paths) - len(stored_sums)
    sums = read_sums()
    assert all(sums[f"KILLED{n:02d}"] == (ROWS, ROWS * float(n)) for n in range(40))


def test_rows_of_another_submission_are_refused_and_none_is_written(tmp_path: Path) -> None:
    path = write_file(tmp_path, "OTHER", 1)
    with pytest.raises(WarehouseError, match=f"has {ROWS} rows of another submission than MINE; nothing is inserted"):
        facts.write_facts("MINE", {"observation": path})
    assert not {"MINE", "OTHER"} & set(read_sums())


def test_facts_that_were_changed_in_the_lake_are_found(tmp_path: Path) -> None:
    facts.write_facts("WHOLE", {"observation": write_file(tmp_path, "WHOLE", 5)})
    with open_part("counts") as connection:
        connection.execute("insert into facts.observation by name select 'WHOLE' as submission_id, 5.0 as value")
    with pytest.raises(WarehouseError, match=rf"WHOLE has {ROWS + 1} rows in observation, and {ROWS} were inserted"):
        facts.write_missing_facts({})
    with open_part("counts") as connection:
        connection.execute(
            "delete from facts.observation where submission_id = 'WHOLE' and period is null and label is null"
        )
        connection.execute("delete from facts.submission where submission_id = 'WHOLE'")


def test_a_new_column_of_facts_is_added(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    schema = {**long_tables.OBSERVATION, "asked_again": pl.String()}
    monkeypatch.setattr(facts, "FACT_SCHEMAS", {**facts.FACT_SCHEMAS, "observation": schema})
    facts.create_fact_tables()
    path = write_file(tmp_path, "LATER", 2)
    pl.read_parquet(path).with_columns(asked_again=pl.lit("yes")).write_parquet(path)
    assert facts.write_facts("LATER", {"observation": path})
    with open_part("counts") as connection:
        query = (
            "select distinct asked_again from facts.observation where submission_id in ('LATER', 'AL0') order by all"
        )
        assert connection.execute(query).fetchall() == [("yes",), (None,)]


def test_a_writer_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RTI_LAKE_WAIT", "1")
    path = write_file(tmp_path, "WAITING", 3)
    with (
        hold_lock("submission WAITING"),
        pytest.raises(
            LakeBusyError, match=r"has been writing submission WAITING for longer than RTI_LAKE_WAIT \(1 s\)"
        ),
    ):
        facts.write_facts("WAITING", {"observation": path})
    assert facts.write_facts("WAITING", {"observation": path})
    assert not facts.write_facts("WAITING", {"observation": path})
