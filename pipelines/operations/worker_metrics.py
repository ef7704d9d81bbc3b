"""Measure the worker for Prometheus: runs, its queue, the age of what it did last, heartbeats, failing sensors.

Everything is read from Dagster's storage and the home at each scrape, so a restart of the worker loses no count. No
label contains an office, a territory, a return or the words of an error.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pipelines.core import clock
from pipelines.runs import trigger_watch

if TYPE_CHECKING:
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
    """Collector of `prometheus_client` over the instance of a home."""

    def __init__(self, home: Home, instance: DagsterInstance) -> None:
        self._home, self._instance = home, instance

    def yield_metrics(self) -> Iterator[Metric]:
        """Yield each metric; one that cannot be read is logged and left out, so that the others are still scraped."""
        for read in (self._count_runs, self._read_last_successes, self._read_heartbeats, self._count_failing):
            try:
                yield read()
            except Exception as error:
                _LOG.warning("a metric cannot be read (%s)", type(error).__name__)

    collect = yield_metrics
    """The name by which the library calls it."""

    def _count_runs(self) -> Metric:
        from dagster import DagsterRunStatus, RunsFilter
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily("rti_runs", "Runs in Dagster's storage by status.", labels=["part", "status"])
        for status in DagsterRunStatus:
            number = self._instance.get_runs_count(RunsFilter(statuses=[status]))
            metric.add_metric([PART, status.value.lower()], number)
        return metric

    def _read_last_successes(self) -> Metric:
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
        return metric

    def _read_heartbeats(self) -> Metric:
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(
            "rti_heartbeat_age_seconds", "Seconds since the last heartbeat of a part of the daemon.", labels=["part"]
        )
        for name, beat in self._instance.get_daemon_heartbeats().items():
            metric.add_metric([name.lower()], max(0.0, clock.read_dagster_clock() - beat.timestamp))
        return metric

    def _count_failing(self) -> Metric:
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(
            "rti_failing_triggers", "Sensors and schedules that fail again and again.", labels=["part"]
        )
        metric.add_metric([PART], len(trigger_watch.read_failing_triggers(self._home)))
        return metric


def make_worker_registry(home: Home, instance: DagsterInstance) -> CollectorRegistry:
    """Return the metrics of the worker, with its memory and processor time."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(WorkerCollector(home, instance))
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
