"""Say which files of a home belong in a backup, and how each is read while the home is in use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

COMPUTED: Final = frozenset(
    f"restricted/{name}"
    for name in ("warehouse", "gathered", "protected", "dbt", "dagster", "data_docs", "rebuild", "as_of", "logs")
)
"""Folders that the next `rti refresh` makes again, and logs."""
LEFT_OUT: Final = COMPUTED | {"restricted/survey/keys", "practice", "refresh.lock", "refresh.holder.json"}
"""Paths that no backup has. The private keys of open rounds would open the answers that are in the backup (decision
26); practice is invented."""
STAGING: Final = ".backup"
"""Beginning of the name of the folder in `restricted/` that holds a consistent view while it is saved."""
IMMUTABLE: Final = ("restricted/store", "restricted/facts", "restricted/drafts", "public/releases")
"""Folders whose files are only ever replaced by renaming, so that a hard link keeps their content."""
_DATABASE = ".sqlite"
_BESIDE_DATABASE = (".sqlite-wal", ".sqlite-shm", ".sqlite-journal")


def is_left_out(path: str) -> bool:
    """Return True if a path below the home, with all that is below it, belongs in no backup."""
    name = path.rpartition("/")[2]
    is_temporary = name.startswith(".") and name.endswith((".new", ".building", ".lock", ".reserve"))
    return path in LEFT_OUT or is_temporary or name.startswith(STAGING) or name.endswith(_BESIDE_DATABASE)


def is_database(path: str) -> bool:
    """Return True for an SQLite file, which must be copied by SQLite itself while it is in use."""
    return path.endswith(_DATABASE)


def is_immutable(path: str) -> bool:
    """Return True if a hard link to the file keeps its content whatever happens to the home."""
    return any(path.startswith(f"{folder}/") for folder in IMMUTABLE)


def list_paths(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files, folders and symbolic links of a home that belong in a backup, folders before their content."""
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = Path(entry.path)
                name = path.relative_to(root).as_posix()
                if is_left_out(name):
                    continue
                yield name, path
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
