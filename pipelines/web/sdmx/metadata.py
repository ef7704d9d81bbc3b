"""Find the metadata sets that a query asks for, and write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.core.i18n import mark
from pipelines.dissemination.artefacts import Kind
from pipelines.dissemination.metadata_sets import MetadataSet, keep_days, load_metadata_sets
from pipelines.dissemination.release import load_structures
from pipelines.dissemination.structures import Structures
from pipelines.dissemination.writers import sdmx_metadata
from pipelines.web.sdmx.data import UNCHANGED
from pipelines.web.sdmx.errors import NOT_OFFERED, QueryError
from pipelines.web.sdmx.negotiation import METADATA_CSV, METADATA_JSON, METADATA_ML_2, FormatChoice
from pipelines.web.sdmx.queries import ALL, MetadataQuery, RequestedEdition
from pipelines.web.sdmx.references import KINDS
from pipelines.web.sdmx.releases import PublishedRelease, Releases


@dataclass(frozen=True)
class MetadataAnswer:
    """Metadata sets with the structures of their release; stubs are written without their attributes."""

    structures: Structures
    sets: Sequence[MetadataSet]
    is_stub: bool


def find_metadata(releases: Releases, release: PublishedRelease, query: MetadataQuery) -> MetadataAnswer:
    """Return the metadata sets that a query asks for; with `updatedAfter`, those that are new or changed since then.

    Raises QueryError 400 for a type of structure that there is not, and 404 if nothing matches.
    """
    structures = load_structures(release.folder)
    if query.scope == "structure" and query.kind not in KINDS["v2"]:
        raise QueryError(400, NOT_OFFERED, value=query.kind, names=", ".join(KINDS["v2"]))
    matches = [item for item in load_metadata_sets(release.folder) if _is_meant(structures, item, query)]
    if not matches:
        raise QueryError(
            404,
            mark(
                "There is no such reference metadata. Their provider is {agency}; metadataflows are {names}; they are "
                "about codes of {codelists}, and about dataflows."
            ),
            agency=structures.agency,
            names=", ".join(structures.metadataflows),
            codelists=", ".join(dict.fromkeys(flow.codelist for flow in structures.metadataflows.values())),
        )
    sets = _keep_days(matches, query)
    if not sets:
        raise QueryError(404, mark("No such reference metadata is about this time. Choose other periods."))
    if query.updated_after is not None:
        former = _keep_days(_load_former(releases, release, query), query)
        sets = [item for item in sets if item not in former]
        if not sets:
            raise QueryError(404, UNCHANGED)
    return MetadataAnswer(structures, sets, query.is_stub)


def _keep_days(sets: Iterable[MetadataSet], query: MetadataQuery) -> list[MetadataSet]:
    """Return the sets with what they have about the days of a query, without those that have nothing about them."""
    chosen_sets = (keep_days(item, query.first_day, query.last_day) for item in sets)
    return [item for item in chosen_sets if item is not None]


def _load_former(releases: Releases, release: PublishedRelease, query: MetadataQuery) -> Sequence[MetadataSet]:
    """Return the metadata sets of the release that was current at the time of `updatedAfter`, if there was one."""
    if not any(past.valid_from <= query.updated_after for past in releases.list_until(release) if query.updated_after):
        return ()
    return load_metadata_sets(releases.find_release(RequestedEdition(as_of=query.updated_after)).folder)


def _is_meant(structures: Structures, item: MetadataSet, query: MetadataQuery) -> bool:
    """Return True if a metadata set is one of those that a query asks for."""
    reference = query.reference
    if not {ALL, structures.agency} & set(query.providers):
        return False
    match query.scope:
        case "metadataset":
            return reference.matches_artefact(structures.agency, item.id, structures.version)
        case "metadataflow":
            return reference.matches_artefact(structures.agency, item.flow, structures.version) and (
                not query.items or item.code in query.items
            )
        case "structure":
            targets: list[tuple[Kind, str, str]] = [("codelist", item.codelist, item.code)]
            targets += [("dataflow", name, "") for name in item.dataflows]
            return any(
                kind in KINDS["v2"][query.kind]
                and reference.matches_artefact(structures.agency, name, structures.version)
                and (not query.items or code in query.items)
                for kind, name, code in targets
            )


def write_metadata(answer: MetadataAnswer, choice: FormatChoice, language: str) -> bytes:
    """Return the message of metadata sets in a format. Raises QueryError 406 for stubs in a format without them."""
    structures, sets, is_stub = answer.structures, answer.sets, answer.is_stub
    if choice.format is METADATA_JSON:
        return sdmx_metadata.write_json(structures, sets, language, is_stub=is_stub)
    if choice.format is METADATA_CSV:
        return sdmx_metadata.write_csv(structures, sets, language, choice.labels, is_stub=is_stub)
    if choice.format is METADATA_ML_2:
        if is_stub:
            raise QueryError(
                406,
                mark("{format} has no metadata sets without attributes. Leave out detail, or ask for another format."),
                format=METADATA_ML_2.name,
            )
        return sdmx_metadata.write_xml(structures, sets, "2.1")
    return sdmx_metadata.write_xml(structures, sets, "3.0", is_stub=is_stub)
