"""Publish a draft: verify, move, switch the pointer. And find the release that is current.

The switch is one rename of a symlink: a reader sees the old release or the new one whole and never waits.  A published
folder is never written again; the file name of its DuckDB file is its own, so that no process holds old data under a
new name.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pipelines import clock
from pipelines.home import Home
from pipelines.releases import formats
from pipelines.releases.build import ReleaseError


def drafts(home: Home) -> list[str]:
    """Ids of the drafts that lie ready, oldest first."""
    return sorted(path.name for path in home.drafts.iterdir() if path.is_dir() and not path.name.startswith("."))


def verify(folder: Path) -> None:
    """Compare every file with the manifest. Raises ReleaseError naming the first that differs."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "release.duckdb")
    }
    if strange := there ^ set(manifest["files"]):
        raise ReleaseError(f"{folder.name}: {min(strange)} is not both on disk and in the manifest; draft it again")
    for name, entry in manifest["files"].items():
        if formats.sha256(folder / name) != entry["sha256"]:
            raise ReleaseError(f"{folder.name}: {name} has changed since it was drafted; draft it again")
    import duckdb

    with duckdb.connect(str(folder / "release.duckdb"), read_only=True) as connection:
        for table, rows in manifest["tables"].items():
            counted = connection.execute(f'select count(*) from "{table}"').fetchone()
            if counted is None or counted[0] != rows:
                raise ReleaseError(f"{folder.name}: table {table} has not the {rows} rows of the manifest")


def publish(home: Home, draft: str | None = None) -> Path:
    """Make a draft public and current; returns its folder. Without a name, the only draft there is.

    Raises ReleaseError when there is no such draft, when it fails its manifest, or when that release is already public.
    """
    ready = drafts(home)
    if draft is None and len(ready) != 1:
        said = f"{len(ready)} drafts lie ready ({', '.join(ready)}); say which" if ready else "no draft lies ready"
        raise ReleaseError(f"{said}; `rti refresh` makes one")
    name = draft or ready[0]
    if name not in ready:
        raise ReleaseError(f"there is no draft {name}; there are {', '.join(ready) or 'none'}")
    source, target = home.drafts / name, home.releases / name
    if target.exists():
        raise ReleaseError(f"release {name} is public already and never changes; refresh to draft a correction")
    verify(source)
    source.rename(target)
    _switch(home, target)
    with (home.public / "publications.jsonl").open("a", encoding="utf-8") as journal:
        journal.write(json.dumps({"release": name, "published_at": clock.stamp(clock.now())}) + "\n")
    return target


def _switch(home: Home, target: Path) -> None:
    aside = home.public / ".current.new"
    aside.unlink(missing_ok=True)
    aside.symlink_to(os.path.relpath(target, home.public))
    aside.replace(home.current)


def current(home: Home) -> Path | None:
    """Folder of the current release, resolved, or None before the first."""
    return home.current.resolve() if home.current.is_symlink() else None
