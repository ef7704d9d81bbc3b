"""Store the built demonstration home between test sessions, as long as nothing that the build reads has changed.

An entry is named by a digest of every file that the build reads, the interpreter, the installed packages and the
`RTI_*` settings.  Sessions copy an entry and never change it; a digest of its files is checked before each use, and a
damaged entry is built again.
"""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from filelock import FileLock

from pipelines.core import clock
from pipelines.warehouse.dbt_cache import cache_folder
from tests.support.paths import ROOT

SOURCES = (
    "pipelines",
    "expectations",
    "dbt_project",
    "raw_samples",
    "tests/support/demonstration.py",
    "tests/support/home_cache.py",
    "requirements.lock",
    "pyproject.toml",
)
"""Files and folders that the build reads, below the root of the project."""
_WRITTEN_BY_TOOLS = frozenset(("__pycache__", "target", "logs"))
_IRRELEVANT_SETTINGS = frozenset(("RTI_CACHE", "RTI_HOME", "RTI_NOW", "RTI_TEST_HOME", "RTI_TEST_TURN"))
"""Where the cache is, what the build sets itself, a home that is not built, and which sample of the tests runs."""
_COMPLETE = "complete"
_LONGEST_BUILD = 900.0
_KEPT_ENTRIES = 2
_UNUSED_SECONDS = 3 * 3600.0
"""Entries beyond the newest are removed after this time; a session may still refer to files of a younger one."""
_BLOCK_SECONDS = 30 * 86_400.0


def copy_or_build(
    target: Path, build: Callable[[Path], None], *, entries: Path, key: str, unused_seconds: float = _UNUSED_SECONDS
) -> bool:
    """Copy the entry `key` of the folder `entries` to `target`, and build the entry first if it is missing or damaged.

    Return True if it was built. Sessions that need the same entry at the same time build it once. Entries beyond the
    newest are removed after they were unused for some seconds.
    """
    entries.mkdir(parents=True, exist_ok=True)
    entry = entries / key
    with FileLock(entries / f"{key}.lock", timeout=_LONGEST_BUILD):
        is_built = not is_whole(entry)
        if is_built:
            shutil.rmtree(entry, ignore_errors=True)
            build(entry / "home")
            # The last connection to a database of SQLite writes its log into the file when it is closed, and those that
            # the build has left open are closed when garbage is collected: late in a session that takes a second.
            if _has_open_files(entry):
                gc.collect()
            (entry / _COMPLETE).write_text(digest_tree(entry / "home"), encoding="ascii")
        os.utime(entry)
        shutil.copytree(entry / "home", target, symlinks=True)
    _remove_old_entries(entries, entry, unused_seconds)
    return is_built


def _has_open_files(folder: Path) -> bool:
    """Return True if this process has a file below a folder open, or if the system has no list of open files."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        return True
    names = {os.path.realpath(descriptor) for descriptor in descriptors.iterdir()}
    return any(name.startswith(f"{folder.resolve()}{os.sep}") for name in names)


def remove_entries(entries: Path) -> None:
    """Remove all entries of a folder, each after those that are copying or building it."""
    for entry in [path for path in entries.glob("*") if path.is_dir()]:
        with FileLock(entries / f"{entry.name}.lock", timeout=_LONGEST_BUILD):
            shutil.rmtree(entry, ignore_errors=True)


def is_whole(entry: Path) -> bool:
    """Return True if a build of the entry finished and its files are those that it wrote."""
    try:
        digest = (entry / _COMPLETE).read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return digest == digest_tree(entry / "home")


def home_key(root: Path = ROOT, environment: Mapping[str, str] = os.environ) -> str:
    """Return the digest of everything on which a build of the demonstration home depends."""
    return make_key(digest_sources(root, SOURCES), root, environment)


def make_key(sources: str, root: Path = ROOT, environment: Mapping[str, str] = os.environ) -> str:
    """Return the digest of the sources of a build, their place, the interpreter, the packages and the settings."""
    settings = sorted(
        f"{name}={value}"
        for name, value in environment.items()
        if name.startswith("RTI_") and name not in _IRRELEVANT_SETTINGS
    )
    return hashlib.sha256("\0".join([str(root), _interpreter_key(), *settings, sources]).encode()).hexdigest()


def digest_sources(root: Path, names: Iterable[str]) -> str:
    """Return the digest of files and folders below `root`, without what tools write into them."""
    digest = hashlib.sha256()
    for path in list_source_files(root, names):
        _add_file(digest, path, root)
    return digest.hexdigest()


def digest_tree(folder: Path) -> str:
    """Return a digest of the names and bytes of all files and links of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            digest.update(f"{path.relative_to(folder)} -> {path.readlink()}\0".encode())
        elif path.is_file():
            _add_file(digest, path, folder)
    return digest.hexdigest()


def list_source_files(root: Path, names: Iterable[str]) -> Iterable[Path]:
    """Yield the files of files and folders below `root`, without those that tools write."""
    for name in names:
        place = root / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and not _WRITTEN_BY_TOOLS & set(path.relative_to(root).parts):
                yield path


def entries_folder(name: str = "demonstration-homes") -> Path:
    """Return the folder of the entries, next to that of the parsed dbt project in the user's cache."""
    return cache_folder().parent / name


def protection_folder(entries: Path) -> Path:
    """Return the folder of the blocks that earlier builds protected with the same solver.

    The product names a block by its cells and the code of the disclosure control, so that it is used only for the same
    problem. Protecting all blocks takes half of a build. Blocks are removed a month after they were made.
    """
    folder = entries.with_name("protected-blocks") / _interpreter_key()
    for block in folder.glob("*.json"):
        if clock.read_wall_clock() - block.stat().st_mtime > _BLOCK_SECONDS:
            block.unlink(missing_ok=True)
    return folder


def _interpreter_key() -> str:
    """Return the digest of the interpreter and of all installed packages with their versions."""
    return _digest_packages(distributions)


@cache
def _digest_packages(list_packages: Callable[[], Iterable[Distribution]]) -> str:
    packages = sorted(f"{package.name}=={package.version}" for package in list_packages())
    return hashlib.sha256("\0".join([sys.version, *packages]).encode()).hexdigest()


def _add_file(digest: hashlib._Hash, path: Path, root: Path) -> None:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    digest.update(path.relative_to(root).as_posix().encode() + b"\0" + content)


def _remove_old_entries(entries: Path, keep: Path, unused_seconds: float) -> None:
    stored = sorted((path for path in entries.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for entry in stored[:-_KEPT_ENTRIES]:
        if entry != keep and clock.read_wall_clock() - entry.stat().st_mtime > unused_seconds:
            shutil.rmtree(entry, ignore_errors=True)
            entry.with_name(f"{entry.name}.lock").unlink(missing_ok=True)
