"""Tests of the real Dagster daemon and its code server, as `rti serve` starts them.

They start the runs of a deadline when the clock has passed it, start a run for a new return, and recover from a killed
run. The last two are slow; `tests/integration/defs/test_simulated_year.py` evaluates the same sensors at every deadline
of four quarters.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path

import dagster as dg
import httpx
import pytest
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from prometheus_client.parser import text_string_to_metric_families

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.ledger import queries, verification
from pipelines.ledger.opening import open_ledger
from pipelines.model.periods import Period
from pipelines.refresh import due
from pipelines.runs.instance import instance_folder
from pipelines.submissions import notices
from pipelines.submissions.quarter_log import read_quarter_acts
from pipelines.submissions.timetable import QuarterPlan, plan_quarter
from tests.support.demonstration import CLOCK, copy_home
from tests.support.ports import free_port
from tests.support.quarter_world import STEWARD, QuarterWorld, make_world
from tests.support.service.dagster_service import LONGEST, run_dagster, start_clock_at, wait_for

BEGUN = 10
"""Seconds before the deadline at which a sensor that decides after it may have begun, on a busy machine."""
JOBS = {"close_collection", "open_queries"}
"""The jobs of the day after the last day for returns."""
LEADS = (32, 80, 240)
"""Seconds before the deadline at which the processes start: more if the machine was too slow at the last attempt.

After twenty seconds, the code server prepares a process that starts runs in a tenth of the processor time."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuarterWorld]:
    """A small home in which the offices of the declared territories have accounts."""
    for name in ("RTI_LEDGER_URL", "RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_DAGSTER_STORAGE_URL", "RTI_NOW"):
        monkeypatch.delenv(name, raising=False)
    world = make_world(tmp_path)
    yield world
    world.engine.dispose()


@pytest.mark.sampled(turn=1)
def test_daemon_started_before_a_deadline_starts_its_runs_when_it_has_passed(
    world: QuarterWorld, tmp_path: Path
) -> None:
    """Start the processes seconds before the last day for returns ends, and check the runs of the next minute.

    The quarter is years ahead, so that Dagster has no partition for it by the clock of the machine.
    """
    with dg.DagsterInstance.from_config(str(instance_folder(world.home))) as instance:
        for years, lead in enumerate(LEADS, start=2):
            quarter = Period.from_code(f"{datetime.now(UTC).year + years}-Q3")
            plan = plan_quarter(world.registry, quarter)
            assert plan is not None
            midnight = datetime.combine(plan.collection + timedelta(days=1), time(), UTC)
            accept_first_return(world, plan, midnight - timedelta(hours=1))
            runs = run_through_deadline(world.home, instance, tmp_path, midnight, lead)
            ticks = {job: list_ticks(instance, f"{job}_day", midnight - timedelta(minutes=30)) for job in JOBS}
            if all(ticks[job][0].status is TickStatus.SKIPPED for job in JOBS):
                break
        else:
            pytest.fail(f"no sensor was evaluated in the {LEADS[-1]} seconds before the deadline")
    assert {run.job_name for run in runs} == JOBS
    acts = {entry.act: clock.parse_time(entry.at) for entry in read_quarter_acts(world.engine, quarter.code)}
    assert set(acts) == JOBS
    for run in runs:
        job = run.job_name
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert run.tags["dagster/partition"] == quarter.start.isoformat()
        assert run.tags["dagster/sensor_name"] == f"{job}_day"
        assert run.tags["dagster/run_key"].startswith(f"{job}-{quarter.code}-")
        before = [*takewhile(lambda tick: tick.status is TickStatus.SKIPPED, ticks[job])]
        first = ticks[job][len(before)]
        assert (first.status, first.run_ids) == (TickStatus.SUCCESS, [run.run_id])
        assert first.timestamp > midnight.timestamp() - BEGUN
        assert midnight <= acts[job] < midnight + timedelta(seconds=LONGEST)  # type: ignore[index]
    listed = [notice for notice in notices.list_notices(world.engine) if notice.content.get("quarter") == quarter.code]
    reports = {notice.account_id: notice for notice in listed if notice.content["what"] == "close_collection"}
    assert set(reports) == {STEWARD}
    assert len(reports[STEWARD].content["items"]) == len(plan.expected) - 1
    assert verification.verify_ledger(world.engine, home=world.home).faults == ()


def accept_first_return(world: QuarterWorld, plan: QuarterPlan, moment: datetime) -> None:
    """Accept one of the expected returns at a moment, as if a refresh had gathered it since."""
    with clock.freeze_time(moment):
        world.accept_returns(plan.expected[:1])
    due.mark_gathered(world.home, queries.last_event_id(world.engine))
    due.mark_refreshed(world.home)


def run_through_deadline(
    home: Home, instance: dg.DagsterInstance, logs: Path, midnight: datetime, lead: int
) -> list[dg.DagsterRun]:
    """Run the processes from some seconds before a midnight until the new runs of its jobs have ended; return them."""
    earlier = {run.run_id for run in instance.get_runs()}

    def list_new() -> list[dg.DagsterRun]:
        return [run for run in instance.get_runs() if run.run_id not in earlier and run.job_name in JOBS]

    now, port = start_clock_at(midnight - timedelta(seconds=lead)), free_port()
    variables = {"RTI_NOW": now, "RTI_QUARTER_SENSOR_SECONDS": "5", "RTI_METRICS_PORT": str(port)}
    with run_dagster(home, logs, **variables) as log:
        wait_for(lambda: sum(run.is_finished for run in list_new()) == len(JOBS), log)
        check_metrics(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=60).text)
    return list_new()


def check_metrics(text: str) -> None:
    """Check what a daemon with a shifted clock has measured of its runs, its sensors and its code server."""
    registry = {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def read_metric(name: str, *labels: str) -> float:
        return registry[f"rti_{name}", frozenset(labels)]

    assert read_metric("runs", "daemon", "success") >= len(JOBS)
    for job in JOBS:
        assert 0 <= read_metric("tick_age_seconds", "daemon", "sensor", f"{job}_day") < LONGEST
        assert read_metric("tick_failed", "daemon", "sensor", f"{job}_day") == 0
    assert read_metric("healthy", "code-server") == read_metric("processes", "code-server") == 1
    assert read_metric("processes_memory_bytes", "code-server") > 10_000_000
    assert read_metric("run_silence_seconds", "daemon") < LONGEST


def list_ticks(instance: dg.DagsterInstance, sensor: str, since: datetime) -> list[InstigatorTick]:
    """Return the evaluations of a sensor since a moment, oldest first."""
    (state,) = [state for state in instance.all_instigator_state() if state.instigator_name == sensor]
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, after=since.timestamp())
    return list(reversed(ticks))


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


@pytest.mark.slow
def test_daemon_runs_for_new_return_and_recovers_from_killed_run(home: Home, tmp_path: Path) -> None:
    assert main.main(["nil", "AL-VICTIMS-1", "2026-Q3", "--comment", "none"]) == 0
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        before = {run.run_id for run in instance.get_runs()}
        with run_dagster(home, tmp_path) as daemon:

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
