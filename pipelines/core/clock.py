"""The only reader of time.

Everything that needs "now" asks `now()`.  A test or a demonstration sets it with `RTI_NOW` or `frozen()`, so that the
same submissions, code and clock give the same release byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_frozen: list[datetime] = []


def now() -> datetime:
    """The present in UTC, to the second: the innermost frozen time, else `RTI_NOW` (ISO 8601), else the real one."""
    if _frozen:
        return _frozen[-1]
    if text := os.environ.get("RTI_NOW"):
        return parse(text)
    return datetime.now(UTC).replace(microsecond=0)


def wall() -> float:
    """Seconds since 1970 by the machine's own clock, never frozen: for lifetimes of sign-ins and signatures, and
    the ages of files, alone."""
    return datetime.now(UTC).timestamp()


def parse(text: str) -> datetime:
    """An ISO 8601 time as UTC; a time without a zone is read as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """`2026-11-15T09:30:00Z`: the one way a time is written in ledgers, files and releases."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Within the block, `now()` is `moment`."""
    _frozen.append(moment)
    try:
        yield
    finally:
        _frozen.pop()
