"""What the reading process makes of a file: its form's options reach the reader, and the picture shows whose it is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from pipelines.core.home import initialise_home
from pipelines.declarations.registry import Registry, load
from pipelines.model.content import ReadError
from pipelines.submissions.checking.read_task import Task, options_of, take_with
from tests.support.fakes.returns_fakes import BASE, make_registry
from tests.support.paths import ROOT

SAMPLE = ROOT / "raw_samples/MK/justice/Pravosudstvo_2026_K3.xlsx"
LINES = [40.0, 200.0, 300.0, 400.0]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    table = {
        "title": "Osudjena lica, {quarter:roman} kvartal {year}",
        "corner": "Delo",
        "lines_x": LINES,
        "columns": {"Ukupno": {}, "Muskarci": {"sex": "M"}},
        "rows": {"{article}": {}},
    }
    form: dict[str, Any] = {
        **BASE,
        "id": "ZZ-JUSTICE-PDF",
        "formats": ["pdf"],
        "language": "sr-Latn",
        "recognise": {"all": ["Osudjena lica, {quarter:roman} kvartal {year}", "Delo"]},
        "codes": {"article": {"Trgovina": "188", "Krijumcarenje": "350(2)"}},
        "adds_up": [],
        "tables": [table],
    }
    return make_registry(tmp_path / "territories", [form])


def _unruled() -> bytes:
    """A table whose columns are told by their places alone, as some programs print it."""
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(45, 700, "Osudjena lica, III kvartal 2025")
    for row, words in enumerate(
        (("Delo", "Ukupno", "Muskarci"), ("Trgovina", "12", "9"), ("Krijumcarenje", "30", "28"))
    ):
        for x, word in zip(LINES, words, strict=False):
            page.drawString(x + 5, 660 - 20 * row, word)
    page.save()
    return buffer.getvalue()


@pytest.mark.parametrize("form", [None, "ZZ-JUSTICE-PDF"])
def test_a_pdf_without_rules_is_read_by_the_lines_of_its_form(registry: Registry, form: str | None) -> None:
    assert options_of(registry.forms["ZZ-JUSTICE-PDF"])["lines_x"] == tuple(LINES)
    taken = take_with(Task(_unruled(), "a.pdf", "S0", registry.digest, form), registry)
    assert taken.reading is not None and [f.rule for f in taken.findings] == []
    values = dict(taken.reading.observations.group_by("sex").agg("value").iter_rows())
    assert {sex: sorted(found) for sex, found in values.items()} == {"_T": [12.0, 30.0], "M": [9.0, 28.0]}


def test_another_pdf_without_rules_stays_refused(registry: Registry) -> None:
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(45, 700, "Broj osoba 12")
    page.save()
    with pytest.raises(ReadError) as refused:
        take_with(Task(buffer.getvalue(), "a.pdf", "S0", registry.digest), registry)
    assert refused.value.rule == "read.pdf.no_table"


@pytest.mark.parametrize(("kind", "told"), [("demonstration", True), ("real", False)])
def test_the_picture_of_a_file_says_whether_the_home_holds_invented_returns(
    kind: Any, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    initialise_home(tmp_path / "home", kind)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    out = tmp_path / "picture.html"
    assert main(["preview", str(SAMPLE), "-o", str(out)]) == 0
    assert ("DEMONSTRATION" in out.read_text(encoding="utf-8").partition("<table")[0].upper()) is told
    assert "MK-JUSTICE" in capsys.readouterr().out


def test_file_named_after_another_period_is_a_warning_for_the_whole_file(registry: Registry) -> None:
    taken = take_with(Task(_unruled(), "osudjeni_2025_K2.pdf", "S0", registry.digest), registry)
    assert taken.reading is not None
    assert [(f.rule, f.severity, str(f.where), f.seen, f.expected) for f in taken.reading.findings] == [
        ("period.file_name", "warning", "", "2025-Q2", "2025-Q3")
    ]
    taken = take_with(Task(_unruled(), "osudjeni_2025_K3.pdf", "S0", registry.digest), registry)
    assert taken.reading is not None and taken.reading.findings == []


def test_workbook_with_one_sheet_of_another_office_is_of_the_office_whose_tables_are_all_there() -> None:
    import openpyxl

    declared = load()

    book = openpyxl.load_workbook(SAMPLE)
    other = openpyxl.load_workbook(ROOT / "raw_samples/AL/justice/PP_Trafikimi_2026_T3.xlsx")
    sheet = book.create_sheet("AL")
    for row in other[other.sheetnames[-1]].iter_rows():
        for cell in row:
            if cell.value is not None:
                sheet.cell(cell.row, cell.column, cell.value)
    out = io.BytesIO()
    book.save(out)
    result = take_with(Task(out.getvalue(), "mix.xlsx", "S1", declared.digest), declared)
    assert result.form == "MK-JUSTICE-2" and result.reading is not None
    findings = {(finding.rule, finding.where.sheet) for finding in result.reading.findings}
    assert findings == {("table.undeclared", "AL")}


def test_merged_heading_with_a_latin_letter_is_reported_once() -> None:
    import openpyxl

    declared, book = load(), openpyxl.load_workbook(SAMPLE)
    heading = book["Т-01"]["B6"]
    assert "B6:D6" in {str(area) for area in book["Т-01"].merged_cells.ranges}
    heading.value = heading.value.replace("о", "o", 1)
    out = io.BytesIO()
    book.save(out)
    result = take_with(Task(out.getvalue(), "latin.xlsx", "S1", declared.digest), declared)
    assert result.reading is not None
    assert [(f.rule, str(f.where)) for f in result.reading.findings] == [("cell.lookalike", "Т-01!B6")]
