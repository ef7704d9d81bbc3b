"""A register of 2 MB: findings in its first lines are reported early, and again with all others at the end."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from benchmarks import register
from benchmarks.measuring import ROOT
from pipelines.declarations.form import Form
from pipelines.declarations.registry import load
from pipelines.reading.formats.common import MAX_CELLS
from pipelines.submissions.checking.check import _LARGE, CheckProgress, check_file
from pipelines.submissions.checking.report import Report

NAME = "registar.csv"
ENOUGH_BYTES, LATE_LINE = 1_000_000, 9_000
"""Size of a register whose beginning is read long before the whole, and a line near its end."""


def _check_data(data: bytes, form: str | None = None, name: str = NAME) -> tuple[list[CheckProgress], Report]:
    steps: list[CheckProgress] = []
    report = check_file(data, name, registry=load(), form=form, on_progress=steps.append)
    return steps, report


def _replace_fields(changes: dict[int, tuple[int, bytes]]) -> bytes:
    """Return a register with fields replaced: physical line -> (field from 0, new content)."""
    lines = register.build_register(size=ENOUGH_BYTES)[0].split(b"\r\n")
    for line, (field, content) in changes.items():
        fields = lines[line - 1].split(b";")
        fields[field] = content
        lines[line - 1] = b";".join(fields)
    return b"\r\n".join(lines)


@pytest.mark.sampled(turn=4)
def test_large_register_is_read_completely() -> None:
    """Check the register with short pseudonyms, of which 2 MB hold a third more records."""
    data, records = register.build_register(short=True)
    steps, report = _check_data(data)
    assert [s.name for s in steps] == ["reading", "begun", "read", "judging", "judged"]
    assert (steps[1].form, steps[1].periods, steps[1].findings) == (register.FORM, ("2026-Q3",), ())
    assert report.events == register.count_events(records) > register.count_events(register.build_register()[1])
    assert report.events > 30_000
    assert report.form == register.FORM


def _count_densest_cells(form: Form) -> float:
    """Return the most cells that 2 MB of a register can hold, by repeating the record with the most cells per byte."""
    assert form.records is not None
    encoding, columns = form.encodings[0], form.records.columns
    pseudonyms = {name for name, column in columns.items() if column.field in ("proceeding", "person")}
    most, headings = 0.0, None
    for path in sorted((ROOT / "raw_samples" / form.jurisdiction / form.instrument).glob("*.csv")):
        for line in path.read_bytes().decode(encoding).splitlines():
            fields = line.split(";")
            if pseudonyms <= set(fields):
                headings = fields
            elif headings is not None and len(fields) == len(headings):
                short = ["12345" if name in pseudonyms else text for name, text in zip(headings, fields, strict=True)]
                size = len((";".join(short) + "\r\n").encode(encoding))
                most = max(most, register.BYTES / size * sum(map(bool, short)))
    return most


def test_declared_registers_of_two_megabytes_are_within_limit_of_cells() -> None:
    forms = [form for form in load().forms.values() if form.records is not None and "csv" in form.formats]
    cells = {form.id: _count_densest_cells(form) for form in forms}
    assert len(cells) >= 2 and min(cells.values()) > 100_000
    assert max(cells.values()) < MAX_CELLS < 1.5 * max(cells.values())


def test_faults_in_first_lines_are_reported_before_the_others() -> None:
    planted = {10: (6, b"31.02.2026."), 400: (3, b"9999"), 900: (4, b"Q"), LATE_LINE: (6, b"nikad")}
    steps, report = _check_data(_replace_fields(planted))
    first = [(f.rule, f.where.line, f.where.column) for f in steps[1].findings]
    assert first == [("record.date", 10, 7), ("label.undeclared", 400, 4)]
    last = {(f.rule, f.where.line, f.where.column) for f in report.findings}
    assert {*first, ("label.undeclared", 900, 5), ("record.date", LATE_LINE, 7)} <= last
    assert set(map(str, steps[1].findings)) <= set(map(str, report.findings))


@pytest.mark.parametrize("line", [20, LATE_LINE])
def test_register_that_names_persons_is_refused_without_early_findings(line: int) -> None:
    steps, report = _check_data(_replace_fields({line: (2, b"Ivan Horvat")}))
    assert ("begun" in [s.name for s in steps]) == (line == LATE_LINE)
    assert [(f.rule, f.where.line) for f in report.findings if f.rule.startswith("person.")] == [("person.name", line)]
    assert report.events == 0


def test_small_register_and_one_on_another_form_have_no_early_step() -> None:
    assert [s.name for s in _check_data(register.FILE.read_bytes())[0]] == ["reading", "read", "judging", "judged"]
    steps, report = _check_data(register.build_register(size=ENOUGH_BYTES)[0], form="RS-REGISTER-1")
    assert "begun" not in [s.name for s in steps]
    assert report.verdict in ("error", "unreadable") and report.events == 0


# ---------------------------------------------------------------------------------------------------------- as workbook

FEW, LATE_ROW = 8_000, 7_500
"""Records that make a workbook large enough for an early look at its first lines, and a row near its end."""


def _build_workbook(*, dates: bool = True, changes: Mapping[tuple[int, int], str] | None = None) -> bytes:
    data, _ = register.build_workbook(dates=dates, records=FEW, changes=changes)
    assert len(data) in _LARGE
    return data


@pytest.fixture(scope="module")
def events_of_csv() -> pl.DataFrame:
    """The events of as many records in a register as CSV, without their places."""
    lines = register.build_register(short=True)[0].split(b"\r\n")[: 3 + FEW]
    _, report = _check_data(b"\r\n".join([*lines, b""]))
    assert report.reading is not None
    return report.reading.events.drop("place")


@pytest.mark.sampled()
@pytest.mark.parametrize("dates", [True, False])
def test_register_as_workbook_gives_same_events_as_csv(events_of_csv: pl.DataFrame, dates: bool) -> None:
    data = _build_workbook(dates=dates)
    steps, report = _check_data(data, name="registar.xlsx")
    assert [s.name for s in steps] == ["reading", "begun", "read", "judging", "judged"]
    assert (steps[1].form, steps[1].periods, steps[1].findings) == (f"{register.FORM}-XLSX", ("2026-Q3",), ())
    assert report.reading is not None
    assert report.events == register.count_events(FEW)
    assert report.reading.events.drop("place").equals(events_of_csv)
    first, last = report.reading.events["place"][0], report.reading.events["place"][-1]
    assert first.startswith(f"{register.FORM}-XLSX!") and int(last[-4:]) > FEW - register.FIRST_ROW


def test_faults_in_first_rows_of_workbook_are_reported_before_the_others() -> None:
    planted = {(10, 7): "31.02.2026.", (400, 4): "9999", (900, 5): "Q", (LATE_ROW, 7): "nikad"}
    data = _build_workbook(changes=planted)
    steps, report = _check_data(data, name="registar.xlsx")
    assert [s.name for s in steps] == ["reading", "begun", "read", "judging", "judged"]
    first = [(f.rule, f.where.cell) for f in steps[1].findings]
    assert first == [("record.date", "G10"), ("label.undeclared", "D400")]
    last = {(f.rule, f.where.cell) for f in report.findings}
    assert {*first, ("label.undeclared", "E900"), ("record.date", f"G{LATE_ROW}")} <= last
    assert set(map(str, steps[1].findings)) <= set(map(str, report.findings))


@pytest.mark.parametrize("row", [20, LATE_ROW])
def test_workbook_that_names_persons_is_refused_without_early_findings(row: int) -> None:
    data = _build_workbook(changes={(row, 3): "Ivan Horvat"})
    steps, report = _check_data(data, name="registar.xlsx")
    # The texts of all rows are in one part of the file, so a name is found whichever row is read.
    assert "begun" not in [s.name for s in steps] or not steps[1].findings
    cells = [f.where.cell for f in report.findings if f.rule == "person.name"]
    assert cells == [f"C{row}"] and report.events == 0


def test_large_workbook_that_is_not_a_register_has_no_early_step() -> None:
    data = _build_workbook(changes={(2, 1): "Another form"})
    assert "begun" not in [s.name for s in _check_data(data, name="registar.xlsx")[0]]
