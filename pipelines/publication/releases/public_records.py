"""Read the files next to the releases for pages that must be shown although one of them is damaged.

The journal, the calendar, the notices and the list of readers are read at every request. What writes them, and what
decides by them, reads them as they are and fails if one is damaged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pipelines.core import durable
from pipelines.publication.releases.calendar import read_calendar
from pipelines.publication.releases.correction_notices import notices_path, read_notices
from pipelines.publication.releases.preview import read_preview_list
from pipelines.publication.releases.publications import Publication, find_withdrawals, journal_path, read_publications

if TYPE_CHECKING:
    from pipelines.core.home import Home

_Records = TypeVar("_Records")
_Other = TypeVar("_Other")
_Version = tuple[int, int, int] | None
"""Inode, modification time and size of a file, or None if the file is missing."""
_LOG = logging.getLogger(__name__)
_reported: Final[set[Path]] = set()
"""Damaged files that are in the log of this process, which would have one more line for each request."""


def read_unless_damaged(read: Callable[[Home], _Records], home: Home, otherwise: _Other) -> _Records | _Other:
    """Return what is read from a home, or the other value if the file is damaged. `find_damaged_records` names it."""
    try:
        return read(home)
    except durable.DamagedJsonError as error:
        if error.path not in _reported:
            _reported.add(error.path)
            _LOG.error("%s is damaged: pages are shown without it; restore it from a backup", error.path)
        return otherwise


@dataclass(frozen=True, slots=True)
class EditionRecords:
    """The releases of the journal and of the notices: those published, those withdrawn, and those with wrong figures.

    `is_damaged` is True if one of the two files cannot be read, so that a withdrawn or corrected release looks good.
    """

    published: frozenset[str]
    withdrawals: Mapping[str, Publication]
    corrected: frozenset[str]
    is_damaged: bool


def read_edition_records(home: Home) -> EditionRecords:
    """Return the releases of the journal and the notices, also if one is damaged. A changed file is read again."""
    return _read_edition_records(home, _read_version(journal_path(home)), _read_version(notices_path(home)))


@lru_cache(maxsize=2)
def _read_edition_records(home: Home, _journal: _Version, _notices: _Version) -> EditionRecords:
    lines, notices = read_unless_damaged(read_publications, home, None), read_unless_damaged(read_notices, home, None)
    return EditionRecords(
        frozenset(line.release for line in lines or ()),
        find_withdrawals(lines or ()),
        frozenset(notice.release for notice in notices or ()),
        is_damaged=lines is None or notices is None,
    )


def _read_version(path: Path) -> _Version:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def find_damaged_records(home: Home) -> list[str]:
    """Return the names of the damaged files next to the releases, sorted."""
    damaged: set[str] = set()
    readings: list[Callable[[], object]] = [partial(durable.read_json, path) for path in home.public.glob("*.json")]
    readings += [partial(read, home) for read in (read_calendar, read_notices, read_preview_list, read_publications)]
    for read_record in readings:
        try:
            read_record()
        except durable.DamagedJsonError as error:
            damaged.add(error.path.name)
    return sorted(damaged)
