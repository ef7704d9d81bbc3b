"""Steps on the public folder: verify a draft, move it, switch the pointer, and find the current release.

The switch is one rename of a symlink, so that a reader sees either the old or the new release completely and never
waits.  A published folder is never written again, and each has its own DuckDB file, so that no process has old data
open under a new name.

Each step is idempotent: `pipelines/refresh/publication.py` calls them in order and repeats them after an interruption.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pipelines.core import durable
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.core.i18n import mark
from pipelines.publication.releases import formats
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import DATABASE, UNLISTED, read_manifest
from pipelines.publication.releases.publications import read_publications

NO_DRAFT: Final = mark("There is no draft. Run `rti refresh` to make one.")
SEVERAL_DRAFTS: Final = mark(
    "There is more than one draft: {drafts}. Name one of them, or run `rti refresh`, which keeps only the newest."
)
PUBLIC_ALREADY: Final = mark("Release {release} is public already and never changes. Run `rti refresh` to correct it.")
_CHANGED: Final = mark(
    "The file {file} of release {release} is not as it was built. Run `rti refresh` to build it again."
)


def list_drafts(home: Home) -> list[str]:
    """Return the ids of the available drafts, oldest first."""
    names = [path.name for path in home.drafts.glob("[!.]*") if path.is_dir()]  # none if the folder is missing
    return sorted(names, key=edition_key)


def verify_files(folder: Path) -> None:
    """Compare every file with the manifest. Raises ReleaseError for the first that differs."""
    manifest = read_manifest(folder)
    files_on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - UNLISTED
    if mismatches := files_on_disk ^ set(manifest["files"]):
        raise ReleaseError(_CHANGED, file=min(mismatches), release=folder.name)
    for name, entry in manifest["files"].items():
        if formats.hash_file(folder / name) != entry["sha256"]:
            raise ReleaseError(_CHANGED, file=name, release=folder.name)
    tables: dict[str, int] = manifest["tables"]
    counts = [f"select '{table}', count(*) from \"{table}\"" for table in tables]
    with open_duckdb(folder / DATABASE, read_only=True) as connection:
        counted = dict(connection.execute(" union all ".join(counts)).fetchall()) if counts else {}
    for table, rows in tables.items():
        if counted[table] != rows:
            raise ReleaseError(_CHANGED, file=f"{DATABASE} ({table})", release=folder.name)


def select_draft(home: Home, release: str | None = None) -> str:
    """Return the draft to publish: `release`, or the only draft if it is not given.

    A release that an interrupted publication left in the public folder, outside the journal, can be named too.
    Raises ReleaseError if there is no such draft, or if that release was published before.
    """
    ready = list_drafts(home)
    if release is None:
        if len(ready) == 1:
            return ready[0]
        raise ReleaseError(SEVERAL_DRAFTS, drafts=", ".join(ready)) if ready else ReleaseError(NO_DRAFT)
    if any(publication.release == release for publication in read_publications(home)):
        raise ReleaseError(PUBLIC_ALREADY, release=release)
    if release not in ready and not (home.releases / release).exists():
        if not ready:
            raise ReleaseError(NO_DRAFT)
        raise ReleaseError(
            mark("There is no draft of release {release}. Name one of these: {drafts}."),
            release=release,
            drafts=", ".join(ready),
        )
    return release


def refuse_older_edition(home: Home, release: str) -> None:
    """Raise ReleaseError for an edition that is older than the current release."""
    now = find_current_release(home)
    if now is not None and edition_key(release) < edition_key(now.name):
        raise ReleaseError(
            mark(
                "Release {release} is older than the current release {current}, and publishing never goes back. Check "
                "the clock, and which returns were withdrawn. To show an earlier release again, withdraw the current "
                "one on the release desk or with `rti rollback`."
            ),
            release=release,
            current=now.name,
        )


def move_draft(home: Home, release: str) -> None:
    """Move a draft into the public folder. Do nothing if it is there already."""
    source, target = home.drafts / release, home.releases / release
    if not target.exists():
        source.rename(target)
        durable.sync_folder(home.releases)
        durable.sync_folder(home.drafts)


def prepare_switch(home: Home, release: str) -> None:
    """Create the next pointer under a temporary name, so that switching needs no space."""
    prepared = _prepared_pointer(home)
    prepared.unlink(missing_ok=True)
    prepared.symlink_to(os.path.relpath(home.releases / release, home.public))


def discard_switch(home: Home) -> None:
    """Remove a pointer that was prepared and not used."""
    _prepared_pointer(home).unlink(missing_ok=True)


def switch_current(home: Home, release: str) -> None:
    """Make a release in the public folder the current one. Do nothing if it is already current."""
    if _points_at(home.current, release):
        discard_switch(home)
        return
    if not _points_at(_prepared_pointer(home), release):
        prepare_switch(home, release)
    _prepared_pointer(home).replace(home.current)
    durable.sync_folder(home.public)


def _prepared_pointer(home: Home) -> Path:
    return home.public / ".current.new"


def _points_at(link: Path, release: str) -> bool:
    return link.is_symlink() and link.readlink().name == release


def find_current_release(home: Home) -> Path | None:
    """Return the resolved folder of the current release, or None before the first publication."""
    return home.current.resolve() if home.current.is_symlink() else None
