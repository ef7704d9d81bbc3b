"""Find the data sources that are registered: a file of each dataflow in each release, and this service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.formats import name_file
from pipelines.dissemination.release import load_structures
from pipelines.dissemination.structures import Structures
from pipelines.dissemination.writers import sdmx_registry
from pipelines.dissemination.writers.sdmx_registry import Registration
from pipelines.web.sdmx.data import UNCHANGED
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.negotiation import REGISTRY_ML_2, ResponseFormat
from pipelines.web.sdmx.queries import ALL, RegistrationQuery
from pipelines.web.sdmx.releases import PublishedRelease, Releases
from pipelines.web.settings import public_site

_ENDING: Final = "sdmx-3.0.xml"
"""Ending of the registered files, SDMX-ML 3.0."""
_SERVICE: Final = "/sdmx/v2"


def find_registrations(releases: Releases, release: PublishedRelease, query: RegistrationQuery) -> list[Registration]:
    """Return the registrations that a query asks for, of all releases or of the one that it names.

    Raises QueryError 404 if nothing matches.
    """
    is_one = query.edition.release is not None or query.edition.as_of is not None
    history = [item for item in releases.list_history() if not is_one or item.folder == release.folder]
    matches = [
        item
        for number, past in enumerate(history)
        for item in _list_registrations(past, load_structures(past.folder), query, _count_before(history, number))
    ]
    if not matches:
        raise QueryError(
            404,
            mark("There are no such registered data sources. Shorten the address to see all."),
        )
    updated = [
        item
        for item in matches
        if (query.updated_before is None or item.updated_at < query.updated_before)
        and (query.updated_after is None or item.updated_at > query.updated_after)
    ]
    if not updated:
        raise QueryError(404, UNCHANGED)
    return updated


def _count_before(history: list[PublishedRelease], number: int) -> int:
    """Return how often a release was current before: it is made current again when a later one is withdrawn."""
    return sum(item.folder == history[number].folder for item in history[:number])


def _list_registrations(
    release: PublishedRelease, structures: Structures, query: RegistrationQuery, times_before: int
) -> Iterator[Registration]:
    """Yield the registrations of the dataflows of a release that a query asks for."""
    if not {ALL, structures.agency} & set(query.providers):
        return
    site = public_site().address
    edition = release.folder.name
    stem = edition.replace(".", "_") + (f"-{times_before + 1}" if times_before else "")
    for name in structures.dataflows:
        identifier = f"{stem}_{name}"
        is_meant = query.reference.matches_artefact(structures.agency, name, structures.version)
        if is_meant and (not query.ids or ALL in query.ids or identifier in query.ids):
            yield Registration(
                identifier,
                name,
                f"{site}/releases/{edition}/data/{name_file(name, _ENDING)}",
                f"{site}{_SERVICE}" if release.valid_until is None else None,
                release.valid_from,
                release.valid_until,
            )


def write_registrations(structures: Structures, registrations: list[Registration], form: ResponseFormat) -> bytes:
    """Return the answer of a registry in a format."""
    return sdmx_registry.write_registrations(structures, registrations, "2.1" if form is REGISTRY_ML_2 else "3.0")
