"""Tests of how runs start: forked from a process that has loaded everything, or by themselves."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipelines.operations import code_server, prepared_runs
from pipelines.operations.prepared_runs import RunStarter
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs are prepared on Linux only")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One file of a program, and no fork server of an earlier test."""
    file = tmp_path / "program" / "module.py"
    file.parent.mkdir()
    file.write_text("A = 1\n", encoding="utf-8")
    monkeypatch.setattr(prepared_runs, "_SOURCES", (file.parent,))
    process: Any = forkserver._forkserver  # type: ignore[attr-defined]
    process._stop()
    yield file
    process._stop()
    forkserver.set_forkserver_preload(["__main__"])


def read_method(starter: RunStarter) -> str | None:
    return starter.choose_context().get_start_method()


def test_run_is_forked_only_after_everything_is_loaded(program: Path) -> None:
    starter = RunStarter("tests.support.paths")
    assert read_method(starter) == "spawn"
    starter.prepare_runs()
    assert read_method(starter) == "forkserver"


def test_run_loads_itself_after_change_of_program(program: Path, caplog: pytest.LogCaptureFixture) -> None:
    starter = RunStarter("tests.support.paths")
    starter.prepare_runs()
    before = program.read_text(encoding="utf-8")
    program.write_text("A = 20\n", encoding="utf-8")
    assert read_method(starter) == "spawn"
    assert "files of the program have changed" in caplog.text
    program.write_text(before, encoding="utf-8")
    assert read_method(starter) == "spawn", "what was loaded may be of the changed file"


@pytest.mark.parametrize("name", ["new_module.py", "folder/territory.yml"])
def test_run_loads_itself_after_new_file(program: Path, name: str) -> None:
    starter = RunStarter("tests.support.paths")
    starter.prepare_runs()
    (program.parent / name).parent.mkdir(exist_ok=True)
    (program.parent / name).touch()
    assert read_method(starter) == "spawn"


def test_run_loads_itself_if_loading_fails(program: Path, caplog: pytest.LogCaptureFixture) -> None:
    starter = RunStarter("tests.support.no_such_module")
    starter.prepare_runs()
    assert read_method(starter) == "spawn"
    assert "runs cannot be prepared" in caplog.text


def test_fork_goes_on_after_fork_server_is_killed(program: Path) -> None:
    starter = RunStarter("tests.support.paths")
    starter.prepare_runs()
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    process = multiprocessing.get_context("forkserver").Process(target=prepared_runs._require_loaded, args=("json",))
    process.start()
    process.join(30)
    assert process.exitcode == 0


USED = """
from pipelines.operations.prepared_runs import RunStarter

def use_libraries():
    import sys, threading
    import duckdb, polars as pl
    from pathlib import Path
    loaded = {"great_expectations", "dbt.cli.main", "pipelines.definitions"} & set(sys.modules)
    assert len(loaded) == 3, loaded
    names = {(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}
    assert not any(name.startswith("polars-") for name in names), names
    frame = pl.DataFrame({"a": [1, 2, 2], "b": [1.0, 2.0, 3.0]})
    grouped = frame.lazy().group_by("a").agg(pl.col("b").sum()).sort("a").collect()
    assert grouped.rows() == [(1, 1.0), (2, 5.0)]
    with duckdb.connect() as connection:
        assert connection.execute("select sum(i) from range(1000000) t(i)").fetchone() == (499999500000,)
    print("used")

if __name__ == "__main__":
    starter = RunStarter()
    starter.prepare_runs()
    process = starter.choose_context().Process(target=use_libraries)
    process.start()
    process.join()
    raise SystemExit(process.exitcode)
"""


@pytest.mark.slow
def test_forked_run_has_everything_loaded_and_can_use_its_libraries(tmp_path: Path) -> None:
    script = tmp_path / "use.py"
    script.write_text(USED, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "used"), ran.stderr


def test_code_server_asks_for_the_context_of_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster._grpc import server

    started = []
    monkeypatch.setattr(server.DagsterApiServer, "StartRun", lambda self, request, _: started.append((self, request)))
    monkeypatch.setattr(RunStarter, "prepare_later", lambda *_: None)
    monkeypatch.setattr(code_server, "_adapt_instance", lambda arguments: f"{arguments}, adapted")
    code_server._prepare_runs()
    dagster, request = SimpleNamespace(_mp_ctx=None), SimpleNamespace(serialized_execute_run_args="run 1")
    server.DagsterApiServer.StartRun(cast("Any", dagster), cast("Any", request), cast("Any", None))
    assert started == [(dagster, request)]
    assert request.serialized_execute_run_args == "run 1, adapted"
    assert cast("Any", dagster)._mp_ctx.get_start_method() == "spawn"
