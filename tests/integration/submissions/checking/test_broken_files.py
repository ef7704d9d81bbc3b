"""Broken files as offices send them, each made here: the finding, its place, and a message that people can act on.

The tests pin the rule, its place and a piece of its message, so that nobody changes a message by accident.
`python -m tests.integration.submissions.checking.test_broken_files` prints all messages for proofreading.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.findings.rules import from_read_error
from pipelines.findings.texts import describe_finding
from pipelines.model.content import ReadError
from pipelines.submissions.checking.read_task import ReadResult, Task, take_with
from tests.support.paths import SAMPLES

GOOD = SAMPLES / "MK/justice/Pravosudstvo_2026_K3.xlsx"
OTHER = SAMPLES / "AL/justice/PP_Trafikimi_2026_T3.xlsx"
CSV = SAMPLES / "AL/victims/MKR_viktimat_2026_T3.csv"
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def _read_findings(data: bytes, name: str, registry: Registry, form: str | None = None) -> list[Finding]:
    try:
        result: ReadResult = take_with(Task(data, name, "S0", registry.digest, form), registry)
    except ReadError as error:
        return [from_read_error(error)]
    return [*result.findings, *(result.reading.findings if result.reading is not None else ())]


def _edit_workbook(change: Callable[[Any], None], file: Path = GOOD) -> bytes:
    import openpyxl

    book = openpyxl.load_workbook(file)
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _add_parts(data: bytes, **more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        for name, content in more.items():
            new.writestr(name.replace("__", "/").replace("_bin", ".bin").replace("_xml", ".xml"), content)
    return buffer.getvalue()


def _make_picture(format_: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, format_)
    return buffer.getvalue()


def _make_scan() -> bytes:
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawImage(ImageReader(Image.new("RGB", (600, 800), "lightgrey")), 0, 0, 595, 842)
    page.save()
    return buffer.getvalue()


def _make_words_pdf() -> bytes:
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(50, 700, "Broj osoba 12")
    page.save()
    return buffer.getvalue()


def _read_good() -> bytes:
    return GOOD.read_bytes()


def _make_blank() -> bytes:
    import openpyxl

    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


UNREADABLE: list[tuple[str, Callable[[], bytes], str, str, str]] = [
    ("0 bytes", lambda: b"", "a.xlsx", "read.empty", "empty"),
    ("truncated", lambda: _read_good()[:-2000], "a.xlsx", "read.malformed", ""),
    ("half", lambda: _read_good()[: len(_read_good()) // 2], "a.xlsx", "read.malformed", ""),
    ("a blank workbook", _make_blank, "a.xlsx", "return.empty", "no number"),
    ("a photo", lambda: _make_picture("JPEG"), "a.xlsx", "read.picture", "picture"),
    ("a screenshot", lambda: _make_picture("PNG"), "a.xlsx", "read.picture", "picture"),
    ("a scanned page", _make_scan, "a.pdf", "read.pdf.scanned", "picture"),
    ("a PDF of words", _make_words_pdf, "a.pdf", "read.pdf.no_table", "table"),
    (
        "a PDF that did not arrive whole",
        lambda: _make_words_pdf()[:-200],
        "a.pdf",
        "read.malformed",
        "its end is missing",
    ),
    ("a PDF in pieces", lambda: _make_words_pdf()[:300] + b"\n%%EOF", "a.pdf", "read.malformed", "structure is broken"),
    ("an Office file of nothing", lambda: _OLE2, "a.xls", "read.unsupported", "old Office file that holds no workbook"),
    ("a list of two numbers", lambda: b"a;b\n1;2\n", "a.csv", "return.not_recognised", "Nearest: no form."),
    (
        "a DOCTYPE",
        lambda: _add_parts(_read_good(), x_xml=b"<!DOCTYPE a><a/>"),
        "a.xlsx",
        "read.xml_doctype",
        "can harm anyone",
    ),
    ("a password", lambda: _OLE2 + "EncryptedPackage\0".encode("utf-16-le"), "a.xlsx", "read.encrypted", "password"),
    ("macros", lambda: _add_parts(_read_good(), xl__vbaProject_bin=b"\0"), "a.xlsm", "read.macros", "macro"),
    ("an old letter", lambda: _OLE2 + "WordDocument\0".encode("utf-16-le"), "a.doc", "read.unsupported", "Word"),
    (
        "slides",
        lambda: _OLE2 + "PowerPoint Document\0".encode("utf-16-le"),
        "a.ppt",
        "read.unsupported",
        "presentation",
    ),
    ("another archive", lambda: _add_parts(b"PK\x05\x06" + b"\0" * 18, a=b"b"), "a.zip", "read.archive", "archive"),
]


@pytest.mark.parametrize(
    ("data", "name", "rule", "words"), [case[1:] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE]
)
def test_unreadable_file_is_reported_with_reason_and_remedy(
    data: Callable[[], bytes], name: str, rule: str, words: str, registry: Registry
) -> None:
    findings = _read_findings(data(), name, registry)
    assert [f.rule for f in findings if f.severity == "error"] == [rule]
    text = describe_finding(findings[0], "en")
    assert words.casefold() in text.message.casefold() and text.remedy
    assert "?" not in text.message and "{" not in text.message + text.remedy


@pytest.mark.parametrize("name", ["a.xls", "a.pdf", "a.csv", "a", "a.docx"])
def test_wrong_extension_is_accepted(name: str, registry: Registry) -> None:
    assert [f for f in _read_findings(_read_good(), name, registry) if f.severity == "error"] == []
    assert [f for f in _read_findings(CSV.read_bytes(), name, registry) if f.severity == "error"] == []


def _first_sheet(book: Any) -> Any:
    return book.worksheets[0]


def _copy_rows_below(book: Any) -> None:
    sheet = _first_sheet(book)
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    for row in rows:
        sheet.append(row)


def _hide_row(book: Any) -> None:
    _first_sheet(book).row_dimensions[11].hidden = True


def _enter_formula(book: Any) -> None:
    _first_sheet(book)["B11"].value = "=1+1"


def _enter_date_as_label(book: Any) -> None:
    _first_sheet(book)["A11"].value = datetime(2026, 3, 1)


def _enter_date_as_value(book: Any) -> None:
    _first_sheet(book)["B11"].value = datetime(2026, 3, 1)


def _enter_lookalike(book: Any) -> None:
    _first_sheet(book)["A11"].value = "Трговијa со луѓе, чл. 418-а"  # the last letter of the first word is Latin


def _enter_other_quarter(book: Any) -> None:
    _first_sheet(book)["A4"].value = _first_sheet(book)["A4"].value.replace("3. квартал", "2. квартал")


def _mistype_label(book: Any) -> None:
    _first_sheet(book)["A11"].value = "Трговија со луѓe, чл. 418-ф"


@pytest.mark.parametrize(
    ("change", "rule", "severity", "cell"),
    [
        (_copy_rows_below, "table.twice", "error", None),
        (_hide_row, "cell.hidden", "error", "A11"),
        (_enter_formula, "cell.formula", "error", "B11"),
        (_enter_date_as_label, "cell.date", "error", "A11"),
        (_enter_date_as_value, "cell.date", "error", "B11"),
        (_enter_lookalike, "cell.lookalike", "information", "A11"),
        (_enter_other_quarter, "period.contradiction", "error", None),
        (_mistype_label, "label.undeclared", "error", "A11"),
    ],
)
def test_fault_in_workbook_is_reported_at_its_cell(
    change: Callable[[Any], None], rule: str, severity: str, cell: str | None, registry: Registry
) -> None:
    all_findings = _read_findings(_edit_workbook(change), GOOD.name, registry)
    matches = [f for f in all_findings if f.rule == rule]
    assert matches, all_findings
    assert matches[0].severity == severity and matches[0].where.sheet is not None
    assert cell is None or matches[0].where.cell == cell
    text = describe_finding(matches[0], "en")
    assert text.message and text.remedy and "?" not in text.message


def test_period_contradiction_names_both_periods(registry: Registry) -> None:
    (finding,) = (
        f
        for f in _read_findings(_edit_workbook(_enter_other_quarter), GOOD.name, registry)
        if f.rule == "period.contradiction"
    )
    assert (finding.where.cell, finding.seen, finding.expected) == ("A4", "2026-Q2", "2026-Q3")
    assert "here is 2026 Q2, elsewhere in this file 2026 Q3" in describe_finding(finding, "en").message


def test_file_on_form_of_another_office_is_an_error(registry: Registry) -> None:
    """Check a file under the form of one office although it is on the form of another."""
    findings = _read_findings(OTHER.read_bytes(), OTHER.name, registry, "MK-JUSTICE-1")
    errors = [f for f in findings if f.severity == "error"]
    assert [(f.rule, f.seen, f.expected) for f in errors] == [("return.other_form", "AL-JUSTICE-1", "MK-JUSTICE-1")]
    message = describe_finding(errors[0], "en").message
    assert "General Prosecution" in message and "(AL-JUSTICE-1)" in message and "(MK-JUSTICE-1)" in message


@pytest.mark.parametrize(
    ("quarter", "severity", "rule"),
    [("2. квартал", "information", "coverage.late"), ("4. квартал", "error", "coverage.too_early")],
)
def test_wrong_quarter_is_late_or_too_early(
    quarter: str, severity: str, rule: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report an old period as late, since it may be a correction, and one that has not ended as an error."""
    from expectations.judge import JudgedReturn, judge_returns

    monkeypatch.setenv("RTI_NOW", "2026-11-10T09:00:00Z")

    def replace_quarter(book: Any) -> None:
        for sheet in book.worksheets:
            for cell in (c for row in sheet.iter_rows() for c in row if isinstance(c.value, str)):
                cell.value = cell.value.replace("3. квартал", quarter)

    result = take_with(Task(_edit_workbook(replace_quarter), GOOD.name, "S0", registry.digest), registry)
    assert result.reading is not None
    findings = judge_returns([JudgedReturn("S0", result.reading)], None, registry)["S0"]
    assert (rule, severity) in [(f.rule, f.severity) for f in findings]
    text = describe_finding(next(f for f in findings if f.rule == rule), "en")
    assert "2026 Q" in text.message and "period" in text.remedy


def test_unknown_file_is_reported_with_nearest_forms_without_placeholders(registry: Registry) -> None:
    (finding,) = _read_findings("Nešto;Drugo\nA;1\nB;2\n".encode(), "a.csv", registry)
    text = describe_finding(finding, "en")
    assert finding.rule == "return.not_recognised" and "{" not in text.message


def list_messages(registry: Registry) -> Iterator[str]:
    """Yield every message, for proofreading."""
    for title, data, name, _, _ in UNREADABLE:
        for finding in _read_findings(data(), name, registry):
            text = describe_finding(finding, "en")
            yield f"{title}: [{finding.rule}] {finding.where} {text.message} {text.remedy}"
    for change in (
        _copy_rows_below,
        _hide_row,
        _enter_formula,
        _enter_date_as_label,
        _enter_date_as_value,
        _enter_lookalike,
        _enter_other_quarter,
    ):
        for finding in _read_findings(_edit_workbook(change), GOOD.name, registry)[:2]:
            text = describe_finding(finding, "en")
            yield f"{change.__name__}: [{finding.rule}] {finding.where} {text.message} {text.remedy}"
    for finding in _read_findings(OTHER.read_bytes(), OTHER.name, registry, "MK-JUSTICE-1")[:6]:
        text = describe_finding(finding, "en")
        yield f"other office: [{finding.rule}] {finding.where} {text.message} {text.remedy}"


if __name__ == "__main__":
    print("\n".join(list_messages(load())))
