"""The JSON of `rti read`."""

from __future__ import annotations

import json

import pytest

from pipelines.model.content import (
    Cube,
    CubeObservation,
    Grid,
    Member,
    Remark,
    SourceCell,
    SourceDimension,
    SourceTable,
    Where,
)
from pipelines.reading.formats.as_json import content_as_json, iter_json


def test_content_as_json_of_a_grid_has_tables_of_cells() -> None:
    cell = SourceCell(1, 2, "25.3%", 0.253, Where("S", "B1"), "number", (1, 1), True, False, None, "0.0%", None, "1)")
    grid = Grid(
        "xlsx", (SourceTable("S", (cell,), "Title", True),), {"a": 1}, (Remark("read.x", Where(page=2), {"n": 1}),)
    )
    document = content_as_json(grid)
    assert json.loads(json.dumps(document, allow_nan=False)) == {
        "format": "xlsx",
        "tables": [
            {
                "name": "S",
                "title": "Title",
                "hidden": True,
                "cells": [
                    {
                        "row": 1,
                        "column": 2,
                        "where": {"sheet": "S", "cell": "B1", "words": "S!B1"},
                        "text": "25.3%",
                        "value": 0.253,
                        "kind": "number",
                        "anchor": [1, 1],
                        "number_format": "0.0%",
                        "marks": "1)",
                    }
                ],
            }
        ],
        "properties": {"a": 1},
        "remarks": [{"rule": "read.x", "where": {"page": 2, "words": "page 2"}, "params": {"n": 1}}],
    }


def test_content_as_json_of_a_cube_has_dimensions_and_observations() -> None:
    dimensions = (SourceDimension("sex", {"en": "Sex"}, (Member("F", {"en": "female"}),), None),)
    observations = (
        CubeObservation(("F",), 3, None, Where(line=7)),
        CubeObservation(("F",), None, "..", Where(line=8), ("note",), {"OBS_STATUS": "O"}),
        CubeObservation(("F",), float("nan"), None, Where(line=9)),
    )
    cube = content_as_json(Cube("px", dimensions, observations))["cube"]
    assert cube["dimensions"][0]["members"] == [{"code": "F", "labels": {"en": "female"}}]
    assert cube["observations"][0] == {
        "key": {"sex": "F"},
        "value": 3,
        "status": None,
        "where": {"line": 7, "words": "line 7"},
    }
    assert cube["observations"][1]["notes"] == ["note"]
    assert cube["observations"][1]["attributes"] == {"OBS_STATUS": "O"}
    assert cube["observations"][2]["value"] == "nan"


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 2_001])
def test_iter_json_gives_the_text_of_the_whole_document(count: int) -> None:
    labels = {"en": 'a "quoted"\nlabel, "observations": []'}
    dimensions = (SourceDimension("sex", labels, (Member("F", labels),), None),)
    observation = CubeObservation(("F",), 3, None, Where(line=7), ("note\nof two lines",), {"A": "\u0161"})
    cube = Cube("px", dimensions, (observation,) * count, properties={"TITLE": '"observations": []'})
    expected = json.dumps(content_as_json(cube), ensure_ascii=False, indent=2, default=str)
    assert "".join(iter_json(cube)) == expected
