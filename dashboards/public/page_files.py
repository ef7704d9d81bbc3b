"""Read the files of the static pages of a release, and refuse one that is not as it was published.

A disk that was full, or a copy that was interrupted, leaves files that are empty or cut short. The manifest of the
release has the size and the digest of each.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pipelines.core.durable import DamagedJsonError
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.signature import MANIFEST

_LOG = logging.getLogger(__name__)
_reported: Final[set[Path]] = set()
"""Damaged files that are in the log of this process, which would have one more line for each request."""


class DamagedPageError(Exception):
    """A file of the pages of a release is missing, empty, cut short, or has other bytes."""


def has_page_file(release: Path, name: str) -> bool:
    """Return True if a release has a file. Raises DamagedPageError if its manifest lists one that is missing.

    `name` is the path of the file in the folder of the release.
    """
    if (release / name).is_file():
        return True
    if name in _list_files(release):
        raise _report_damage(release / name)
    return False


def read_page_file(release: Path, name: str) -> bytes:
    """Return a file of a release. Raises DamagedPageError if it is not the one of the manifest.

    Without a manifest, only an empty file is refused.
    """
    content = (release / name).read_bytes()
    entry = _list_files(release).get(name)
    if not content or (entry is not None and hashlib.sha256(content).hexdigest() != entry["sha256"]):
        raise _report_damage(release / name)
    return content


def _report_damage(path: Path) -> DamagedPageError:
    if path not in _reported:
        _reported.add(path)
        _LOG.error("%s is damaged and is not shown; restore it from a backup", path)
    return DamagedPageError(path.name)


def _list_files(release: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the files of a release by their names, each with its digest; none if its manifest cannot be read."""
    try:
        return _read_files(release, (release / MANIFEST).stat().st_mtime_ns)
    except (OSError, DamagedJsonError):
        return {}


@lru_cache(maxsize=8)
def _read_files(release: Path, _time: int) -> Mapping[str, Mapping[str, Any]]:
    files: Mapping[str, Mapping[str, Any]] = read_manifest(release).get("files", {})
    return files
