"""The only module that reads the system clock.

All code calls `now()`.  Tests and demonstrations set the time with `RTI_NOW` or `freeze_time()`, so that the same
submissions, code and clock give a byte-identical release. `RTI_NOW` is either a time, which stops
the clock, or a difference from the system clock, which shifts it. All processes with one difference have the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: list[datetime] = []


def now() -> datetime:
    """Return the UTC time to the second: the innermost frozen time, else that of `RTI_NOW`, else the real time.

    Raises SettingsError if `RTI_NOW` is neither a time nor a difference.
    """
    if _frozen:
        return _frozen[-1]
    present = _read_present()
    if isinstance(present, datetime):
        return _to_utc(present)
    return (datetime.now(UTC) + (present or timedelta())).replace(microsecond=0)


def read_difference() -> timedelta:
    """Return how far the clock is ahead of the system clock: the difference in `RTI_NOW`, otherwise zero.

    Raises SettingsError if `RTI_NOW` is neither a time nor a difference.
    """
    present = _read_present()
    return present if isinstance(present, timedelta) else timedelta()


def _read_present() -> datetime | timedelta | None:
    from pipelines.core.settings import ClockSettings, read_settings

    return read_settings(ClockSettings).now


def read_wall_clock() -> float:
    """Return the seconds since 1970 by the system clock, never frozen.

    Use it only for the lifetimes of sessions and signatures, and for the ages of files.
    """
    return datetime.now(UTC).timestamp()


def read_dagster_clock() -> float:
    """Return the seconds since 1970 by the clock of Dagster's schedules, sensors and heartbeats, never frozen.

    It is the system clock plus the difference in `RTI_NOW` (`pipelines/runs/running_clock.py`).
    """
    return read_wall_clock() + read_difference().total_seconds()


def parse_time(text: str) -> datetime:
    """Parse an ISO 8601 time and convert it to UTC; a time without a zone is taken as UTC. Raises ValueError."""
    return _to_utc(datetime.fromisoformat(text))


def _to_utc(moment: datetime) -> datetime:
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).replace(microsecond=0)


def format_timestamp(moment: datetime) -> str:
    """Format a time as `2026-11-15T09:30:00Z`, the only format in ledgers, files and releases."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def freeze_time(moment: datetime) -> Iterator[None]:
    """Make `now()` return `moment` within the block."""
    _frozen.append(moment)
    try:
        yield
    finally:
        _frozen.pop()
