"""Keep files under names, unchanged and whole: the interface of a store, and the store in a folder.

A name never has half a content. The same name is only ever stored with the same content, so that it does not matter who
stores it first. `pipelines/core/bucket.py` has the store in S3-compatible storage.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pipelines.core import asides

_OWN_PREFIX = "."
"""First character of names that are not files of the store, such as what is being written."""


class FileStoreError(Exception):
    """The storage refused a request, or is not set up. The text names the setting and what to do, and no secret."""


class StoreAwayError(FileStoreError):
    """The storage does not answer. The same request can succeed later."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a store; `changed_at` is when it was last stored, also if it was there already."""

    name: str
    size: int
    changed_at: datetime


class FileStore(Protocol):
    """Operations on files by names with `/` between their parts. Those on a bucket raise FileStoreError."""

    def put_file(self, name: str, data: bytes) -> None:
        """Store a file, or renew the time of a file that is there. It survives a crash once this returns."""

    def read_file(self, name: str) -> bytes:
        """Return the content of a file. Raises FileNotFoundError."""

    def find_file(self, name: str) -> StoredFile | None:
        """Return what is known of a file without reading it, or None if there is none."""

    def list_files(self, folder: str = "") -> Iterator[StoredFile]:
        """Yield the files below a folder, in no particular order."""

    def remove_file(self, name: str) -> None:
        """Remove a file. Do nothing if there is none."""

    def remove_unless_renewed(self, file: StoredFile) -> bool:
        """Remove a file and return True, or False if it is gone or was stored again since it was listed."""

    def try_out(self) -> None:
        """Raise FileStoreError if the storage cannot be used."""

    def locate_file(self, name: str) -> str:
        """Return where a file is, for a message to the operator."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A store in a folder: a file is written to a temporary name, flushed to the disk and renamed."""

    root: Path

    def put_file(self, name: str, data: bytes) -> None:
        target = self.root / name
        with suppress(FileNotFoundError):
            os.utime(target)
            return
        # The rename must be on disk before anything records the file.
        with asides.replace_file(target, flush=True) as aside:
            aside.write_bytes(data)

    def read_file(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def find_file(self, name: str) -> StoredFile | None:
        try:
            status = (self.root / name).stat()
        except FileNotFoundError:
            return None
        return StoredFile(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def list_files(self, folder: str = "") -> Iterator[StoredFile]:
        for path in (self.root / folder).rglob("*"):
            if path.name.startswith(_OWN_PREFIX) or path.is_symlink() or not path.is_file():
                continue
            if (file := self.find_file(path.relative_to(self.root).as_posix())) is not None:
                yield file

    def remove_file(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def remove_unless_renewed(self, file: StoredFile) -> bool:
        # `put_file` renews the time of a file that is there. So move the file aside first, and look at its time then.
        target = self.root / file.name
        temporary = target.with_name(f".{target.name}.removed")
        try:
            target.rename(temporary)
        except FileNotFoundError:
            return False
        if datetime.fromtimestamp(temporary.stat().st_mtime, UTC) != file.changed_at:
            temporary.rename(target)
            return False
        temporary.unlink()
        return True

    def try_out(self) -> None:
        pass

    def locate_file(self, name: str) -> str:
        return str(self.root / name)
