"""Store encrypted pieces of files, and snapshots that list them, in a folder.

`objects/<2 hex>/<name>`      a piece of a file, encrypted; the same content is stored once
`snapshots/<id>.age`          the files of one backup with their pieces, encrypted and sealed
`snapshots/<id>.objects`      names, sizes and SHA-256 of the encrypted objects of one backup, sealed
`key.age`, `repository.json`  the wrapped keys; version, id and age recipient

An object is trusted only if the list of an earlier backup has it. Leftovers of an interrupted backup are written again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.core import asides, durable
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.keys import ReadingKey, WritingKey

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Size and SHA-256 of one encrypted object."""

    size: int
    sha256: str


class Repository:
    """An existing repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            content = json.loads((folder / "repository.json").read_text(encoding="ascii"))
            self.id, version = str(content["repository"]), int(content["version"])
        except FileNotFoundError:
            raise BackupError(f"{folder} is not a repository of backups; make one with `rti backup init`") from None
        except (ValueError, KeyError, TypeError) as error:
            raise BackupError(f"{folder / 'repository.json'} is damaged ({error})") from error
        if version != VERSION:
            raise BackupError(f"{folder} is of version {version}; use the newer version of rti that made it")

    @property
    def wrapped_key(self) -> bytes:
        """Return the content of `key.age`. Raises BackupError if it is missing."""
        try:
            return (self.folder / "key.age").read_bytes()
        except FileNotFoundError:
            raise BackupError(
                f"{self.folder / 'key.age'} is missing, and without it no backup can be read; restore a copy of it"
            ) from None

    @contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Hold the lock of the repository: one process at a time adds, removes or verifies."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BackupError(f"another command is using {self.folder}; try again when it has ended") from None
        try:
            yield
        finally:
            lock.release()

    def list_snapshots(self) -> list[str]:
        """Return the ids of complete snapshots in the order in which they were made, whatever the clock said."""
        return sorted((path.stem for path in self._snapshots.glob("*.age")), key=_number_of)

    def name_snapshot(self, created_at: str) -> str:
        """Return the id of a new snapshot: its time, and a number by which snapshots are ordered."""
        number = max((_number_of(name) for name in self.list_snapshots()), default=0) + 1
        return f"{created_at.replace('-', '').replace(':', '')}-{number:04d}"

    def find_snapshot(self, text: str | None) -> str:
        """Return the id that begins with a text, or the newest one. Raises BackupError."""
        snapshots = self.list_snapshots()
        matches = [name for name in snapshots if name.startswith(text)] if text else snapshots[-1:]
        if not snapshots:
            raise BackupError(f"{self.folder} holds no backup")
        if len(matches) != 1:
            raise BackupError(f"{len(matches)} backups begin with {text}; `rti backup list` lists all")
        return matches[0]

    def list_objects(self, snapshot: str, key: WritingKey) -> dict[str, StoredObject]:
        """Return the objects of one snapshot by name. Raises BackupError if the list is damaged or was changed."""
        path = self._snapshots / f"{snapshot}.objects"
        try:
            body, _, seal = path.read_text(encoding="ascii").rpartition("seal ")
            rows = [line.split() for line in body.splitlines()]
            objects = {name: StoredObject(int(size), sha256) for name, size, sha256 in rows}
        except (OSError, ValueError) as error:
            raise BackupError(f"{path} is missing or damaged ({error})") from error
        if not hmac.compare_digest(seal.strip(), key.seal_text("objects", snapshot, body)):
            raise BackupError(f"{path} is not as this program wrote it: it was changed, or is of another repository")
        return objects

    def write_snapshot(
        self, snapshot: str, content: Mapping[str, Any], objects: Mapping[str, StoredObject], key: WritingKey
    ) -> None:
        """Store a snapshot whose objects are all stored. It counts from the moment that its last file is renamed."""
        self._snapshots.mkdir(exist_ok=True)
        body = "".join(f"{name} {entry.size} {entry.sha256}\n" for name, entry in sorted(objects.items()))
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        listed = f"{body}seal {key.seal_text('objects', snapshot, body)}\n"
        durable.write_file(self._snapshots / f"{snapshot}.objects", listed.encode("ascii"))
        sealed = json.dumps({"seal": key.seal_text("snapshot", snapshot, text), "snapshot": text}, ensure_ascii=False)
        durable.write_file(self._snapshots / f"{snapshot}.age", key.encrypt_content(sealed.encode()))

    def read_snapshot(self, snapshot: str, key: ReadingKey) -> dict[str, Any]:
        """Return the content of a snapshot. Raises BackupError if it is damaged or was not written by a home."""
        path = self._snapshots / f"{snapshot}.age"
        try:
            sealed = json.loads(key.decrypt_content(path.read_bytes()))
            text, seal = str(sealed["snapshot"]), str(sealed["seal"])
            content: dict[str, Any] = json.loads(text)
        except (OSError, BackupError, ValueError, KeyError, TypeError) as error:
            raise BackupError(f"{path} is damaged: {error}. Choose an earlier backup with --snapshot") from error
        if not hmac.compare_digest(seal, key.writing.seal_text("snapshot", snapshot, text)):
            raise BackupError(f"{path} is not as this program wrote it: it was changed. Choose an earlier backup")
        return content

    def write_object(self, name: str, content: bytes, key: WritingKey) -> StoredObject:
        """Encrypt and store one piece of a file, without flushing it; `sync_objects` does that for all."""
        encrypted = key.encrypt_content(content)
        path = self.object_path(name)
        with asides.replace_file(path) as aside:
            aside.write_bytes(encrypted)
        return StoredObject(len(encrypted), hashlib.sha256(encrypted).hexdigest())

    def read_object(self, name: str, key: ReadingKey) -> bytes:
        """Return the decrypted content of an object. Raises BackupError if it is missing, damaged or another."""
        path = self.object_path(name)
        try:
            content = key.decrypt_content(path.read_bytes())
        except FileNotFoundError:
            raise BackupError(f"{path} is missing") from None
        except BackupError as error:
            raise BackupError(f"{path} is damaged: {error}") from error
        if not hmac.compare_digest(key.writing.name_content(content), name):
            raise BackupError(f"{path} is not what was stored under its name: it was exchanged")
        return content

    def find_object_fault(self, name: str, expected: StoredObject, *, is_thorough: bool = True) -> str | None:
        """Compare an encrypted object with its list; return what is wrong, or None. Needs no key."""
        path = self.object_path(name)
        try:
            if path.stat().st_size != expected.size:
                return f"{path} was cut short or changed"
            if is_thorough and hashlib.sha256(path.read_bytes()).hexdigest() != expected.sha256:
                return f"{path} was changed"
        except FileNotFoundError:
            return f"{path} is missing"
        return None

    def sync_objects(self) -> None:
        """Flush every object to the disk."""
        durable.sync_tree(self.folder / "objects")

    def remove_snapshot(self, snapshot: str) -> None:
        """Remove a snapshot; its objects remain until `remove_unused`."""
        (self._snapshots / f"{snapshot}.age").unlink()
        (self._snapshots / f"{snapshot}.objects").unlink(missing_ok=True)

    def remove_unused(self, key: WritingKey) -> int:
        """Remove the objects that no snapshot lists, and return their number."""
        used: set[str] = set()
        for snapshot in self.list_snapshots():
            used.update(self.list_objects(snapshot, key))
        unused = [path for path in (self.folder / "objects").rglob("*") if path.is_file() and path.name not in used]
        for path in unused:
            path.unlink()
        return len(unused)

    def object_path(self, name: str) -> Path:
        """Return the path of an object."""
        return self.folder / "objects" / name[:2] / name

    @property
    def _snapshots(self) -> Path:
        return self.folder / "snapshots"


def _number_of(snapshot: str) -> int:
    number = snapshot.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def create_repository(folder: Path, key: ReadingKey, wrapped: bytes) -> Repository:
    """Create a repository in a new or empty folder. Raises BackupError if the folder holds something."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty; choose a new folder for the repository")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "objects").mkdir()
    durable.write_file(folder / "key.age", wrapped)
    content = {"version": VERSION, "repository": key.writing.repository, "recipient": key.writing.recipient}
    durable.write_file(folder / "repository.json", (json.dumps(content) + "\n").encode())
    return Repository(folder)
