"""JSON-stat 2.0 datasets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.samples.writers.cube import Cube


def write_dataset(
    cube: Cube,
    *,
    language: str,
    label: str,
    source: str,
    updated: str,
    notes: list[str],
    extension: Mapping[str, object] | None = None,
) -> bytes:
    """Return a dataset; a sign of the cube becomes a null value with the sign as its status."""
    values: list[float | int | None] = []
    status: dict[str, str] = {}
    for position, (_, value) in enumerate(cube.list_cells()):
        if isinstance(value, str):
            status[str(position)] = value
            values.append(None)
        else:
            values.append(value)
    dimensions = {
        dimension.id: {
            "label": dimension.labels[language],
            "category": {
                "index": list(dimension.members),
                "label": {code: words[language] for code, words in dimension.members.items()},
            },
        }
        for dimension in cube.dimensions
    }
    dataset = {
        "version": "2.0",
        "class": "dataset",
        "label": label,
        "source": source,
        "updated": updated,
        "note": notes,
        "id": [dimension.id for dimension in cube.dimensions],
        "size": [len(dimension.members) for dimension in cube.dimensions],
        "role": {"time": [dimension.id for dimension in cube.dimensions if dimension.time]},
        "dimension": dimensions,
        "value": values,
        **({"status": status} if status else {}),
        **({"extension": extension} if extension else {}),
    }
    return (json.dumps(dataset, ensure_ascii=False, indent=1) + "\n").encode()
