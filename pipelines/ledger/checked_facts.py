"""Remember which facts files were compared with the ledger, so that the next comparison reads only changed ones.

A file counts as unchanged if its size, its times of change, its inode and its recorded digest are those of the last
comparison. Whatever writes to a file, or puts another one in its place, changes one of them, also if it sets the time
of modification back. A disk that damages a file silently does not: that is found where everything is read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core import clock

if TYPE_CHECKING:
    from pipelines.core.home import Home

_FILE: Final = "checked-facts.txt"
_SETTLED_SECONDS: Final = 2.0
"""A file that changed more recently is not remembered: its times may not show the next change."""


def memory_path(home: Home) -> Path:
    """Return the file with a line for each facts file that was found as recorded."""
    return home.restricted / _FILE


def read_checked(home: Home) -> frozenset[str]:
    """Return the lines of the files that were compared before; none if the file is missing or damaged."""
    try:
        return frozenset(memory_path(home).read_text(encoding="ascii").split("\n")) - {""}
    except (FileNotFoundError, UnicodeDecodeError):
        return frozenset()


def write_checked(home: Home, lines: Iterable[str]) -> None:
    """Write the lines of the files that are as recorded. A lost or torn file only costs another comparison."""
    path = memory_path(home)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    temporary.write_text("\n".join(sorted(lines)), encoding="ascii")
    temporary.replace(path)


def describe_file(table: str, name: str, sha256: str, status: os.stat_result) -> str:
    """Return the line of a facts file in its present state, with the digest that the ledger has of it."""
    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"{table}/{name} {sha256} {status.st_size} {status.st_ino} {times}"


def is_settled(status: os.stat_result) -> bool:
    """Return True if the last change of a file is long enough ago for its times to show the next one."""
    return clock.read_wall_clock() - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS


def list_states(folder: Path) -> dict[str, os.stat_result]:
    """Return the state of each file in a folder by its name; a missing folder has none."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat() for entry in entries}
    except FileNotFoundError:
        return {}
