"""The bytes of every file that came in, by SHA-256, exactly as they came.

Belongs here: putting and getting bytes.  Does not belong here: who sent them (`ledger.py`) and what they say.
A file is written aside, flushed to the disk and renamed, so that a name in the store always holds the whole content.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.home import Home


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
    if target.exists():
        return sha256
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".{sha256}.{os.getpid()}.new"
    try:
        with aside.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    _flush_folder(target.parent)
    return sha256


def get(home: Home, sha256: str) -> bytes:
    """The bytes of this SHA-256. Raises StoreError where they are not there or were changed on the disk."""
    target = path_of(home, sha256)
    try:
        data = target.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"the store lacks {sha256}; restore {target} from a backup") from error
    if digest(data) != sha256:
        raise StoreError(f"{target} is not what came in: its content was changed on the disk; restore it from a backup")
    return data


def _flush_folder(folder: Path) -> None:
    # The rename itself must be on the disk before the ledger speaks of the file.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
