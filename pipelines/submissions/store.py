"""Store the bytes of every uploaded file unchanged, by SHA-256.

A file is written to a temporary name, flushed to disk and renamed, so that a name in the store always has the whole
content.

Nothing is stored before it was scanned for personal data. The store therefore only points at the files of a
demonstration until their check. Of a file that names persons, only the SHA-256 is kept, in `store/not-kept/`.
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
    """A stored file is missing, or its content does not match its name."""


def compute_digest(data: bytes) -> str:
    """Return the SHA-256 of the bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def path_of(home: Home, sha256: str) -> Path:
    """Return the path of the bytes with this SHA-256: `store/<2 hex>/<sha256>`."""
    return home.store / sha256[:2] / sha256


def put_bytes(home: Home, data: bytes) -> str:
    """Store bytes and return their SHA-256. The same bytes are stored only once."""
    sha256 = compute_digest(data)
    target = path_of(home, sha256)
    if not _refresh_age(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{sha256}.{os.getpid()}.{threading.get_ident()}.new"
        try:
            with temporary.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(target.parent)
    _pointer_path(home, sha256).unlink(missing_ok=True)
    _mark_path(home, sha256).unlink(missing_ok=True)
    return sha256


def _refresh_age(target: Path) -> bool:
    """Set the modification time of stored bytes to now and return True, or return False if they are missing.

    This keeps `unknown_bytes.py` from removing them as forgotten.
    """
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


def get_bytes(home: Home, sha256: str) -> bytes:
    """Return the bytes with this SHA-256. Raises StoreError if they are missing or were changed on disk."""
    target = path_of(home, sha256)
    try:
        data = target.read_bytes() if target.exists() else _pointer_path(home, sha256).read_bytes()
    except FileNotFoundError as error:
        if is_not_kept(home, sha256):
            raise StoreError(f"{sha256} was not kept: it names persons, or its sender may not hand it in") from error
        raise StoreError(f"the store lacks {sha256}; restore {target} from a backup") from error
    if compute_digest(data) != sha256:
        raise StoreError(f"{target} is not what came in: its content was changed on the disk; restore it from a backup")
    return data


def point_to(home: Home, sha256: str, file: Path) -> None:
    """Record the path of bytes that are not stored yet, so that `get` can read and `keep` can store them."""
    pointer = _pointer_path(home, sha256)
    if path_of(home, sha256).exists() or pointer.is_symlink():
        return
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.symlink_to(file.resolve())


def is_pointed_at(home: Home, sha256: str) -> bool:
    """Return True if bytes are not stored yet and their path is recorded."""
    return _pointer_path(home, sha256).exists()


def keep_pointed(home: Home, sha256: str) -> None:
    """Store bytes that were only pointed at. Raises StoreError like `get`."""
    if not path_of(home, sha256).exists():
        put_bytes(home, get_bytes(home, sha256))


def mark_not_kept(home: Home, sha256: str) -> None:
    """Mark bytes that must not be kept, for `drop_not_kept` to remove. The mark survives a crash in between."""
    mark_path = _mark_path(home, sha256)
    mark_path.parent.mkdir(parents=True, exist_ok=True)
    mark_path.touch()
    _flush_folder(mark_path.parent)


def is_not_kept(home: Home, sha256: str) -> bool:
    """Return True if these bytes are marked as not to be kept."""
    return _mark_path(home, sha256).exists()


def list_marked(home: Home) -> list[str]:
    """Return the SHA-256 of everything marked, sorted."""
    folder = home.store / _NOT_KEPT
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def drop_not_kept(home: Home, sha256: str) -> None:
    """Remove bytes that are marked, and the pointer to them."""
    if is_not_kept(home, sha256):
        path_of(home, sha256).unlink(missing_ok=True)
        _pointer_path(home, sha256).unlink(missing_ok=True)


def _pointer_path(home: Home, sha256: str) -> Path:
    return home.store / sha256[:2] / f".{sha256}.waiting"


def _mark_path(home: Home, sha256: str) -> Path:
    return home.store / _NOT_KEPT / sha256


def _flush_folder(folder: Path) -> None:
    # The rename must be on disk before the ledger records the file.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
