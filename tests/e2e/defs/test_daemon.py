"""Tests of the real Dagster daemon on a copied home.

It starts a run after a deadline and for a new return, and recovers from a killed run.
"""

from __future__ import annotations

import json
import os
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
def test_daemon_started_before_a_deadline_starts_the_refresh_when_it_has_passed(home: Home, tmp_path: Path) -> None:
    # The schedule is at four in the morning in Belgrade, an hour ahead of UTC in winter.
    with (
        dg.DagsterInstance.from_config(str(home.dagster)) as instance,
        running_daemon(home, tmp_path / "daemon.log", "2026-12-16T02:58:30+00:00") as log,
    ):
        before = {run.run_id for run in instance.get_runs()}

        def scheduled_runs() -> list[dg.DagsterRun]:
            return [run for run in instance.get_runs() if run.run_id not in before]

        wait_for(lambda: len(scheduled_runs()) == 1, log)
        (run,) = scheduled_runs()
    assert (run.job_name, run.tags["dagster/schedule_name"]) == ("refresh", "quarterly_refresh")
    assert run.tags["deadline/AL"] == "2026-11-14"
    assert run.tags["dagster/asset_partition_range_start"] == "2020-01-01"


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
