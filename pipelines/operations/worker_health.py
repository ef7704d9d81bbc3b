"""Answer `/live`, `/ready` and `/health` for a step worker, in a process of its own.

The worker forks a process for each step, so it has no threads. Its health process reads from a pipe what the worker's
loop reports: that RabbitMQ is connected or away, and every few seconds that the loop goes on. It ends with the worker.
"""

from __future__ import annotations

import argparse
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Literal

from pipelines.core.settings import SettingsError
from pipelines.core.structured_log import configure_log
from pipelines.operations.health_port import served_health_if_set
from pipelines.web.health import Health, HealthCheck

if TYPE_CHECKING:
    from celery import Celery

Report = Literal["connected", "away", "alive"]
LONGEST_SILENCE: Final = 60.0
"""Seconds without a report after which the loop of a worker counts as stopped."""
_REPORT_SECONDS: Final = 5.0
_LOG: Final = logging.getLogger("rti.worker")


class WorkerState:
    """The last reports of a worker; written by one thread and read by others."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._connection = "the worker is not connected yet"
        self._last = monotonic()

    def note_report(self, report: str) -> None:
        """Record a report of the worker."""
        self._last = self._monotonic()
        if report == "connected":
            self._connection = ""
        elif report == "away":
            self._connection = "the worker is not connected to RabbitMQ"

    def measure_health(self) -> Health:
        """Return whether the worker can take steps: it is connected, and its loop goes on."""
        # Until it is connected, and while it connects again, the loop makes no reports.
        is_silent = not self._connection and self._monotonic() - self._last > LONGEST_SILENCE
        return Health(
            (
                HealthCheck("RabbitMQ", self._connection),
                HealthCheck("loop", "the worker has made no report for too long" if is_silent else ""),
            )
        )


@contextmanager
def reported_health(port: int | None) -> Iterator[Callable[[Report], None]]:
    """Run the health process of this worker while the block lasts, and yield the function that reports to it.

    Without a port there is none. The health process survives the signals that end a worker, which completes its step.
    """
    if port is None:
        yield lambda _: None
        return
    command = [sys.executable, "-m", "pipelines.operations.worker_health", "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    pipe = process.stdin
    assert pipe is not None

    def report_state(report: Report) -> None:
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


def add_reports(app: Celery, report_state: Callable[[Report], None]) -> None:
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


def serve_reports(port: int, reports: Iterable[str]) -> None:
    """Answer on a loopback port for the worker whose reports these are, until they end."""
    state = WorkerState()
    with served_health_if_set(port, state.measure_health):
        for report in reports:
            state.note_report(report.strip())


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the health of the worker that writes its reports to this process, until it closes the pipe."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.worker_health", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args(arguments).port
    # A service manager sends these to every process of a worker, which then completes its step.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    try:
        configure_log("worker")
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    serve_reports(port, sys.stdin)


if __name__ == "__main__":
    main()
