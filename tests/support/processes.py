"""List the children of a process, and measure processor time."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from pipelines.core.processes import list_descendants, read_fields, read_parents


def list_children(pid: int) -> list[int]:
    """Return the process ids of the children of a process, oldest first.

    They are found by the parent that each process names: not every kernel has the list `/proc/<pid>/task/*/children`.
    Their numbers do not give the order: after 32,768 processes or more, the kernel begins again with small ones.
    """
    starts: list[tuple[int, int]] = []
    for child, parent in read_parents().items():
        if parent == pid:
            with suppress(OSError):  # it has ended meanwhile
                starts.append((int(read_fields(Path(f"/proc/{child}"))[19]), child))
    return [child for _, child in sorted(starts)]


def read_processor_time(pid: int) -> float:
    """Return the seconds of processor time of a process, 0 if it has ended or where there is no `/proc`."""
    with suppress(OSError):
        return sum(map(int, read_fields(Path(f"/proc/{pid}"))[11:13])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class StartWatch:
    """Watches a process that starts, by its processor time.

    On a busy machine a start takes many times as long as on an idle one, but hardly more processor time.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self._seconds = pid, seconds
        self._used, self._changed_at = 0.0, time.monotonic()

    def is_overdue(self) -> bool:
        """Return True if the process has used these seconds of processor time, or none for as many seconds."""
        used, now = read_processor_time(self._pid), time.monotonic()
        if used > self._used:
            self._used, self._changed_at = used, now
        return used > self._seconds or now - self._changed_at > self._seconds


def measure_descendants(pid: int) -> float:
    """Return the seconds of processor time of the living descendants of a process and of the children that they ended.

    0 where there is no `/proc`.
    """
    ticks = 0
    for descendant in list_descendants(pid):
        with suppress(OSError):  # it has ended meanwhile
            ticks += sum(map(int, read_fields(Path(f"/proc/{descendant}"))[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
