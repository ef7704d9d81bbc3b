"""Known source errors: corrected with a trace, and stale once the source is corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.corrections import Correction
from pipelines.declarations.form import Form
from pipelines.reading.standardise.standardise import Reading
from tests.support.fakes.returns_fakes import (
    BASE,
    collect_findings,
    make_grid,
    make_registry,
    of_rule,
    read_content,
    with_cell,
)

ENTRY = """corrections:
  - id: ZZ-1
    form: {form}
    period: {period}
    {find}
    expect: {expect}
    {mend}
    reason: Typing error, confirmed
    reporter: ZZ_STAT
    date: '2024-12-01'
"""


def _read(tmp_path: Path, value: Any = 33, **changes: str) -> Reading:
    entry = {
        "form": "ZZ-JUSTICE-1",
        "period": "2024-Q3",
        "find": "key: {article: '188', sex: M}",
        "expect": "33",
        "mend": "value: 3",
        **changes,
    }
    registry = make_registry(tmp_path, [BASE], ENTRY.format(**entry))
    return read_content(with_cell(make_grid(), "C6", value=value), registry.forms["ZZ-JUSTICE-1"], registry)


def test_a_known_error_is_corrected_before_sums_are_checked(tmp_path: Path) -> None:
    reading = _read(tmp_path)
    assert collect_findings(reading) == {("correction.applied", "Лист1!C6")}
    finding = reading.findings[0]
    assert (finding.severity, finding.seen, finding.expected) == ("information", "33", "3")
    row = reading.observations.filter(place="Лист1!C6").row(0, named=True)
    assert row["value"] == 3 and row["notes"] == "corrected: Typing error, confirmed"


def test_correction_is_selected_by_series_and_location(tmp_path: Path) -> None:
    reading = _read(tmp_path, form="ZZ-JUSTICE-ZZ_STAT", find="where: 'Лист1!C6'")
    assert [f.rule for f in reading.findings] == ["correction.applied"]


def test_correction_of_a_source_corrected_since_is_stale(tmp_path: Path) -> None:
    reading = _read(tmp_path, value=3)
    stale = of_rule(reading, "correction.stale")
    assert [(f.severity, f.seen, f.expected, str(f.where)) for f in stale] == [("error", "3", "33", "Лист1!C6")]
    assert reading.observations.filter(place="Лист1!C6")["value"].to_list() == [3]


def test_correction_of_a_missing_number_is_reported(tmp_path: Path) -> None:
    reading = _read(tmp_path, value=3, find="where: 'Лист1!Z99'")
    assert [(f.rule, f.severity) for f in reading.findings] == [("correction.not_found", "error")]


def test_correction_does_not_apply_to_another_period(tmp_path: Path) -> None:
    assert _read(tmp_path, value=3, period="2024-Q2").findings == []


def test_wrong_label_is_corrected_by_coordinates(tmp_path: Path) -> None:
    find, mend = "where: 'Лист1!B7'", "set: {article: '99'}"
    reading = _read(tmp_path, value=3, find=find, expect="3", mend=mend)
    row = reading.observations.filter(place="Лист1!B7").row(0, named=True)
    assert (row["law_article"], row["offence"], row["value"]) == ("99", "ICCS0204", 3)
    assert "correction.applied" in {f.rule for f in reading.findings}


@pytest.mark.parametrize(
    "changes",
    [{"where": "A1"}, {"key": None, "where": None}, {"value": None}, {"set": {"sex": "M"}}, {"date": "1 May"}],
)
def test_entry_has_one_location_and_one_correction(changes: dict[str, Any]) -> None:
    entry = {
        "id": "a", "form": "F", "period": "2024-Q3", "key": {"sex": "M"}, "expect": 1.0, "value": 2.0, "reason": "r",
        "reporter": "x", "date": "2024-01-01",
    }  # fmt: skip
    assert Correction.model_validate(entry).applies_to(Form.model_validate(BASE | {"series": "F"}))
    with pytest.raises(ValueError):
        Correction.model_validate(entry | changes)
