"""Tests of runs with Dagster: configuration, runs of dead processes, second attempts, reports of failures."""

import errno
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from pipelines.core.home import Home, initialise_home, open_home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.defs.failures import failed_runs
from pipelines.defs.home import HomeResource, LockedHomeResource
from pipelines.defs.retries import retry_transient_failures
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.runs import liveness, recovery, transient
from pipelines.runs.instance import instance_folder
from pipelines.runs.reports import FailedRun, report_failed_run
from pipelines.submissions import notices
from pipelines.submissions.accounts import accounts

ALIVE = """
import sys, time
from pathlib import Path
from pipelines.runs.liveness import mark_run_alive
mark_run_alive(Path(sys.argv[1]), sys.argv[2])
print("marked", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root of a home with three accounts and an empty instance, shared since its databases take seconds to create."""
    initialised = initialise_home(tmp_path_factory.mktemp("template") / "home", "real")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RTI_LEDGER_URL", raising=False)
        engine = open_ledger(initialised)
        accounts.create_account(engine, "head", "Head of statistics", grants=[Grant("steward")], by=SYSTEM)
        accounts.create_account(engine, "al-steward", "Steward of one", grants=[Grant("steward", "AL")], by=SYSTEM)
        accounts.create_account(engine, "al-office", "Office", grants=[Grant("submitter", "AL")], by=SYSTEM)
        engine.dispose()
    with dg.DagsterInstance.from_config(str(instance_folder(initialised))) as opened:
        opened.get_runs_count()
        opened.get_latest_materialization_event(dg.AssetKey("none"))
    return initialised.root


@pytest.fixture
def home(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    shutil.copytree(template, tmp_path / "home")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    return open_home(tmp_path / "home")


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as opened:
        yield opened


def list_failure_notices(home: Home) -> list[tuple[str, str, str]]:
    """Return account, run and cause of each notice of a failed run."""
    return [
        (notice.account_id, notice.content["run_id"], notice.content["cause"])
        for notice in notices.list_notices(open_ledger(home))
        if notice.kind == "run_failed"
    ]


def make_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, age: float = 3600.0) -> str:
    """Write a run as a killed process leaves it, started `age` seconds ago."""
    run_id: str = create_run_for_test(instance, job_name="refresh", status=status).run_id
    with sqlite3.connect(next(Path(instance.root_directory).rglob("runs.db"))) as connection:
        connection.execute(
            "update runs set start_time = unixepoch() - ?, create_timestamp = datetime('now', ?) where run_id = ?",
            (age, f"-{age} seconds", run_id),
        )
    return run_id


def leave_dead_mark(home: Home, run_id: str) -> None:
    """Mark a run alive in a process that is then killed."""
    process = start_marked_process(home, run_id)
    process.kill()
    process.communicate()


def start_marked_process(home: Home, run_id: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", ALIVE, str(home.dagster), run_id], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "marked\n"
    return process


def get_status(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status.value


# ----- dagster.yaml


@pytest.mark.parametrize("old", [None, "# Written by `rti`. Nothing reports home.\ntelemetry:\n  enabled: false\n"])
def test_instance_folder_writes_and_upgrades_our_configuration(home: Home, old: str | None) -> None:
    file = home.dagster / "dagster.yaml"
    file.unlink()
    if old is not None:
        file.write_text(old, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        assert instance.run_monitoring_enabled and instance.run_retries_enabled
        assert instance.run_launcher.supports_check_run_worker_health
        assert not instance.telemetry_enabled
    written = file.stat().st_mtime_ns
    instance_folder(home)
    assert file.stat().st_mtime_ns == written


def test_instance_folder_keeps_custom_configuration(home: Home) -> None:
    custom_configuration = "telemetry:\n  enabled: false\n"
    (home.dagster / "dagster.yaml").write_text(custom_configuration, encoding="utf-8")
    assert (instance_folder(home) / "dagster.yaml").read_text(encoding="utf-8") == custom_configuration


# ----- runs of dead processes


def test_close_dead_runs_closes_killed_runs_and_reports_their_cause_once(
    home: Home, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    killed = [make_run(instance, dg.DagsterRunStatus.STARTED) for _ in range(2)]
    killed.append(make_run(instance, dg.DagsterRunStatus.STARTED, age=1.0))
    leave_dead_mark(home, killed[-1])
    with caplog.at_level(logging.ERROR, "rti.runs"):
        closed = recovery.close_dead_runs(home, instance)
    assert {run.run_id for run in closed} == set(killed)
    assert {get_status(instance, run_id) for run_id in killed} == {"FAILURE"}
    assert all(run_id in caplog.text for run_id in killed)
    assert [(account, cause) for account, _, cause in list_failure_notices(home)] == [("head", "process_died")]
    assert recovery.close_dead_runs(home, instance) == []


def test_close_dead_runs_leaves_living_young_and_finished_runs(home: Home, instance: dg.DagsterInstance) -> None:
    living = make_run(instance, dg.DagsterRunStatus.STARTED)
    just_started = make_run(instance, dg.DagsterRunStatus.STARTED, age=1.0)
    finished = make_run(instance, dg.DagsterRunStatus.SUCCESS)
    process = start_marked_process(home, living)
    try:
        assert recovery.close_dead_runs(home, instance) == []
    finally:
        process.kill()
        process.communicate()
    statuses = [get_status(instance, run_id) for run_id in (living, just_started, finished)]
    assert statuses == ["STARTED", "STARTED", "SUCCESS"]
    assert [run.run_id for run in recovery.close_dead_runs(home, instance)] == [living]


def test_close_dead_runs_keeps_unmarked_run_while_home_is_locked(home: Home, instance: dg.DagsterInstance) -> None:
    unmarked = make_run(instance, dg.DagsterRunStatus.STARTED)
    closed: list[FailedRun] = []
    with hold_home_lock(home, purpose="refresh of an earlier version"):
        thread = threading.Thread(target=lambda: closed.extend(recovery.close_dead_runs(home, instance)))
        thread.start()
        thread.join()
    assert closed == [] and get_status(instance, unmarked) == "STARTED"


def test_run_monitoring_of_daemon_closes_dead_and_keeps_living_run(home: Home, instance: dg.DagsterInstance) -> None:
    from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

    dead, living = (make_run(instance, dg.DagsterRunStatus.STARTED) for _ in range(2))
    leave_dead_mark(home, dead)
    process = start_marked_process(home, living)
    workspace: Any = SimpleNamespace(instance=instance, create_request_context=lambda: None)
    try:
        assert [e for e in execute_run_monitoring_iteration(workspace, logging.getLogger("test")) if e] == []
    finally:
        process.kill()
        process.communicate()
    assert [get_status(instance, run_id) for run_id in (dead, living)] == ["FAILURE", "STARTED"]


def test_check_liveness_follows_mark_and_end(home: Home) -> None:
    assert liveness.check_liveness(home.dagster, "r") == "unknown"
    with liveness.marked_alive(home.dagster, "r"):
        assert liveness.check_liveness(home.dagster, "r") == "alive"
    assert liveness.check_liveness(home.dagster, "r") == "unknown"


# ----- lock of a whole run, second attempts


def make_job(*steps: Any) -> dg.JobDefinition:
    """Return a job that calls functions in order, each with the locked home."""

    def make_step(number: int, function: Any) -> Any:
        @dg.op(name=f"step_{number}", ins={"after": dg.In(dg.Nothing)})
        def run_step(context: dg.OpExecutionContext, locked_home: LockedHomeResource) -> None:
            with retry_transient_failures(context):  # type: ignore[arg-type]
                function(locked_home.open())

        return run_step

    @dg.job(resource_defs={"locked_home": LockedHomeResource(wait_seconds=20)}, executor_def=dg.in_process_executor)
    def steps_in_order() -> None:
        previous_step = None
        for number, function in enumerate(steps):
            previous_step = (
                make_step(number, function)(previous_step)
                if previous_step is not None
                else make_step(number, function)()
            )

    return steps_in_order


def is_locked_for_others(home: Home) -> bool:
    refusals: list[bool] = []

    def try_lock() -> None:
        try:
            with hold_home_lock(home, purpose="look"):
                refusals.append(False)
        except HomeBusyError:
            refusals.append(True)

    thread = threading.Thread(target=try_lock)
    thread.start()
    thread.join()
    return refusals == [True]


def test_run_holds_lock_over_all_steps_and_removes_unfinished_builds(home: Home) -> None:
    (home.warehouse / ".indicators-restricted.duckdb.building").touch()
    lock_states: list[bool] = []
    result = make_job(*[lambda home: lock_states.append(is_locked_for_others(home))] * 2).execute_in_process()
    assert result.success and lock_states == [True, True]
    assert not is_locked_for_others(home)
    assert list(home.warehouse.glob(".*")) == []
    assert liveness.check_liveness(home.dagster, result.run_id) == "alive"


def test_run_waits_for_another_holder(home: Home) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold_lock() -> None:
        with hold_home_lock(home, purpose="publish"):
            holding.set()
            release.wait(20)

    other_thread = threading.Thread(target=hold_lock)
    other_thread.start()
    assert holding.wait(20)
    threading.Timer(0.3, release.set).start()
    was_free: list[bool] = []
    assert make_job(lambda _: was_free.append(release.is_set())).execute_in_process().success
    other_thread.join()
    assert was_free == [True]


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (sqlite3.OperationalError("database is locked"), [1, 2, 4]),
        (OSError(errno.EBUSY, "busy"), [1, 2, 4]),
        (ValueError("wrong"), []),
    ],
)
def test_step_is_repeated_for_transient_failures_only(
    home: Home, error: Exception, waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Note how long Dagster is asked to wait, and let it repeat the step at once; the last request is one too many."""
    waits_requested: list[float] = []
    request_retry = dg.RetryRequested

    def request_retry_at_once(max_retries: int, seconds_to_wait: float) -> dg.RetryRequested:
        waits_requested.append(seconds_to_wait)
        return request_retry(max_retries, seconds_to_wait=0)

    monkeypatch.setattr(dg, "RetryRequested", request_retry_at_once)
    attempts_made: list[int] = []

    def raise_error(_: Home) -> None:
        attempts_made.append(1)
        raise error

    assert not make_job(raise_error).execute_in_process(raise_on_error=False).success
    assert len(attempts_made) == max(1, len(waits))
    assert waits_requested == waits


def test_is_transient_looks_through_causes() -> None:
    outer = RuntimeError("the build failed")
    outer.__cause__ = ConnectionResetError()
    assert transient.is_transient(outer)
    assert not transient.is_transient(FileNotFoundError(errno.ENOENT, "missing"))
    assert not transient.is_transient(OSError(errno.ENOSPC, "no space left on device"))


# ----- reports


def test_failed_run_is_reported_only_once(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_value_error(_: Home) -> None:
        raise ValueError("157 victims of Anonymous Office")

    for _ in range(2):
        result = make_job(raise_value_error).execute_in_process(instance=instance, raise_on_error=False)
        failed, message = recovery.describe_failure(instance, result.dagster_run)
        assert (failed.step, failed.cause) == ("step_0", "ValueError") and "157" in message
        report_failed_run(home, failed)
        event = next(e for e in result.all_events if e.event_type_value == "PIPELINE_FAILURE")
        context = dg.build_run_status_sensor_context("failed_runs", event, instance, result.dagster_run)
        failed_runs(context.for_run_failure(), home=HomeResource(root=str(home.root)))
    reported = list_failure_notices(home)
    assert [(account, cause) for account, _, cause in reported] == [("head", "ValueError")]
    monkeypatch.setenv("RTI_NOW", "2026-11-21T00:00:01Z")
    report_failed_run(home, FailedRun(reported[0][1], "steps_in_order", "step_0", "ValueError"))
    assert len(list_failure_notices(home)) == 1, "the same run is reported again on the next day"


@pytest.mark.parametrize("cause", ["process_died", "ValueError"])
def test_notice_of_failed_run_contains_only_codes_and_can_be_sent(home: Home, cause: str) -> None:
    from pipelines.declarations.registry import load

    assert report_failed_run(home, FailedRun("0a1b", "refresh", "gathered", cause)) == 1
    engine = open_ledger(home)
    assert "157" not in json.dumps([dict(n.content) for n in notices.list_notices(engine)])
    assert notices.deliver_notices(home, engine, registry=load()).sent >= 1
    mails = [path.read_text(encoding="utf-8") for path in (home.restricted / "outbox").glob("*.eml")]
    assert [mail for mail in mails if "0a1b" in mail and "refresh" in mail]


def test_sensors_and_schedules_are_on_by_default() -> None:
    from pipelines.definitions import defs

    definitions = defs()
    switches = [*(definitions.sensors or ()), *(definitions.schedules or ())]
    assert failed_runs in switches and len(switches) == 9
    assert {switch.default_status.value for switch in switches} == {"RUNNING"}


def test_process_id_alone_does_not_make_a_run_alive(home: Home) -> None:
    """Check that a process id reused by another process does not keep a dead run open: the mark is a lock."""
    path = home.dagster / "alive" / "r.lock"
    path.parent.mkdir()
    path.write_text(str(os.getpid()), encoding="ascii")
    assert liveness.check_liveness(home.dagster, "r") == "dead"
