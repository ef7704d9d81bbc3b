"""Recognise files that nothing has written to since an earlier look, so that what was found then still holds.

A file counts as unchanged if it has the same path, size, inode and times of change. Whatever writes to a file, or puts
another one in its place, changes one of them, also if it sets the time of modification back. A disk that damages a file
silently changes none, so only views use this: an act reads every file again.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.core import clock

SETTLED_SECONDS: Final = 2.0
"""A file that changed more recently is not remembered: its times may not show the next change."""


@dataclass(frozen=True, slots=True)
class FileStates:
    """The files at some paths: a digest of their states, their size together in bytes, and whether all are settled."""

    digest: str
    size: int
    is_settled: bool

    @property
    def state(self) -> str | None:
        """Return the digest, or None if a file has just been written and the next change may not show."""
        return self.digest if self.is_settled else None


def read_states(*paths: Path) -> FileStates:
    """Return the states of files, and of all files in folders. A path without a file is a state too.

    Links to files and folders have the state of what they lead to; folders behind links are not searched.
    """
    states: list[tuple[str, int, int, int, int]] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            states.append((str(path), -1, 0, 0, 0))
            continue
        if stat.S_ISDIR(status.st_mode) and not path.is_symlink():
            _list_folder(str(path), states)
        else:
            states.append(_describe_file(str(path), status))
    states.sort()
    digest = hashlib.blake2b(repr(states).encode(), digest_size=16).hexdigest()
    newest = max((max(file[3], file[4]) for file in states), default=0)
    return FileStates(digest, sum(file[1] for file in states if file[1] > 0), _is_settled(newest / 1e9))


def _list_folder(folder: str, found: list[tuple[str, int, int, int, int]]) -> None:
    found.append((folder, -2, 0, 0, 0))  # an empty folder is seen, and its times do not matter
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _list_folder(entry.path, found)
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:  # a link that leads nowhere, or a file that was removed meanwhile
                found.append((entry.path, -1, 0, 0, 0))
                continue
            found.append(_describe_file(entry.path, status))


def _describe_file(path: str, status: os.stat_result) -> tuple[str, int, int, int, int]:
    return path, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def is_settled(status: os.stat_result) -> bool:
    """Return True if the last change of a file is long enough ago for its times to show the next one."""
    return _is_settled(max(status.st_mtime, status.st_ctime))


def _is_settled(changed_at: float) -> bool:
    return clock.read_wall_clock() - changed_at > SETTLED_SECONDS
