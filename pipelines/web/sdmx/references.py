"""Name the types of structures, and find the artefacts that refer to each other and those that a query refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.artefacts import (
    AGENCIES,
    CATEGORIES,
    CONCEPTS,
    DATA_PROVIDERS,
    METADATA_PROVIDERS,
    Kind,
)
from pipelines.dissemination.structures import Dataflow, Structures
from pipelines.web.sdmx.errors import NOT_OFFERED, QueryError
from pipelines.web.sdmx.queries import ALL, DataQuery, Version

Name = tuple[Kind, str]
"""An artefact: its kind and its id."""
_COMMON_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "datastructure": ("datastructure",),
    "categoryscheme": ("categoryscheme",),
    "conceptscheme": ("conceptscheme",),
    "codelist": ("codelist",),
    "agencyscheme": ("agencyscheme",),
    "dataflow": ("dataflow",),
    "categorisation": ("categorisation",),
    "dataproviderscheme": ("dataproviderscheme",),
    "metadatastructure": ("metadatastructure",),
    "metadataflow": ("metadataflow",),
}
EVERYTHING: Final[Mapping[Version, tuple[Kind, ...]]] = {
    "v1": (
        "agencyscheme", "categoryscheme", "conceptscheme", "codelist", "hierarchy", "datastructure", "dataflow",
        "categorisation", "dataconstraint", "dataproviderscheme", "provisionagreement", "metadatastructure",
        "metadataflow", "metadataprovisionagreement",
    ),
    "v2": (
        "agencyscheme", "categoryscheme", "conceptscheme", "codelist", "hierarchy", "datastructure", "dataflow",
        "categorisation", "dataconstraint", "dataproviderscheme", "provisionagreement", "metadatastructure",
        "metadataflow", "metadataprovisionagreement", "metadataproviderscheme",
    ),
}  # fmt: skip
"""Kinds in the order of a message. Version 1.5 has agreements on metadata among the others, and no scheme of their
providers."""
_EMPTY_COMMON: Final = (
    "dataconsumerscheme", "organisationunitscheme", "reportingtaxonomy", "process", "transformationscheme",
    "rulesetscheme", "userdefinedoperatorscheme", "customtypescheme", "namepersonalisationscheme",
)  # fmt: skip
KINDS: Final[Mapping[Version, Mapping[str, tuple[Kind, ...]]]] = {
    "v1": {
        **_COMMON_KINDS,
        "organisationscheme": ("agencyscheme", "dataproviderscheme"),
        "provisionagreement": ("provisionagreement", "metadataprovisionagreement"),
        "hierarchicalcodelist": ("hierarchy",),
        "contentconstraint": ("dataconstraint",),
        "actualconstraint": ("dataconstraint",),
        "structure": EVERYTHING["v1"],
        **dict.fromkeys((*_EMPTY_COMMON, "structureset", "allowedconstraint", "attachmentconstraint",
                         "namealiasscheme"), ()),
    },
    "v2": {
        **_COMMON_KINDS,
        "hierarchy": ("hierarchy",),
        "dataconstraint": ("dataconstraint",),
        "provisionagreement": ("provisionagreement",),
        "metadataprovisionagreement": ("metadataprovisionagreement",),
        "metadataproviderscheme": ("metadataproviderscheme",),
        ALL: EVERYTHING["v2"],
        **dict.fromkeys((*_EMPTY_COMMON, "valuelist", "hierarchyassociation", "structuremap", "representationmap",
                         "conceptschememap", "categoryschememap", "organisationschememap", "reportingtaxonomymap",
                         "metadataconstraint", "vtlmappingscheme"), ()),
    },
}  # fmt: skip
"""Types of artefacts of each version, and the kinds that they are here; types without artefacts have none."""
_GENERAL: Final = (
    "none", "parents", "parentsandsiblings", "ancestors", "children", "descendants", "all",
)  # fmt: skip


def list_names(structures: Structures, kinds: Iterable[Kind]) -> list[Name]:
    """Return all artefacts of some kinds."""
    used = structures.find_used_codelists()
    ids: Mapping[Kind, Iterable[str]] = {
        "agencyscheme": (AGENCIES,),
        "categoryscheme": (CATEGORIES,),
        "conceptscheme": (CONCEPTS,),
        "codelist": [name for name in structures.codelists if name in used],
        "hierarchy": [name for name in structures.hierarchies if name in used],
        "datastructure": structures.dataflows,
        "dataflow": structures.dataflows,
        "categorisation": structures.dataflows,
        "dataconstraint": structures.dataflows,
        "dataproviderscheme": (DATA_PROVIDERS,),
        "provisionagreement": structures.dataflows,
        "metadatastructure": structures.metadataflows,
        "metadataflow": structures.metadataflows,
        "metadataprovisionagreement": structures.metadataflows,
        "metadataproviderscheme": (METADATA_PROVIDERS,),
    }
    return [(kind, name) for kind in kinds for name in ids[kind]]


def list_children(structures: Structures, artefact: Name, version: Version) -> list[Name]:
    """Return the artefacts that one refers to; in version 2.1 its agency scheme is one of them."""
    kind, name = artefact
    children: list[Name] = []
    match kind:
        case "categorisation":
            children = [("dataflow", name), ("categoryscheme", CATEGORIES)]
        case "dataflow":
            children = [("datastructure", name)]
        case "dataconstraint":
            children = [("dataflow", name), ("datastructure", name)]
        case "datastructure":
            codelists = dict.fromkeys(structures.dataflows[name].structure.codelists.values())
            children = [*(("codelist", item) for item in codelists), ("conceptscheme", CONCEPTS)]
        case "hierarchy":
            children = [("codelist", name)]
        case "provisionagreement":
            children = [("dataflow", name), ("dataproviderscheme", DATA_PROVIDERS)]
        case "metadatastructure":
            attributes = structures.metadataflows[name].list_attributes()
            codelists = dict.fromkeys(item.codelist for item in attributes if item.codelist is not None)
            children = [*(("codelist", item) for item in codelists), ("conceptscheme", CONCEPTS)]
        case "metadataflow":
            children = [("metadatastructure", name)]
        case "metadataprovisionagreement":
            providers: Name = ("metadataproviderscheme", METADATA_PROVIDERS)
            children = [
                ("metadataflow", name), ("dataproviderscheme", DATA_PROVIDERS) if version == "v1" else providers
            ]  # fmt: skip
    if version == "v2" and kind != "agencyscheme":
        children.append(("agencyscheme", AGENCIES))
    return children


def resolve_references(
    structures: Structures, names: Iterable[Name], references: Iterable[str], version: Version
) -> set[Name]:
    """Return the artefacts that `references` adds. Raises QueryError 400 for a value that there is not."""
    everything = list_names(structures, EVERYTHING[version])
    children = {name: list_children(structures, name, version) for name in everything}
    parents: dict[Name, list[Name]] = {name: [] for name in everything}
    for name, items in children.items():
        for item in items:
            parents[item].append(name)

    def follow_edges(start: Iterable[Name], edges: Mapping[Name, list[Name]]) -> set[Name]:
        return {item for name in start for item in edges[name]}

    def follow_all_edges(start: Iterable[Name], edges: Mapping[Name, list[Name]]) -> set[Name]:
        reached: set[Name] = set()
        waiting = follow_edges(start, edges)
        while waiting:
            reached |= waiting
            waiting = follow_edges(waiting, edges) - reached
        return reached

    names = list(names)
    above = follow_edges(names, parents)
    siblings = above | follow_edges(above, children)
    makers: Mapping[str, Callable[[], set[Name]]] = {
        "none": set,
        "parents": lambda: above,
        "parentsandsiblings": lambda: siblings,
        "ancestors": lambda: follow_all_edges(names, parents),
        "children": lambda: follow_edges(names, children),
        "descendants": lambda: follow_all_edges(names, children),
        "all": lambda: siblings | follow_all_edges(names, children),
    }
    added: set[Name] = set()
    for word in references:
        if word in makers:
            added |= makers[word]()
            continue
        if word not in KINDS[version]:
            offers = ", ".join((*_GENERAL, *KINDS[version]))
            raise QueryError(400, NOT_OFFERED, value=f"references={word}", names=offers)
        related = siblings | follow_all_edges(names, parents) | follow_all_edges(names, children)
        added |= {name for name in related if name[0] in KINDS[version][word]}
    return added - set(names)


def find_dataflows(structures: Structures, query: DataQuery) -> list[Dataflow]:
    """Return the dataflows that a query refers to. Raises QueryError 404 if there is none.

    A data structure and a provision agreement have the id of their dataflow.
    """
    is_provided = bool({ALL, structures.agency} & set(query.providers))
    flows = [
        flow
        for name, flow in structures.dataflows.items()
        if is_provided and query.reference.matches_artefact(structures.agency, name, structures.version)
    ]
    if not flows:
        names = ", ".join(structures.dataflows)
        raise QueryError(
            404,
            mark("There are no such data. The agency is {agency}; its dataflows are {names}."),
            agency=structures.agency,
            names=names,
        )
    return flows
