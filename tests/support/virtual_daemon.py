"""Dagster's daemon in this process, under a clock that tests move.

The iterations are those of the daemon: sensors, schedules, the run queue, run monitoring. Definitions are loaded in
this process, and runs are executed in it, so that all of them see the same clock.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.execution.api import execute_run
from dagster._core.launcher import LaunchRunContext
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from pipelines.core import clock
from pipelines.core.home import Home

_CONFIGURATION = """\
telemetry: {enabled: false}
run_launcher: {module: tests.support.virtual_daemon, class: ReplacingLauncher}
run_monitoring: {enabled: true}
concurrency:
  runs: {max_concurrent_runs: 10}
"""
_MODULE = "pipelines.definitions"
_LOG = logging.getLogger("virtual_daemon")


@cache
def _load_repository() -> dg.RepositoryDefinition:
    from pipelines.definitions import defs

    return defs().get_repository_def()


class ReplacingLauncher(SyncInMemoryRunLauncher):
    """Executes runs at once in this process; a job in `replaced` runs a function of the test instead."""

    replaced: ClassVar[dict[str, Callable[[], None]]] = {}

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        function = self.replaced.get(run.job_name)
        if function is None:
            # The inherited method would load the definitions again for each run, which takes half a second.
            execute_run(InMemoryJob(_load_repository().get_job(run.job_name)), run, self._instance)
            return
        for kind in (DagsterEventType.RUN_START, DagsterEventType.RUN_SUCCESS):
            if kind is DagsterEventType.RUN_SUCCESS:
                function()
            event = DagsterEvent(event_type_value=kind.value, job_name=run.job_name)
            self._instance.report_dagster_event(event, run_id=run.run_id)


class VirtualDaemon:
    """The daemon of a home; `move_clock` moves the clock and lets it work until nothing is left to do."""

    def __init__(self, home: Home, context: Any, patch: pytest.MonkeyPatch) -> None:
        self.home, self._context, self._patch = home, context, patch
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=1)

    @property
    def instance(self) -> dg.DagsterInstance:
        instance: dg.DagsterInstance = self._context.instance
        return instance

    def move_clock(self, moment: datetime) -> list[str]:
        """Set the clock and run one iteration of each part. Return the jobs of the new runs, in their order."""
        before = {run.run_id for run in self.instance.get_runs()}
        self._patch.setenv("RTI_NOW", clock.format_timestamp(moment))
        with freeze_time(moment):
            _work(execute_sensor_iteration(self._context, _LOG, None, None))
            _work(launch_scheduled_runs(self._context, _LOG, moment, {}, max_catchup_runs=1))
            _work(self._queue.run_iteration(self._context))
            _work(execute_run_monitoring_iteration(self._context, _LOG))
        return [run.job_name for run in reversed(self.instance.get_runs()) if run.run_id not in before]

    def count_statuses(self) -> Counter[str]:
        """Count the runs by status."""
        return Counter(run.status.value for run in self.instance.get_runs())


@contextmanager
def virtual_daemon(home: Home, patch: pytest.MonkeyPatch, **replaced: Callable[[], None]) -> Iterator[VirtualDaemon]:
    """Yield the daemon of a home; `replaced` are functions that are called for runs of these jobs."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    (home.dagster / "dagster.yaml").write_text(_CONFIGURATION, encoding="utf-8")
    patch.setenv("DAGSTER_HOME", str(home.dagster))
    patch.setattr(ReplacingLauncher, "replaced", replaced)
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name=_MODULE), location_name=_MODULE)
    with (
        dg.DagsterInstance.from_config(str(home.dagster)) as instance,
        create_test_daemon_workspace_context(InProcessWorkspaceLoadTarget([origin]), instance) as context,
    ):
        # Each evaluation would open the instance again and read all migrations of its databases: half of the time.
        patch.setattr(dg.DagsterInstance, "from_ref", staticmethod(lambda _ref: nullcontext(instance)))
        yield VirtualDaemon(home, context, patch)


def _work(iterator: Iterator[Any]) -> None:
    for problem in iterator:
        assert problem is None or not hasattr(problem, "message"), problem
