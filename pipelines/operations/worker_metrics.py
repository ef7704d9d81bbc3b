"""Measure the worker for Prometheus: runs, queues, the age of what it did last, heartbeats, sensors, its processes.

Everything is read from Dagster's storage, the home and RabbitMQ at each scrape, so a restart of the worker loses no
count. No label contains an office, a territory, a return or the words of an error.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pipelines.core import clock
from pipelines.core.processes import measure_memory
from pipelines.operations.code_server_watch import CodeServerWatch
from pipelines.runs import run_progress, step_queue, trigger_watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagster import DagsterInstance
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from pipelines.core.home import Home

PART: Final = "daemon"
JOBS: Final = ("refresh", "reminders")
"""Jobs whose last success is measured: a refresh follows what arrives, reminders are sent each morning."""
WRITE_SECONDS: Final = 60.0
_LOG = logging.getLogger("rti.metrics")


class WorkerCollector:
    """Collector of `prometheus_client` over the instance of a home and the code server of its definitions."""

    def __init__(self, home: Home, instance: DagsterInstance, code_server: CodeServerWatch | None = None) -> None:
        self._home, self._instance, self._code_server = home, instance, code_server

    def yield_metrics(self) -> Iterator[Metric]:
        """Yield each metric; one that cannot be read is logged and left out, so that the others are still scraped."""
        readers: tuple[Callable[[], Iterator[Metric]], ...] = (
            self._count_runs,
            self._measure_runs,
            self._read_last_successes,
            self._read_heartbeats,
            self._count_failing,
            self._read_ticks,
            self._count_waiting_steps,
            self._measure_processes,
        )
        for read in readers:
            try:
                yield from read()
            except Exception as error:
                _LOG.warning("a metric cannot be read (%s)", type(error).__name__)

    collect = yield_metrics
    """The name by which the library calls it."""

    def _count_runs(self) -> Iterator[Metric]:
        from dagster import DagsterRunStatus, RunsFilter
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily("rti_runs", "Runs in Dagster's storage by status.", labels=["part", "status"])
        for status in DagsterRunStatus:
            number = self._instance.get_runs_count(RunsFilter(statuses=[status]))
            metric.add_metric([PART, status.value.lower()], number)
        yield metric

    def _read_last_successes(self) -> Iterator[Metric]:
        from dagster import DagsterRunStatus, RunsFilter
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(
            "rti_last_success_age_seconds", "Seconds since the last successful run of a job.", labels=["part", "job"]
        )
        for job in JOBS:
            chosen = RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS])
            for record in self._instance.get_run_records(chosen, limit=1):
                if record.end_time is not None:
                    metric.add_metric([PART, job], max(0.0, clock.read_wall_clock() - record.end_time))
        yield metric

    def _read_heartbeats(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(
            "rti_heartbeat_age_seconds", "Seconds since the last heartbeat of a part of the daemon.", labels=["part"]
        )
        for name, beat in self._instance.get_daemon_heartbeats().items():
            metric.add_metric([name.lower()], max(0.0, clock.read_dagster_clock() - beat.timestamp))
        yield metric

    def _count_failing(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(
            "rti_failing_triggers", "Sensors and schedules that fail again and again.", labels=["part"]
        )
        metric.add_metric([PART], len(trigger_watch.read_failing_triggers(self._home)))
        yield metric

    def _measure_runs(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        age = GaugeMetricFamily(
            "rti_run_age_seconds", "Age of the oldest run that has not ended, or 0.", labels=["part", "status"]
        )
        for status, seconds in run_progress.measure_oldest(self._instance).items():
            age.add_metric([PART, status], seconds)
        yield age
        silence = GaugeMetricFamily(
            "rti_run_silence_seconds", "Longest time without an event of a run that works, or 0.", labels=["part"]
        )
        silence.add_metric([PART], run_progress.measure_silence(self._instance))
        yield silence

    def _read_ticks(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        labels = ["part", "kind", "name"]
        age = GaugeMetricFamily(
            "rti_tick_age_seconds", "Seconds since the last evaluation of a sensor or schedule.", labels=labels
        )
        failed = GaugeMetricFamily(
            "rti_tick_failed", "1 if the last evaluation of a sensor or schedule failed.", labels=labels
        )
        for tick in trigger_watch.read_last_ticks(self._instance):
            age.add_metric([PART, tick.kind, tick.name], max(0.0, clock.read_dagster_clock() - tick.seconds))
            failed.add_metric([PART, tick.kind, tick.name], float(tick.has_failed))
        yield age
        yield failed

    def _count_waiting_steps(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        if not step_queue.has_queue():
            return
        waiting = GaugeMetricFamily("rti_steps_waiting", "Steps that wait for a worker.", labels=["part", "queue"])
        workers = GaugeMetricFamily("rti_step_workers", "Workers that take steps.", labels=["part", "queue"])
        for state in step_queue.read_queues():
            waiting.add_metric([PART, state.name], state.waiting)
            workers.add_metric([PART, state.name], state.workers)
        yield waiting
        yield workers

    def _measure_processes(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        if self._code_server is None:
            return
        answers = GaugeMetricFamily("rti_healthy", "1 if the part answers.", labels=["part"])
        answers.add_metric(["code-server"], float(not self._code_server.describe_problem()))
        yield answers
        number = GaugeMetricFamily("rti_processes", "Processes of a part.", labels=["part"])
        memory = GaugeMetricFamily(
            "rti_processes_memory_bytes", "Memory of the processes of a part, shared pages by share.", labels=["part"]
        )
        for part, processes in self._code_server.list_processes().items():
            number.add_metric([part], len(processes))
            memory.add_metric([part], sum(map(measure_memory, processes)))
        yield number
        yield memory


def make_worker_registry(
    home: Home, instance: DagsterInstance, code_server: CodeServerWatch | None = None
) -> CollectorRegistry:
    """Return the metrics of the worker, with its memory and processor time, and of the code server and its runs."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(WorkerCollector(home, instance, code_server))
    return registry


@contextmanager
def written_metrics(registry: CollectorRegistry, file: Path | None, seconds: float = WRITE_SECONDS) -> Iterator[None]:
    """Replace a file with the metrics, at once and then each minute, while the block lasts; None writes nothing.

    A file that cannot be written is logged once: the work matters more than its measurement.
    """
    if file is None:
        yield
        return
    is_ending = threading.Event()
    thread = threading.Thread(
        target=_write_again, args=(registry, file, seconds, is_ending), name="metrics", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        is_ending.set()
        thread.join(timeout=10)


def _write_again(registry: CollectorRegistry, file: Path, seconds: float, is_ending: threading.Event) -> None:
    from prometheus_client import write_to_textfile

    has_failed = False
    while True:
        try:
            write_to_textfile(str(file), registry)
        except OSError as error:
            if not has_failed:
                _LOG.warning("metrics cannot be written (%s); correct RTI_METRICS_FILE or its rights", error.strerror)
            has_failed = True
        if is_ending.wait(seconds):
            return
