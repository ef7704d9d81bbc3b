"""Tests of Dagster's time in our processes: that of a clock shifted by a difference, else the system's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import dagster._time
import pytest
from dagster._daemon.types import DaemonHeartbeat

from pipelines.core import clock
from pipelines.core.home import initialise_home
from pipelines.defs.partitions import QUARTERS
from pipelines.model.periods import Period
from pipelines.operations import daemon
from pipelines.operations.worker_metrics import make_worker_registry
from pipelines.runs.instance import instance_folder
from pipelines.runs.running_clock import follow_running_clock

YEARS = timedelta(days=800)


def let_dagster_follow(patch: pytest.MonkeyPatch, now: str) -> None:
    """Set the clock and let Dagster follow it until the test ends."""
    patch.setenv("RTI_NOW", now)
    for name in ("_mockable_get_current_datetime", "_mockable_get_current_timestamp"):
        patch.setattr(dagster._time, name, getattr(dagster._time, name))
    follow_running_clock()


@pytest.mark.parametrize(("now", "ahead"), [("+P800D", YEARS), ("-P800D", -YEARS), ("2034-11-15T09:00:00Z", 0 * YEARS)])
def test_partitions_follow_a_clock_that_runs_and_no_other(
    monkeypatch: pytest.MonkeyPatch, now: str, ahead: timedelta
) -> None:
    let_dagster_follow(monkeypatch, now)
    today = datetime.now(UTC) + ahead
    assert abs(dagster._time.get_current_datetime() - today) < timedelta(minutes=1)
    assert abs(dagster._time.get_current_timestamp() - clock.read_dagster_clock()) < 60
    assert QUARTERS.get_last_partition_key() == Period.from_day(today.date(), "Q").start.isoformat()


@pytest.mark.parametrize("now", ["+P800D", "-P800D"])
def test_heartbeats_are_judged_by_the_same_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, now: str) -> None:
    """Judge heartbeats by Dagster's clock, because the daemon records them by it."""
    home = initialise_home(tmp_path / "home", "real")
    let_dagster_follow(monkeypatch, now)
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        for name in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat(dagster._time.get_current_timestamp() - 60, name, "1", []))
        assert daemon.daemon_readiness(instance).is_good
        ages = [
            sample.value
            for family in make_worker_registry(home, instance).collect()
            for sample in family.samples
            if sample.name == "rti_heartbeat_age_seconds"
        ]
    assert ages and all(60 <= age < 120 for age in ages)
