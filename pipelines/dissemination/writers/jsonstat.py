"""Write JSON-stat 2.0."""

from __future__ import annotations

import json
from typing import Any, Final

from pipelines.dissemination.correction_notices import AREAS
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, choose_text
from pipelines.dissemination.writers.cube import CubeAxis, CubeTooLargeError, ExtractCube, make_cube
from pipelines.dissemination.writers.extract import Extract

MEDIA_TYPE: Final = "application/json"
_NORMAL: Final = "A"
_FREE: Final = "F"
_DENSE: Final = 2
"""A list of values is written if at least one of so many combinations has an observation."""


def write_jsonstat(extract: Extract, language: str = "en") -> bytes:
    """Return a dataset. `status` has the observation status of each observation that is not normal.

    A combination without a value and without a status is not in the release. `extension` has the labels of the status
    codes, and the confidentiality status of observations that are not free.  Dimensions that say only "total" or "not
    applicable" are left out if the cube is too large with them. Raises CubeTooLargeError if it is too large anyway.
    """
    try:
        cube = make_cube(extract)
    except CubeTooLargeError:
        # A table of the programme with dimensions that say only "total" or "not applicable" fits without these.
        cube = make_cube(extract, keeps_constants=False)
    structures = extract.structures
    rows = extract.observations
    values = rows[OBS_VALUE].to_list()
    count = 1
    for size in cube.sizes:
        count *= size
    dense: list[float | None] | dict[str, float]
    numbers = {place: _shorten(value) for place, value in zip(cube.positions, values, strict=True) if value is not None}
    if count <= _DENSE * rows.height:
        dense = [numbers.get(place) for place in range(count)]
    else:
        dense = {str(place): value for place, value in sorted(numbers.items())}
    status = _list_codes(cube, "OBS_STATUS", _NORMAL)
    present = sorted(set(status.values()) | {_NORMAL})
    document: dict[str, Any] = {
        "version": "2.0",
        "class": "dataset",
        "label": extract.find_title(language),
        "source": choose_text(structures.edition.citations, language),
        "updated": extract.prepared,
        "note": [*extract.list_corrections(language), *extract.list_footnotes(language)],
        "id": [axis.name for axis in cube.axes],
        "size": list(cube.sizes),
        "role": {"time": [TIME_PERIOD], "geo": [axis.name for axis in cube.axes if axis.name in AREAS]},
        "dimension": {axis.name: _describe_axis(cube, axis, language) for axis in cube.axes},
        "value": dense,
        "status": status,
        "extension": {
            "dataflow": extract.reference,
            "release": structures.edition.id,
            "demonstration": structures.edition.is_demonstration,
            "status": {"label": {code: structures.find_label("CL_OBS_STATUS", code, language) for code in present}},
            "confidentiality": _list_codes(cube, "CONF_STATUS", _FREE),
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _shorten(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _list_codes(cube: ExtractCube, attribute: str, default: str) -> dict[str, str]:
    """Return the codes of an attribute by position, without the default."""
    codes = cube.extract.observations[attribute].to_list()
    pairs = zip(cube.positions, codes, strict=True)
    return {str(place): code for place, code in sorted(pairs) if code != default}


def _describe_axis(cube: ExtractCube, axis: CubeAxis, language: str) -> dict[str, Any]:
    structures = cube.extract.structures
    labels = cube.label_codes(axis, language)
    category: dict[str, Any] = {
        "index": {code: place for place, code in enumerate(axis.codes)},
        "label": dict(zip(axis.codes, labels, strict=True)),
    }
    if axis.name in AREAS:
        footnotes = structures.edition.footnotes
        notes = {code: [choose_text(footnotes[code], language)] for code in axis.codes if code in footnotes}
        category |= {"note": notes} if notes else {}
    return {"label": choose_text(structures.concepts[axis.name].names, language), "category": category}
