"""Let Dagster in this process have the time of a clock that runs: the system clock plus the difference in `RTI_NOW`.

A clock that stands still is not for Dagster, whose daemon would wait for ever: with a time in `RTI_NOW`, it keeps the
system clock. The times of events inside a run, and those that the database enters, are those of the system clock too.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.core import clock


def follow_running_clock() -> None:
    """Replace the two functions from which Dagster has the time, as its own tests do; without a difference, nothing.

    The difference is read once: all processes of a service have the same environment. Raises SettingsError.
    """
    difference = clock.read_difference()
    if not difference:
        return
    import dagster._time

    def read_datetime() -> datetime:
        return datetime.now(UTC) + difference

    dagster._time._mockable_get_current_datetime = read_datetime
    dagster._time._mockable_get_current_timestamp = lambda: read_datetime().timestamp()
