"""Every demonstration return is read, recognised and standardised to exactly what it means, number by number.

The meaning of a file comes from the generator, which shares no code with readers or forms.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.registry import Registry, load
from pipelines.model.content import Content
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.reading.formats.read import read_content
from pipelines.reading.standardise.recognise import recognise_forms
from pipelines.reading.standardise.standardise import Reading, standardise_content
from tests.samples import plan
from tests.samples.rows import Event, Row, SampleReturn
from tests.samples.truth import draw_truth


@cache
def _read_content(path: str, data: bytes, encodings: tuple[str, ...]) -> Content:
    """Return a file as its reader sees it, for both tests."""
    return read_content(data, Path(path).name, encodings=encodings)


def _read_sample(sample: SampleReturn, registry: Registry) -> Content:
    return _read_content(sample.path, sample.data, tuple(registry.forms[sample.form].encodings))


@cache
def _make_returns(territory: str) -> tuple[SampleReturn, ...]:
    return tuple(plan.make_returns(draw_truth(), [territory]))


def _standardise(sample: SampleReturn, registry: Registry) -> Reading:
    return standardise_content(_read_sample(sample, registry), registry.forms[sample.form], registry)


def _describe_difference(read_rows: Iterable[tuple[Any, ...]], expected_rows: Iterable[tuple[Any, ...]]) -> str:
    """Describe the first rows that are only on one side; empty if both are the same, repeated rows included."""
    read_sorted, expected_sorted = sorted(read_rows, key=repr), sorted(expected_rows, key=repr)
    if read_sorted == expected_sorted:
        return ""
    only_read = [row for row in read_sorted if row not in set(expected_sorted)][:3]
    only_meant = [row for row in expected_sorted if row not in set(read_sorted)][:3]
    return f"{len(read_sorted)} read, {len(expected_sorted)} meant; only read: {only_read}; only meant: {only_meant}"


@pytest.mark.parametrize("territory", plan.list_territories())
def test_each_file_is_read_as_generated(territory: str) -> None:
    registry = load()
    faults = []
    for sample in _make_returns(territory):
        reading = _standardise(sample, registry)
        columns = (*OBSERVATION_KEY, "value", "obs_status")
        rows = reading.observations.select(columns).iter_rows()
        if words := _describe_difference(rows, (tuple(row) for row in sample.meaning)):
            faults.append(f"{sample.path}: {words}")
        events = reading.events.select(Event._fields).iter_rows()
        if words := _describe_difference(events, (tuple(event) for event in sample.events)):
            faults.append(f"{sample.path}: {words}")
        faults += [f"{sample.path}: {finding}" for finding in reading.findings if finding.severity == "error"]
        if reading.kind != ("patch" if sample.kind == "patch" else "full") or reading.nil != (sample.kind == "nil"):
            faults.append(f"{sample.path}: read as {reading.kind}, nil {reading.nil}")
        if {period.code for period in reading.periods} != {period.code for period in sample.periods}:
            faults.append(f"{sample.path}: periods {reading.periods}")
    assert not faults, "\n".join(faults[:20])


@pytest.mark.parametrize("territory", plan.list_territories())
def test_each_file_is_recognised_as_its_form_and_no_other(territory: str) -> None:
    registry = load()
    wrong = []
    for sample in _make_returns(territory):
        matches = recognise_forms(_read_sample(sample, registry), Path(sample.path).name, registry)
        forms = [match.form.id for match in matches]
        if forms != [sample.form]:
            wrong.append(f"{sample.path}: {forms}")
    assert not wrong, "\n".join(wrong[:20])


def test_the_rows_of_the_truth_have_the_columns_of_an_observation() -> None:
    assert Row._fields == (*OBSERVATION_KEY, "value", "obs_status")
