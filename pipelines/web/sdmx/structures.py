"""Find the artefacts that a query of structures asks for, with their references, and write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.artefacts import (
    CONCEPTS,
    UNVERSIONED,
    Artefacts,
    Constraint,
    Kind,
    find_agency,
    find_version,
    make_constraint,
    make_urn,
)
from pipelines.dissemination.release import Written, identify_release
from pipelines.dissemination.structures import TIME_PERIOD, Codelist, Structures
from pipelines.dissemination.writers import sdmx_json_schema, sdmx_json_structure, sdmx_ml, sdmx_schema, sdmx_structure
from pipelines.web.sdmx.errors import NO_DIMENSION, QueryError
from pipelines.web.sdmx.negotiation import (
    SCHEMA_JSON,
    SCHEMA_ML_2,
    STRUCTURE_JSON,
    STRUCTURE_ML_2,
    STRUCTURE_ML_3,
    ResponseFormat,
)
from pipelines.web.sdmx.queries import SchemaQuery, StructureQuery
from pipelines.web.sdmx.references import EVERYTHING, KINDS, Name, list_names, resolve_references

_ITEM_SCHEMES: Final[frozenset[Kind]] = frozenset({"categoryscheme", "conceptscheme", "codelist", *UNVERSIONED})
_OF_DATA: Final = ("dataflow", "datastructure", "dataconstraint", "provisionagreement")
_OF_METADATA: Final = ("metadataflow", "metadatastructure", "metadataprovisionagreement")
"""Kinds of artefacts that belong to one dataflow or one metadataflow."""


@dataclass(frozen=True)
class StructureMessage:
    """Artefacts with the structures that they are written from, which may have fewer items than the release."""

    structures: Structures
    artefacts: Artefacts


@lru_cache(maxsize=512)
def _load_constraint(folder: Path, _written: Written, dataflow: str) -> Constraint:
    return make_constraint(folder, dataflow)


def load_constraint(folder: Path, dataflow: str) -> Constraint:
    """Return the codes and days of a dataflow of a release, computed once."""
    return _load_constraint(*identify_release(folder), dataflow)


# ------------------------------------------------------------------------------------------------------------- queries


def find_structures(folder: Path, structures: Structures, query: StructureQuery) -> StructureMessage:
    """Return what a query of structures asks for. Raises QueryError 404 if nothing matches."""
    kinds = KINDS[query.version][query.kind]
    names = [name for name in list_names(structures, kinds) if _is_meant(structures, name, query)]
    names = [
        name for name in names if name[0] != "dataconstraint" or any(load_constraint(folder, name[1]).codes.values())
    ]
    if not names:
        raise QueryError(
            404,
            mark(
                "There is no {kind} with this agency, id and version. Agency: {agency}; version: {version}; leave out "
                "the id to list all."
            ),
            kind=query.kind,
            agency=structures.agency,
            version=structures.version,
        )
    added = resolve_references(structures, names, query.references, query.version)
    partial: set[Name] = set()
    if query.items:
        structures, partial = _choose_items(structures, names, query)
    if query.detail == "referencepartial":
        flows = {name for kind, name in names if kind in _OF_DATA}
        metadataflows = {name for kind, name in names if kind in _OF_METADATA}
        if flows or metadataflows:
            structures, reduced = keep_used_items(folder, structures, flows, metadataflows=metadataflows)
            partial |= reduced & added
    return _assemble(folder, structures, {*names, *added}, query.detail, _list_stubs(query, names, added), partial)


def _is_meant(structures: Structures, name: Name, query: StructureQuery) -> bool:
    kind, artefact = name
    return query.reference.matches_artefact(find_agency(structures, kind), artefact, find_version(structures, kind))


def _list_stubs(query: StructureQuery, names: Iterable[Name], added: Iterable[Name]) -> frozenset[Name]:
    """Return the artefacts that are written as stubs; one that was asked for itself may be written in full."""
    if query.detail in ("allstubs", "allcompletestubs"):
        return frozenset((*names, *added))
    if query.detail in ("referencestubs", "referencecompletestubs"):
        return frozenset(added)
    return frozenset()


def _choose_items(structures: Structures, names: Iterable[Name], query: StructureQuery) -> tuple[Structures, set[Name]]:
    """Return the structures with the items of schemes that a query names. Raises QueryError 404 if there is none."""
    names = list(names)
    items = set(query.items)
    kinds = {kind for kind, _ in names}
    if not kinds <= _ITEM_SCHEMES | {"hierarchy"}:
        raise QueryError(
            400,
            mark("Structures of type {kind} have no items. Leave out the last part of the address."),
            kind=query.kind,
        )
    present_items: set[str] = set()
    if "codelist" in kinds:
        chosen_codelists = {name for kind, name in names if kind == "codelist"}
        codelists = {
            name: replace_codes(item, items) if name in chosen_codelists else item
            for name, item in structures.codelists.items()
        }
        present_items |= {code.id for name in chosen_codelists for code in codelists[name].codes}
        structures = replace(structures, codelists=codelists)
    if "conceptscheme" in kinds:
        concepts = {name: item for name, item in structures.concepts.items() if name in items}
        present_items |= set(concepts)
        structures = replace(structures, concepts=concepts)
    if "categoryscheme" in kinds:
        categories = tuple(item for item in structures.categories if item.id in items)
        present_items |= {item.id for item in categories}
        structures = replace(structures, categories=categories)
    present_items |= items & ({structures.agency} if kinds & UNVERSIONED else set())
    present_items |= items & {name for kind, name in names if kind == "hierarchy"}
    if not present_items:
        raise QueryError(
            404, mark("There is no item {names} in this {kind}."), names=", ".join(sorted(items)), kind=query.kind
        )
    return structures, {name for name in names if name[0] in ("codelist", "conceptscheme", "categoryscheme")}


def replace_codes(codelist: Codelist, codes: Iterable[str]) -> Codelist:
    """Return a code list with some codes only."""
    chosen = set(codes)
    return replace(codelist, codes=tuple(code for code in codelist.codes if code.id in chosen))


def keep_used_items(
    folder: Path,
    structures: Structures,
    flows: Iterable[str],
    constraints: Mapping[str, Constraint] | None = None,
    metadataflows: Iterable[str] = (),
) -> tuple[Structures, set[Name]]:
    """Return the structures with the codes and concepts that some flows use, and the schemes that are reduced.

    Codes are those of the constraints, with the codes that contain them; code lists of attributes stay whole.
    """
    used_codes: dict[str, set[str]] = {}
    whole: set[str] = set()
    used_concepts: set[str] = set()
    for name in flows:
        flow = structures.dataflows[name]
        constraint = constraints[name] if constraints is not None else load_constraint(folder, name)
        for component, codelist in flow.structure.codelists.items():
            if component in constraint.codes:
                used_codes.setdefault(codelist, set()).update(constraint.codes[component])
            else:
                whole.add(codelist)
        used_concepts |= {concept.id for concept in structures.list_concepts(flow)}
    for name in metadataflows:
        for attribute in structures.metadataflows[name].list_attributes():
            used_concepts.add(attribute.id)
            whole |= {attribute.codelist} if attribute.codelist is not None else set()
    codelists, partial = dict(structures.codelists), set[Name]()
    for name, codes in used_codes.items():
        if name in whole:
            continue
        codelists[name] = replace_codes(structures.codelists[name], _add_parents(structures.codelists[name], codes))
        if len(codelists[name].codes) < len(structures.codelists[name].codes):
            partial.add(("codelist", name))
    concepts = {name: item for name, item in structures.concepts.items() if name in used_concepts}
    if len(concepts) < len(structures.concepts):
        partial.add(("conceptscheme", CONCEPTS))
    return replace(structures, codelists=codelists, concepts=concepts), partial


def _add_parents(codelist: Codelist, codes: Iterable[str]) -> set[str]:
    complete: set[str] = set()
    for code in codes:
        current: str | None = code
        while current is not None and current in codelist.by_id and current not in complete:
            complete.add(current)
            current = codelist.by_id[current].parent
    return complete


def _assemble(
    folder: Path, structures: Structures, names: set[Name], detail: str, stubs: frozenset[Name], partial: set[Name]
) -> StructureMessage:
    """Return the message of some artefacts, in the order of the release."""
    ids: dict[Kind, tuple[str, ...]] = {}
    constraints: dict[str, Constraint] = {}
    for kind, name in list_names(structures, EVERYTHING["v2"]):
        if (kind, name) not in names:
            continue
        if kind == "dataconstraint":
            constraint = load_constraint(folder, name)
            if not any(constraint.codes.values()):
                continue
            constraints[name] = constraint
        ids[kind] = (*ids.get(kind, ()), name)
    are_stubs_complete = detail in ("allcompletestubs", "referencecompletestubs")
    return StructureMessage(structures, Artefacts(ids, constraints, stubs, are_stubs_complete, frozenset(partial)))


def write_structures(message: StructureMessage, form: ResponseFormat, language: str) -> bytes:
    """Return a structure message in a format.  Raises QueryError 406 if the format has no such artefacts."""
    if form is STRUCTURE_ML_2 and set(message.artefacts.ids) == {"metadataproviderscheme"}:
        raise QueryError(
            406,
            mark("{format} has no structures of type {kind}. Ask for one of: {formats}."),
            format=STRUCTURE_ML_2.name,
            kind="metadataproviderscheme",
            formats=f"{STRUCTURE_JSON.name}, {STRUCTURE_ML_3.name}",
        )
    if form is STRUCTURE_JSON:
        return sdmx_json_structure.write_structures(message.structures, message.artefacts, language)
    version: sdmx_ml.Version = "2.1" if form is STRUCTURE_ML_2 else "3.0"
    return sdmx_structure.write_structures(message.structures, message.artefacts, version)


def write_schema(message: StructureMessage, form: ResponseFormat, query: SchemaQuery) -> bytes:
    """Return the JSON Schema or XML Schema of messages of one data structure.

    Raises QueryError 422 if the query has several, or a dimension at the observation that the structure lacks.
    """
    names = message.artefacts.ids["datastructure"]
    if len(names) > 1:
        raise QueryError(422, mark("A schema is for one dataflow. Name one of: {names}."), names=", ".join(names))
    flow = message.structures.dataflows[names[0]]
    dimensions = (*flow.structure.dimension_ids, TIME_PERIOD, sdmx_ml.ALL_DIMENSIONS)
    if query.dimension_at_observation not in dimensions:
        raise QueryError(
            422, NO_DIMENSION, dataflow=flow.id, name=query.dimension_at_observation, names=", ".join(dimensions)
        )
    codelists, urn = message.structures.codelists, make_urn(message.structures, query.context, flow.id)
    at_observation = query.dimension_at_observation
    if form is SCHEMA_JSON:
        return sdmx_json_schema.write_data_schema(flow.structure, codelists, urn, at_observation)
    version: sdmx_ml.Version = "2.1" if form is SCHEMA_ML_2 else "3.0"
    return sdmx_schema.write_data_schema(flow.structure, codelists, urn, version, at_observation)
