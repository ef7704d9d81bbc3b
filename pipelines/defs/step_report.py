"""Report a step to Dagster: log lines, duration, and a request to repeat it after failures that may be temporary."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from pipelines.defs.retries import retry_transient_failures
from pipelines.runs.step_log import steps_log
from pipelines.runs.step_queue import set_priority

SECRETARIAT = "team:regional-secretariat"
"""Owner of what is made from the returns of all territories."""
AFTER_DRAFT_MARTS = set_priority(-1)
"""Tag of a step that waits while a step on the way to the marts of the draft is ready."""
LAST = set_priority(-2)
"""Tag of a step that waits for all others."""


def write_line(context: dg.OpExecutionContext | dg.AssetExecutionContext, line: str) -> None:
    """Write a line to the log of the run, which its page in Dagster shows, and to the one that the command line shows.

    Lines of Python's own loggers do not reach the page of a run.
    """
    context.log.info(line)
    steps_log().info(line)


class StepReport:
    """The log of a running step, and the metadata of its result."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._started = time.monotonic()

    def write_line(self, line: str) -> None:
        """Write a line to the run's log and to the logger that the command line shows."""
        write_line(self._context, line)

    def add_seconds(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return the metadata with the seconds since the step began."""
        return {**metadata, "seconds": round(time.monotonic() - self._started, 1)}


@contextmanager
def report_step(context: dg.AssetExecutionContext) -> Iterator[StepReport]:
    """Yield the report of a step, and log how long the step took."""
    report = StepReport(context)
    with retry_transient_failures(context):
        yield report
    context.log.info(f"{context.op_def.name} took {report.add_seconds({})['seconds']} seconds")
