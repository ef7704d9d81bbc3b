"""Find out which runs are alive: the process that executes a run holds an operating system lock on a file of that run.

The lock is released whenever and however the process ends, and unlike a process id it is never reused.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from filelock import BaseFileLock

Liveness = Literal["alive", "dead", "unknown"]
_ACQUIRE_SECONDS = 10.0
"""A check holds the lock for an instant; a run that wants to take it waits at most this long."""
_guard = threading.Lock()
_held: dict[Path, BaseFileLock] = {}


def mark_run_alive(instance: Path, run_id: str) -> None:
    """Mark a run as executed by this process, until the process ends or `forget_run` is called."""
    from filelock import FileLock

    path = _lock_file(instance, run_id)
    with _guard:
        if path in _held:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, thread_local=False)
        lock.acquire(timeout=_ACQUIRE_SECONDS)
        _held[path] = lock


def forget_run(instance: Path, run_id: str) -> None:
    """Remove the mark of a run that has finished."""
    path = _lock_file(instance, run_id)
    path.unlink(missing_ok=True)
    with _guard:
        lock = _held.pop(path, None)
    if lock is not None:
        lock.release()


@contextmanager
def marked_alive(instance: Path, run_id: str) -> Iterator[None]:
    """Mark a run as executed by this process within the block."""
    mark_run_alive(instance, run_id)
    try:
        yield
    finally:
        forget_run(instance, run_id)


def check_liveness(instance: Path, run_id: str) -> Liveness:
    """Return whether a process executes the run; unknown if it has not been marked (yet)."""
    from filelock import FileLock, Timeout

    path = _lock_file(instance, run_id)
    with _guard:
        if path in _held:
            return "alive"
    if not path.exists():
        return "unknown"
    try:
        with FileLock(path, thread_local=False).acquire(timeout=0):
            return "dead"
    except Timeout:
        return "alive"


def _lock_file(instance: Path, run_id: str) -> Path:
    return instance.resolve() / "alive" / f"{run_id}.lock"
