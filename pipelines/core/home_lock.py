"""The lock of a home: one process at a time changes what is built or published.

The operating system releases the lock when its process ends, even after a crash.  A file next to the lock names the
holder, for error messages only; the lock alone decides whether the home is busy.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.core import clock
from pipelines.core.home import Home

_LOG = logging.getLogger("rti.home_lock")
_guard = threading.Lock()
_owners: dict[Path, int] = {}
"""Paths of the locks that this process holds, mapped to the id of the owning thread."""


class HomeBusyError(Exception):
    """Another process or thread holds the lock; the text names its purpose, its process id and since when."""


@contextmanager
def hold_home_lock(home: Home, *, purpose: str, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock of a home within the block; the thread that holds it may enter again.

    `purpose` names the running command (`refresh`, `publish`).  If another process holds the lock, log a warning and
    wait at most `wait_seconds`.  Raises HomeBusyError.
    """
    from filelock import FileLock, Timeout

    path = home.lock.resolve()
    with _guard:
        is_owner = _owners.get(path) == threading.get_ident()
    if is_owner:
        yield
        return
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if wait_seconds <= 0:
            raise HomeBusyError(_describe_holder(home)) from None
        _LOG.warning("%s; waiting for up to %.0f s", _describe_holder(home), wait_seconds)
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout:
            raise HomeBusyError(f"{_describe_holder(home)} (waited {wait_seconds:.0f} s)") from None
    with _guard:
        _owners[path] = threading.get_ident()
    try:
        _write_holder(home, purpose)
        yield
    finally:
        _holder_file(home).unlink(missing_ok=True)
        with _guard:
            del _owners[path]
        lock.release()


def _holder_file(home: Home) -> Path:
    return home.lock.with_suffix(".holder.json")


def _write_holder(home: Home, purpose: str) -> None:
    """Name this process as the holder; call it with the lock held.

    Only the holder writes these files, so a temporary file that is found here was left by a process that was killed.
    """
    holder = {"purpose": purpose, "pid": os.getpid(), "since": clock.format_timestamp(clock.now())}
    path = _holder_file(home)
    for leftover in path.parent.glob(f".{path.name}.*.new"):
        leftover.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    temporary.write_text(json.dumps(holder) + "\n", encoding="utf-8")
    temporary.replace(path)


def _describe_holder(home: Home) -> str:
    """Describe the holder in one sentence; its file may be missing while the holder starts or ends."""
    try:
        holder = json.loads(_holder_file(home).read_text(encoding="utf-8"))
        activity = f"`{holder['purpose']}` is running (process {holder['pid']}, since {holder['since']})"
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        activity = "another command is running"
    return f"{activity} in {home.root}; wait until it has finished, then try again"
