"""Choice of the folder for temporary files of a test session."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.support import memory_folder

_GIB = 1024**3


def _make_filesystem(free: int, flags: int = 0) -> os.statvfs_result:
    block = 4096
    return os.statvfs_result((block, block, free // block, free // block, free // block, 0, 0, 0, flags, 255))


@pytest.mark.parametrize(
    ("filesystem", "available", "expected"),
    [
        (_make_filesystem(8 * _GIB), 12 * _GIB, True),
        (_make_filesystem(8 * _GIB - 4096), 12 * _GIB, False),
        (_make_filesystem(64 * 1024**2), 100 * _GIB, False),
        (_make_filesystem(8 * _GIB), 12 * _GIB - 1, False),
        (_make_filesystem(8 * _GIB, os.ST_NOEXEC), 12 * _GIB, False),
    ],
)
def test_folder_in_memory_needs_room_and_memory_and_runs_programs(
    filesystem: os.statvfs_result, available: int, expected: bool
) -> None:
    assert memory_folder.is_suitable(filesystem, available) == expected


def test_available_memory_is_read_in_bytes(tmp_path: Path) -> None:
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:       24683656 kB\nMemFree:        1 kB\nMemAvailable:   21000000 kB\n")
    assert memory_folder.read_available_memory(table) == 21_000_000 * 1024
    assert memory_folder.read_available_memory(tmp_path / "missing") == 0


def test_folder_of_the_user_and_missing_folder_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tempfile.gettempdir()
    monkeypatch.setattr(memory_folder, "is_suitable", lambda *_: True)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    memory_folder.use_memory(tmp_path)
    assert tempfile.gettempdir() == before
    monkeypatch.delenv("TMPDIR")
    memory_folder.use_memory(tmp_path / "missing")
    assert (tempfile.gettempdir(), "TMPDIR" in os.environ) == (before, False)


def test_suitable_folder_is_used_by_this_process_and_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_folder, "is_suitable", lambda *_: True)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    # Restored after the test, like what `use_memory` sets.
    monkeypatch.setenv("TMPDIR", "")
    monkeypatch.delenv("TMPDIR")
    memory_folder.use_memory(tmp_path)
    assert (os.environ["TMPDIR"], tempfile.gettempdir()) == (str(tmp_path), str(tmp_path))
