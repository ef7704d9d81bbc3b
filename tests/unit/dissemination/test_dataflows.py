"""Tests of the declared dataflows: their structures belong to the stated version."""

from __future__ import annotations

import hashlib

import duckdb
import pytest

from pipelines.dissemination.components import COMPONENTS
from pipelines.dissemination.dataflow_source import CATEGORIES
from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.release import compose_statement
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


MIRROR = {
    "sent_by": "'AL'", "received_by": "'XK'", "year": "2025", "offence_group": "'TIP'", "sent": "6.0",
    "received": "5.0", "state": "'agrees'", "reasons": "''", "difference": "-1.0", "difference_low": "-7.4",
    "difference_high": "5.4", "ratio": "0.8", "low": "0.2", "high": "3.3", "obs_status": "'A'", "conf_status": "'F'",
}  # fmt: skip
"""A row of the table `mirror` of a release, as SQL."""


@pytest.mark.parametrize("is_old", [False, True])
def test_mirror_has_the_limits_of_ratio_and_difference_and_reads_releases_without_the_latter(is_old: bool) -> None:
    columns = {name: value for name, value in MIRROR.items() if not (is_old and name.startswith("difference_"))}
    row = ", ".join(f"{value} as {name}" for name, value in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"create table mirror as select {row}")
        statement = compose_statement(DATAFLOWS["MIRROR"])
        rows = connection.execute(
            f"select STATISTIC, OBS_VALUE, LOWER_LIMIT, UPPER_LIMIT from ({statement})"
        ).fetchall()
    limits = (None, None) if is_old else (-7.4, 5.4)
    assert sorted(rows) == [
        ("difference", -1.0, *limits),
        ("ratio", 0.8, 0.2, 3.3),
        ("received", 5.0, None, None),
        ("sent", 6.0, None, None),
    ]


def test_every_dataflow_has_units_statuses_and_a_category() -> None:
    for source in DATAFLOWS.values():
        assert source.category in CATEGORIES
        assert {"UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS"} <= set(source.attributes)
        assert source.dimensions[:2] == ("FREQ", "REF_AREA")
        assert all(COMPONENTS[name].codelist for name in source.dimensions)
        assert len({*source.dimensions, *source.attributes}) == len(source.dimensions) + len(source.attributes)
