"""Every demonstration return is read, recognised and standardised to exactly what it means, number by number.

The meaning of a file comes from the generator, which shares no code with readers or forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.submissions.checking.read_task import ReadResult
from tests.samples import plan
from tests.samples.rows import Event, Row
from tests.support.generated_returns import GeneratedReturns
from tests.support.paths import SAMPLES


def _describe_difference(read_rows: Iterable[tuple[Any, ...]], expected_rows: Iterable[tuple[Any, ...]]) -> str:
    """Describe the first rows that are only on one side; empty if both are the same, repeated rows included."""
    read_sorted, expected_sorted = sorted(read_rows, key=repr), sorted(expected_rows, key=repr)
    if read_sorted == expected_sorted:
        return ""
    only_read = [row for row in read_sorted if row not in set(expected_sorted)][:3]
    only_meant = [row for row in expected_sorted if row not in set(read_sorted)][:3]
    return f"{len(read_sorted)} read, {len(expected_sorted)} meant; only read: {only_read}; only meant: {only_meant}"


@pytest.mark.parametrize("territory", plan.list_territories())
def test_each_file_is_read_as_generated(
    territory: str, generated_returns: GeneratedReturns, read_samples: Mapping[str, ReadResult]
) -> None:
    faults = []
    for sample in generated_returns.list_returns(territory):
        reading = read_samples[sample.path].reading
        assert reading is not None and (SAMPLES / sample.path).read_bytes() == sample.data, sample.path
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
def test_each_file_is_recognised_as_its_form_and_no_other(
    territory: str, generated_returns: GeneratedReturns, read_samples: Mapping[str, ReadResult]
) -> None:
    wrong = []
    for sample in generated_returns.list_returns(territory):
        result = read_samples[sample.path]
        if (result.form, result.candidates) != (sample.form, (sample.form,)):
            wrong.append(f"{sample.path}: {result.form}, {result.candidates}")
    assert not wrong, "\n".join(wrong[:20])


def test_the_rows_of_the_truth_have_the_columns_of_an_observation() -> None:
    assert Row._fields == (*OBSERVATION_KEY, "value", "obs_status")
