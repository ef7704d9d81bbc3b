"""List the processes that a process has started."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def list_children(pid: int) -> list[int]:
    """Return the process ids of the children of a process, oldest first.

    They are found by the parent that each process names: not every kernel has the list `/proc/<pid>/task/*/children`.
    """
    return [child for child, parent in _read_parents().items() if parent == pid]


def list_descendants(pid: int) -> list[int]:
    """Return the process ids of the children of a process, of their children, and so on."""
    parents = _read_parents()
    descendants: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, its_parent in parents.items() if its_parent == parent]
        descendants += children
        waiting += children
    return descendants


def _read_parents() -> Mapping[int, int]:
    """Return the parent of each running process, by process id in ascending order."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return dict(sorted(parents.items()))
