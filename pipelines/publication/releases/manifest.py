"""Read the manifest of a release: its files with their digests, and the versions of everything that shaped it.

`manifest_writing.py` writes it. It knows rules, declarations and reference figures, which readers of a release do not
need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pipelines.core import durable
from pipelines.publication.releases import signature

DATABASE: Final = signature.DATABASE
UNLISTED: Final = frozenset({signature.MANIFEST, signature.FILE, DATABASE})
"""Files that the manifest does not list: itself, its signature, and the database, whose bytes are not reproducible.
The signature has the digest of the database."""
VERSIONS: Final = ("software_version", "code", "rules", "declarations", "codelists", "denominators")
"""Entries of a manifest that must be equal for a release to be built again with the same bytes."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a release or a draft. Raises OSError, DamagedJsonError."""
    manifest: dict[str, Any] = durable.read_json(folder / signature.MANIFEST)
    return manifest
