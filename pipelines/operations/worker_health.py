"""Answer `/live`, `/ready`, `/health` and `/metrics` for a step worker, in a process of its own.

The worker forks a process for each step, so it has no threads. Its health process reads from a pipe what the worker's
loop reports: that RabbitMQ is connected or away, and every few seconds that the loop goes on. The process of a step
reports to the same pipe when the step begins and how it ended. The health process ends with the worker.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pipelines.core.settings import SettingsError
from pipelines.core.structured_log import configure_log
from pipelines.operations.health_port import served_health_if_set
from pipelines.web.health import Health, HealthCheck
from pipelines.web.metrics import serve_registry

if TYPE_CHECKING:
    from celery import Celery
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

Outcome = Literal["success", "failed", "refused", "lost"]
"""How a step ended; `refused` is one that is left or given back, `lost` one whose process died."""
LONGEST_SILENCE: Final = 60.0
"""Seconds without a report after which the loop of a worker counts as stopped."""
PART: Final = "step-worker"
_REPORT_SECONDS: Final = 5.0
_LOG: Final = logging.getLogger("rti.worker")


class WorkerState:
    """The last reports of a worker; written by one thread and read by others."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, is_running: Callable[[int], bool] | None = None
    ) -> None:
        self._monotonic = monotonic
        self._is_running = is_running or _is_running
        self._connection = "the worker is not connected yet"
        self._last = monotonic()
        self._step: tuple[int, float] | None = None
        self._is_missing = False
        self.outcomes: Counter[str] = Counter()
        self.step_seconds = 0.0

    @property
    def step_process(self) -> int | None:
        """The process of the step that is being done."""
        return self._step[0] if self._step is not None else None

    @property
    def report_age(self) -> float:
        """Seconds since the last report."""
        return self._monotonic() - self._last

    @property
    def step_age(self) -> float:
        """Seconds since the step that is being done began; 0 if there is none."""
        return self._monotonic() - self._step[1] if self._step is not None else 0.0

    def note_report(self, report: str) -> None:
        """Record a report of the worker or of the process of a step."""
        self._last = self._monotonic()
        kind, _, detail = report.partition(" ")
        if kind == "connected":
            self._connection = ""
        elif kind == "away":
            self._connection = "the worker is not connected to RabbitMQ"
        elif kind == "began":
            self._end_step("lost")
            self._step = int(detail), self._monotonic()
        elif kind == "ended":
            self._end_step(detail)
        elif kind == "alive" and self._step is not None and not self._is_running(self._step[0]):
            # The report that the step has ended may be on its way, so that only the second time counts.
            if self._is_missing:
                self._end_step("lost")
            else:
                self._is_missing = True

    def _end_step(self, outcome: str) -> None:
        if self._step is not None:
            self.outcomes[outcome] += 1
            self.step_seconds += self.step_age
        self._step, self._is_missing = None, False

    def measure_health(self) -> Health:
        """Return whether the worker can take steps: it is connected, and its loop goes on."""
        # Until it is connected, and while it connects again, the loop makes no reports.
        is_silent = not self._connection and self.report_age > LONGEST_SILENCE
        return Health(
            (
                HealthCheck("RabbitMQ", self._connection),
                HealthCheck("loop", "the worker has made no report for too long" if is_silent else ""),
            )
        )


def _is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class StepWorkerCollector:
    """Collector of `prometheus_client` over the reports of a worker. No label has a step: its name has a territory."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state

    def yield_metrics(self) -> Iterator[Metric]:
        """Yield each metric."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        gauges = {
            ("rti_healthy", "1 if the worker can take steps."): float(self._state.measure_health().is_good),
            ("rti_report_age_seconds", "Seconds since the last report of the worker."): self._state.report_age,
            ("rti_steps_in_progress", "Steps that the worker is doing."): float(self._state.step_process is not None),
            ("rti_step_age_seconds", "Seconds since the step in progress began, or 0."): self._state.step_age,
        }
        for (name, description), value in gauges.items():
            metric = GaugeMetricFamily(name, description, labels=["part"])
            metric.add_metric([PART], value)
            yield metric
        ended = CounterMetricFamily("rti_steps", "Steps that have ended, by outcome.", labels=["part", "outcome"])
        for outcome in get_args(Outcome):
            ended.add_metric([PART, outcome], self._state.outcomes[outcome])
        yield ended
        seconds = CounterMetricFamily("rti_step_seconds", "Time that ended steps have taken.", labels=["part"])
        seconds.add_metric([PART], self._state.step_seconds)
        yield seconds

    collect = yield_metrics
    """The name by which the library calls it."""


def make_step_worker_registry(state: WorkerState, worker: int) -> CollectorRegistry:
    """Return the metrics of a worker: its steps, and memory and processor time of its process and that of its step."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(pid=lambda: worker, registry=registry)
    ProcessCollector(namespace="rti_step", pid=lambda: state.step_process or "none", registry=registry)
    PlatformCollector(registry=registry)
    registry.register(StepWorkerCollector(state))
    return registry


@contextmanager
def reported_health(port: int | None, metrics_port: int | None = None) -> Iterator[Callable[[str], None]]:
    """Run the health process of this worker while the block lasts, and yield the function that reports to it.

    Without a port there is none. The health process survives the signals that end a worker, which completes its step.
    """
    if port is None and metrics_port is None:
        yield lambda _: None
        return
    command = [sys.executable, "-m", "pipelines.operations.worker_health"]
    for option, value in (("--port", port), ("--metrics-port", metrics_port)):
        command += [option, str(value)] if value is not None else []
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    pipe = process.stdin
    assert pipe is not None

    def report_state(report: str) -> None:
        try:
            pipe.write(f"{report}\n".encode())
            pipe.flush()
        except OSError:
            if not pipe.closed:
                _LOG.warning("the health of this worker is no longer served: its health process has ended")
                _close_quietly(pipe)
        except ValueError:
            pass  # It was closed above.

    try:
        yield report_state
    finally:
        _close_quietly(pipe)
        process.kill()
        process.wait()


def _close_quietly(pipe: Any) -> None:
    with suppress(OSError):
        pipe.close()


@contextmanager
def reported_step(report_state: Callable[[str], None]) -> Iterator[Callable[[Outcome], None]]:
    """Report that this process begins a step, and how it ended; yield the function that sets another outcome.

    A step counts as successful, or as failed if the block raises an exception, unless the function was called.
    """
    chosen: list[Outcome] = []
    report_state(f"began {os.getpid()}")
    try:
        yield chosen.append
    except BaseException:
        report_state(f"ended {chosen[-1] if chosen else 'failed'}")
        raise
    report_state(f"ended {chosen[-1] if chosen else 'success'}")


def add_reports(app: Celery, report_state: Callable[[str], None]) -> None:
    """Let the loop of a worker report when it is connected, while it goes on, and when RabbitMQ is away."""
    from celery import bootsteps

    class ReportStep(bootsteps.StartStopStep):  # type: ignore[misc]
        """Begins when the worker takes steps, and stops when its connection is lost or it ends."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **options: Any) -> None:
            super().__init__(parent, **options)
            self._timer: Any = None

        def begin_reports(self, parent: Any) -> None:
            report_state("connected")
            self._timer = parent.timer.call_repeatedly(_REPORT_SECONDS, report_state, ("alive",))

        def end_reports(self, parent: Any) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
                report_state("away")

        # Celery calls them by these names.
        start, stop = begin_reports, end_reports

    app.steps["consumer"].add(ReportStep)


def serve_reports(
    port: int | None, reports: Iterable[str], *, metrics_port: int | None = None, worker: int | None = None
) -> None:
    """Answer on loopback ports for the worker whose reports these are, until they end; `worker` is its process."""
    state = WorkerState()
    if metrics_port is not None:
        serve_registry(make_step_worker_registry(state, worker or os.getppid()), metrics_port)
    with served_health_if_set(port, state.measure_health):
        for report in reports:
            state.note_report(report.strip())


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the health of the worker that writes its reports to this process, until it closes the pipe."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.worker_health", description=__doc__)
    parser.add_argument("--metrics-port", type=int)
    parser.add_argument("--port", type=int)
    options = parser.parse_args(arguments)
    # A service manager sends these to every process of a worker, which then completes its step.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    try:
        configure_log("worker")
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    serve_reports(options.port, sys.stdin, metrics_port=options.metrics_port)


if __name__ == "__main__":
    main()
