"""The workbook that comes back: what is told in its cells, what is kept, what is said to be lost."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation
from python_calamine import CalamineWorkbook

from pipelines.core import clock
from pipelines.model.content import Where
from pipelines.office import answers
from pipelines.office.answers import sheets
from pipelines.office.answers.workbook import findings_name
from pipelines.submissions.checking.report import Report
from tests.support.fakes.answers_fakes import OTHERS, edit_workbook, make_finding, report_of, with_cell, with_findings
from tests.support.paths import SAMPLES

EVIL = '=cmd|"/c calc"!A1'


def opened(data: bytes) -> Any:
    """The workbook by openpyxl; calamine must open it, too."""
    assert CalamineWorkbook.from_filelike(io.BytesIO(data)).sheet_names
    return openpyxl.load_workbook(io.BytesIO(data))


def rows(book: Any) -> list[tuple[Any, ...]]:
    """The table of findings on the first sheet."""
    every = list(book.worksheets[0].iter_rows(values_only=True))
    top = next(n for n, row in enumerate(every) if row[0] == "Severity")
    return every[top + 1 :]


def faulty(book: Any) -> None:
    book["Т-02"]["A10"] = "Трговја со луѓе, чл. 418-а"
    book["Т-03"]["B9"] = 250
    book["Т-03"]["B9"].comment = Comment("from the office", "office")
    book["Т-01"]["B9"] = "=C9+D9"
    book["Т-04"].row_dimensions[3].hidden = True
    book["Т-05"].column_dimensions["A"].width = 41.5
    book["Т-05"]["A1"] = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"))
    rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0")
    rule.add("B9:J20")
    book["Т-01"].add_data_validation(rule)


@pytest.fixture(scope="module")
def sent() -> bytes:
    """A faulty workbook as a spreadsheet program would save it: with the result of its formula."""
    data = edit_workbook(faulty)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert b"<f>C9+D9</f><v></v>" in content or b"<f>C9+D9</f><v/>" in content
                content = content.replace(b"<f>C9+D9</f><v></v>", b"<f>C9+D9</f><v>17</v>")
                content = content.replace(b"<f>C9+D9</f><v/>", b"<f>C9+D9</f><v>17</v>")
            target.writestr(name, content)
    return out.getvalue()


@pytest.fixture(scope="module")
def report(sent: bytes) -> Report:
    return report_of(sent)


@pytest.fixture(scope="module")
def copy(sent: bytes, report: Report) -> Iterator[bytes]:
    with clock.freeze_time(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        name, data = answers.annotate_workbook(sent, report, "en", demonstration=True)
        assert name == "Pravosudstvo_2026_K3.findings.xlsx"
        assert answers.annotate_workbook(sent, report, "en", demonstration=True)[1] == data
    yield data


def test_each_finding_stands_in_its_cell(copy: bytes, report: Report) -> None:
    book = opened(copy)
    for one in report.findings:
        if one.where.sheet is None:
            continue
        cell = book[one.where.sheet][one.where.cell]
        assert cell.comment is not None
        assert answers.group_findings(replace(report, findings=(one,)), "en")[0].title in cell.comment.text
    label = book["Т-02"]["A10"].comment.text
    assert label.startswith("Error: The label 'Трговја со луѓе, чл. 418-а' is not declared.")
    assert "Suggested: 'Трговија со луѓе, чл. 418-а'" in label


def test_severities_differ_by_pattern_and_colour(copy: bytes) -> None:
    patterns = {severity: sheets.choose_fill(severity) for severity in ("error", "warning", "information", "mended")}
    assert len({f.patternType for f in patterns.values()}) == 4
    assert len({f.bgColor.rgb for f in patterns.values()}) == 4
    assert opened(copy)["Т-02"]["A10"].fill.patternType == patterns["error"].patternType


def test_a_comment_of_the_office_stays_above_ours(copy: bytes) -> None:
    text = opened(copy)["Т-03"]["B9"].comment.text
    assert text.startswith("from the office\n")
    assert "add up to" in text


def test_what_was_there_is_kept(copy: bytes, sent: bytes) -> None:
    before, after = openpyxl.load_workbook(io.BytesIO(sent)), opened(copy)
    for sheet in before.worksheets:
        other = after[sheet.title]
        assert [[c.value for c in r] for r in other.iter_rows()] == [[c.value for c in r] for r in sheet.iter_rows()]
        assert [[c.number_format for c in r] for r in other.iter_rows()] == [
            [c.number_format for c in r] for r in sheet.iter_rows()
        ]
        looks = [
            [[(repr(c.font), repr(c.border), repr(c.alignment)) for c in r] for r in s.iter_rows()]
            for s in (other, sheet)
        ]
        assert looks[0] == looks[1]
        assert {str(m) for m in other.merged_cells.ranges} == {str(m) for m in sheet.merged_cells.ranges}
        assert {k: d.width for k, d in other.column_dimensions.items()} == {
            k: d.width for k, d in sheet.column_dimensions.items()
        }
        assert other.sheet_state == sheet.sheet_state
    assert after["Т-04"].row_dimensions[3].hidden
    assert after["Т-05"].column_dimensions["A"].width == 41.5
    assert [str(r.sqref) for r in after["Т-01"].data_validations.dataValidation] == ["B9:J20"]
    assert after["Т-01"]["B9"].value == "=C9+D9"
    rich = openpyxl.load_workbook(io.BytesIO(copy), rich_text=True)["Т-05"]["A1"].value
    assert [getattr(run, "font", None) and run.font.b for run in rich] == [None, True]


def test_results_of_formulas_are_kept(copy: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(copy), data_only=True)
    assert book["Т-01"]["B9"].value == 17
    assert CalamineWorkbook.from_filelike(io.BytesIO(copy)).get_sheet_by_name("Т-01").to_python()[8][1] == 17


def test_the_copy_reads_as_the_file_did(copy: bytes, report: Report) -> None:
    again = report_of(copy)
    told = [(f.rule, str(f.where), f.seen) for f in again.findings if not f.rule.startswith("read.")]
    assert told == [(f.rule, str(f.where), f.seen) for f in report.findings if not f.rule.startswith("read.")]
    assert again.observations == report.observations


def test_the_first_sheet(copy: bytes, report: Report) -> None:
    book = opened(copy)
    first = book.worksheets[0]
    assert (first.title, book.active.title) == ("Findings", "Findings")
    assert [s.title for s in book.worksheets if s.sheet_view.tabSelected] == ["Findings"]
    cells = [c.value for row in first.iter_rows() for c in row if c.value is not None]
    for wanted in ("Demonstration data", report.sha256, report.filename, report.rules_version, "North Macedonia"):
        assert wanted in cells
    table = rows(book)
    assert len(table) == len(report.findings)
    assert [row[0] for row in table] == sorted((row[0] for row in table), key=["Error", "Warning", "Information"].index)
    links = {c.value: c.hyperlink.location for row in first.iter_rows() for c in row if c.hyperlink is not None}
    assert links["A10"] == "'Т-02'!A10"
    assert all(c.hyperlink.target is None for row in first.iter_rows() for c in row if c.hyperlink is not None)


def test_real_homes_say_nothing_of_a_demonstration(sent: bytes, report: Report) -> None:
    cells = [
        c.value
        for row in opened(answers.annotate_workbook(sent, report, "en")[1]).worksheets[0].iter_rows()
        for c in row
    ]
    assert "Demonstration data" not in cells


def test_no_text_becomes_a_formula(sent: bytes, report: Report) -> None:
    where = Where(sheet="Т-02", cell="B10")
    evil = with_findings(report, [make_finding("cell.not_a_number", where=where, seen=EVIL, expected="@SUM(1)")])
    evil = replace(evil, filename=EVIL, rules_version="+1")
    _, data = answers.annotate_workbook(sent, evil, "en")
    book = opened(data)
    assert [c.value for row in book.worksheets[0].iter_rows() for c in row if c.data_type == "f"] == []
    assert EVIL in [c.value for row in book.worksheets[0].iter_rows() for c in row]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_control_characters_and_long_texts(sent: bytes, report: Report) -> None:
    where = Where(sheet="Т-02", cell="B10")
    found = [make_finding("cell.not_a_number", where=where, seen="a\x00\x0b\uffffb" + "x" * 40_000)]
    book = opened(answers.annotate_workbook(sent, with_findings(report, found), "en")[1])
    text = book["Т-02"]["B10"].comment.text
    assert "a\ufffd\ufffd\ufffdb" in text
    assert len(text) < 32_767


def test_places_without_a_cell_of_their_own(sent: bytes, report: Report) -> None:
    places = [
        Where(sheet="Т-01", cell="C6"),  # within a merged heading: told at its first cell
        Where(sheet="Т-01", cell="B900"),  # below everything: told at the first filled cell
        Where(sheet="Т-06"),  # a sheet: listed, with a link
        Where(sheet="No such", cell="A1"),
        Where(),
    ]
    found = [make_finding("cell.empty", where=w, seen=str(n)) for n, w in enumerate(places)]
    book = opened(answers.annotate_workbook(sent, with_findings(report, found), "en")[1])
    assert book["Т-01"]["B6"].comment is not None
    assert book["Т-01"]["A1"].comment is not None
    assert len(rows(book)) == 5
    assert "No such" not in book.sheetnames


def test_several_findings_of_a_cell_share_a_comment(sent: bytes, report: Report) -> None:
    where = Where(sheet="Т-02", cell="B10")
    found = [make_finding("cell.number_as_text", "information", where, seen="1", params={"value": 1.0}),
             make_finding("value.negative", "error", where, seen="-1")]  # fmt: skip
    cell = opened(answers.annotate_workbook(sent, with_findings(report, found), "en")[1])["Т-02"]["B10"]
    assert cell.comment.text.index("Error") < cell.comment.text.index("Information")
    assert cell.fill.patternType == sheets.choose_fill("error").patternType


def test_what_a_copy_loses_is_said_on_the_sheet() -> None:
    from openpyxl.chart import BarChart, Reference

    def with_chart(book: Any) -> None:
        chart = BarChart()
        chart.add_data(Reference(book["Т-03"], min_col=2, min_row=8, max_row=12))
        book["Т-03"].add_chart(chart, "L2")

    plain = edit_workbook(with_chart)
    kept = answers.annotate_workbook(plain, report_of(plain), "en")[1]
    assert len(opened(kept)["Т-03"]._charts) == 1  # a plain chart survives, and nothing is said of it
    assert "does not contain everything" not in str(list(opened(kept).worksheets[0].values))
    shape = (
        b'<xdr:absoluteAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        b'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:pos x="0" y="0"/>'
        b'<xdr:ext cx="1" cy="1"/><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="9" name="box"/><xdr:cNvSpPr/></xdr:nvSpPr>'
        b"<xdr:spPr/></xdr:sp><xdr:clientData/></xdr:absoluteAnchor>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/drawings/drawing1.xml":
                end = content.rindex(b"</")
                content = content[:end] + shape + content[end:]
            target.writestr(name, content)
    book = opened(answers.annotate_workbook(out.getvalue(), report_of(out.getvalue()), "en")[1])
    said = "This copy does not contain everything on the sheet Т-03: drawings and text boxes"
    assert any(said in str(v) for row in book.worksheets[0].values for v in row)
    assert said in book["Т-03"]["A1"].comment.text


@pytest.mark.parametrize("format_", sorted(OTHERS))
def test_other_formats(format_: str) -> None:
    path = SAMPLES / OTHERS[format_]
    data = path.read_bytes()
    read = report_of(data, path.name)
    assert read.format == format_ or format_ == "sdmx"
    assert read.reading is not None
    place = read.reading.observations["place"][3]
    found = with_findings(read, [make_finding("value.negative", where=Where.from_text(place), seen="-1")])
    name, out = answers.annotate_workbook(data, found, "en")
    assert name == findings_name(path.name)
    book = opened(out)
    assert rows(book)[0][5] == "A count cannot be negative: -1."
    marked = [c for sheet in book.worksheets[1:] for row in sheet.iter_rows() for c in row if c.comment is not None]
    if format_ in ("px", "jsonstat", "sdmx"):
        assert book.sheetnames == ["Findings"]
        return
    assert len(marked) == 1
    assert marked[0].fill.patternType == sheets.choose_fill("error").patternType
    value = read.reading.observations["value"][3]
    numbers = {f"{value:g}", f"{value:.2f}"} if value is not None else set()
    assert str(marked[0].value).replace(",", ".") in {*numbers, "-", "\u2013", "/", "."}


def test_contacts_are_not_copied() -> None:
    path = SAMPLES / OTHERS["ods"]
    data = path.read_bytes()
    both = answers.preview_side_by_side(data, path.name, report_of(data, path.name).form, "en")
    contacts = [c for t in both.tables for c in t.cells if c.role == "contact"]
    assert contacts
    assert all(c.text == "" for c in contacts)
    book = opened(answers.annotate_workbook(data, report_of(data, path.name), "en")[1])
    for table in both.tables:
        for cell in table.cells:
            if cell.role == "contact":
                assert book[table.name].cell(cell.row, cell.column).value is None


def test_an_unreadable_file_gives_the_findings_alone() -> None:
    unreadable = report_of(b"PK\x03\x04 no zip", "a/b/letter.xlsx")
    assert unreadable.verdict == "unreadable"
    name, data = answers.annotate_workbook(b"PK\x03\x04 no zip", unreadable, "en")
    assert name == "letter.findings.xlsx"
    assert opened(data).sheetnames == ["Findings"]


def test_of_a_file_that_names_persons_nothing_is_copied(sent: bytes, report: Report) -> None:
    named = with_findings(report, [make_finding("person.name", where=Where(sheet="Т-01", cell="A9"))])
    assert opened(answers.annotate_workbook(sent, named, "en")[1]).sheetnames == ["Findings"]


def test_a_file_that_cannot_be_written_again_gives_the_findings_and_says_so(report: Report) -> None:
    book = opened(answers.annotate_workbook(b"not the workbook", report, "en")[1])
    assert book.sheetnames == ["Findings"]
    assert len(rows(book)) == len(report.findings)
    assert any("could not be written with comments" in str(v) for row in book.worksheets[0].values for v in row)


# ------------------------------------------------------------------------------------------------------------- mending


def test_mending_changes_the_chosen_words_and_nothing_else(sent: bytes, report: Report) -> None:
    book = opened(answers.correct_workbook(sent, report.findings, report))
    before = openpyxl.load_workbook(io.BytesIO(sent))
    differing = [
        (sheet.title, cell.coordinate)
        for sheet in before.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value != book[sheet.title][cell.coordinate].value
    ]
    assert differing == [("Т-02", "A10")]
    cell = book["Т-02"]["A10"]
    assert cell.value == "Трговија со луѓе, чл. 418-а"
    assert "Before: 'Трговја со луѓе, чл. 418-а'" in cell.comment.text
    assert cell.fill.patternType == sheets.choose_fill("mended").patternType
    again = report_of(answers.correct_workbook(sent, report.findings, report))
    assert not {"label.undeclared", "label.absent"} & {f.rule for f in again.findings}


def test_mending_leaves_alone_what_was_not_chosen_or_is_not_certain(sent: bytes, report: Report) -> None:
    for chosen in ([], [f for f in report.findings if f.rule != "label.undeclared"]):
        book = opened(answers.correct_workbook(sent, chosen, report))
        assert book["Т-02"]["A10"].value == "Трговја со луѓе, чл. 418-а"
        assert book["Т-03"]["B9"].value == 250


def test_mending_the_last_part_of_a_path() -> None:
    data = with_cell("Т-02", "D8", "мaшкj")
    read = report_of(data)
    book = opened(answers.correct_workbook(data, read.findings, read))
    assert book["Т-02"]["D8"].value == "машки"


def test_what_can_be_mended_is_known_beforehand(report: Report) -> None:
    stored = make_finding(
        "cell.number_as_text", "information", Where(sheet="Т-02", cell="B10"), seen="1", params={"value": 1.0}
    )
    found = answers.list_correctable([*report.findings, stored], report)
    assert [f.rule for f in found] == ["label.undeclared"]


def test_only_workbooks_are_mended() -> None:
    path = SAMPLES / OTHERS["csv"]
    read = report_of(path.read_bytes(), path.name)
    assert (
        answers.list_correctable([make_finding("label.undeclared", where=Where(line=5, column=4), seen="x")], read)
        == []
    )
    with pytest.raises(ValueError, match="only an XLSX"):
        answers.correct_workbook(path.read_bytes(), [], report_of(path.read_bytes(), path.name))
