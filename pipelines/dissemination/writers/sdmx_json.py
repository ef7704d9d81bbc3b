"""Write data in SDMX-JSON 2.0 and 1.0."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from pipelines.dissemination import periods
from pipelines.dissemination.notes import find_language
from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Attribute,
    StructureError,
    Text,
    choose_text,
)
from pipelines.dissemination.writers.extract import INFINITE, Extract, join_chunks
from pipelines.dissemination.writers.sdmx_ml import ALL_DIMENSIONS

Version = Literal["1.0", "2.0"]
MEDIA_TYPES: Final = {
    "1.0": "application/vnd.sdmx.data+json; version=1.0.0",
    "2.0": "application/vnd.sdmx.data+json; version=2.0.0",
}
SCHEMA: Final = (
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
    yield f'{{"meta":{dump_json(meta)},"data":{{'
    if version == "2.0":
        yield f'"structures":[{dump_json(described)}],'
    else:
        yield f'"structure":{dump_json(described)},'
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


def dump_json(value: object) -> str:
    """Return a value as JSON without spaces."""
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
    measure = {"id": OBS_VALUE, **describe_name(structures.concepts[OBS_VALUE].names, language)}
    return {
        **describe_name(flow.names, language),
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


def describe_name(names: Text, language: str) -> dict[str, Any]:
    """Return a name in one language, and in all of them."""
    return {"name": choose_text(names, language), "names": dict(names)}


def _list_dimension(extract: Extract, name: str, position: int, version: Version, language: str) -> _Component:
    structures = extract.structures
    present = extract.observations[name].unique().sort()
    concept = {"id": name, **describe_name(structures.concepts[name].names, language), "keyPosition": position}
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
    listed = [{"id": code, **describe_name(codelist.by_id[code].names, language)} for code in used]
    return _Component(name, {**concept, "values": listed}, tuple(used))


def _list_attribute(extract: Extract, attribute: Attribute, version: Version, language: str) -> _Component:
    structures, flow = extract.structures, extract.dataflow
    relationship: dict[str, Any] = {"observation": {}} if version == "2.0" else {"primaryMeasure": OBS_VALUE}
    if attribute.attachment == "series":
        relationship = {"dimensions": list(flow.structure.dimension_ids)}
    listed: dict[str, Any] = {"id": attribute.id, **describe_name(structures.concepts[attribute.id].names, language)}
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
        "schema": SCHEMA.format("data", _VERSIONS[version], "data"),
        "id": extract.message_id,
        "test": structures.edition.is_demonstration,
        "prepared": extract.prepared,
        "contentLanguages": [language.lower()],
        "sender": {"id": structures.agency, **describe_name(structures.agency_names, language)},
    }
