"""Make Dagster in this process follow a shifted clock: the system clock plus the difference in `RTI_NOW`.

With a time in `RTI_NOW`, Dagster keeps the system clock: with a stopped one, its daemon would wait for ever.
The times of events inside a run, and times that the database enters, are also those of the system clock.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.core import clock


def follow_running_clock() -> None:
    """Replace the two functions that give Dagster the time, as its own tests do. Without a difference, do nothing.

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
