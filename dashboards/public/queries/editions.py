"""Find the release that an address names, among those that were published.

Only the pointer and the journal below `public/` say what was published. A draft, a release before its minute and a name
that means nothing are therefore answered in the same way, with the same work: none of them is looked for on the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.public.queries.opening import DATABASE, DamagedReleaseError, find_current_folder, open_public_home
from pipelines.publication.releases import calendar
from pipelines.publication.releases.correction_notices import notices_path, read_notices
from pipelines.publication.releases.public_records import are_edition_records_damaged, read_unless_damaged
from pipelines.publication.releases.publications import (
    Publication,
    find_withdrawals,
    journal_path,
    read_publications,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.publication.releases.calendar import PlannedRelease

_Version = tuple[int, int, int] | None
"""Inode, modification time and size of a file, or None if the file is missing."""


class UnknownReleaseError(Exception):
    """The address names a release that was not published. The message is the name."""


@dataclass(frozen=True, slots=True)
class OpenedRelease:
    """A published release: the path of its `release.duckdb`, its id, and the id of the current release.

    `withdrawal` is the rollback that withdrew it, and `is_corrected` says that figures in it turned out to be wrong.
    `is_unchecked` says that damaged files hide whether either is the case.
    """

    path: str
    id: str
    current: str
    withdrawal: Publication | None = None
    is_corrected: bool = False
    is_unchecked: bool = False

    @property
    def is_current(self) -> bool:
        return self.id == self.current


def open_release(requested: str = "") -> OpenedRelease:
    """Return a published release by its id, by default the current one.

    Raises NoReleaseError before the first publication, UnknownReleaseError for a release that was not published, and
    DamagedReleaseError for one without its file.
    """
    home = open_public_home()
    folder = find_current_folder(home)
    current = folder.name
    published, withdrawals = _read_journal(home, _read_version(journal_path(home)))
    if requested and requested != current:
        if requested not in published:
            raise UnknownReleaseError(requested)
        folder = (home.releases / requested).resolve()
    path = folder / DATABASE
    if not path.is_file():
        raise DamagedReleaseError(folder.name)
    versions = _read_version(journal_path(home)), _read_version(notices_path(home))
    is_corrected = folder.name in _read_corrected(home, versions[1])
    withdrawal, is_unchecked = withdrawals.get(folder.name), _are_records_damaged(home, versions)
    return OpenedRelease(str(path), folder.name, current, withdrawal, is_corrected, is_unchecked)


def is_published(release: str) -> bool:
    """Return True if the journal of the home has a release. Raises NoReleaseError without a home."""
    home = open_public_home()
    return release in _read_journal(home, _read_version(journal_path(home)))[0]


def find_next_release() -> PlannedRelease | None:
    """Return the announced release whose minute comes next, or None. Raises NoReleaseError without a home."""
    return read_unless_damaged(calendar.find_next_release, open_public_home(), None)


def _read_version(path: Path) -> _Version:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2)
def _read_journal(home: Home, version: _Version) -> tuple[frozenset[str], Mapping[str, Publication]]:
    """Return the published releases and the withdrawn ones. A page asks each time, and the file rarely changes."""
    lines = read_unless_damaged(read_publications, home, ())
    return frozenset(line.release for line in lines), find_withdrawals(lines)


@lru_cache(maxsize=2)
def _read_corrected(home: Home, version: _Version) -> frozenset[str]:
    """Return the releases with figures that turned out to be wrong."""
    return frozenset(notice.release for notice in read_unless_damaged(read_notices, home, ()))


@lru_cache(maxsize=2)
def _are_records_damaged(home: Home, versions: tuple[_Version, _Version]) -> bool:
    return are_edition_records_damaged(home)
