"""Content as the JSON of `rti read`: `{format, tables}` or `{format, cube}`, stable and complete.

Keys are left out where they say nothing (no note, not hidden).
"""

from __future__ import annotations

import math
from typing import Any

from pipelines.model.content import Cell, Content, Cube, CubeObservation, Grid, Remark, Scalar, Table, Where


def content_as_json(content: Content) -> dict[str, Any]:
    """Plain lists, dicts and scalars; not-a-number and infinity become text, since JSON has neither."""
    if isinstance(content, Grid):
        return {
            "format": content.format,
            "tables": [_table(table) for table in content.tables],
            "properties": {key: _scalar(value) for key, value in content.properties.items()},
            "remarks": [_remark(remark) for remark in content.remarks],
        }
    return {
        "format": content.format,
        "cube": _cube(content),
        "properties": {key: _scalar(value) for key, value in content.properties.items()},
        "remarks": [_remark(remark) for remark in content.remarks],
    }


def where_as_json(where: Where) -> dict[str, object]:
    """The parts that are set, and the place in words."""
    return {**where.as_dict(), "words": str(where)}


def _scalar(value: Scalar) -> Scalar:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _remark(remark: Remark) -> dict[str, Any]:
    params = {key: _scalar(value) for key, value in remark.params.items()}
    return {"rule": remark.rule, "where": where_as_json(remark.where), "params": params}


def _table(table: Table) -> dict[str, Any]:
    out: dict[str, Any] = {"name": table.name}
    if table.title is not None:
        out["title"] = table.title
    if table.page is not None:
        out["page"] = table.page
    if table.hidden:
        out["hidden"] = True
    out["cells"] = [_cell(cell) for cell in table.cells]
    return out


def _cell(cell: Cell) -> dict[str, Any]:
    out: dict[str, Any] = {
        "row": cell.row,
        "column": cell.column,
        "where": where_as_json(cell.where),
        "text": cell.text,
        "value": _scalar(cell.value),
        "kind": cell.kind,
    }
    if cell.spread:
        out["anchor"] = list(cell.anchor)
    if cell.hidden:
        out["hidden"] = True
    for name in ("formula", "number_format", "note", "marks"):
        value = getattr(cell, name)
        if value is not None:
            out[name] = value
    return out


def _cube(cube: Cube) -> dict[str, Any]:
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
        "observations": [_observation(observation, names) for observation in cube.observations],
    }


def _observation(observation: CubeObservation, names: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "key": dict(zip(names, observation.key, strict=True)),
        "value": _scalar(observation.value),
        "status": observation.status,
        "where": where_as_json(observation.where),
    }
    if observation.notes:
        out["notes"] = list(observation.notes)
    if observation.attributes:
        out["attributes"] = observation.attributes
    return out
