"""Measure runs that have not ended: how long they wait and work, and for how long they have written nothing.

A run whose process died is closed by run monitoring. One whose process lives and does nothing more is noticed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipelines.core import clock

if TYPE_CHECKING:
    from dagster import DagsterInstance

LONGEST_SILENCE: Final = 3600.0
"""Seconds without an event after which a run counts as stuck.

Each step writes when it begins and ends. Of ten times the returns of the demonstration, none of those that were
measured took more than eight minutes of processor time (docs/benchmarks.md).
"""


def measure_oldest(instance: DagsterInstance) -> dict[str, float]:
    """Return the age in seconds of the oldest run of each status that is not an end, or 0."""
    from dagster import DagsterRunStatus, RunsFilter

    ages = {}
    for status in (DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED):
        records = instance.get_run_records(RunsFilter(statuses=[status]), limit=1, ascending=True)
        started = [record.start_time or record.create_timestamp.timestamp() for record in records]
        ages[status.value.lower()] = max(0.0, clock.read_wall_clock() - min(started)) if started else 0.0
    return ages


def measure_silence(instance: DagsterInstance) -> float:
    """Return the longest time in seconds for which a run that works has written no event, or 0 if none works."""
    from dagster import DagsterRunStatus, RunsFilter

    silences = [0.0]
    for record in instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.STARTED])):
        last = instance.get_records_for_run(record.dagster_run.run_id, limit=1, ascending=False).records
        seconds = last[0].event_log_entry.timestamp if last else record.create_timestamp.timestamp()
        silences.append(clock.read_wall_clock() - seconds)
    return max(silences)


def describe_stuck_run(instance: DagsterInstance) -> str:
    """Return that a run is stuck, with the remedy, or an empty text."""
    if measure_silence(instance) <= LONGEST_SILENCE:
        return ""
    return "a run has written nothing for an hour; look at it in the Dagster UI, and terminate it there if it is stuck"
