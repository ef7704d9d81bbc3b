"""A disk that becomes full or read-only at a chosen call: calls of Python that change files below a folder then fail.

Python reports these calls as audit events, and an exception of the hook ends the call. What libraries write without
Python, as DuckDB and Polars do, goes on; `disks.py` has real disks for these.
"""

from __future__ import annotations

import errno
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

_NEEDING_SPACE: Final = frozenset({"open", "os.mkdir", "os.link", "os.symlink"})
_CHANGING: Final = _NEEDING_SPACE | {"os.rename", "os.remove", "os.rmdir", "os.truncate"}
_EVENTS: Final = {errno.ENOSPC: _NEEDING_SPACE, errno.EROFS: _CHANGING}
"""Calls that fail with each error: a full disk lets files be renamed and removed."""


@dataclass
class FailingDisk:
    """The disk of a folder. It counts the calls in each step of a refresh, and may fail from one of them on."""

    folder: Path
    step: str = ""
    """The step in which it fails."""
    call: int = 0
    """The call of that step from which on it fails, counted from 0."""
    error: int = 0
    """ENOSPC or EROFS; 0 for a disk that never fails."""
    calls: dict[int, Counter[str]] = field(default_factory=lambda: {error: Counter() for error in _EVENTS})
    """The calls by step, of those that each error would end."""
    running: str = ""
    has_failed: bool = False

    def begin_step(self, name: str) -> None:
        """Count the calls of another step from now on."""
        self.running = name

    def watch_call(self, event: str, path: str) -> None:
        """Count a call that changes a file, or raise the error of the disk."""
        if self.error and event in _EVENTS[self.error]:
            is_due = self.running == self.step and self.calls[self.error][self.step] >= self.call
            if self.has_failed or is_due:
                self.has_failed = True
                raise OSError(self.error, os.strerror(self.error), path)
        for error, events in _EVENTS.items():
            self.calls[error][self.running] += event in events


_disks: list[FailingDisk] = []


@cache
def _install_hook() -> None:
    sys.addaudithook(_watch_event)


def _watch_event(event: str, arguments: tuple[Any, ...]) -> None:
    if not _disks or event not in _CHANGING or not isinstance(arguments[0], str | os.PathLike):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        return
    path = os.fspath(arguments[0])
    for disk in _disks:
        if isinstance(path, str) and path.startswith(f"{disk.folder}/"):
            disk.watch_call(event, path)


@contextmanager
def failing_disk(folder: Path, patch: pytest.MonkeyPatch, **fault: Any) -> Iterator[FailingDisk]:
    """Let the disk of a folder fail within the block as `fault` says (`step`, `call`, `error`), or count only."""
    from pipelines.defs.step_report import StepReport

    disk = FailingDisk(folder, **fault)
    real_init = StepReport.__init__

    def begin_step(report: StepReport, context: Any) -> None:
        disk.begin_step(context.op_def.name)
        real_init(report, context)

    _install_hook()
    with patch.context() as steps:
        steps.setattr(StepReport, "__init__", begin_step)
        _disks.append(disk)
        try:
            yield disk
        finally:
            _disks.remove(disk)
