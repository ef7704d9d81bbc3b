"""List the releases of a home and describe one, from the journal and the manifests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.core.home import Home
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import VERSIONS, read_manifest
from pipelines.publication.releases.publications import find_withdrawals, read_publications
from pipelines.publication.releases.publish import find_current_release, list_drafts


@dataclass(frozen=True, slots=True)
class EditionSummary:
    """One release or draft. `n_shown` and `n_hidden` count its cells; releases from before these entries have none."""

    release: str
    state: str
    version: str | None
    previous: str | None
    drafted_at: str
    published_at: str | None
    key_id: str | None
    n_shown: int | None
    n_hidden: int | None

    @property
    def is_draft(self) -> bool:
        return self.state == "draft"

    def as_json(self) -> dict[str, Any]:
        """Return the fields as a dict."""
        return asdict(self)


def list_editions(home: Home) -> list[EditionSummary]:
    """Return the published releases, oldest first, then the drafts."""
    current = find_current_release(home)
    names = sorted((path.name for path in home.releases.glob("[!.]*") if path.is_dir()), key=edition_key)
    withdrawn = find_withdrawals(read_publications(home))
    editions = [
        _summarise(
            home,
            home.releases / name,
            "current" if current and current.name == name else "withdrawn" if name in withdrawn else "published",
        )
        for name in names
    ]
    return editions + [_summarise(home, home.drafts / name, "draft") for name in list_drafts(home)]


def find_edition(home: Home, release: str | None = None) -> Path:
    """Return the folder of a release or a draft; by default of the current release. Raises ReleaseError."""
    if release is None:
        current = find_current_release(home)
        if current is None:
            raise ReleaseError("nothing has been published; `rti publish` publishes a draft")
        return current
    names = {path.name: path for folder in (home.drafts, home.releases) for path in folder.glob("[!.]*")}
    if release not in names:
        listed = ", ".join(sorted(names, key=edition_key)) or "none"
        raise ReleaseError(f"there is no release or draft {release}; there are {listed}")
    return names[release]


def find_previous_edition(home: Home, release: str) -> str | None:
    """Return the newest published release that is older than `release`, or None. A rollback does not change it."""
    older = [
        path.name
        for path in home.releases.glob("[!.]*")
        if path.is_dir() and edition_key(path.name) < edition_key(release)
    ]
    return max(older, key=edition_key, default=None)


def describe_edition(home: Home, release: str | None = None) -> dict[str, Any]:
    """Return what the manifest and the journal say about a release or a draft. Raises ReleaseError."""
    folder = find_edition(home, release)
    manifest = read_manifest(folder)
    publications = [entry for entry in read_publications(home) if entry.release == folder.name]
    entries = ("release", "version", "previous", "drafted_at", "commit", *VERSIONS, "cells", "tables")
    return {
        **{name: manifest[name] for name in entries if name in manifest},
        "files": len(manifest["files"]),
        "publications": [{k: v for k, v in asdict(entry).items() if v is not None} for entry in publications],
    }


def _summarise(home: Home, folder: Path, state: str) -> EditionSummary:
    manifest = read_manifest(folder)
    published = [entry for entry in read_publications(home) if entry.release == folder.name]
    first = next((entry for entry in published if entry.action == "publish"), None)
    cells = manifest.get("cells", {})
    return EditionSummary(
        folder.name,
        state,
        manifest.get("version"),
        manifest.get("previous"),
        manifest["drafted_at"],
        first.published_at if first is not None else None,
        first.key_id if first is not None else None,
        cells.get("shown"),
        cells.get("hidden"),
    )
