"""Test two simultaneous refreshes of one home: one works, the other waits for it or reports it.

Two commands meet ten times, each time with work to do, and the daemon's run and a command once in each order.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from pipelines.cli import main
from pipelines.core.home import Home
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh import due, integrity, unchanged
from pipelines.refresh.counts import records_folder
from pipelines.warehouse import build_cache
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT
from tests.support.service.dagster_service import run_dagster, wait_for

pytestmark = pytest.mark.slow
ROUNDS = 10
LONGEST_COMMAND = 900.0
"""Seconds for a refresh with work to do, on a machine with much other work."""
INDICATORS = "indicators-restricted.duckdb"
COUNTS_BUILT, RECORDS_BUILT = "counts built into", "figures of case records made"
COMMAND = (sys.executable, "-m", "pipelines.cli.main", "refresh")


def start_command(home: Home) -> subprocess.Popen[str]:
    """Start `rti refresh`; its output is read when it has ended."""
    environment = {**os.environ, "RTI_HOME": str(home.root), "RTI_NOW": CLOCK}
    return subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def check_busy_report(text: str) -> None:
    assert "is running" in text and "try again" in text, text


@contextmanager
def unchanged_release(home: Home) -> Iterator[None]:
    """Check after the block that the home is intact, and that its current release is the one before."""
    before = find_current_release(home)
    yield
    engine = open_ledger(home)
    assert not integrity.verify_records(home, engine).faults
    engine.dispose()
    assert find_current_release(home) == before


def test_two_refreshes_at_once_leave_the_home_intact(home_with_new_return: Home) -> None:
    home = home_with_new_return
    digests = []
    with unchanged_release(home):
        for number in range(ROUNDS):
            if number:
                # The new return was taken in by the first round: take away the quickest build, without dbt.
                shutil.rmtree(records_folder(home))
            work = RECORDS_BUILT if number else COUNTS_BUILT
            running = [start_command(home) for _ in range(2)]
            output = [process.communicate(timeout=LONGEST_COMMAND)[0] for process in running]
            ends = sorted(zip((process.returncode for process in running), output, strict=True))
            assert [status > 0 for status, _ in ends] == [False, True], f"round {number}, they did not meet: {ends}"
            (_, refreshed), (_, refused) = ends
            assert "Traceback" not in refreshed + refused
            assert work in refreshed and "draft unchanged" in refreshed, f"round {number}: {refreshed}"
            assert work not in refused
            check_busy_report(refused)
            assert read_holder(home) == ""
            assert due.find_news(home, after=0).territories == ()
            records = [records_folder(home) / side for side in ("restricted", "public")]
            digests.append(build_cache.digest_parts(*records, home.warehouse / INDICATORS))
    assert len(set(digests)) == 1, "the same returns gave other figures"
    assert not unchanged.is_refresh_needed(home)


@pytest.fixture
def home_with_new_return(copied_home: Home) -> Home:
    """A copy in which one return has arrived since the last refresh, so that the next one has work to do."""
    engine = open_ledger(copied_home)
    due.mark_gathered(copied_home, queries.last_event_id(engine))
    due.mark_refreshed(copied_home)
    assert main.main(["nil", "AL-VICTIMS-1", "2026-Q3", "--comment", "none"]) == 0
    assert due.find_news(copied_home, after=0).territories == ("AL",)
    return copied_home


def read_holder(home: Home) -> str:
    """Return the purpose of the process that holds the lock of the home, empty if none does."""
    holder = home.lock.with_suffix(".holder.json")
    try:
        return str(json.loads(holder.read_text(encoding="utf-8"))["purpose"])
    except (FileNotFoundError, json.JSONDecodeError):
        return ""


@contextmanager
def listed_runs(home: Home) -> Iterator[dg.DagsterInstance]:
    """Open the instance to list the runs of the daemon. A run of a command has no sensor among its tags."""
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        yield instance


def list_daemon_runs(instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    """Return the id and the status of each run that the sensor of the ledger has started."""
    return [
        (run.run_id, run.status.value)
        for run in instance.get_runs()
        if run.tags.get("dagster/sensor_name") == "ledger_events"
    ]


def test_command_during_run_of_daemon_reports_it(home_with_new_return: Home, tmp_path: Path) -> None:
    home = home_with_new_return
    with unchanged_release(home), listed_runs(home) as instance, run_dagster(home, tmp_path) as log:
        wait_for(lambda: read_holder(home).startswith("refresh "), log)
        ((run, _),) = list_daemon_runs(instance)
        command = start_command(home)
        text, _ = command.communicate(timeout=LONGEST_COMMAND)
        assert list_daemon_runs(instance) == [(run, "STARTED")], "the run has ended before the command"
        assert command.returncode != 0 and "Traceback" not in text, text
        check_busy_report(text)
        assert f"refresh {run[:8]}" in text, "the command does not name the run that it found"
        wait_for(lambda: list_daemon_runs(instance) != [(run, "STARTED")], log)
        assert list_daemon_runs(instance) == [(run, "SUCCESS")]
    assert due.find_news(home, after=0).territories == ()


def test_run_of_daemon_waits_for_command(home_with_new_return: Home, tmp_path: Path) -> None:
    """Let the daemon find the same new return while the command takes it in: its run stays in the queue."""
    home, log = home_with_new_return, tmp_path / "daemon.log"
    log.touch()
    with unchanged_release(home), listed_runs(home) as instance:
        command = start_command(home)
        wait_for(lambda: read_holder(home) == "refresh", log)
        with run_dagster(home, tmp_path):
            wait_for(lambda: len(list_daemon_runs(instance)) == 1, log, pause=0.1)
            assert command.poll() is None and read_holder(home) == "refresh", "the command ended before the run began"
            text, _ = command.communicate(timeout=LONGEST_COMMAND)
            assert command.returncode == 0, text
            wait_for(lambda: [status for _, status in list_daemon_runs(instance)] == ["SUCCESS"], log)
        ((run, _),) = list_daemon_runs(instance)
        latest = {record.dagster_run.run_id: record for record in instance.get_run_records(limit=2)}
        by_daemon = latest.pop(run)
        (by_command,) = latest.values()
        assert by_command.end_time is not None and by_daemon.start_time is not None
        assert by_command.end_time <= by_daemon.start_time, "both runs have worked at once"
    assert due.find_news(home, after=0).territories == ()
