"""Take a consistent view of a home that is in use.

While the lock of the home and the write lock of the ledger are held, nothing is refreshed, published, sent or decided.
In that time, immutable files get a second name by hard links, other files are copied, and SQLite copies its databases.
Everything slow happens afterwards, on the view; files of returns that are in a bucket are fetched before, so that in
that time only those are fetched that came meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core import asides, rights
from pipelines.core.file_store import FileStore, FolderStore
from pipelines.core.home_lock import hold_home_lock
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_write_transaction, sqlite_path
from pipelines.ledger.opening import open_ledger
from pipelines.operations.backup import postgres, selection

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home

POSTGRES_DUMP: Final = "ledger.pgdump"
"""Name of the dump of a ledger on PostgreSQL, next to the files of the home."""
WAIT_SECONDS: Final = 600.0
"""How long a backup waits for a refresh or publication to end."""


@dataclass(frozen=True, slots=True)
class StagedHome:
    """A consistent view of a home in a folder of its own, and what it shows of the ledger."""

    folder: Path
    ledger: str
    audit_head: str


@contextmanager
def stage_home(home: Home, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[StagedHome]:
    """Make a consistent view of a home and remove it at the end. Raises HomeBusyError, LedgerError, BackupError."""
    asides.remove_abandoned(home.restricted.glob(f"{selection.STAGING}*"))
    with asides.hold_folder(home.restricted / selection.STAGING, rights.make_private_folder) as folder:
        engine = open_ledger(home)
        try:
            yield _stage(home, engine, folder, wait_seconds)
        finally:
            engine.dispose()


def _stage(home: Home, engine: sa.Engine, folder: Path, wait_seconds: float) -> StagedHome:
    path = sqlite_path(home.ledger_url)
    stored = FolderStore(folder / home.store.relative_to(home.root))
    fetched = _fetch_files(home.landing_files, stored, frozenset())
    with ExitStack() as waiting:
        with (
            hold_home_lock(home, purpose="backup", wait_seconds=wait_seconds),
            open_write_transaction(engine) as writing,
        ):
            head = audit_log.format_head(audit_log.read_head(writing))
            snapshot = waiting.enter_context(postgres.exported_snapshot(engine)) if path is None else None
            _stage_files(home.root, folder)
            _fetch_files(home.landing_files, stored, fetched)
        if snapshot is not None:
            # The exported snapshot keeps the view, so that PostgreSQL may be written again while it is dumped.
            postgres.dump_database(home.ledger_url, folder / POSTGRES_DUMP, snapshot)
    return StagedHome(folder, "sqlite" if path is not None else "postgresql", head)


def _stage_files(root: Path, folder: Path) -> None:
    folders = []
    for name, path in selection.list_paths(root):
        target = folder / name
        try:
            if path.is_symlink():
                target.symlink_to(path.readlink())
            elif path.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                folders.append((path, target))
            elif selection.is_database(name):
                _copy_database(path, target)
            elif selection.is_immutable(name):
                _link_file(path, target)
            else:
                shutil.copy2(path, target)
        except FileNotFoundError:
            continue  # a temporary file that was removed meanwhile
    for path, target in folders:
        shutil.copystat(path, target)


def _fetch_files(files: FileStore, copy: FolderStore, fetched: frozenset[str]) -> frozenset[str]:
    """Copy what a bucket holds and `fetched` does not name, and remove what it names and the bucket lost; return names.

    Do nothing for files in the home. Damaged files are copied as they are, and the backup of others goes on.
    """
    if isinstance(files, FolderStore):
        return fetched
    in_bucket = {file.name: file for file in files.list_files()}
    for name in fetched - in_bucket.keys():
        copy.remove_file(name)
    for name in in_bucket.keys() - fetched:
        try:
            copy.put_file(name, files.read_file(name))
        except FileNotFoundError:
            continue  # removed meanwhile
        stored_at = in_bucket[name].changed_at.timestamp()
        os.utime(copy.root / name, (stored_at, stored_at))
    return frozenset(in_bucket)


def _link_file(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)  # the file system has no hard links


def _copy_database(path: Path, target: Path) -> None:
    """Copy an SQLite file with its log by SQLite's own backup, in one step, while others may read and write it."""
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
    shutil.copystat(path, target)
