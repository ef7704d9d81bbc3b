"""Write the JSON Schema of the SDMX-JSON 2.0 data messages of a dataflow.

A message is valid if it has the components of the dataflow and no others, and codes that the given code lists have.
Observations refer to the listed values of components by numbers.  The schema checks how many numbers a key has and how
many values an observation has, but JSON Schema cannot check that a number is in the list of its component.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Attribute,
    Codelist,
    DataStructure,
    StructureError,
)
from pipelines.dissemination.writers.extract import INFINITE
from pipelines.dissemination.writers.sdmx_ml import ALL_DIMENSIONS

MEDIA_TYPE: Final = "application/vnd.sdmx.schema+json; version=2.0.0"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PERIOD: Final = r"^[0-9]{4}(-Q[1-4]|-[0-9]{2}|-[0-9]{2}-[0-9]{2}(/P[0-9]+[YM])?)?$"
"""Periods as `periods.py` writes them."""
_INDEX: Final = "(0|[1-9][0-9]*)"
_VALIDITY: Final[Mapping[str, Any]] = {name: {"type": "string"} for name in ("validFrom", "validTo")}
"""Properties of a data set in a message with the history of its figures."""
_Schema = dict[str, Any]


def write_data_schema(
    structure: DataStructure,
    codelists: Mapping[str, Codelist],
    urn: str,
    dimension_at_observation: str = TIME_PERIOD,
) -> bytes:
    """Return the schema of messages that refer to `urn`, the dataflow or data structure (`Extract.urn`).

    `dimension_at_observation` is that of the messages.  Raises StructureError if the structure lacks it.
    """
    everything = [*structure.dimension_ids, TIME_PERIOD]
    if dimension_at_observation not in (*everything, ALL_DIMENSIONS):
        raise StructureError(f"{structure.id} has no dimension {dimension_at_observation}")
    is_flat = dimension_at_observation == ALL_DIMENSIONS
    outer = [] if is_flat else [name for name in everything if name != dimension_at_observation]
    inner = everything if is_flat else [dimension_at_observation]
    of_series, of_observations = structure.list_attributes("series"), structure.list_attributes("observation")
    if dimension_at_observation != TIME_PERIOD:
        of_series, of_observations = (), (*of_series, *of_observations)
    codes = {
        name: {"enum": [code.id for code in codelists[codelist].codes]}
        for name, codelist in structure.codelists.items()
    }
    described = {
        "dimensions": _describe_levels(
            series=_list_in_order([_describe_dimension(name, codes) for name in outer]),
            observation=_list_in_order([_describe_dimension(name, codes) for name in inner]),
        ),
        "measures": _make_object({"observation": _list_in_order([{"properties": {"id": {"const": OBS_VALUE}}}])}),
        "attributes": _describe_levels(
            series=_list_any([_describe_attribute(item, codes) for item in of_series]),
            observation=_list_any([_describe_attribute(item, codes) for item in of_observations]),
        ),
        "links": {"contains": {"properties": {"urn": {"const": urn}}, "required": ["urn"]}},
        "dataSets": {"type": "array", "items": {"type": "integer", "minimum": 0}},
    }
    # A message without values lists its flat observations with nothing in them.
    observations = _describe_observations(len(inner), len(of_observations), least=0 if is_flat else 1)
    if is_flat:
        content = {"observations": observations}
    else:
        series = _make_object({"attributes": _list_values(len(of_series), least=0), "observations": observations})
        content = {"series": _map_keys(len(outer), series)}
    data_set = _make_object(
        {"structure": {"const": 0}, "action": {"type": "string"}, "links": {"type": "array"}, **content}, _VALIDITY
    )
    schema = {
        "$schema": _DIALECT,
        "title": urn,
        "type": "object",
        "properties": {
            "meta": {"type": "object"},
            "data": {
                "type": "object",
                "properties": {
                    "structures": _list_in_order(
                        [{"type": "object", "properties": described, "required": [*described]}]
                    ),
                    "dataSets": {"type": "array", "items": data_set, "maxItems": 1},
                },
                "required": ["structures", "dataSets"],
                "additionalProperties": False,
            },
        },
        "required": ["meta", "data"],
    }
    return json.dumps(schema, ensure_ascii=False, indent=1).encode()


def _make_object(properties: Mapping[str, Any], optional: Mapping[str, Any] = MappingProxyType({})) -> _Schema:
    """Return the schema of an object with these properties, perhaps the optional ones, and no others."""
    return {
        "type": "object", "properties": {**properties, **optional}, "required": [*properties],
        "additionalProperties": False,
    }  # fmt: skip


def _list_in_order(items: Sequence[_Schema]) -> _Schema:
    """Return the schema of an array of these items, all of them and in this order."""
    size = {"minItems": len(items), "maxItems": len(items)}
    return {"type": "array", **({"prefixItems": list(items)} if items else {}), **size}


def _list_any(items: Sequence[_Schema]) -> _Schema:
    """Return the schema of an array of some of these items."""
    return {"type": "array", "items": {"oneOf": list(items)} if items else False, "maxItems": len(items)}


def _describe_levels(series: _Schema, observation: _Schema) -> _Schema:
    """Return the schema of the components of series and observations; the data set has none."""
    return _make_object({"dataSet": _list_in_order([]), "series": series, "observation": observation})


def _describe_dimension(name: str, codes: Mapping[str, _Schema]) -> _Schema:
    value = {"value": {"type": "string", "pattern": _PERIOD}} if name == TIME_PERIOD else {"id": codes[name]}
    return _describe_component(name, value)


def _describe_attribute(attribute: Attribute, codes: Mapping[str, _Schema]) -> _Schema:
    if attribute.codelist is not None:
        return _describe_component(attribute.id, {"id": codes[attribute.id]})
    text_format = {"properties": {"dataType": {"const": attribute.text_type}}, "required": ["dataType"]}
    return {
        "type": "object", "properties": {"id": {"const": attribute.id}, "format": text_format},
        "required": ["id", "format"],
    }  # fmt: skip


def _describe_component(name: str, value: _Schema) -> _Schema:
    """Return the schema of a component that lists its values; names and other descriptions are not examined."""
    values = {"type": "array", "items": {"type": "object", "properties": value, "required": [*value]}}
    return {
        "type": "object", "properties": {"id": {"const": name}, "values": values}, "required": ["id", "values"]
    }  # fmt: skip


def _map_keys(size: int, content: _Schema) -> _Schema:
    """Return the schema of an object whose keys have a number for each of some dimensions."""
    pattern = f"^{':'.join([_INDEX] * size)}$"
    return {"type": "object", "patternProperties": {pattern: content}, "additionalProperties": False}


def _describe_observations(dimensions: int, attributes: int, *, least: int) -> _Schema:
    """Return the schema of observations: the value if the message has values, then those of its attributes."""
    number = {"anyOf": [{"type": ["number", "null"]}, {"const": INFINITE}]}
    values = _list_values(attributes + 1, least=least)
    return _map_keys(dimensions, values | {"prefixItems": [number]})


def _list_values(most: int, *, least: int) -> _Schema:
    """Return the schema of an array of numbers of listed values, and of values in place."""
    return {
        "type": "array", "items": {"type": ["number", "string", "null"]}, "minItems": least, "maxItems": most
    }  # fmt: skip
