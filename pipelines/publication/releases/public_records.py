"""Read the files next to the releases for pages that must be shown although one of them is damaged.

The journal, the calendar, the notices and the list of readers are read at every request. What writes them, and what
decides by them, reads them as they are and fails if one is damaged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from pipelines.core import durable
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.publications import read_publications

if TYPE_CHECKING:
    from pipelines.core.home import Home

_Records = TypeVar("_Records")
_Other = TypeVar("_Other")
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


def are_edition_records_damaged(home: Home) -> bool:
    """Return True if the journal or the notices are damaged, so that a withdrawn or corrected release looks good."""
    try:
        read_publications(home)
        read_notices(home)
    except durable.DamagedJsonError:
        return True
    return False


def find_damaged_records(home: Home) -> list[str]:
    """Return the names of the damaged files next to the releases, sorted."""
    damaged = []
    for path in home.public.glob("*.json"):
        try:
            durable.read_json(path)
        except durable.DamagedJsonError:
            damaged.append(path.name)
    try:
        read_publications(home)
    except durable.DamagedJsonError as error:
        damaged.append(error.path.name)
    return sorted(damaged)
