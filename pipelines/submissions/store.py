"""The bytes of every file that came in, by SHA-256, exactly as they came.

A file is written aside, flushed to the disk and renamed, so that a name in the store always holds the whole content.

Nothing is kept before it was scanned for persons. A listed arrival of a demonstration is therefore only pointed at
until its check; a file that was found to name persons leaves no byte, but its SHA-256 in `store/not-kept/`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.core.home import Home


_NOT_KEPT = "not-kept"


class StoreError(Exception):
    """Bytes are not there, or not those that their name promises."""


def digest(data: bytes) -> str:
    """SHA-256 of the bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def path_of(home: Home, sha256: str) -> Path:
    """Where the bytes of this SHA-256 lie: `store/<2 hex>/<sha256>`."""
    return home.store / sha256[:2] / sha256


def put(home: Home, data: bytes) -> str:
    """Keep bytes; returns their SHA-256. Keeping the same bytes twice is one file."""
    sha256 = digest(data)
    target = path_of(home, sha256)
    if not _made_young(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.parent / f".{sha256}.{os.getpid()}.{threading.get_ident()}.new"
        try:
            with aside.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        _flush_folder(target.parent)
    _pointer(home, sha256).unlink(missing_ok=True)
    _mark(home, sha256).unlink(missing_ok=True)
    return sha256


def _made_young(target: Path) -> bool:
    """Whether bytes are there; they then count as kept now, and are not removed as forgotten (`unknown_bytes.py`)."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


def get(home: Home, sha256: str) -> bytes:
    """The bytes of this SHA-256. Raises StoreError where they are not there or were changed on the disk."""
    target = path_of(home, sha256)
    try:
        data = target.read_bytes() if target.exists() else _pointer(home, sha256).read_bytes()
    except FileNotFoundError as error:
        if is_not_kept(home, sha256):
            raise StoreError(f"{sha256} was not kept: it names persons, or its sender may not hand it in") from error
        raise StoreError(f"the store lacks {sha256}; restore {target} from a backup") from error
    if digest(data) != sha256:
        raise StoreError(f"{target} is not what came in: its content was changed on the disk; restore it from a backup")
    return data


def point(home: Home, sha256: str, file: Path) -> None:
    """Say where bytes lie that are not kept yet; `get` finds them, `keep` takes them in."""
    pointer = _pointer(home, sha256)
    if path_of(home, sha256).exists() or pointer.is_symlink():
        return
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.symlink_to(file.resolve())


def is_pointed_at(home: Home, sha256: str) -> bool:
    """Return True if bytes are not kept yet and it is known where they are."""
    return _pointer(home, sha256).exists()


def keep(home: Home, sha256: str) -> None:
    """Take in bytes that were only pointed at. Raises StoreError as `get`."""
    if not path_of(home, sha256).exists():
        put(home, get(home, sha256))


def mark_not_kept(home: Home, sha256: str) -> None:
    """Mark bytes as never to be kept; `drop_not_kept` removes them. What is marked outlives a crash between the two."""
    mark = _mark(home, sha256)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    _flush_folder(mark.parent)


def is_not_kept(home: Home, sha256: str) -> bool:
    """Whether these bytes were refused so that none is to stay."""
    return _mark(home, sha256).exists()


def marked(home: Home) -> list[str]:
    """SHA-256 of everything marked, in order."""
    folder = home.store / _NOT_KEPT
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def drop_not_kept(home: Home, sha256: str) -> None:
    """Remove the bytes of what is marked, and the pointer to them."""
    if is_not_kept(home, sha256):
        path_of(home, sha256).unlink(missing_ok=True)
        _pointer(home, sha256).unlink(missing_ok=True)


def _pointer(home: Home, sha256: str) -> Path:
    return home.store / sha256[:2] / f".{sha256}.waiting"


def _mark(home: Home, sha256: str) -> Path:
    return home.store / _NOT_KEPT / sha256


def _flush_folder(folder: Path) -> None:
    # The rename itself must be on the disk before the ledger speaks of the file.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
