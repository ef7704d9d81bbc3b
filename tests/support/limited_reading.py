"""Reading under a lower limit of processor time; a module of its own, since reading processes import it by name."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.reading.formats import budget
from pipelines.submissions.checking.read_task import ReadResult, Task, run_task


@dataclass(frozen=True, slots=True)
class LimitedTask:
    """A file to read, and the processor seconds that it may use if its size does not allow more."""

    task: Task
    seconds: float = budget.BASE


def run_limited_task(limited: LimitedTask) -> ReadResult:
    """Read a file as a reading process does, with the task's limit for small files."""
    budget.BASE = limited.seconds
    assert budget._meter is not None
    budget._meter.allowed = limited.seconds
    return run_task(limited.task)
