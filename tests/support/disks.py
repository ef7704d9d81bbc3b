"""Small disks for tests: a file system in memory that can be filled or made read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = 4096


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a file system of this size in memory below a folder; skips the test where mounting is not permitted."""
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting a file system is not permitted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill_disk(place: Path, *, leave: int) -> None:
    """Fill a disk with one file until only `leave` kilobytes are free."""
    ballast = place / "ballast"
    ballast.unlink(missing_ok=True)
    ballast_bytes = free_bytes(place) - leave * 1024
    with ballast.open("wb") as handle:
        handle.write(bytes(max(0, ballast_bytes)))
    assert free_bytes(place) <= leave * 1024


def empty_disk(place: Path) -> None:
    """Remove the file that fills a disk."""
    (place / "ballast").unlink()


def free_bytes(place: Path) -> int:
    """Return the bytes that can still be written."""
    state = os.statvfs(place)
    return state.f_bavail * state.f_frsize


def remount_disk(place: Path, mode: str) -> None:
    """Make a disk read-only (`ro`) or writable (`rw`)."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(place)], check=True)
