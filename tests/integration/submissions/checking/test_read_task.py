"""Task of the reading process: the options of the form reach the reader, and the preview marks invented returns."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from pipelines.core.home import initialise_home
from pipelines.declarations.registry import Registry, load
from pipelines.model.content import ReadError
from pipelines.reading.sandbox.pool import ChildPool
from pipelines.submissions import arrivals
from pipelines.submissions.checking.check import OFFLINE_ID
from pipelines.submissions.checking.read_task import PRELOAD, Task, options_of, take_with
from tests.support.fakes.returns_fakes import BASE, make_registry
from tests.support.paths import ROOT
from tests.support.watched_imports import list_imports

SAMPLE = ROOT / "raw_samples/MK/justice/Pravosudstvo_2026_K3.xlsx"
LINES = [40.0, 200.0, 300.0, 400.0]


def test_reading_process_imports_nothing_of_the_program_itself() -> None:
    # It may keep no compiled file. Every process would compile such a module.
    files = {arrival.file.rpartition(".")[2]: arrival for arrival in arrivals.read_list(ROOT / "raw_samples")}
    tasks = [
        Task((ROOT / "raw_samples" / arrival.file).read_bytes(), arrival.filename, OFFLINE_ID, load().digest)
        for arrival in files.values()
    ]
    assert {"xlsx", "xls", "ods", "px", "csv", "pdf", "docx", "html"} <= set(files)
    with ChildPool(list_imports, workers=1, preload=PRELOAD, cpu_seconds=60) as pool:
        pool.launcher.load()
        child = pool.launcher.start_child()
        assert child.run_job(tasks, 120.0) == []
        child.close()


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


def _make_pdf_without_rules() -> bytes:
    """Return a PDF table without ruled lines, whose columns are known by their positions only."""
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
def test_pdf_without_rules_is_read_by_lines_of_its_form(registry: Registry, form: str | None) -> None:
    assert options_of(registry.forms["ZZ-JUSTICE-PDF"])["lines_x"] == tuple(LINES)
    result = take_with(Task(_make_pdf_without_rules(), "a.pdf", "S0", registry.digest, form), registry)
    assert result.reading is not None and [f.rule for f in result.findings] == []
    values = dict(result.reading.observations.group_by("sex").agg("value").iter_rows())
    assert {sex: sorted(figures) for sex, figures in values.items()} == {"_T": [12.0, 30.0], "M": [9.0, 28.0]}


def test_pdf_without_rules_or_form_is_refused(registry: Registry) -> None:
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(45, 700, "Broj osoba 12")
    page.save()
    with pytest.raises(ReadError) as refused:
        take_with(Task(buffer.getvalue(), "a.pdf", "S0", registry.digest), registry)
    assert refused.value.rule == "read.pdf.no_table"


@pytest.mark.parametrize(("kind", "is_marked"), [("demonstration", True), ("real", False)])
def test_preview_shows_whether_returns_are_invented(
    kind: Any, is_marked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    initialise_home(tmp_path / "home", kind)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    output_path = tmp_path / "picture.html"
    assert main(["preview", str(SAMPLE), "-o", str(output_path)]) == 0
    assert ("DEMONSTRATION" in output_path.read_text(encoding="utf-8").partition("<table")[0].upper()) is is_marked
    assert "MK-JUSTICE" in capsys.readouterr().out


def test_file_named_after_another_period_is_a_warning_for_the_whole_file(registry: Registry) -> None:
    result = take_with(Task(_make_pdf_without_rules(), "osudjeni_2025_K2.pdf", "S0", registry.digest), registry)
    assert result.reading is not None
    assert [(f.rule, f.severity, str(f.where), f.seen, f.expected) for f in result.reading.findings] == [
        ("period.file_name", "warning", "", "2025-Q2", "2025-Q3")
    ]
    result = take_with(Task(_make_pdf_without_rules(), "osudjeni_2025_K3.pdf", "S0", registry.digest), registry)
    assert result.reading is not None and result.reading.findings == []


def test_workbook_with_sheet_of_another_office_is_recognised_by_complete_tables() -> None:
    import openpyxl

    declared = load()

    book = openpyxl.load_workbook(SAMPLE)
    foreign_book = openpyxl.load_workbook(ROOT / "raw_samples/AL/justice/PP_Trafikimi_2026_T3.xlsx")
    sheet = book.create_sheet("AL")
    for row in foreign_book[foreign_book.sheetnames[-1]].iter_rows():
        for cell in row:
            if cell.value is not None:
                sheet.cell(cell.row, cell.column, cell.value)
    buffer = io.BytesIO()
    book.save(buffer)
    result = take_with(Task(buffer.getvalue(), "mix.xlsx", "S1", declared.digest), declared)
    assert result.form == "MK-JUSTICE-2" and result.reading is not None
    findings = {(finding.rule, finding.where.sheet) for finding in result.reading.findings}
    assert findings == {("table.undeclared", "AL")}


def test_merged_heading_with_a_latin_letter_is_reported_once() -> None:
    import openpyxl

    declared, book = load(), openpyxl.load_workbook(SAMPLE)
    heading = book["Т-01"]["B6"]
    assert "B6:D6" in {str(area) for area in book["Т-01"].merged_cells.ranges}
    heading.value = heading.value.replace("о", "o", 1)
    buffer = io.BytesIO()
    book.save(buffer)
    result = take_with(Task(buffer.getvalue(), "latin.xlsx", "S1", declared.digest), declared)
    assert result.reading is not None
    assert [(f.rule, str(f.where)) for f in result.reading.findings] == [("cell.lookalike", "Т-01!B6")]
