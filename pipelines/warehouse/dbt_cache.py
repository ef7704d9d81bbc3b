"""Cache of the parsed dbt project: one folder for each version of the project, shared by all processes of a user.

Entries are written under a unique name and then renamed, so that a reader never sees a partial one. Nothing is written
to the folder with the code.  `RTI_CACHE` replaces the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pipelines.core import clock
from pipelines.core.settings import HomeSettings, read_settings

MANIFEST = "manifest.json"
_PARTIAL = "partial_parse.msgpack"
_KEPT_ENTRIES = 10
_ABANDONED_SECONDS = 3600.0
_IGNORED = {"target", "logs", "dbt_packages"}


def find_manifest(project: Path, variables: str = "") -> Path | None:
    """Return the cached manifest of the project as it is now, or None; a damaged entry is removed.

    `variables` are dbt's variables for the parse, as text.
    """
    entry = cache_folder() / project_key(project, variables)
    path = entry / MANIFEST
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        shutil.rmtree(entry, ignore_errors=True)
        return None
    return path


def read_parsed(project: Path, variables: str = "") -> bytes | None:
    """Return dbt's own record of the parse of the project as it is now, or None if it was not parsed yet."""
    try:
        return (cache_folder() / project_key(project, variables) / _PARTIAL).read_bytes()
    except FileNotFoundError:
        return None


@contextmanager
def parse_target(project: Path, variables: str = "") -> Iterator[Path]:
    """Yield a new folder for one parse, with the last partial-parse file; cache the manifest if the block succeeds."""
    folder = cache_folder()
    target = Path(tempfile.mkdtemp(prefix=".parse-", dir=folder))
    try:
        entry = folder / project_key(project, variables)
        # Parsing takes 1.3 s of processor time with dbt's record of an earlier parse, 5.6 s without. The record holds
        # absolute paths of seeds, so that of a checkout at another place would load the seeds of that checkout.
        place = _place_key(project)
        for earlier in (entry, *(path for path in _entries(folder) if path.name.startswith(place))):
            with suppress(FileNotFoundError):
                shutil.copyfile(earlier / _PARTIAL, target / _PARTIAL)
                break
        yield target
        if not (entry / MANIFEST).exists():
            _store(target, entry)
            _prune(folder)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _store(target: Path, entry: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".store-", dir=entry.parent))
    try:
        for name in (MANIFEST, _PARTIAL):
            shutil.copyfile(target / name, temporary / name)
            with (temporary / name).open("rb") as file:
                os.fsync(file.fileno())
        # The rename fails if another process has already stored this entry; its content is the same.
        with suppress(OSError):
            temporary.rename(entry)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _entries(folder: Path) -> list[Path]:
    """Return the entries of the cache, newest first."""
    return sorted(
        (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )


def _prune(folder: Path) -> None:
    for path in _entries(folder)[_KEPT_ENTRIES:]:
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(".*-*"):
        with suppress(FileNotFoundError):
            if clock.read_wall_clock() - path.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@cache
def project_key(project: Path, variables: str = "") -> str:
    """Return the name of a project's entry: digests of its place, and of its files and variables and dbt's version."""
    digest = hashlib.sha256(f"{variables}\0{version('dbt-core')}\0{version('dbt-duckdb')}\0".encode())
    for path in sorted(project.rglob("*")):
        place = path.relative_to(project)
        if path.is_file() and place.parts[0] not in _IGNORED and not any(p.startswith(".") for p in place.parts):
            digest.update(place.as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"{_place_key(project)}-{digest.hexdigest()}"


def _place_key(project: Path) -> str:
    return hashlib.sha256(str(project).encode()).hexdigest()[:16]


def cache_folder() -> Path:
    """Return the cache's folder and create it if missing: `RTI_CACHE`, the user's cache folder, or a temporary folder.

    The last one is for service accounts without a writable home folder; it must belong to this user.
    """
    configured = read_settings(HomeSettings).cache
    if configured is not None:
        folder = configured / "dbt"
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()
    with suppress(OSError, RuntimeError):
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rti" / "dbt"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder.resolve()
    shared = Path(tempfile.gettempdir()) / f"rti-cache-{os.getuid()}"
    shared.mkdir(mode=0o700, exist_ok=True)
    status = shared.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{shared} is not this user's alone; remove it, or name a folder with RTI_CACHE")
    folder = shared / "dbt"
    folder.mkdir(exist_ok=True)
    return folder.resolve()
