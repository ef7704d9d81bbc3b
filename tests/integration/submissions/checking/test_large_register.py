"""A register of 2 MB: what its first lines show is told first, and is a part of what is told in the end."""

from __future__ import annotations

import pytest

from benchmarks import register
from benchmarks.measuring import ROOT
from pipelines.declarations.form import Form
from pipelines.declarations.registry import load
from pipelines.reading.formats.common import MAX_CELLS
from pipelines.submissions.checking.check import Step, check_file
from pipelines.submissions.checking.report import Report

NAME = "registar.csv"


def _checked(data: bytes, form: str | None = None, name: str = NAME) -> tuple[list[Step], Report]:
    steps: list[Step] = []
    report = check_file(data, name, registry=load(), form=form, on_step=steps.append)
    return steps, report


def _with(changes: dict[int, tuple[int, bytes]], data: bytes | None = None) -> bytes:
    """The register with fields replaced: physical line -> (field from 0, new content)."""
    lines = (data or register.build_register()[0]).split(b"\r\n")
    for line, (field, content) in changes.items():
        fields = lines[line - 1].split(b";")
        fields[field] = content
        lines[line - 1] = b";".join(fields)
    return b"\r\n".join(lines)


def test_a_large_register_is_read_whole() -> None:
    data, records = register.build_register()
    steps, report = _checked(data)
    assert [s.name for s in steps] == ["reading", "begun", "read", "judging", "judged"]
    assert (steps[1].form, steps[1].periods, steps[1].findings) == (register.FORM, ("2026-Q3",), ())
    assert report.events == register.count_events(records) > 30_000
    assert report.form == register.FORM


def test_one_whose_pseudonyms_are_short_is_read_whole_too() -> None:
    data, records = register.build_register(short=True)
    _, report = _checked(data)
    assert report.events == register.count_events(records) > register.count_events(register.build_register()[1])


def _densest(form: Form) -> float:
    """The most cells that 2 MB of a register can hold: the record with the most for its bytes, over and over."""
    assert form.records is not None
    encoding, columns = form.encodings[0], form.records.columns
    pseudonyms = {name for name, column in columns.items() if column.field in ("proceeding", "person")}
    most, headings = 0.0, None
    for path in sorted((ROOT / "raw_samples" / form.jurisdiction / "register").glob("*.csv")):
        for line in path.read_bytes().decode(encoding).splitlines():
            fields = line.split(";")
            if pseudonyms <= set(fields):
                headings = fields
            elif headings is not None and len(fields) == len(headings):
                short = ["12345" if name in pseudonyms else text for name, text in zip(headings, fields, strict=True)]
                size = len((";".join(short) + "\r\n").encode(encoding))
                most = max(most, register.BYTES / size * sum(map(bool, short)))
    return most


def test_every_declared_register_of_two_megabytes_is_within_the_limit_of_cells() -> None:
    forms = [form for form in load().forms.values() if form.records is not None and "csv" in form.formats]
    cells = {form.id: _densest(form) for form in forms}
    assert len(cells) >= 2 and min(cells.values()) > 100_000
    assert max(cells.values()) < MAX_CELLS < 1.5 * max(cells.values())


def test_faults_in_the_first_lines_are_told_first_and_those_behind_in_the_end() -> None:
    planted = {10: (6, b"31.02.2026."), 400: (3, b"9999"), 900: (4, b"Q"), 20_000: (6, b"nikad")}
    steps, report = _checked(_with(planted))
    first = [(f.rule, f.where.line, f.where.column) for f in steps[1].findings]
    assert first == [("record.date", 10, 7), ("label.undeclared", 400, 4)]
    last = {(f.rule, f.where.line, f.where.column) for f in report.findings}
    assert {*first, ("label.undeclared", 900, 5), ("record.date", 20_000, 7)} <= last
    assert set(map(str, steps[1].findings)) <= set(map(str, report.findings))


@pytest.mark.parametrize("line", [20, 20_000])
def test_a_register_that_names_persons_is_refused_and_nothing_of_it_is_told_first_but_places(line: int) -> None:
    steps, report = _checked(_with({line: (2, b"Ivan Horvat")}))
    assert ("begun" in [s.name for s in steps]) == (line == 20_000)
    assert [(f.rule, f.where.line) for f in report.findings if f.rule.startswith("person.")] == [("person.name", line)]
    assert report.events == 0


def test_a_small_register_and_one_on_another_form_have_no_first_lines() -> None:
    assert [s.name for s in _checked(register.FILE.read_bytes())[0]] == ["reading", "read", "judging", "judged"]
    steps, report = _checked(register.build_register()[0], form="RS-REGISTER-1")
    assert "begun" not in [s.name for s in steps]
    assert report.verdict in ("error", "unreadable") and report.events == 0


# ---------------------------------------------------------------------------------------------------------- as workbook

FEW = 8_000
"""Records that make a workbook large enough for its first lines to be looked at."""


@pytest.mark.parametrize("dates", [True, False])
def test_the_same_records_as_a_workbook_are_the_same_events(dates: bool) -> None:
    data, _ = register.build_workbook(dates=dates, records=FEW)
    steps, report = _checked(data, name="registar.xlsx")
    assert [s.name for s in steps] == ["reading", "begun", "read", "judging", "judged"]
    assert (steps[1].form, steps[1].periods, steps[1].findings) == (f"{register.FORM}-XLSX", ("2026-Q3",), ())
    lines = register.build_register(short=True)[0].split(b"\r\n")[: 3 + FEW]
    _, by_csv = _checked(b"\r\n".join([*lines, b""]))
    assert report.reading is not None and by_csv.reading is not None
    assert report.events == register.count_events(FEW)
    assert report.reading.events.drop("place").equals(by_csv.reading.events.drop("place"))
    first, last = report.reading.events["place"][0], report.reading.events["place"][-1]
    assert first.startswith(f"{register.FORM}-XLSX!") and int(last[-4:]) > FEW - register.FIRST_ROW


def test_faults_in_the_first_rows_of_a_workbook_are_told_first_and_those_behind_in_the_end() -> None:
    planted = {(10, 7): "31.02.2026.", (400, 4): "9999", (900, 5): "Q", (7_500, 7): "nikad"}
    data, _ = register.build_workbook(records=FEW, changes=planted)
    steps, report = _checked(data, name="registar.xlsx")
    assert [s.name for s in steps] == ["reading", "begun", "read", "judging", "judged"]
    first = [(f.rule, f.where.cell) for f in steps[1].findings]
    assert first == [("record.date", "G10"), ("label.undeclared", "D400")]
    last = {(f.rule, f.where.cell) for f in report.findings}
    assert {*first, ("label.undeclared", "E900"), ("record.date", "G7500")} <= last
    assert set(map(str, steps[1].findings)) <= set(map(str, report.findings))


@pytest.mark.parametrize("row", [20, 7_500])
def test_a_workbook_that_names_persons_is_refused_and_nothing_of_it_is_told_first_but_places(row: int) -> None:
    data, _ = register.build_workbook(records=FEW, changes={(row, 3): "Ivan Horvat"})
    steps, report = _checked(data, name="registar.xlsx")
    # The texts of all rows stand in one part of the file, so that a name is found whichever row is read.
    assert "begun" not in [s.name for s in steps] or not steps[1].findings
    named = [f.where.cell for f in report.findings if f.rule == "person.name"]
    assert named == [f"C{row}"] and report.events == 0


def test_a_large_workbook_that_is_no_register_has_no_first_lines() -> None:
    data, _ = register.build_workbook(records=FEW, changes={(2, 1): "Another form"})
    assert "begun" not in [s.name for s in _checked(data, name="registar.xlsx")[0]]
