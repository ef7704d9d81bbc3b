"""The real Dagster daemon on a copied home: it starts a run for a new return, and recovers from a killed run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.cli import main
from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.refresh import due
from pipelines.runs.instance import instance_folder
from pipelines.submissions import notices
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT

LONGEST = 420.0
"""Seconds for each stage; on a machine that does nothing else the longest takes forty."""


@pytest.fixture
def home(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy in which the last refresh has taken in everything, and then one return arrives."""
    shutil.copytree(built_home, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    copied = open_home(tmp_path / "home")
    due.mark_gathered(copied, queries.last_event_id(open_ledger(copied)))
    due.mark_refreshed(copied)
    assert due.find_news(copied, after=0).territories == ()
    assert main.main(["nil", "AL-VICTIMS-1", "2026-Q3", "--comment", "none"]) == 0
    return copied


@pytest.fixture
def daemon(home: Home, tmp_path: Path) -> Iterator[Path]:
    """The daemon; gives its log."""
    log = tmp_path / "daemon.log"
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", "pipelines.definitions"]
    environment = {**os.environ, "DAGSTER_HOME": str(instance_folder(home))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield log
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], bool], log: Path) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < LONGEST, log.read_text(encoding="utf-8")[-4000:]
        time.sleep(0.5)


@pytest.mark.slow
def test_daemon_runs_for_new_return_and_recovers_from_killed_run(home: Home, daemon: Path) -> None:
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        before = {run.run_id for run in instance.get_runs()}

        def new_runs() -> list[str]:
            """Statuses of the runs since the copy was made, oldest first."""
            return [run.status.value for run in reversed(instance.get_runs()) if run.run_id not in before]

        holder = home.lock.with_suffix(".holder.json")
        wait_for(lambda: new_runs() == ["STARTED"] and holder.exists(), daemon)
        with pytest.raises(HomeBusyError, match="refresh"), hold_home_lock(home, purpose="second"):
            pytest.fail("the lock is free while the daemon's run works")
        os.kill(json.loads(holder.read_text(encoding="utf-8"))["pid"], signal.SIGKILL)
        wait_for(lambda: new_runs()[:1] == ["FAILURE"], daemon)
        wait_for(lambda: new_runs() == ["FAILURE", "SUCCESS"], daemon)

    def is_reported() -> bool:
        listed = notices.list_notices(open_ledger(home))
        return [n.content["cause"] for n in listed if n.kind == "run_failed"] == ["process_died"]

    wait_for(is_reported, daemon)
    assert due.last_refreshed_event(home) == queries.last_event_id(open_ledger(home))
