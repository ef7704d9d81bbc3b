"""Remember which facts files were compared with the ledger, so that the next comparison reads only changed ones.

A file counts as unchanged if its size, its times of change and its inode are those of the last comparison, and the
audit log still has the entry at its end then. Whatever writes to a file, or puts another one in its place, changes one
of them, also if it sets the time of modification back. A disk that damages a file silently does not: that is found
where everything is read again.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core import asides

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.audit_log import Head

_FILE: Final = "checked-facts.txt"


@dataclass(frozen=True, slots=True)
class CheckedFacts:
    """The end of the audit log at the last comparison, the lines of files as recorded, and who is compared again."""

    head: Head
    lines: frozenset[str]
    again: frozenset[str]
    """Submissions with a file that was damaged, or that had just been written."""


def memory_path(home: Home) -> Path:
    """Return the file with a line for each facts file that was found as recorded."""
    return home.restricted / _FILE


def read_checked(home: Home) -> CheckedFacts | None:
    """Return what was compared before; None if the file is missing or damaged."""
    try:
        end, again, *lines = memory_path(home).read_text(encoding="ascii").split("\n")
        seq, _, digest = end.partition(" ")
        return CheckedFacts((int(seq), digest), frozenset(lines), frozenset(again.split()))
    except (FileNotFoundError, ValueError):
        return None


def write_checked(home: Home, checked: CheckedFacts) -> None:
    """Write what was compared. A lost or torn file only costs another comparison."""
    text = "\n".join((f"{checked.head[0]} {checked.head[1]}", " ".join(sorted(checked.again)), *checked.lines))
    with asides.replace_file(memory_path(home)) as aside:
        aside.write_text(text, encoding="ascii")


def describe_file(table: str, name: str, status: os.stat_result) -> str:
    """Return the line of a facts file in its present state; `name` is that of the file."""
    return f"{table}/{name} {status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def name_submission(line: str) -> str:
    """Return the submission of the file that a line is about."""
    return line.partition("/")[2].partition(".parquet ")[0]


def list_states(folder: Path) -> dict[str, os.stat_result]:
    """Return the state of each file in a folder by its name; a missing folder has none."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat() for entry in entries}
    except FileNotFoundError:
        return {}


def list_files(folders: Iterable[tuple[str, Path]]) -> dict[str, os.stat_result]:
    """Return the line and the state of every facts file in the folders of tables."""
    return {
        describe_file(table, name, status): status
        for table, folder in folders
        for name, status in list_states(folder).items()
        if not name.startswith(("_", "."))  # the file that gives dbt its columns, and files that are being written
    }


def find_touched(checked: CheckedFacts, present: Collection[str]) -> set[str]:
    """Return the submissions with a file that is new, missing or in another state, or that is compared again."""
    differing = checked.lines.symmetric_difference(present)
    return {name_submission(line) for line in differing} | checked.again
