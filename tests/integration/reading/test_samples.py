"""Every demonstration return is read, recognised and standardised to exactly what it meant, number by number.

What a file meant comes from the generator, which shares no code with readers or forms.
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
def _content(path: str, data: bytes, encodings: tuple[str, ...]) -> Content:
    """A file as its reader sees it; both tests look at it."""
    return read_content(data, Path(path).name, encodings=encodings)


def _seen(made: SampleReturn, registry: Registry) -> Content:
    return _content(made.path, made.data, tuple(registry.forms[made.form].encodings))


@cache
def _made(territory: str) -> tuple[SampleReturn, ...]:
    return tuple(plan.make_returns(draw_truth(), [territory]))


def _read(made: SampleReturn, registry: Registry) -> Reading:
    return standardise_content(_seen(made, registry), registry.forms[made.form], registry)


def _different(seen: Iterable[tuple[Any, ...]], meant: Iterable[tuple[Any, ...]]) -> str:
    """The first rows that are only on one side, in words; empty where both are the same, repeated rows included."""
    left, right = sorted(seen, key=repr), sorted(meant, key=repr)
    if left == right:
        return ""
    only_read = [row for row in left if row not in set(right)][:3]
    only_meant = [row for row in right if row not in set(left)][:3]
    return f"{len(left)} read, {len(right)} meant; only read: {only_read}; only meant: {only_meant}"


@pytest.mark.parametrize("territory", plan.list_territories())
def test_each_file_is_read_as_it_was_meant(territory: str) -> None:
    registry = load()
    faults = []
    for made in _made(territory):
        reading = _read(made, registry)
        columns = (*OBSERVATION_KEY, "value", "obs_status")
        rows = reading.observations.select(columns).iter_rows()
        if words := _different(rows, (tuple(row) for row in made.meaning)):
            faults.append(f"{made.path}: {words}")
        events = reading.events.select(Event._fields).iter_rows()
        if words := _different(events, (tuple(event) for event in made.events)):
            faults.append(f"{made.path}: {words}")
        faults += [f"{made.path}: {found}" for found in reading.findings if found.severity == "error"]
        if reading.kind != ("patch" if made.kind == "patch" else "full") or reading.nil != (made.kind == "nil"):
            faults.append(f"{made.path}: read as {reading.kind}, nil {reading.nil}")
        if {period.code for period in reading.periods} != {period.code for period in made.periods}:
            faults.append(f"{made.path}: periods {reading.periods}")
    assert not faults, "\n".join(faults[:20])


@pytest.mark.parametrize("territory", plan.list_territories())
def test_each_file_is_recognised_as_its_form_and_no_other(territory: str) -> None:
    registry = load()
    wrong = []
    for made in _made(territory):
        matches = recognise_forms(_seen(made, registry), Path(made.path).name, registry)
        found = [match.form.id for match in matches]
        if found != [made.form]:
            wrong.append(f"{made.path}: {found}")
    assert not wrong, "\n".join(wrong[:20])


def test_the_rows_of_the_truth_have_the_columns_of_an_observation() -> None:
    assert Row._fields == (*OBSERVATION_KEY, "value", "obs_status")
