"""List the processes that a process has started, and measure their memory, from the folder `/proc` of Linux."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def list_descendants(pid: int) -> list[int]:
    """Return the process ids of the children of a process, of their children, and so on."""
    children: dict[int, list[int]] = {}
    for child, parent in read_parents().items():
        children.setdefault(parent, []).append(child)
    descendants: list[int] = []
    waiting = [pid]
    while waiting:
        next_children = children.get(waiting.pop(), [])
        descendants += next_children
        waiting += next_children
    return descendants


def read_parents() -> Mapping[int, int]:
    """Return the parent of each running process, by process id in ascending order."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parents[int(folder.name)] = int(read_fields(folder)[1])
    return dict(sorted(parents.items()))


def read_fields(folder: Path) -> list[str]:
    """Return the fields of a process's `stat` that follow its name: state, parent, and so on (proc(5))."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def measure_memory(pid: int) -> float:
    """Return the bytes of memory of a process, shared pages counted by their share; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024.0
    return 0.0
