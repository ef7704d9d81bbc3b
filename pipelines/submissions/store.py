"""Store the bytes of every uploaded file unchanged, by SHA-256, in the home or in a bucket.

A name in the store always has the whole content (`pipelines/core/file_store.py`).

Nothing is stored before it was scanned for personal data. The store therefore only points at the files of a
demonstration until their check; those pointers are links in the home, on the machine that has the files. Of a file that
names persons, only the SHA-256 is kept, in `not-kept/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipelines.core.file_store import FileStoreError, FolderStore, StoredFile

if TYPE_CHECKING:
    from pipelines.core.home import Home


_NOT_KEPT = "not-kept"


class StoreError(Exception):
    """A stored file is missing, or its content does not match its name."""


@dataclass(frozen=True, slots=True)
class CopiedFiles:
    """Names of files that were copied to a bucket, that it had already, and that are damaged and were not copied."""

    new: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def compute_digest(data: bytes) -> str:
    """Return the SHA-256 of the bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def path_of(home: Home, sha256: str) -> Path:
    """Return the path of the bytes with this SHA-256 where the home has them: `store/<2 hex>/<sha256>`."""
    return home.store / name_of(sha256)


def name_of(sha256: str) -> str:
    """Return the name of bytes in the store."""
    return f"{sha256[:2]}/{sha256}"


def put_bytes(home: Home, data: bytes) -> str:
    """Store bytes and return their SHA-256. The same bytes are stored only once."""
    sha256 = compute_digest(data)
    files = home.landing_files
    files.put_file(name_of(sha256), data)
    _pointer_path(home, sha256).unlink(missing_ok=True)
    files.remove_file(_mark_name(sha256))
    return sha256


def ensure_bytes(home: Home, data: bytes) -> None:
    """Store bytes again if they are gone. Call this once the ledger names them, because then nobody removes them.

    In a bucket, a steward's removal of unknown files can meet the same file when it arrives again.
    """
    if home.landing_files.find_file(name_of(compute_digest(data))) is None:
        put_bytes(home, data)


def get_bytes(home: Home, sha256: str) -> bytes:
    """Return the bytes with this SHA-256. Raises StoreError if they are missing or were changed."""
    files, name = home.landing_files, name_of(sha256)
    try:
        data = _read_either(home, sha256)
    except FileNotFoundError as error:
        if is_not_kept(home, sha256):
            raise StoreError(f"{sha256} was not kept: it names persons, or its sender may not hand it in") from error
        raise StoreError(f"the store lacks {sha256}; restore {files.locate_file(name)} from a backup") from error
    if compute_digest(data) != sha256:
        raise StoreError(
            f"{files.locate_file(name)} is not what came in: its content was changed {where_changed(home)}; restore it "
            "from a backup"
        )
    return data


def _read_either(home: Home, sha256: str) -> bytes:
    """Return stored bytes, or those that a pointer leads to, unverified. Raises FileNotFoundError."""
    try:
        return home.landing_files.read_file(name_of(sha256))
    except FileNotFoundError:
        return _pointer_path(home, sha256).read_bytes()


def find_problem(home: Home, sha256: str) -> Literal["missing", "changed"] | None:
    """Read stored bytes and return what is wrong with them. Bytes that are only pointed at are missing."""
    try:
        data = home.landing_files.read_file(name_of(sha256))
    except FileNotFoundError:
        return "missing"
    return None if compute_digest(data) == sha256 else "changed"


def where_changed(home: Home) -> str:
    """Return where stored bytes can have been changed, for a message to the operator."""
    return "on the disk" if isinstance(home.landing_files, FolderStore) else "in the bucket"


def list_stored(home: Home) -> Iterator[StoredFile]:
    """Yield what is stored, without marks and pointers; the last part of each name is the SHA-256."""
    return (file for file in home.landing_files.list_files() if not file.name.startswith(f"{_NOT_KEPT}/"))


def copy_to_bucket(home: Home) -> CopiedFiles:
    """Copy the files and marks that are in the home to the bucket of the settings; those in the home stay.

    A file that does not match its name is not copied. Raises FileStoreError if the settings name no bucket.
    """
    files, folder = home.landing_files, FolderStore(home.store)
    if isinstance(files, FolderStore):
        raise FileStoreError("no bucket is set, so there is nothing to copy; set RTI_STORE_BUCKET (docs/settings.md)")
    copied = CopiedFiles()
    for file in sorted(folder.list_files(), key=lambda file: file.name):
        is_mark, data = file.name.startswith(f"{_NOT_KEPT}/"), folder.read_file(file.name)
        if not is_mark and name_of(compute_digest(data)) != file.name:
            copied.damaged.append(file.name)
        elif files.find_file(file.name) is not None:
            copied.present.append(file.name)
        else:
            files.put_file(file.name, data)
            copied.new.append(file.name)
    return copied


def point_to(home: Home, sha256: str, file: Path) -> None:
    """Record the path of bytes that are not stored yet, so that `get` can read and `keep` can store them."""
    pointer = _pointer_path(home, sha256)
    if pointer.is_symlink() or home.landing_files.find_file(name_of(sha256)) is not None:
        return
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.symlink_to(file.resolve())


def is_pointed_at(home: Home, sha256: str) -> bool:
    """Return True if bytes are not stored yet and their path is recorded."""
    return _pointer_path(home, sha256).exists()


def keep_pointed(home: Home, sha256: str) -> None:
    """Store bytes that were only pointed at. Raises StoreError like `get`."""
    if home.landing_files.find_file(name_of(sha256)) is None:
        put_bytes(home, get_bytes(home, sha256))


def mark_not_kept(home: Home, sha256: str) -> None:
    """Mark bytes that must not be kept, for `drop_not_kept` to remove. The mark survives a crash in between."""
    home.landing_files.put_file(_mark_name(sha256), b"")


def is_not_kept(home: Home, sha256: str) -> bool:
    """Return True if these bytes are marked as not to be kept."""
    return home.landing_files.find_file(_mark_name(sha256)) is not None


def list_marked(home: Home) -> list[str]:
    """Return the SHA-256 of everything marked, sorted."""
    return sorted(file.name.rpartition("/")[2] for file in home.landing_files.list_files(_NOT_KEPT))


def drop_not_kept(home: Home, sha256: str) -> None:
    """Remove bytes that are marked, and the pointer to them."""
    if is_not_kept(home, sha256):
        home.landing_files.remove_file(name_of(sha256))
        path_of(home, sha256).unlink(missing_ok=True)  # a copy from before the files were in a bucket
        _pointer_path(home, sha256).unlink(missing_ok=True)


def _pointer_path(home: Home, sha256: str) -> Path:
    return home.store / sha256[:2] / f".{sha256}.waiting"


def _mark_name(sha256: str) -> str:
    return f"{_NOT_KEPT}/{sha256}"
