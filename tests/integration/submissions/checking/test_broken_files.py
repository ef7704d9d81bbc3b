"""Broken files as offices send them, each made here: what is said, where, and that a statistician can act on it.

The words are read by people: this file pins the rule, its place and a piece of its message, so that a change of words
is a decision. `python -m tests.integration.submissions.checking.test_broken_files` prints them all, to be read aloud.
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


def _findings(data: bytes, name: str, registry: Registry, form: str | None = None) -> list[Finding]:
    try:
        taken: ReadResult = take_with(Task(data, name, "S0", registry.digest, form), registry)
    except ReadError as error:
        return [from_read_error(error)]
    return [*taken.findings, *(taken.reading.findings if taken.reading is not None else ())]


def _edited(change: Callable[[Any], None], file: Path = GOOD) -> bytes:
    import openpyxl

    book = openpyxl.load_workbook(file)
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _parts(data: bytes, **more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        for name, content in more.items():
            new.writestr(name.replace("__", "/").replace("_bin", ".bin").replace("_xml", ".xml"), content)
    return buffer.getvalue()


def _picture(format_: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, format_)
    return buffer.getvalue()


def _scan() -> bytes:
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawImage(ImageReader(Image.new("RGB", (600, 800), "lightgrey")), 0, 0, 595, 842)
    page.save()
    return buffer.getvalue()


def _words_pdf() -> bytes:
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(50, 700, "Broj osoba 12")
    page.save()
    return buffer.getvalue()


def _good() -> bytes:
    return GOOD.read_bytes()


def _blank() -> bytes:
    import openpyxl

    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


UNREADABLE: list[tuple[str, Callable[[], bytes], str, str, str]] = [
    ("0 bytes", lambda: b"", "a.xlsx", "read.empty", "empty"),
    ("truncated", lambda: _good()[:-2000], "a.xlsx", "read.malformed", ""),
    ("half", lambda: _good()[: len(_good()) // 2], "a.xlsx", "read.malformed", ""),
    ("a blank workbook", _blank, "a.xlsx", "return.empty", "no number"),
    ("a photo", lambda: _picture("JPEG"), "a.xlsx", "read.picture", "picture"),
    ("a screenshot", lambda: _picture("PNG"), "a.xlsx", "read.picture", "picture"),
    ("a scanned page", _scan, "a.pdf", "read.pdf.scanned", "picture"),
    ("a PDF of words", _words_pdf, "a.pdf", "read.pdf.no_table", "table"),
    ("a PDF that did not arrive whole", lambda: _words_pdf()[:-200], "a.pdf", "read.malformed", "its end is missing"),
    ("a PDF in pieces", lambda: _words_pdf()[:300] + b"\n%%EOF", "a.pdf", "read.malformed", "structure is broken"),
    ("an Office file of nothing", lambda: _OLE2, "a.xls", "read.unsupported", "old Office file that holds no workbook"),
    ("a list of two numbers", lambda: b"a;b\n1;2\n", "a.csv", "return.not_recognised", "Nearest: no form."),
    ("a DOCTYPE", lambda: _parts(_good(), x_xml=b"<!DOCTYPE a><a/>"), "a.xlsx", "read.xml_doctype", "can harm anyone"),
    ("a password", lambda: _OLE2 + "EncryptedPackage\0".encode("utf-16-le"), "a.xlsx", "read.encrypted", "password"),
    ("macros", lambda: _parts(_good(), xl__vbaProject_bin=b"\0"), "a.xlsm", "read.macros", "macro"),
    ("an old letter", lambda: _OLE2 + "WordDocument\0".encode("utf-16-le"), "a.doc", "read.unsupported", "Word"),
    (
        "slides",
        lambda: _OLE2 + "PowerPoint Document\0".encode("utf-16-le"),
        "a.ppt",
        "read.unsupported",
        "presentation",
    ),
    ("another archive", lambda: _parts(b"PK\x05\x06" + b"\0" * 18, a=b"b"), "a.zip", "read.archive", "archive"),
]


@pytest.mark.parametrize(
    ("data", "name", "rule", "words"), [one[1:] for one in UNREADABLE], ids=[o[0] for o in UNREADABLE]
)
def test_what_cannot_be_read_says_why(
    data: Callable[[], bytes], name: str, rule: str, words: str, registry: Registry
) -> None:
    found = _findings(data(), name, registry)
    assert [f.rule for f in found if f.severity == "error"] == [rule]
    said = describe_finding(found[0], "en")
    assert words.casefold() in said.message.casefold() and said.remedy
    assert "?" not in said.message and "{" not in said.message + said.remedy


@pytest.mark.parametrize("name", ["a.xls", "a.pdf", "a.csv", "a", "a.docx"])
def test_a_wrong_extension_hinders_nobody(name: str, registry: Registry) -> None:
    assert [f for f in _findings(_good(), name, registry) if f.severity == "error"] == []
    assert [f for f in _findings(CSV.read_bytes(), name, registry) if f.severity == "error"] == []


def _sheet(book: Any) -> Any:
    return book.worksheets[0]


def _copied_below(book: Any) -> None:
    sheet = _sheet(book)
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    for row in rows:
        sheet.append(row)


def _hide_row(book: Any) -> None:
    _sheet(book).row_dimensions[11].hidden = True


def _formula(book: Any) -> None:
    _sheet(book)["B11"].value = "=1+1"


def _date_label(book: Any) -> None:
    _sheet(book)["A11"].value = datetime(2026, 3, 1)


def _date_value(book: Any) -> None:
    _sheet(book)["B11"].value = datetime(2026, 3, 1)


def _lookalike(book: Any) -> None:
    _sheet(book)["A11"].value = "Трговијa со луѓе, чл. 418-а"  # the last letter of the first word is Latin


def _other_quarter(book: Any) -> None:
    _sheet(book)["A4"].value = _sheet(book)["A4"].value.replace("3. квартал", "2. квартал")


def _label_typed_wrong(book: Any) -> None:
    _sheet(book)["A11"].value = "Трговија со луѓe, чл. 418-ф"


@pytest.mark.parametrize(
    ("change", "rule", "severity", "cell"),
    [
        (_copied_below, "table.twice", "error", None),
        (_hide_row, "cell.hidden", "error", "A11"),
        (_formula, "cell.formula", "error", "B11"),
        (_date_label, "cell.date", "error", "A11"),
        (_date_value, "cell.date", "error", "B11"),
        (_lookalike, "cell.lookalike", "information", "A11"),
        (_other_quarter, "period.contradiction", "error", None),
        (_label_typed_wrong, "label.undeclared", "error", "A11"),
    ],
)
def test_what_is_wrong_in_a_workbook_is_told_at_its_cell(
    change: Callable[[Any], None], rule: str, severity: str, cell: str | None, registry: Registry
) -> None:
    every = _findings(_edited(change), GOOD.name, registry)
    found = [f for f in every if f.rule == rule]
    assert found, every
    assert found[0].severity == severity and found[0].where.sheet is not None
    assert cell is None or found[0].where.cell == cell
    said = describe_finding(found[0], "en")
    assert said.message and said.remedy and "?" not in said.message


def test_a_period_is_told_as_it_stands_at_the_place_and_elsewhere(registry: Registry) -> None:
    (found,) = (f for f in _findings(_edited(_other_quarter), GOOD.name, registry) if f.rule == "period.contradiction")
    assert (found.where.cell, found.seen, found.expected) == ("A4", "2026-Q2", "2026-Q3")
    assert "here is 2026-Q2, elsewhere in this file 2026-Q3" in describe_finding(found, "en").message


def test_a_file_on_the_form_of_another_office(registry: Registry) -> None:
    """The wrong territory: the office says which form it is sending, and the file is another's."""
    found = _findings(OTHER.read_bytes(), OTHER.name, registry, "MK-JUSTICE-1")
    errors = [f for f in found if f.severity == "error"]
    assert [(f.rule, f.seen, f.expected) for f in errors] == [("return.other_form", "AL-JUSTICE-1", "MK-JUSTICE-1")]
    said = describe_finding(errors[0], "en").message
    assert "General Prosecution" in said and "(AL-JUSTICE-1)" in said and "(MK-JUSTICE-1)" in said


@pytest.mark.parametrize(
    ("quarter", "severity", "rule"),
    [("2. квартал", "information", "coverage.late"), ("4. квартал", "error", "coverage.too_early")],
)
def test_the_wrong_quarter(
    quarter: str, severity: str, rule: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old period is told as late, since it may be a correction; one that has not ended cannot be right."""
    from expectations.judge import JudgedReturn, judge_returns

    monkeypatch.setenv("RTI_NOW", "2026-11-10T09:00:00Z")

    def change(book: Any) -> None:
        for sheet in book.worksheets:
            for cell in (c for row in sheet.iter_rows() for c in row if isinstance(c.value, str)):
                cell.value = cell.value.replace("3. квартал", quarter)

    taken = take_with(Task(_edited(change), GOOD.name, "S0", registry.digest), registry)
    assert taken.reading is not None
    found = judge_returns([JudgedReturn("S0", taken.reading)], None, registry)["S0"]
    assert (rule, severity) in [(f.rule, f.severity) for f in found]
    said = describe_finding(next(f for f in found if f.rule == rule), "en")
    assert "2026-Q" in said.message and "period" in said.remedy


def test_an_unknown_file_is_told_the_nearest_forms_without_the_signs_of_templates(registry: Registry) -> None:
    (found,) = _findings("Nešto;Drugo\nA;1\nB;2\n".encode(), "a.csv", registry)
    said = describe_finding(found, "en")
    assert found.rule == "return.not_recognised" and "{" not in said.message


def all_words(registry: Registry) -> Iterator[str]:
    """Every message, to be read aloud."""
    for title, data, name, _, _ in UNREADABLE:
        for finding in _findings(data(), name, registry):
            said = describe_finding(finding, "en")
            yield f"{title}: [{finding.rule}] {finding.where} {said.message} {said.remedy}"
    for change in (_copied_below, _hide_row, _formula, _date_label, _date_value, _lookalike, _other_quarter):
        for finding in _findings(_edited(change), GOOD.name, registry)[:2]:
            said = describe_finding(finding, "en")
            yield f"{change.__name__}: [{finding.rule}] {finding.where} {said.message} {said.remedy}"
    for finding in _findings(OTHER.read_bytes(), OTHER.name, registry, "MK-JUSTICE-1")[:6]:
        said = describe_finding(finding, "en")
        yield f"other office: [{finding.rule}] {finding.where} {said.message} {said.remedy}"


if __name__ == "__main__":
    print("\n".join(all_words(load())))
