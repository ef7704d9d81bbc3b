"""Tests of the real Dagster daemon on a copied home.

It carries out what is due after a deadline, starts a run for a new return, and recovers from a killed run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from pipelines.submissions.quarter_log import read_quarter_acts
from tests.support.demonstration import CLOCK, copy_home
from tests.support.paths import ROOT

AT_MOMENT = """
import sys
from datetime import UTC, datetime

import dagster._time as dagster_clock

shift = datetime.fromisoformat(sys.argv.pop(1)) - datetime.now(UTC)
dagster_clock._mockable_get_current_datetime = lambda: datetime.now(UTC) + shift
dagster_clock._mockable_get_current_timestamp = lambda: (datetime.now(UTC) + shift).timestamp()

from dagster._daemon.cli import main

main()
"""
"""Starts the daemon with its clock set to a moment, from which it continues; other processes are not affected."""
LONGEST = 420.0
"""Seconds for each stage; on an idle machine the longest takes forty."""


@pytest.fixture
def home(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy in which the last refresh has taken in everything."""
    copy_home(built_home, tmp_path / "home")
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    copied = open_home(tmp_path / "home")
    due.mark_gathered(copied, queries.last_event_id(open_ledger(copied)))
    due.mark_refreshed(copied)
    assert due.find_news(copied, after=0).territories == ()
    return copied


@contextmanager
def running_daemon(home: Home, log: Path, moment: str | None = None) -> Iterator[Path]:
    """Run the daemon, optionally with its clock set to a moment; yield its log."""
    daemon = [str(Path(sys.executable).with_name("dagster-daemon"))]
    command = [*(daemon if moment is None else [sys.executable, "-c", AT_MOMENT, moment]), "run"]
    command += ["-m", "pipelines.definitions"]
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
def test_daemon_carries_out_the_days_of_the_quarter(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start the daemon on the day after the deadline: it closes the collection and asks questions, once."""
    monkeypatch.setenv("RTI_NOW", "2026-11-25T09:00:00Z")
    shutil.rmtree(home.current.resolve())
    home.current.unlink()
    journal = home.public / "publications.jsonl"
    journal.write_text("", encoding="utf-8")
    with running_daemon(home, tmp_path / "daemon.log", "2026-11-25T09:00:00+00:00") as log:

        def list_acts() -> list[str]:
            return sorted(entry.act for entry in read_quarter_acts(open_ledger(home), "2026-Q3"))

        wait_for(lambda: len(list_acts()) == 2, log)
    assert list_acts() == ["close_collection", "open_queries"]
    listed = notices.list_notices(open_ledger(home))
    assert "quarter" in {notice.kind for notice in listed}


@pytest.mark.slow
def test_daemon_runs_for_new_return_and_recovers_from_killed_run(home: Home, tmp_path: Path) -> None:
    assert main.main(["nil", "AL-VICTIMS-1", "2026-Q3", "--comment", "none"]) == 0
    with (
        dg.DagsterInstance.from_config(str(home.dagster)) as instance,
        running_daemon(home, tmp_path / "daemon.log") as daemon,
    ):
        before = {run.run_id for run in instance.get_runs()}

        def new_runs() -> list[str]:
            """List the statuses of the runs since the home was copied, oldest first."""
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
