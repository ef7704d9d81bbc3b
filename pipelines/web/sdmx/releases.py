"""Find the release that a query reads: the current one, one by its id, or the one that was current at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pipelines.core import clock
from pipelines.core.home import Home, HomeError
from pipelines.core.i18n import mark
from pipelines.dissemination.release import load_structures
from pipelines.publication.releases.publications import read_publications
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.queries import RequestedEdition

_NO_RELEASE: Final = mark("No release has been published yet.")


@dataclass(frozen=True)
class PublishedRelease:
    """The folder of a release, from when it was current and until when; `valid_until` is None for the current one."""

    folder: Path
    valid_from: datetime
    valid_until: datetime | None = None


def find_time_of_change(release: PublishedRelease) -> datetime:
    """Return when a release became current, or the time of the newest notice on its figures if that is later."""
    notices = load_structures(release.folder).edition.corrections
    return max([release.valid_from, *(clock.parse_time(item.issued_at) for item in notices if item.issued_at)])


class Releases:
    """The published releases of a home, which is opened for each request."""

    def __init__(self, open_home: Callable[[], Home]) -> None:
        self.open_home = open_home

    def list_history(self) -> list[PublishedRelease]:
        """Return the releases in the order in which they were made current, by the journal of publications."""
        try:
            home = self.open_home()
        except HomeError:
            raise QueryError(503, mark("The data are not available at the moment. Try again later.")) from None
        lines = read_publications(home)
        times: list[datetime | None] = [clock.parse_time(line.published_at) for line in lines]
        return [
            PublishedRelease(home.releases / line.release, clock.parse_time(line.published_at), until)
            for line, until in zip(lines, [*times[1:], None], strict=True)
        ]

    def find_release(self, edition: RequestedEdition) -> PublishedRelease:
        """Return the release that a query reads. Raises QueryError 404 if there is none."""
        history = self.list_history()
        if edition.release is not None:
            matches = [item for item in history if item.folder.name == edition.release]
            if not matches:
                if not history:
                    raise QueryError(404, _NO_RELEASE)
                names = ", ".join(dict.fromkeys(item.folder.name for item in history))
                raise QueryError(
                    404,
                    mark("There is no release {release}. There are: {names}."),
                    release=edition.release,
                    names=names,
                )
            return matches[0]
        if edition.as_of is not None:
            matches = [item for item in history if item.valid_from <= edition.as_of]
            if not matches:
                raise QueryError(404, mark("No release was published at that time. Choose a later time."))
            return matches[-1]
        if not history:
            raise QueryError(404, _NO_RELEASE)
        # During a publication the link names the new release shortly before the journal does.
        current = self.open_home().current.resolve().name
        return next((item for item in reversed(history) if item.folder.name == current), history[-1])

    def list_until(self, release: PublishedRelease) -> list[PublishedRelease]:
        """Return the releases that were current up to one, and this one."""
        return [item for item in self.list_history() if item.valid_from <= release.valid_from]
