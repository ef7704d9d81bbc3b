"""Write structures in SDMX-JSON 2.0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pipelines.dissemination.artefacts import (
    AGENCIES,
    CATEGORIES,
    CONCEPTS,
    DATA_PROVIDERS,
    METADATA_PROVIDERS,
    METRICS,
    UNVERSIONED,
    Artefacts,
    Constraint,
    Kind,
    find_agency,
    list_children,
    list_target_patterns,
    make_urn,
)
from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Code,
    Codelist,
    MetadataAttribute,
    Structures,
    Text,
    choose_text,
)
from pipelines.dissemination.writers.sdmx_json import SCHEMA, describe_name, dump_json

MEDIA_TYPE: Final = "application/vnd.sdmx.structure+json; version=2.0.0"


def write_structures(structures: Structures, artefacts: Artefacts, language: str = "en") -> bytes:
    """Return a structure message of version 2.0."""
    data: dict[str, Callable[[Structures, Artefacts, str], list[dict[str, Any]]]] = {
        "agencySchemes": _compose_agencies,
        "categorisations": _compose_categorisations,
        "categorySchemes": _compose_categories,
        "codelists": _compose_codelists,
        "conceptSchemes": _compose_concepts,
        "dataConstraints": _compose_constraints,
        "dataflows": _compose_dataflows,
        "dataProviderSchemes": partial(_compose_providers, "dataproviderscheme"),
        "dataStructures": _compose_data_structures,
        "hierarchies": _compose_hierarchies,
        "metadataflows": _compose_metadataflows,
        "metadataProviderSchemes": partial(_compose_providers, "metadataproviderscheme"),
        "metadataProvisionAgreements": partial(_compose_agreements, "metadataprovisionagreement"),
        "metadataStructures": _compose_metadata_structures,
        "provisionAgreements": partial(_compose_agreements, "provisionagreement"),
    }
    parts = {name: compose(structures, artefacts, language) for name, compose in data.items()}
    for kind, name in artefacts.partial:
        for scheme in parts[f"{kind.replace('scheme', 'Scheme')}s"]:
            if scheme["id"] == name:
                scheme["isPartial"] = True
    meta = {
        "schema": SCHEMA.format("structure", "2.0.0", "structure"),
        "id": f"{structures.edition.id.replace('.', '_')}_STRUCTURES",
        "test": structures.edition.is_demonstration,
        "prepared": structures.edition.drafted_at,
        "contentLanguages": [language.lower()],
        "sender": {"id": structures.agency, **describe_name(structures.agency_names, language)},
    }
    return dump_json({"meta": meta, "data": {name: part for name, part in parts.items() if part}}).encode()


def _maintained(
    structures: Structures,
    artefacts: Artefacts,
    kind: Kind,
    name: str,
    names: Text,
    language: str,
    descriptions: Text | None = None,
) -> dict[str, Any]:
    """Return what every artefact has."""
    artefact: dict[str, Any] = {"id": name, **describe_name(names, language)}
    if descriptions and (artefacts.are_stubs_complete or not artefacts.is_stub(kind, name)):
        artefact |= {"description": choose_text(descriptions, language), "descriptions": dict(descriptions)}
    artefact |= {
        "agencyID": find_agency(structures, kind),
        "links": [{"rel": "self", "type": kind, "urn": make_urn(structures, kind, name)}],
    }
    return artefact if kind in UNVERSIONED else artefact | {"version": structures.version}


def _stub(artefacts: Artefacts, kind: Kind, name: str) -> dict[str, Any]:
    return {"isExternalReference": True} if artefacts.is_stub(kind, name) else {}


def _compose_agencies(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids("agencyscheme"):
        return []
    scheme = _maintained(structures, artefacts, "agencyscheme", AGENCIES, {"en": "Agencies"}, language)
    agency = {"id": structures.agency, **describe_name(structures.agency_names, language)}
    return [scheme | (_stub(artefacts, "agencyscheme", AGENCIES) or {"agencies": [agency]})]


def _compose_categorisations(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("categorisation"):
        flow = structures.find_dataflow(name)
        target = make_urn(structures, "categoryscheme", CATEGORIES, flow.category)
        composed.append(
            _maintained(structures, artefacts, "categorisation", name, flow.names, language)
            | (
                _stub(artefacts, "categorisation", name)
                or {"source": make_urn(structures, "dataflow", name), "target": target}
            )
        )
    return composed


def _compose_categories(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids("categoryscheme"):
        return []
    scheme = _maintained(structures, artefacts, "categoryscheme", CATEGORIES, structures.agency_names, language)
    items = [{"id": item.id, **describe_name(item.names, language)} for item in structures.categories]
    return [scheme | (_stub(artefacts, "categoryscheme", CATEGORIES) or {"categories": items})]


def _compose_codelists(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("codelist"):
        codelist = structures.codelists[name]
        items = []
        for code in codelist.codes:
            item: dict[str, Any] = {"id": code.id, **describe_name(code.names, language)}
            if code.descriptions:
                item |= {
                    "description": choose_text(code.descriptions, language),
                    "descriptions": dict(code.descriptions),
                }
            if code.parent in codelist.by_id:
                item["parent"] = code.parent
            items.append(item)
        composed.append(
            _maintained(structures, artefacts, "codelist", name, codelist.names, language)
            | (_stub(artefacts, "codelist", name) or {"codes": items})
        )
    return composed


def _compose_concepts(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids("conceptscheme"):
        return []
    scheme = _maintained(structures, artefacts, "conceptscheme", CONCEPTS, structures.agency_names, language)
    items = [{"id": item.id, **describe_name(item.names, language)} for item in structures.concepts.values()]
    return [scheme | (_stub(artefacts, "conceptscheme", CONCEPTS) or {"concepts": items})]


def _compose_constraints(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("dataconstraint"):
        flow, constraint = structures.find_dataflow(name), artefacts.constraints[name]
        keys: list[dict[str, Any]] = [
            {"id": dimension, "include": True, "values": [{"value": code} for code in codes]}
            for dimension, codes in constraint.codes.items()
        ]
        if constraint.first_day is not None and constraint.last_day is not None:
            keys.append(
                {"id": TIME_PERIOD, "include": True, "timeRange": {
                    "startPeriod": {"period": constraint.first_day.isoformat(), "isInclusive": True},
                    "endPeriod": {"period": constraint.last_day.isoformat(), "isInclusive": True},
                }}
            )  # fmt: skip
        composed.append(
            _maintained(structures, artefacts, "dataconstraint", name, flow.names, language)
            | {"role": "Actual"}
            | _describe_metrics(constraint)
            | (
                _stub(artefacts, "dataconstraint", name)
                or {
                    "constraintAttachment": {"dataflows": [make_urn(structures, "dataflow", name)]},
                    "cubeRegions": [{"include": True, "keyValues": keys}],
                }
            )
        )
    return composed


def _describe_metrics(constraint: Constraint) -> dict[str, Any]:
    metrics = [{"id": name, "type": METRICS, "title": value} for name, value in constraint.list_metrics()]
    return {"annotations": metrics} if metrics else {}


def _compose_dataflows(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("dataflow"):
        flow = structures.find_dataflow(name)
        composed.append(
            _maintained(structures, artefacts, "dataflow", name, flow.names, language, flow.descriptions)
            | (
                _stub(artefacts, "dataflow", name)
                or {"structure": make_urn(structures, "datastructure", flow.structure.id)}
            )
        )
    return composed


def _compose_data_structures(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("datastructure"):
        flow = structures.find_dataflow(name)
        structure = flow.structure
        dimensions = [
            {"id": item.id, "position": position, **_represent(structures, item.id, item.codelist)}
            for position, item in enumerate(structure.dimensions)
        ]
        time = {"id": TIME_PERIOD, **_represent(structures, TIME_PERIOD, None, "ObservationalTimePeriod")}
        attributes = [
            {
                "id": item.id,
                "usage": "mandatory" if item.is_required else "optional",
                "attributeRelationship": {"dimensions": list(structure.dimension_ids)}
                if item.attachment == "series"
                else {"observation": {}},
                **_represent(structures, item.id, item.codelist, item.text_type),
            }
            for item in structure.attributes
        ]
        components = {
            "dimensionList": {"id": "DimensionDescriptor", "dimensions": dimensions, "timeDimension": time},
            "attributeList": {"id": "AttributeDescriptor", "attributes": attributes},
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [{"id": OBS_VALUE, **_represent(structures, OBS_VALUE, None, "Double")}],
            },
        }
        composed.append(
            _maintained(
                structures, artefacts, "datastructure", structure.id, structure.names, language, flow.descriptions
            )
            | (_stub(artefacts, "datastructure", structure.id) or {"dataStructureComponents": components})
        )
    return composed


def _represent(structures: Structures, name: str, codelist: str | None, text_type: str = "") -> dict[str, Any]:
    """Return the concept of a component and how its values are represented."""
    concept = make_urn(structures, "conceptscheme", CONCEPTS, name)
    if codelist is None:
        return {"conceptIdentity": concept, "localRepresentation": {"format": {"dataType": text_type}}}
    enumeration = make_urn(structures, "codelist", codelist)
    return {"conceptIdentity": concept, "localRepresentation": {"enumeration": enumeration}}


def _compose_hierarchies(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("hierarchy"):
        codelist = structures.codelists[name]
        children = list_children(codelist)

        def compose_code(
            code: Code, codelist: Codelist = codelist, children: Mapping[str | None, list[Code]] = children
        ) -> dict[str, Any]:
            urn = make_urn(structures, "codelist", codelist.id, code.id)
            below = [compose_code(child, codelist, children) for child in children.get(code.id, ())]
            return {"id": code.id, "code": urn, **({"hierarchicalCodes": below} if below else {})}

        items = [compose_code(code) for code in children.get(None, ())]
        composed.append(
            _maintained(structures, artefacts, "hierarchy", name, codelist.names, language)
            | {"hasFormalLevels": False}
            | (_stub(artefacts, "hierarchy", name) or {"hierarchicalCodes": items})
        )
    return composed


# ---------------------------------------------------------------------------------- providers and reference metadata


def _compose_providers(kind: Kind, structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids(kind):
        return []
    is_data = kind == "dataproviderscheme"
    name, title = (DATA_PROVIDERS, "Data providers") if is_data else (METADATA_PROVIDERS, "Metadata providers")
    scheme = _maintained(structures, artefacts, kind, name, {"en": title}, language)
    provider = {"id": structures.agency, **describe_name(structures.agency_names, language)}
    items = {"dataProviders" if is_data else "metadataProviders": [provider]}
    return [scheme | (_stub(artefacts, kind, name) or items)]


def _compose_agreements(
    kind: Kind, structures: Structures, artefacts: Artefacts, language: str
) -> list[dict[str, Any]]:
    """Return provision agreements: who provides the data of a dataflow, or the metadata of a metadataflow."""
    composed = []
    for name in artefacts.list_ids(kind):
        if kind == "provisionagreement":
            names = structures.dataflows[name].names
            provider = make_urn(structures, "dataproviderscheme", DATA_PROVIDERS, structures.agency)
            content = {"dataflow": make_urn(structures, "dataflow", name), "dataProvider": provider}
        else:
            names = structures.metadataflows[name].names
            provider = make_urn(structures, "metadataproviderscheme", METADATA_PROVIDERS, structures.agency)
            content = {"metadataflow": make_urn(structures, "metadataflow", name), "metadataProvider": provider}
        composed.append(
            _maintained(structures, artefacts, kind, name, names, language) | (_stub(artefacts, kind, name) or content)
        )
    return composed


def _compose_metadataflows(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("metadataflow"):
        flow = structures.metadataflows[name]
        content = {
            "structure": make_urn(structures, "metadatastructure", name),
            "targets": list_target_patterns(structures, flow),
        }
        composed.append(
            _maintained(structures, artefacts, "metadataflow", name, flow.names, language, flow.descriptions)
            | (_stub(artefacts, "metadataflow", name) or content)
        )
    return composed


def _compose_metadata_structures(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("metadatastructure"):
        flow = structures.metadataflows[name]
        attributes = [_compose_metadata_attribute(structures, item) for item in flow.attributes]
        attribute_list = {"id": "MetadataAttributeDescriptor", "metadataAttributes": attributes}
        composed.append(
            _maintained(structures, artefacts, "metadatastructure", name, flow.names, language, flow.descriptions)
            | (
                _stub(artefacts, "metadatastructure", name)
                or {"metadataStructureComponents": {"metadataAttributeList": attribute_list}}
            )
        )
    return composed


def _compose_metadata_attribute(structures: Structures, attribute: MetadataAttribute) -> dict[str, Any]:
    described = _represent(structures, attribute.id, attribute.codelist, attribute.text_type)
    if attribute.codelist is None:
        described["localRepresentation"]["format"]["isMultiLingual"] = False
    children = [_compose_metadata_attribute(structures, child) for child in attribute.children]
    return {
        "id": attribute.id,
        "minOccurs": 0,
        "maxOccurs": "unbounded" if attribute.is_repeated else 1,
        "isPresentational": False,
        **described,
        **({"metadataAttributes": children} if children else {}),
    }
