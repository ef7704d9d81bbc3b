"""Files that survive a power failure: written aside, flushed to the disk, and renamed."""

from __future__ import annotations

import os
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole; readers see the old or the new content, also after a power failure."""
    write_aside(path, content).replace(path)
    sync_folder(path.parent)


def aside_of(path: Path) -> Path:
    """Return `.<name>.new` next to a file, where its next content is written."""
    return path.with_name(f".{path.name}.new")


def write_aside(path: Path, content: bytes) -> Path:
    """Write the next content of a file aside and flush it; returns its path, ready to be renamed."""
    aside = aside_of(path)
    with aside.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    return aside


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder, so that a rename or removal in it survives a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below `folder`."""
    for parent, _, names in os.walk(folder):
        for name in names:
            handle = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_folder(Path(parent))
