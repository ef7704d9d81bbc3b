"""Restore a backup into an empty home: write every file aside, compare it with its digest, and move all into place."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.core import durable, rights
from pipelines.core.file_store import FolderStore
from pipelines.core.home import Home, open_home
from pipelines.core.settings import HomeSettings, read_secret
from pipelines.operations.backup import postgres
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.keys import ReadingKey
from pipelines.operations.backup.repository import Repository
from pipelines.operations.backup.staging import POSTGRES_DUMP

_ASIDE = ".restoring"


def restore_home(repository: Repository, snapshot: str, key: ReadingKey, root: Path) -> Home:
    """Restore a snapshot into a new or empty folder. Nothing of it is a home before everything was compared.

    Raises BackupError if the folder holds something, an object is damaged, or the ledger's database is not empty.
    """
    content = repository.read_snapshot(snapshot, key)
    url = _require_target(root, content)
    aside = root / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    try:
        write_files(repository, key, content["entries"], aside)
        dump = aside / POSTGRES_DUMP
        durable.sync_tree(aside)
        if url is not None:
            postgres.restore_database(url, dump)
            dump.unlink()
        _move_into_place(aside, root)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    home = open_home(root)
    rights.adopt_umask(home)
    _prepare_home(home)
    return home


def write_files(repository: Repository, key: ReadingKey, entries: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Write the files of a snapshot into a folder with their rights and times. Raises BackupError."""
    folders = []
    for entry in entries:
        target = folder / _require_inside(entry["path"])
        if "link" in entry:
            target.symlink_to(entry["link"])
            continue
        if "pieces" in entry:
            _write_file(repository, key, entry, target)
            target.chmod(entry["mode"])
            os.utime(target, ns=(entry["mtime"], entry["mtime"]))
            continue
        target.mkdir()
        folders.append((target, entry))
    for target, entry in reversed(folders):
        target.chmod(entry["mode"])
        os.utime(target, ns=(entry["mtime"], entry["mtime"]))


def verify_snapshot(repository: Repository, snapshot: str, key: ReadingKey) -> list[str]:
    """Read every file of a snapshot without writing it. Return what is wrong, by file."""
    faults = []
    for entry in repository.read_snapshot(snapshot, key)["entries"]:
        if "pieces" not in entry:
            continue
        try:
            digest = hashlib.sha256()
            for name in entry["pieces"]:
                digest.update(repository.read_object(name, key))
            if digest.hexdigest() != entry["sha256"]:
                faults.append(f"{entry['path']}: its pieces do not make the file that was saved")
        except BackupError as error:
            faults.append(f"{entry['path']}: {error}")
    return faults


def _require_target(root: Path, content: Mapping[str, Any]) -> str | None:
    """Return the URL of the database to fill, None for SQLite. Raises BackupError if something would be replaced."""
    if root.exists() and any(path.name != _ASIDE for path in root.iterdir()):
        raise BackupError(f"{root} is not empty; name a new folder in RTI_HOME, so that nothing is replaced")
    url = read_secret(HomeSettings, "ledger_url")
    if content["ledger"] == "postgresql":
        if url is None or not url.startswith("postgresql"):
            raise BackupError("this backup has its ledger on PostgreSQL; name an empty database in RTI_LEDGER_URL")
        postgres.require_empty_database(url)
        return url
    if url is not None:
        raise BackupError("this backup has its ledger in an SQLite file; remove the variable RTI_LEDGER_URL")
    return None


def _require_inside(path: str) -> PurePosixPath:
    name = PurePosixPath(path)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise BackupError(f"the backup names a path outside the home: {path}")
    return name


def _write_file(repository: Repository, key: ReadingKey, entry: Mapping[str, Any], target: Path) -> None:
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        for name in entry["pieces"]:
            try:
                content = repository.read_object(name, key)
            except BackupError as error:
                raise BackupError(
                    f"{entry['path']} cannot be restored: {error}. Choose another backup with --snapshot"
                ) from error
            digest.update(content)
            handle.write(content)
    if digest.hexdigest() != entry["sha256"]:
        raise BackupError(f"{entry['path']} is not the file that was saved. Choose another backup with --snapshot")


def _move_into_place(aside: Path, root: Path) -> None:
    """Move everything into the home, `home.json` last: a folder without it is not a home."""
    for path in sorted(aside.iterdir(), key=lambda path: path.name == "home.json"):
        path.rename(root / path.name)
    durable.sync_folder(root)


def _prepare_home(home: Home) -> None:
    """Make the folders that no backup has, forget the builds that were in them, and fill the bucket of the settings."""
    from pipelines.ledger import facts
    from pipelines.submissions import store
    from pipelines.warehouse import build_cache

    for folder in (home.gathered, home.warehouse, home.protected, home.dagster):
        folder.mkdir(parents=True, exist_ok=True)
    facts.prepare_fact_folders(home)
    build_cache.forget_builds(home)
    if not isinstance(home.landing_files, FolderStore):
        store.copy_to_bucket(home)
