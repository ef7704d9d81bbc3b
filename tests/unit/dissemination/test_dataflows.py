"""Tests of the declared dataflows: their structures belong to the stated version."""

from __future__ import annotations

import hashlib

from pipelines.dissemination.components import COMPONENTS
from pipelines.dissemination.dataflow_source import CATEGORIES
from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.structures import STRUCTURE_VERSION

DIGESTS = {"1.0.0": "5efb07bb8a9363031a46734bb2196f29ba1a5c2438231b22bcd88607090a06b4"}
"""SHA-256 of the components of all structures by version. A change of components needs a new version and line."""


def describe_structures() -> str:
    lines = []
    for name, source in DATAFLOWS.items():
        for item in (*source.dimensions, *source.attributes):
            component = COMPONENTS[item]
            role = "dimension" if item in source.dimensions else component.attachment
            lines.append(f"{name} {item} {role} {component.codelist} {component.text_type} {component.is_required}")
    return "\n".join(lines)


def test_structures_are_those_of_the_version() -> None:
    assert DIGESTS[STRUCTURE_VERSION] == hashlib.sha256(describe_structures().encode()).hexdigest()


def test_every_dataflow_has_units_statuses_and_a_category() -> None:
    for source in DATAFLOWS.values():
        assert source.category in CATEGORIES
        assert {"UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS"} <= set(source.attributes)
        assert source.dimensions[:2] == ("FREQ", "REF_AREA")
        assert all(COMPONENTS[name].codelist for name in source.dimensions)
        assert len({*source.dimensions, *source.attributes}) == len(source.dimensions) + len(source.attributes)
