"""The lock of a home: one process at a time changes what is built or published.

The operating system releases the lock when its process ends, even after a crash.  A file next to the lock names the
holder, for error messages, and the run that it carries out; the lock alone decides whether the home is busy.

Workers do the steps of a run in other processes, perhaps on other machines, while the process of the run holds the
lock.  Each step holds a lock of its own (`join_run`).  If the process of the run dies, nobody changes the home before
the steps that still work have ended.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.core import asides, clock
from pipelines.core.home import Home

_LOG = logging.getLogger("rti.home_lock")
_guard = threading.Lock()
_owners: dict[Path, int] = {}
"""Paths of the locks that this process holds, mapped to the id of the owning thread."""


class HomeBusyError(Exception):
    """Another process or thread holds the lock; the text names its purpose, its process id and since when."""


class RunEndedError(Exception):
    """The run that a step belongs to no longer holds the lock of the home, so the step must not be done."""


@contextmanager
def hold_home_lock(home: Home, *, purpose: str, wait_seconds: float = 0, run_id: str = "") -> Iterator[None]:
    """Hold the lock of a home within the block; the thread that holds it may enter again.

    `purpose` names the running command (`refresh`, `publish`), `run_id` the run whose steps may join (`join_run`).
    If another process holds the lock, or a step of an ended run still works, log a warning and wait at most
    `wait_seconds`.  Raises HomeBusyError.
    """
    from filelock import FileLock, Timeout

    path = home.lock.resolve()
    with _guard:
        is_owner = _owners.get(path) == threading.get_ident()
    if is_owner:
        with _named_run(home, purpose, run_id):
            yield
        return
    end = time.monotonic() + wait_seconds
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
        # Steps that come now find another holder than their run, so those that work already are the last.
        _write_holder(home, purpose, run_id)
        _wait_for_steps(home, end)
        yield
    finally:
        try:
            _holder_file(home).unlink(missing_ok=True)
        finally:  # also on a disk that has become read-only meanwhile, since the process may go on
            with _guard:
                del _owners[path]
            lock.release()


@contextmanager
def _named_run(home: Home, purpose: str, run_id: str) -> Iterator[None]:
    """Let the steps of a run join within the block, where this thread holds the lock already."""
    if not run_id:
        yield
        return
    before = _holder_file(home).read_bytes()
    _write_holder(home, purpose, run_id)
    try:
        yield
    finally:
        _replace_holder(home, before)


@contextmanager
def join_run(home: Home, run_id: str, step: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock of one step of a run whose own process holds the lock of the home.

    A step that another worker still does, as one that lost its connection, is waited for, for at most `wait_seconds`.
    Raises HomeBusyError if it goes on, and RunEndedError if the run does not hold the lock of this home.
    """
    from filelock import FileLock, Timeout

    path = _step_folder(home) / f"{step}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise HomeBusyError(
            f"the step {step} is still done by another worker ({_read_text(path.with_suffix('.holder'))}; waited "
            f"{wait_seconds:.0f} s)"
        ) from None
    try:
        if not _is_held_by_run(home, run_id):
            raise RunEndedError(f"the run {run_id} does not hold the lock of {home.root}: it has ended")
        path.with_suffix(".holder").write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        lock.release()


def _is_held_by_run(home: Home, run_id: str) -> bool:
    """Return True if the lock is held and its holder names the run.

    A new holder that has not written its name yet may be taken for the run; it waits for the step, whose lock is held.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(home.lock.resolve(), thread_local=False).acquire(timeout=0):
            return False
    except Timeout:
        pass
    try:
        return bool(json.loads(_holder_file(home).read_text(encoding="utf-8")).get("run") == run_id)
    except (FileNotFoundError, ValueError, AttributeError):
        return False


def _wait_for_steps(home: Home, end: float) -> None:
    """Wait until no step of an earlier run works, at most until `end` of the monotonic clock. Raises HomeBusyError."""
    from filelock import FileLock, Timeout

    for path in sorted(_step_folder(home).glob("*.lock")):
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            description = (
                f"the step {path.stem} of a run that has ended still works in {home.root} "
                f"({_read_text(path.with_suffix('.holder'))})"
            )
            seconds = end - time.monotonic()
            if seconds <= 0:
                raise HomeBusyError(f"{description}; wait until it has finished, then try again") from None
            _LOG.warning("%s; waiting for up to %.0f s", description, seconds)
            try:
                lock.acquire(timeout=seconds)
            except Timeout:
                raise HomeBusyError(f"{description}; end that process, then try again") from None
        lock.release()


def _step_folder(home: Home) -> Path:
    return home.dagster / "steps"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "an unknown process"


def _holder_file(home: Home) -> Path:
    return home.lock.with_suffix(".holder.json")


def _write_holder(home: Home, purpose: str, run_id: str) -> None:
    """Name this process as the holder; call it with the lock held."""
    holder = {
        "purpose": purpose,
        "pid": os.getpid(),
        "machine": socket.gethostname(),
        "since": clock.format_timestamp(clock.now()),
    }
    _replace_holder(home, json.dumps(holder | ({"run": run_id} if run_id else {})).encode() + b"\n")


def _replace_holder(home: Home, content: bytes) -> None:
    """Replace the name of the holder; call it with the lock held.

    Only the holder writes these files, so a temporary file that is found here was left by a process that was killed.
    """
    path = _holder_file(home)
    for leftover in path.parent.glob(f".{path.name}.*.new"):
        leftover.unlink(missing_ok=True)
    with asides.replace_file(path) as aside:
        aside.write_bytes(content)


def _describe_holder(home: Home) -> str:
    """Describe the holder in one sentence; its file may be missing while the holder starts or ends."""
    try:
        holder = json.loads(_holder_file(home).read_text(encoding="utf-8"))
        machine = holder.get("machine", socket.gethostname())
        where = "" if machine == socket.gethostname() else f" on {machine}"
        activity = f"`{holder['purpose']}` is running (process {holder['pid']}{where}, since {holder['since']})"
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        activity = "another command is running"
    return f"{activity} in {home.root}; wait until it has finished, then try again"
