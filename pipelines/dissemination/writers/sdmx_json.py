"""Write SDMX-JSON: data of versions 2.0 and 1.0, and structures of version 2.0."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from pipelines.dissemination import periods
from pipelines.dissemination.notes import find_language
from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Attribute,
    Code,
    Codelist,
    StructureError,
    Structures,
    Text,
    choose_text,
)
from pipelines.dissemination.writers.extract import INFINITE, Extract, join_chunks
from pipelines.dissemination.writers.sdmx_ml import ALL_DIMENSIONS
from pipelines.dissemination.writers.sdmx_structure import (
    AGENCIES,
    CATEGORIES,
    CONCEPTS,
    METRICS,
    Artefacts,
    Constraint,
    Kind,
    list_children,
    make_urn,
)

Version = Literal["1.0", "2.0"]
MEDIA_TYPES: Final = {
    "1.0": "application/vnd.sdmx.data+json; version=1.0.0",
    "2.0": "application/vnd.sdmx.data+json; version=2.0.0",
    "structure": "application/vnd.sdmx.structure+json; version=2.0.0",
}
_SCHEMA: Final = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/{}-message/tools/schemas/{}/sdmx-json-{}-schema.json"
)
_VERSIONS: Final = {"1.0": "1.0", "2.0": "2.0.0"}


@dataclass(frozen=True)
class _Component:
    """A component of a message: its description, and the values that indices refer to."""

    name: str
    listed: dict[str, Any]
    values: tuple[Any, ...] | None


def write_sdmx_json(
    extract: Extract,
    version: Version = "2.0",
    dimension_at_observation: str = TIME_PERIOD,
    *,
    language: str = "en",
    detail: str = "full",
) -> Iterator[bytes]:
    """Yield a data message. `dimension_at_observation` and `detail` are as in SDMX-ML.

    `language` is that of `name`; `names` has all languages. In version 1.0 every attribute is an index; in version 2.0
    attributes without a code list have their values in place.
    """
    return join_chunks(_compose(extract, version, dimension_at_observation, language, detail))


def _compose(extract: Extract, version: Version, at_observation: str, language: str, detail: str) -> Iterator[str]:
    structure = extract.dataflow.structure
    everything = [*structure.dimension_ids, TIME_PERIOD]
    if at_observation not in (*everything, ALL_DIMENSIONS):
        raise StructureError(f"{extract.dataflow.id} has no dimension {at_observation}")
    is_flat = at_observation == ALL_DIMENSIONS
    outer = [] if is_flat else [name for name in everything if name != at_observation]
    inner = everything if is_flat else [at_observation]
    of_series = list(structure.list_attributes("series")) if detail in ("full", "nodata") else []
    of_observations = list(structure.list_attributes("observation")) if detail == "full" else []
    if at_observation != TIME_PERIOD:
        of_series, of_observations = [], [*(of_series if detail == "full" else []), *of_observations]
    listed = {name: _list_dimension(extract, name, everything.index(name), version, language) for name in everything}
    series_attributes = [_list_attribute(extract, item, version, language) for item in of_series]
    observation_attributes = [_list_attribute(extract, item, version, language) for item in of_observations]
    described = _describe_structure(
        extract, language, [listed[name] for name in outer], [listed[name] for name in inner], series_attributes,
        observation_attributes, version,
    )  # fmt: skip
    meta = _compose_meta(extract, version, language)
    link = {"urn": extract.urn, "rel": extract.context}
    data_set = {**({"structure": 0} if version == "2.0" else {}), "action": "Information", "links": [link]}
    opening = json.dumps(data_set, ensure_ascii=False)[:-1]
    has_values = detail in ("full", "dataonly")
    yield f'{{"meta":{_dump(meta)},"data":{{'
    if version == "2.0":
        yield f'"structures":[{_dump(described)}],'
    else:
        yield f'"structure":{_dump(described)},'
    yield f'"dataSets":[{opening},'
    rows = extract.observations.select(
        _join_indices([listed[name] for name in outer]).alias("_series"),
        _write_array(series_attributes).alias("_attributes"),
        pl.concat_str(
            pl.lit('"'),
            _join_indices([listed[name] for name in inner]),
            pl.lit('":'),
            _write_array(observation_attributes, with_value=has_values),
        ).alias("_observation"),
    )
    if is_flat:
        yield '"observations":{'
        yield from _separate(rows["_observation"])
    else:
        grouped = rows.group_by("_series", maintain_order=True).agg(
            pl.col("_attributes").first(), pl.col("_observation").str.join(",")
        )
        parts = grouped.select(
            pl.concat_str(
                pl.lit('"'), pl.col("_series"), pl.lit('":{"attributes":'), pl.col("_attributes"),
                pl.lit(',"observations":{'), pl.col("_observation") if has_values else pl.lit(""), pl.lit("}}"),
            )
        ).to_series()  # fmt: skip
        yield '"series":{'
        yield from _separate(parts)
    yield "}}]}}"


def _separate(parts: pl.Series) -> Iterator[str]:
    for number, part in enumerate(parts):
        yield f",{part}" if number else part


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _join_indices(components: Sequence[_Component]) -> pl.Expr:
    """Return the key of a series or observation: indices joined by colons."""
    if not components:
        return pl.lit("")
    return pl.concat_str([_index(component) for component in components], separator=":")


def _index(component: _Component) -> pl.Expr:
    """Return the index of each value in the list of values of a component, as text, or null."""
    values = list(component.values or ())
    column = pl.col(component.name)
    if not values:
        return pl.lit(None, pl.String)
    if isinstance(values[0], str):
        column = column.cast(pl.String)
    indices = [str(place) for place in range(len(values))]
    return column.replace_strict(values, indices, return_dtype=pl.String, default=None)


def _write_array(components: Sequence[_Component], *, with_value: bool = False) -> pl.Expr:
    """Return a JSON array: the value if it is wanted, then an index or a value of each attribute, null if absent."""
    fields = [_write_value(OBS_VALUE, is_number=True)] if with_value else []
    for component in components:
        if component.values is not None:
            fields.append(_index(component).fill_null("null"))
        else:
            fields.append(_write_value(component.name, is_number=component.listed["format"]["dataType"] != "String"))
    if not fields:
        return pl.lit("[]")
    return pl.concat_str(pl.lit("["), pl.concat_str(fields, separator=","), pl.lit("]"))


def _write_value(name: str, *, is_number: bool) -> pl.Expr:
    """Return a column as JSON values; an infinite number is the text INF, which JSON has no number for."""
    column = pl.col(name)
    if is_number:
        text = column.cast(pl.String).str.strip_suffix(".0")
        return pl.when(text == "inf").then(pl.lit(f'"{INFINITE}"')).otherwise(text).fill_null("null")
    escaped = column.str.replace_many(["\\", '"'], ["\\\\", '\\"'])
    return pl.concat_str(pl.lit('"'), escaped, pl.lit('"')).fill_null("null")


def _describe_structure(
    extract: Extract,
    language: str,
    outer: Sequence[_Component],
    inner: Sequence[_Component],
    of_series: Sequence[_Component],
    of_observations: Sequence[_Component],
    version: Version,
) -> dict[str, Any]:
    flow, structures = extract.dataflow, extract.structures
    measure = {"id": OBS_VALUE, **_name(structures.concepts[OBS_VALUE].names, language)}
    return {
        **_name(flow.names, language),
        "description" if version == "1.0" else "descriptions": (
            choose_text(flow.descriptions, language) if version == "1.0" else dict(flow.descriptions)
        ),
        "links": [{"urn": extract.urn, "rel": extract.context}],
        "dimensions": {
            "dataSet": [],
            "series": [item.listed for item in outer],
            "observation": [item.listed for item in inner],
        },
        "measures": {"observation": [measure | {"format": {"dataType": "Double"}} if version == "2.0" else measure]},
        "attributes": {
            "dataSet": [],
            "series": [item.listed for item in of_series],
            "observation": [item.listed for item in of_observations],
        },
        "annotations": [
            {"id": "SOURCE", "text": extract.describe_source(language),
             "texts": {code: extract.describe_source(code) for code in structures.languages}},
        ],
        **({"dataSets": [0]} if version == "2.0" else {}),
    }  # fmt: skip


def _name(names: Text, language: str) -> dict[str, Any]:
    return {"name": choose_text(names, language), "names": dict(names)}


def _list_dimension(extract: Extract, name: str, position: int, version: Version, language: str) -> _Component:
    structures = extract.structures
    present = extract.observations[name].unique().sort()
    concept = {"id": name, **_name(structures.concepts[name].names, language), "keyPosition": position}
    if name == TIME_PERIOD:
        spans = sorted((periods.parse_period(code) for code in present), key=lambda span: (span.start, span.end))
        # A code in version 1.0, which has nothing else; a value in version 2.0, where codes have no slash.
        term = "id" if version == "1.0" else "value"
        values = [
            {term: span.code, "name": periods.label_period(span.code, find_language(language)),
             "start": f"{span.start}T00:00:00Z", "end": f"{span.end}T23:59:59Z"}
            for span in spans
        ]  # fmt: skip
        return _Component(name, {**concept, "roles": [TIME_PERIOD], "values": values}, tuple(s.code for s in spans))
    codelist = structures.codelists[extract.dataflow.structure.codelists[name]]
    used = [str(code) for code in present]
    listed = [{"id": code, **_name(codelist.by_id[code].names, language)} for code in used]
    return _Component(name, {**concept, "values": listed}, tuple(used))


def _list_attribute(extract: Extract, attribute: Attribute, version: Version, language: str) -> _Component:
    structures, flow = extract.structures, extract.dataflow
    relationship: dict[str, Any] = {"observation": {}} if version == "2.0" else {"primaryMeasure": OBS_VALUE}
    if attribute.attachment == "series":
        relationship = {"dimensions": list(flow.structure.dimension_ids)}
    listed: dict[str, Any] = {"id": attribute.id, **_name(structures.concepts[attribute.id].names, language)}
    listed |= {"relationship": relationship}
    if attribute.codelist is None and version == "2.0":
        return _Component(attribute.id, {**listed, "format": {"dataType": attribute.text_type}}, None)
    present = extract.observations[attribute.id].drop_nulls().unique().sort().to_list()
    if attribute.codelist is None:
        texts = [INFINITE if value == float("inf") else str(value).removesuffix(".0") for value in present]
        return _Component(attribute.id, {**listed, "values": [{"name": text} for text in texts]}, tuple(present))
    values = [
        {"id": code, "name": structures.find_label(attribute.codelist, code, language)} for code in map(str, present)
    ]
    return _Component(attribute.id, {**listed, "values": values}, tuple(map(str, present)))


def _compose_meta(extract: Extract, version: Version, language: str) -> dict[str, Any]:
    structures = extract.structures
    return {
        "schema": _SCHEMA.format("data", _VERSIONS[version], "data"),
        "id": extract.message_id,
        "test": structures.edition.is_demonstration,
        "prepared": extract.prepared,
        "contentLanguages": [language.lower()],
        "sender": {"id": structures.agency, **_name(structures.agency_names, language)},
    }


# -------------------------------------------------------------------------------------------------------- structures


def write_structures(structures: Structures, artefacts: Artefacts, language: str = "en") -> bytes:
    """Return a structure message of version 2.0."""
    data = {
        "agencySchemes": _compose_agencies,
        "categorisations": _compose_categorisations,
        "categorySchemes": _compose_categories,
        "codelists": _compose_codelists,
        "conceptSchemes": _compose_concepts,
        "dataConstraints": _compose_constraints,
        "dataflows": _compose_dataflows,
        "dataStructures": _compose_data_structures,
        "hierarchies": _compose_hierarchies,
    }
    parts = {name: compose(structures, artefacts, language) for name, compose in data.items()}
    for kind, name in artefacts.partial:
        for scheme in parts[f"{kind.replace('scheme', 'Scheme')}s"]:
            if scheme["id"] == name:
                scheme["isPartial"] = True
    meta = {
        "schema": _SCHEMA.format("structure", "2.0.0", "structure"),
        "id": f"{structures.edition.id.replace('.', '_')}_STRUCTURES",
        "test": structures.edition.is_demonstration,
        "prepared": structures.edition.drafted_at,
        "contentLanguages": [language.lower()],
        "sender": {"id": structures.agency, **_name(structures.agency_names, language)},
    }
    return _dump({"meta": meta, "data": {name: part for name, part in parts.items() if part}}).encode()


def _maintained(
    structures: Structures, kind: Kind, name: str, names: Text, language: str, descriptions: Text | None = None
) -> dict[str, Any]:
    """Return what every artefact has."""
    artefact: dict[str, Any] = {"id": name, **_name(names, language)}
    if descriptions:
        artefact |= {"description": choose_text(descriptions, language), "descriptions": dict(descriptions)}
    artefact |= {
        "agencyID": "SDMX" if kind == "agencyscheme" else structures.agency,
        "links": [{"rel": "self", "type": kind, "urn": make_urn(structures, kind, name)}],
    }
    return artefact if kind == "agencyscheme" else artefact | {"version": structures.version}


def _stub(artefacts: Artefacts, kind: Kind) -> dict[str, Any]:
    return {"isExternalReference": True} if kind in artefacts.stubs else {}


def _compose_agencies(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids("agencyscheme"):
        return []
    scheme = _maintained(structures, "agencyscheme", AGENCIES, {"en": "Agencies"}, language)
    agency = {"id": structures.agency, **_name(structures.agency_names, language)}
    return [scheme | (_stub(artefacts, "agencyscheme") or {"agencies": [agency]})]


def _compose_categorisations(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("categorisation"):
        flow = structures.find_dataflow(name)
        target = make_urn(structures, "categoryscheme", CATEGORIES, flow.category, "categoryscheme.Category")
        composed.append(
            _maintained(structures, "categorisation", name, flow.names, language)
            | (
                _stub(artefacts, "categorisation")
                or {"source": make_urn(structures, "dataflow", name), "target": target}
            )
        )
    return composed


def _compose_categories(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids("categoryscheme"):
        return []
    scheme = _maintained(structures, "categoryscheme", CATEGORIES, structures.agency_names, language)
    items = [{"id": item.id, **_name(item.names, language)} for item in structures.categories]
    return [scheme | (_stub(artefacts, "categoryscheme") or {"categories": items})]


def _compose_codelists(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    composed = []
    for name in artefacts.list_ids("codelist"):
        codelist = structures.codelists[name]
        items = []
        for code in codelist.codes:
            item: dict[str, Any] = {"id": code.id, **_name(code.names, language)}
            if code.descriptions:
                item |= {
                    "description": choose_text(code.descriptions, language),
                    "descriptions": dict(code.descriptions),
                }
            if code.parent in codelist.by_id:
                item["parent"] = code.parent
            items.append(item)
        composed.append(
            _maintained(structures, "codelist", name, codelist.names, language)
            | (_stub(artefacts, "codelist") or {"codes": items})
        )
    return composed


def _compose_concepts(structures: Structures, artefacts: Artefacts, language: str) -> list[dict[str, Any]]:
    if not artefacts.list_ids("conceptscheme"):
        return []
    scheme = _maintained(structures, "conceptscheme", CONCEPTS, structures.agency_names, language)
    items = [{"id": item.id, **_name(item.names, language)} for item in structures.concepts.values()]
    return [scheme | (_stub(artefacts, "conceptscheme") or {"concepts": items})]


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
            _maintained(structures, "dataconstraint", name, flow.names, language)
            | {"role": "Actual"}
            | _describe_metrics(constraint)
            | (
                _stub(artefacts, "dataconstraint")
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
            _maintained(structures, "dataflow", name, flow.names, language, flow.descriptions)
            | (_stub(artefacts, "dataflow") or {"structure": make_urn(structures, "datastructure", flow.structure.id)})
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
            _maintained(structures, "datastructure", structure.id, structure.names, language, flow.descriptions)
            | (_stub(artefacts, "datastructure") or {"dataStructureComponents": components})
        )
    return composed


def _represent(structures: Structures, name: str, codelist: str | None, text_type: str = "") -> dict[str, Any]:
    """Return the concept of a component and how its values are represented."""
    concept = make_urn(structures, "conceptscheme", CONCEPTS, name, "conceptscheme.Concept")
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
            urn = make_urn(structures, "codelist", codelist.id, code.id, "codelist.Code")
            below = [compose_code(child, codelist, children) for child in children.get(code.id, ())]
            return {"id": code.id, "code": urn, **({"hierarchicalCodes": below} if below else {})}

        items = [compose_code(code) for code in children.get(None, ())]
        composed.append(
            _maintained(structures, "hierarchy", name, codelist.names, language)
            | {"hasFormalLevels": False}
            | (_stub(artefacts, "hierarchy") or {"hierarchicalCodes": items})
        )
    return composed
