"""Find the release that an address names, among those that were published.

Only the pointer and the journal below `public/` say what was published. A draft, a release before its minute and a name
that means nothing are therefore answered in the same way, with the same work: none of them is looked for on the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.public.queries.opening import DATABASE, DamagedReleaseError, find_current_folder, open_public_home
from pipelines.publication.releases import calendar
from pipelines.publication.releases.public_records import read_edition_records, read_unless_damaged
from pipelines.publication.releases.publications import Publication

if TYPE_CHECKING:
    from pipelines.publication.releases.calendar import PlannedRelease


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
    records = read_edition_records(home)
    if requested and requested != current:
        if requested not in records.published:
            raise UnknownReleaseError(requested)
        folder = (home.releases / requested).resolve()
    path = folder / DATABASE
    if not path.is_file():
        raise DamagedReleaseError(folder.name)
    return OpenedRelease(
        str(path),
        folder.name,
        current,
        records.withdrawals.get(folder.name),
        is_corrected=folder.name in records.corrected,
        is_unchecked=records.is_damaged,
    )


def is_published(release: str) -> bool:
    """Return True if the journal of the home has a release. Raises NoReleaseError without a home."""
    return release in read_edition_records(open_public_home()).published


def find_next_release() -> PlannedRelease | None:
    """Return the announced release whose minute comes next, or None. Raises NoReleaseError without a home."""
    return read_unless_damaged(calendar.find_next_release, open_public_home(), None)
