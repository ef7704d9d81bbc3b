"""What is asked of the process that writes workbooks and pictures, in plain shapes that can be pickled.

Belongs here: jobs, and the launcher of the children that do them.  Does not belong here: the work (`inside.py`), words
for people: every text a child writes comes with its job.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pipelines.readers.model import ReadError, Where

if TYPE_CHECKING:
    from pipelines.readers.child import Launcher

TIMEOUT = 60.0
"""Seconds for one workbook: 20,000 cells with a thousand comments take three."""
FILE_SIZE = 128 << 20
"""Bytes of one file in the child's own folder: openpyxl writes each sheet there before it packs the workbook."""


Kind = Literal["own", "read", "bare"]


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, in words. `columns` are its cells in the table of findings; `comment` is what its own cell says."""

    severity: Literal["error", "warning", "information"]
    where: Where
    place: str
    columns: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class FindingsSheet:
    """The first sheet: title, facts about the file, legend, and the table."""

    title: str
    demonstration: str | None
    facts: tuple[tuple[str, str], ...]
    legend_title: str
    legend: tuple[tuple[Literal["error", "warning", "information"], str], ...]
    headings: tuple[str, ...]
    place_column: int
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BookJob:
    """A workbook to write. `own`: their own with comments; `read`: the findings, and the tables as read; `bare`: those
    alone.

    `words` are further texts by name; `modified` is the time to write into the file.
    """

    kind: Kind
    data: bytes
    filename: str
    form: str | None
    sheet: FindingsSheet
    words: Mapping[str, str]
    modified: str


@dataclass(frozen=True, slots=True)
class MendJob:
    """Cells to write anew in a copy of their workbook: (sheet, cell, text seen, new text, comment)."""

    data: bytes
    cells: tuple[tuple[str, str, str, str, str], ...]
    modified: str


@dataclass(frozen=True, slots=True)
class BesideJob:
    """A picture of a file, and its tables as plain cells, no more than `limit` cells."""

    data: bytes
    filename: str
    form: str | None
    language: str
    demonstration: bool
    limit: int
    words: Mapping[str, str] = field(default_factory=dict)


Job = BookJob | MendJob | BesideJob

_shared: Launcher | None = None
_digest = ""
_lock = threading.Lock()


def run(job: Job) -> Any:
    """Do a job in a child of its own, which ends with it. May be called from several threads. Raises ReadError."""
    child = _launcher().start()
    try:
        result = child.ask(job, TIMEOUT)
    finally:
        child.close()
    if isinstance(result, ReadError):
        raise result
    return result


def _launcher() -> Launcher:
    """The launcher of these children, started once a process; anew where other declarations are loaded since."""
    from pipelines.answers.inside import work
    from pipelines.readers.child import PRELOAD, Launcher
    from pipelines.returns.registry import load

    global _shared, _digest
    digest = load().digest
    with _lock:
        if _shared is None or _digest != digest or not _shared.alive():
            # One that is replaced ends with this process: other threads may still wait for its children.
            preload = ("pipelines.intake.preload", *PRELOAD)
            _shared, _digest = Launcher(work, preload=preload, cpu_seconds=TIMEOUT, file_size=FILE_SIZE), digest
            atexit.register(_shared.close)
        return _shared
