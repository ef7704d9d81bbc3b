"""Save a home: read a consistent view of it, store what the repository lacks, and write the snapshot last."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import clock, durable
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.keys import WritingKey, read_writing_key
from pipelines.operations.backup.repository import Repository, StoredObject
from pipelines.operations.backup.staging import WAIT_SECONDS, StagedHome, stage_home

if TYPE_CHECKING:
    from pipelines.core.home import Home

PIECE_BYTES: Final = 1024 * 1024
"""Size of the pieces of a large file; a ledger that grew by a page then costs one piece and not the file."""
_RECORD = "backup.json"


@dataclass(frozen=True, slots=True)
class SavedBackup:
    """The result of a backup: its files, and the objects and bytes that the repository lacked before."""

    snapshot: str
    created_at: str
    files: int
    bytes: int
    new_objects: int
    new_bytes: int


def save_home(home: Home, repository: Repository, *, wait_seconds: float = WAIT_SECONDS) -> SavedBackup:
    """Add a backup of a home to a repository. Raises BackupError, HomeBusyError, LedgerError."""
    key = _require_key(home, repository)
    with repository.hold_lock(), stage_home(home, wait_seconds=wait_seconds) as staged:
        created_at = clock.format_timestamp(clock.now())
        snapshot = repository.name_snapshot(created_at)
        earlier = _list_earlier(repository, key)
        collected = _Collector(repository, key, earlier)
        entries = [collected.save_path(name, path) for name, path in _list_staged(staged.folder)]
        repository.sync_objects()
        content = _describe_home(home, staged, created_at, entries)
        repository.write_snapshot(snapshot, content, collected.objects, key)
    saved = SavedBackup(
        snapshot, created_at, collected.files, collected.bytes, collected.new_objects, collected.new_bytes
    )
    _record_backup(home, repository, saved)
    return saved


def read_last_backup(home: Home) -> dict[str, Any] | None:
    """Return what the last backup of a home did, with the repository's folder; None before the first."""
    try:
        content: dict[str, Any] = json.loads((home.restricted / _RECORD).read_text(encoding="utf-8"))
        clock.parse_time(str(content["created_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content


class _Collector:
    """Store the pieces of files, and collect the objects of a snapshot."""

    def __init__(self, repository: Repository, key: WritingKey, earlier: dict[str, StoredObject]) -> None:
        self._repository, self._key, self._earlier = repository, key, earlier
        self.objects: dict[str, StoredObject] = {}
        self.files = self.bytes = self.new_objects = self.new_bytes = 0

    def save_path(self, name: str, path: Path) -> dict[str, Any]:
        """Store one file and return its entry in the snapshot; folders and links have an entry only."""
        status = path.lstat()
        entry: dict[str, Any] = {"path": name, "mode": stat.S_IMODE(status.st_mode), "mtime": status.st_mtime_ns}
        if path.is_symlink():
            return {**entry, "link": str(path.readlink())}
        if path.is_dir():
            return entry
        digest, pieces, size = hashlib.sha256(), [], 0
        with path.open("rb") as handle:
            while content := handle.read(PIECE_BYTES):
                digest.update(content)
                size += len(content)
                pieces.append(self._save_piece(content))
        self.files += 1
        self.bytes += size
        return {**entry, "sha256": digest.hexdigest(), "size": size, "pieces": pieces}

    def _save_piece(self, content: bytes) -> str:
        name = self._key.name_content(content)
        if name not in self.objects:
            stored = self._earlier.get(name)
            is_there = (
                stored is not None and self._repository.find_object_fault(name, stored, is_thorough=False) is None
            )
            if stored is None or not is_there:
                stored = self._repository.write_object(name, content, self._key)
                self.new_objects += 1
                self.new_bytes += stored.size
            self.objects[name] = stored
        return name


def _require_key(home: Home, repository: Repository) -> WritingKey:
    key = read_writing_key(home)
    if key is None or key.repository != repository.id:
        raise BackupError(
            f"this home does not know the repository {repository.folder} yet; run `rti backup init` with its passphrase"
        )
    return key


def _list_earlier(repository: Repository, key: WritingKey) -> dict[str, StoredObject]:
    earlier: dict[str, StoredObject] = {}
    for snapshot in repository.list_snapshots():
        earlier |= repository.list_objects(snapshot, key)
    return earlier


def _list_staged(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        yield path.relative_to(folder).as_posix(), path


def _describe_home(home: Home, staged: StagedHome, created_at: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    from pipelines import __version__
    from pipelines.ledger import migrations

    current = home.current.readlink().name if home.current.is_symlink() else None
    return {
        "version": 1,
        "created_at": created_at,
        "kind": home.kind,
        "rti": __version__,
        "ledger": staged.ledger,
        "ledger_revision": migrations.HEAD,
        "audit_head": staged.audit_head,
        "current": current,
        "entries": entries,
    }


def _record_backup(home: Home, repository: Repository, saved: SavedBackup) -> None:
    content = {**asdict(saved), "repository": str(repository.folder)}
    durable.write_file(home.restricted / _RECORD, (json.dumps(content) + "\n").encode())
