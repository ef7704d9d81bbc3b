"""Tests of opening DuckDB databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.core.duckdb_files import choose_memory_limit, open_duckdb
from pipelines.core.settings import SettingsError
from tests.support.paths import ROOT

LONG_STATEMENT = """
import sys, duckdb
from pipelines.core.duckdb_files import choose_memory_limit, open_duckdb
connection = duckdb.connect() if sys.argv[1] == "plain" else open_duckdb()
connection.execute("select count(*) from range(600000000) a(i) where hash(i) % 7 = 3").fetchone()
"""


def read_progress_setting(connection: duckdb.DuckDBPyConnection) -> bool:
    row = connection.execute("select current_setting('enable_progress_bar')").fetchone()
    assert row is not None
    return bool(row[0])


def test_connections_and_their_cursors_show_no_progress_bar(tmp_path: Path) -> None:
    with open_duckdb(tmp_path / "made.duckdb") as new:
        new.execute("create table sent (n integer)")
        assert not read_progress_setting(new)
    with open_duckdb(tmp_path / "made.duckdb", read_only=True) as opened:
        assert not read_progress_setting(opened.cursor())
    with open_duckdb() as in_memory:
        assert not read_progress_setting(in_memory)


def test_options_reach_the_database() -> None:
    with open_duckdb(options={"threads": "1"}) as connection:
        assert connection.execute("select current_setting('threads')").fetchone() == (1,)


def test_file_opened_to_read_cannot_be_written(tmp_path: Path) -> None:
    open_duckdb(tmp_path / "made.duckdb").close()
    with open_duckdb(tmp_path / "made.duckdb", read_only=True) as opened, pytest.raises(duckdb.InvalidInputException):
        opened.execute("create table sent (n integer)")


@pytest.mark.slow
@pytest.mark.parametrize(("way", "writes"), [("plain", True), ("ours", False)])
def test_long_statement_writes_nothing_into_a_pipe(way: str, writes: bool) -> None:
    ran = subprocess.run([sys.executable, "-c", LONG_STATEMENT, way], cwd=ROOT, capture_output=True, check=True)
    assert bool(ran.stdout) == writes


def test_memory_of_a_build_is_that_of_the_settings_or_half_of_duckdbs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_BUILD_MEMORY", "1.5GB")
    assert choose_memory_limit() == "1.5GB"
    monkeypatch.delenv("RTI_BUILD_MEMORY")
    limits = []
    for limit in (None, choose_memory_limit()):
        with duckdb.connect(config={"memory_limit": limit} if limit else {}) as connection:
            row = connection.execute("select current_setting('memory_limit')").fetchone()
            assert row is not None
            limits.append(float(row[0].removesuffix(" GiB")))
    assert limits[1] == pytest.approx(limits[0] / 2, abs=0.1)
    monkeypatch.setenv("RTI_BUILD_MEMORY", "half")
    with pytest.raises(SettingsError, match="RTI_BUILD_MEMORY"):
        choose_memory_limit()
