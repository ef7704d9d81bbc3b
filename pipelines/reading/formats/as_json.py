"""Convert content to the JSON of `rti read`: `{format, tables}` or `{format, cube}`, stable and complete.

Keys without information are omitted (no note, not hidden).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from pipelines.model.content import Content, Cube, CubeObservation, Grid, Remark, Scalar, SourceCell, SourceTable, Where

_PORTION = 1_000
_INDENT = "\n" + 6 * " "
"""Start of a line in the list of observations, which is three levels deep."""


def content_as_json(content: Content) -> dict[str, Any]:
    """Return plain lists, dicts and scalars; not-a-number and infinity become text, since JSON has neither."""
    if isinstance(content, Grid):
        return {
            "format": content.format,
            "tables": [_table_as_json(table) for table in content.tables],
            "properties": {key: _scalar_as_json(value) for key, value in content.properties.items()},
            "remarks": [_remark_as_json(remark) for remark in content.remarks],
        }
    return {
        "format": content.format,
        "cube": _cube_as_json(content),
        "properties": {key: _scalar_as_json(value) for key, value in content.properties.items()},
        "remarks": [_remark_as_json(remark) for remark in content.remarks],
    }


def iter_json(content: Content) -> Iterator[str]:
    """Yield the parts of the indented JSON text of `content_as_json`.

    Observations are converted in portions: a million of them as one document took 4 GB.
    """
    if isinstance(content, Grid):
        yield _dump(content_as_json(content))
        return
    # Quotation marks inside a JSON text are escaped, so that no label of the file equals this.
    empty = '"observations": []'
    head, tail = _dump(content_as_json(replace(content, observations=()))).split(empty)
    if not content.observations:
        yield head + empty + tail
        return
    names = [dimension.id for dimension in content.dimensions]
    yield head + empty[:-1]
    separator = ""
    remaining = iter(content.observations)
    while portion := list(islice(remaining, _PORTION)):
        entries = (_dump(_observation_as_json(observation, names)) for observation in portion)
        yield separator + ",".join(_INDENT + entry.replace("\n", _INDENT) for entry in entries)
        separator = ","
    yield _INDENT[:-2] + "]" + tail


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def where_as_json(where: Where) -> dict[str, object]:
    """Return the parts that are set, and the place in words."""
    return {**where.as_dict(), "words": str(where)}


def _scalar_as_json(value: Scalar) -> Scalar:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _remark_as_json(remark: Remark) -> dict[str, Any]:
    params = {key: _scalar_as_json(value) for key, value in remark.params.items()}
    return {"rule": remark.rule, "where": where_as_json(remark.where), "params": params}


def _table_as_json(table: SourceTable) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": table.name}
    if table.title is not None:
        entry["title"] = table.title
    if table.page is not None:
        entry["page"] = table.page
    if table.hidden:
        entry["hidden"] = True
    entry["cells"] = [_cell_as_json(cell) for cell in table.cells]
    return entry


def _cell_as_json(cell: SourceCell) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "row": cell.row,
        "column": cell.column,
        "where": where_as_json(cell.where),
        "text": cell.text,
        "value": _scalar_as_json(cell.value),
        "kind": cell.kind,
    }
    if cell.spread:
        entry["anchor"] = list(cell.anchor)
    if cell.hidden:
        entry["hidden"] = True
    for name in ("formula", "number_format", "note", "marks", "struck"):
        value = getattr(cell, name)
        if value is not None:
            entry[name] = value
    return entry


def _cube_as_json(cube: Cube) -> dict[str, Any]:
    names = [dimension.id for dimension in cube.dimensions]
    dimensions = [
        {
            "id": dimension.id,
            "labels": dimension.labels,
            "role": dimension.role,
            "members": [{"code": member.code, "labels": member.labels} for member in dimension.members],
        }
        for dimension in cube.dimensions
    ]
    return {
        "dimensions": dimensions,
        "default_language": cube.default_language,
        "languages": list(cube.languages),
        "absent": cube.absent,
        "symbols": cube.symbols,
        "observations": [_observation_as_json(observation, names) for observation in cube.observations],
    }


def _observation_as_json(observation: CubeObservation, names: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "key": dict(zip(names, observation.key, strict=True)),
        "value": _scalar_as_json(observation.value),
        "status": observation.status,
        "where": where_as_json(observation.where),
    }
    if observation.notes:
        entry["notes"] = list(observation.notes)
    if observation.attributes:
        entry["attributes"] = observation.attributes
    return entry
