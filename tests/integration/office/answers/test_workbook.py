"""The annotated workbook: comments in its cells, content that it keeps, and a note about content that it loses."""

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


def open_workbook(data: bytes) -> Any:
    """Open the workbook with openpyxl, and make sure that calamine opens it too."""
    assert CalamineWorkbook.from_filelike(io.BytesIO(data)).sheet_names
    return openpyxl.load_workbook(io.BytesIO(data))


def read_finding_rows(book: Any) -> list[tuple[Any, ...]]:
    """Return the table of findings on the first sheet."""
    all_rows = list(book.worksheets[0].iter_rows(values_only=True))
    top = next(n for n, row in enumerate(all_rows) if row[0] == "Severity")
    return all_rows[top + 1 :]


def add_faults(book: Any) -> None:
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
def faulty_workbook() -> bytes:
    """A faulty workbook as a spreadsheet program would save it: with the result of its formula."""
    data = edit_workbook(add_faults)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert b"<f>C9+D9</f><v></v>" in content or b"<f>C9+D9</f><v/>" in content
                content = content.replace(b"<f>C9+D9</f><v></v>", b"<f>C9+D9</f><v>17</v>")
                content = content.replace(b"<f>C9+D9</f><v/>", b"<f>C9+D9</f><v>17</v>")
            target.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def report(faulty_workbook: bytes) -> Report:
    return report_of(faulty_workbook)


@pytest.fixture(scope="module")
def annotated(faulty_workbook: bytes, report: Report) -> Iterator[bytes]:
    with clock.freeze_time(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        name, data = answers.annotate_workbook(faulty_workbook, report, "en", demonstration=True)
        assert name == "Pravosudstvo_2026_K3.findings.xlsx"
        assert answers.annotate_workbook(faulty_workbook, report, "en", demonstration=True)[1] == data
    yield data


@pytest.mark.sampled(turn=6)
def test_each_finding_is_a_comment_in_its_cell(annotated: bytes, report: Report) -> None:
    book = open_workbook(annotated)
    for finding in report.findings:
        if finding.where.sheet is None:
            continue
        cell = book[finding.where.sheet][finding.where.cell]
        assert cell.comment is not None
        assert answers.group_findings(replace(report, findings=(finding,)), "en")[0].title in cell.comment.text
    label = book["Т-02"]["A10"].comment.text
    assert label.startswith("Error: The form has no row with the label 'Трговја со луѓе, чл. 418-а'.")
    assert "Suggested: 'Трговија со луѓе, чл. 418-а'" in label


def test_severities_have_different_patterns_and_colours(annotated: bytes) -> None:
    patterns = {severity: sheets.choose_fill(severity) for severity in ("error", "warning", "information", "mended")}
    assert len({f.patternType for f in patterns.values()}) == 4
    assert len({f.bgColor.rgb for f in patterns.values()}) == 4
    assert open_workbook(annotated)["Т-02"]["A10"].fill.patternType == patterns["error"].patternType


def test_comment_of_the_office_is_kept_above_the_finding(annotated: bytes) -> None:
    text = open_workbook(annotated)["Т-03"]["B9"].comment.text
    assert text.startswith("from the office\n")
    assert "add up to" in text


def test_annotated_workbook_keeps_content_and_formats(annotated: bytes, faulty_workbook: bytes) -> None:
    before, after = openpyxl.load_workbook(io.BytesIO(faulty_workbook)), open_workbook(annotated)
    for sheet in before.worksheets:
        copied_sheet = after[sheet.title]
        assert [[c.value for c in r] for r in copied_sheet.iter_rows()] == [
            [c.value for c in r] for r in sheet.iter_rows()
        ]
        assert [[c.number_format for c in r] for r in copied_sheet.iter_rows()] == [
            [c.number_format for c in r] for r in sheet.iter_rows()
        ]
        looks = [
            [[(repr(c.font), repr(c.border), repr(c.alignment)) for c in r] for r in s.iter_rows()]
            for s in (copied_sheet, sheet)
        ]
        assert looks[0] == looks[1]
        assert {str(m) for m in copied_sheet.merged_cells.ranges} == {str(m) for m in sheet.merged_cells.ranges}
        assert {k: d.width for k, d in copied_sheet.column_dimensions.items()} == {
            k: d.width for k, d in sheet.column_dimensions.items()
        }
        assert copied_sheet.sheet_state == sheet.sheet_state
    assert after["Т-04"].row_dimensions[3].hidden
    assert after["Т-05"].column_dimensions["A"].width == 41.5
    assert [str(r.sqref) for r in after["Т-01"].data_validations.dataValidation] == ["B9:J20"]
    assert after["Т-01"]["B9"].value == "=C9+D9"
    rich = openpyxl.load_workbook(io.BytesIO(annotated), rich_text=True)["Т-05"]["A1"].value
    assert [getattr(run, "font", None) and run.font.b for run in rich] == [None, True]


def test_annotated_workbook_keeps_results_of_formulas(annotated: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(annotated), data_only=True)
    assert book["Т-01"]["B9"].value == 17
    assert CalamineWorkbook.from_filelike(io.BytesIO(annotated)).get_sheet_by_name("Т-01").to_python()[8][1] == 17


def test_annotated_workbook_reads_like_the_original(annotated: bytes, report: Report) -> None:
    report_of_copy = report_of(annotated)
    findings = [(f.rule, str(f.where), f.seen) for f in report_of_copy.findings if not f.rule.startswith("read.")]
    assert findings == [(f.rule, str(f.where), f.seen) for f in report.findings if not f.rule.startswith("read.")]
    assert report_of_copy.observations == report.observations


def test_first_sheet_lists_findings_with_links(annotated: bytes, report: Report) -> None:
    book = open_workbook(annotated)
    first = book.worksheets[0]
    assert (first.title, book.active.title) == ("Findings", "Findings")
    assert [s.title for s in book.worksheets if s.sheet_view.tabSelected] == ["Findings"]
    cells = [c.value for row in first.iter_rows() for c in row if c.value is not None]
    for value in ("Demonstration data", report.sha256, report.filename, report.rules_version, "North Macedonia"):
        assert value in cells
    table = read_finding_rows(book)
    assert len(table) == len(report.findings)
    assert [row[0] for row in table] == sorted((row[0] for row in table), key=["Error", "Warning", "Information"].index)
    links = {c.value: c.hyperlink.location for row in first.iter_rows() for c in row if c.hyperlink is not None}
    assert links["A10"] == "'Т-02'!A10"
    assert all(c.hyperlink.target is None for row in first.iter_rows() for c in row if c.hyperlink is not None)


def test_annotated_workbook_of_real_home_has_no_demonstration_note(faulty_workbook: bytes, report: Report) -> None:
    cells = [
        c.value
        for row in open_workbook(answers.annotate_workbook(faulty_workbook, report, "en")[1]).worksheets[0].iter_rows()
        for c in row
    ]
    assert "Demonstration data" not in cells


def test_annotated_workbook_writes_no_text_as_formula(faulty_workbook: bytes, report: Report) -> None:
    where = Where(sheet="Т-02", cell="B10")
    evil = with_findings(report, [make_finding("cell.not_a_number", where=where, seen=EVIL, expected="@SUM(1)")])
    evil = replace(evil, filename=EVIL, rules_version="+1")
    _, data = answers.annotate_workbook(faulty_workbook, evil, "en")
    book = open_workbook(data)
    assert [c.value for row in book.worksheets[0].iter_rows() for c in row if c.data_type == "f"] == []
    assert EVIL in [c.value for row in book.worksheets[0].iter_rows() for c in row]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_control_characters_are_replaced_and_long_texts_cut(faulty_workbook: bytes, report: Report) -> None:
    where = Where(sheet="Т-02", cell="B10")
    findings = [make_finding("cell.not_a_number", where=where, seen="a\x00\x0b\uffffb" + "x" * 40_000)]
    book = open_workbook(answers.annotate_workbook(faulty_workbook, with_findings(report, findings), "en")[1])
    text = book["Т-02"]["B10"].comment.text
    assert "a\ufffd\ufffd\ufffdb" in text
    assert len(text) < 32_767


def test_findings_without_own_cell_are_at_nearest_place_or_listed(faulty_workbook: bytes, report: Report) -> None:
    places = [
        Where(sheet="Т-01", cell="C6"),  # within a merged heading: the comment is in its first cell
        Where(sheet="Т-01", cell="B900"),  # below everything: the comment is in the first filled cell
        Where(sheet="Т-06"),  # a sheet: listed, with a link
        Where(sheet="No such", cell="A1"),
        Where(),
    ]
    findings = [make_finding("cell.empty", where=w, seen=str(n)) for n, w in enumerate(places)]
    book = open_workbook(answers.annotate_workbook(faulty_workbook, with_findings(report, findings), "en")[1])
    assert book["Т-01"]["B6"].comment is not None
    assert book["Т-01"]["A1"].comment is not None
    assert len(read_finding_rows(book)) == 5
    assert "No such" not in book.sheetnames


def test_several_findings_of_a_cell_share_a_comment(faulty_workbook: bytes, report: Report) -> None:
    where = Where(sheet="Т-02", cell="B10")
    findings = [make_finding("cell.number_as_text", "information", where, seen="1", params={"value": 1.0}),
                make_finding("value.negative", "error", where, seen="-1")]  # fmt: skip
    cell = open_workbook(answers.annotate_workbook(faulty_workbook, with_findings(report, findings), "en")[1])["Т-02"][
        "B10"
    ]
    assert cell.comment.text.index("Error") < cell.comment.text.index("Information")
    assert cell.fill.patternType == sheets.choose_fill("error").patternType


def test_lost_drawings_are_named_on_the_sheet() -> None:
    from openpyxl.chart import BarChart, Reference

    def add_chart(book: Any) -> None:
        chart = BarChart()
        chart.add_data(Reference(book["Т-03"], min_col=2, min_row=8, max_row=12))
        book["Т-03"].add_chart(chart, "L2")

    plain = edit_workbook(add_chart)
    annotated_chart = answers.annotate_workbook(plain, report_of(plain), "en")[1]
    assert len(open_workbook(annotated_chart)["Т-03"]._charts) == 1  # a plain chart is kept, so nothing is noted
    assert "does not contain everything" not in str(list(open_workbook(annotated_chart).worksheets[0].values))
    shape = (
        b'<xdr:absoluteAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        b'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:pos x="0" y="0"/>'
        b'<xdr:ext cx="1" cy="1"/><xdr:sp><xdr:nvSpPr><xdr:cNvPr id="9" name="box"/><xdr:cNvSpPr/></xdr:nvSpPr>'
        b"<xdr:spPr/></xdr:sp><xdr:clientData/></xdr:absoluteAnchor>"
    )
    with_shape = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(with_shape, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/drawings/drawing1.xml":
                end = content.rindex(b"</")
                content = content[:end] + shape + content[end:]
            target.writestr(name, content)
    book = open_workbook(answers.annotate_workbook(with_shape.getvalue(), report_of(with_shape.getvalue()), "en")[1])
    message = "This copy does not contain everything on the sheet Т-03: drawings and text boxes"
    assert any(message in str(v) for row in book.worksheets[0].values for v in row)
    assert message in book["Т-03"]["A1"].comment.text


@pytest.mark.sampled()
@pytest.mark.parametrize("format_", sorted(OTHERS))
def test_annotated_workbook_of_other_formats(format_: str) -> None:
    path = SAMPLES / OTHERS[format_]
    data = path.read_bytes()
    read_report = report_of(data, path.name)
    assert read_report.format == format_ or format_ == "sdmx"
    assert read_report.reading is not None
    place = read_report.reading.observations["place"][3]
    faulty_report = with_findings(
        read_report, [make_finding("value.negative", where=Where.from_text(place), seen="-1")]
    )
    name, annotated_data = answers.annotate_workbook(data, faulty_report, "en")
    assert name == findings_name(path.name)
    book = open_workbook(annotated_data)
    assert read_finding_rows(book)[0][5] == "A count cannot be negative: -1."
    marked = [c for sheet in book.worksheets[1:] for row in sheet.iter_rows() for c in row if c.comment is not None]
    if format_ in ("px", "jsonstat", "sdmx"):
        assert book.sheetnames == ["Findings"]
        return
    assert len(marked) == 1
    assert marked[0].fill.patternType == sheets.choose_fill("error").patternType
    value = read_report.reading.observations["value"][3]
    numbers = {f"{value:g}", f"{value:.2f}"} if value is not None else set()
    assert str(marked[0].value).replace(",", ".") in {*numbers, "-", "\u2013", "/", "."}


def test_contacts_are_not_copied() -> None:
    path = SAMPLES / OTHERS["ods"]
    data = path.read_bytes()
    preview = answers.preview_side_by_side(data, path.name, report_of(data, path.name).form, "en")
    contacts = [c for t in preview.tables for c in t.cells if c.role == "contact"]
    assert contacts
    assert all(c.text == "" for c in contacts)
    book = open_workbook(answers.annotate_workbook(data, report_of(data, path.name), "en")[1])
    for table in preview.tables:
        for cell in table.cells:
            if cell.role == "contact":
                assert book[table.name].cell(cell.row, cell.column).value is None


def test_unreadable_file_gives_workbook_of_findings_only() -> None:
    unreadable = report_of(b"PK\x03\x04 no zip", "a/b/letter.xlsx")
    assert unreadable.verdict == "unreadable"
    name, data = answers.annotate_workbook(b"PK\x03\x04 no zip", unreadable, "en")
    assert name == "letter.findings.xlsx"
    assert open_workbook(data).sheetnames == ["Findings"]


def test_file_that_names_persons_is_not_copied(faulty_workbook: bytes, report: Report) -> None:
    with_person = with_findings(report, [make_finding("person.name", where=Where(sheet="Т-01", cell="A9"))])
    assert open_workbook(answers.annotate_workbook(faulty_workbook, with_person, "en")[1]).sheetnames == ["Findings"]


def test_file_that_cannot_be_annotated_gives_findings_and_a_note(report: Report) -> None:
    book = open_workbook(answers.annotate_workbook(b"not the workbook", report, "en")[1])
    assert book.sheetnames == ["Findings"]
    assert len(read_finding_rows(book)) == len(report.findings)
    assert any("could not be written with comments" in str(v) for row in book.worksheets[0].values for v in row)


# ----------------------------------------------------------------------------------------------------------- correction


def test_correct_workbook_changes_chosen_words_only(faulty_workbook: bytes, report: Report) -> None:
    book = open_workbook(answers.correct_workbook(faulty_workbook, report.findings, report))
    before = openpyxl.load_workbook(io.BytesIO(faulty_workbook))
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
    report_of_copy = report_of(answers.correct_workbook(faulty_workbook, report.findings, report))
    assert not {"label.undeclared", "label.absent"} & {f.rule for f in report_of_copy.findings}


def test_correct_workbook_skips_findings_not_chosen_or_not_certain(faulty_workbook: bytes, report: Report) -> None:
    for chosen in ([], [f for f in report.findings if f.rule != "label.undeclared"]):
        book = open_workbook(answers.correct_workbook(faulty_workbook, chosen, report))
        assert book["Т-02"]["A10"].value == "Трговја со луѓе, чл. 418-а"
        assert book["Т-03"]["B9"].value == 250


def test_correct_workbook_changes_last_part_of_heading_path() -> None:
    data = with_cell("Т-02", "D8", "мaшкj")
    file_report = report_of(data)
    book = open_workbook(answers.correct_workbook(data, file_report.findings, file_report))
    assert book["Т-02"]["D8"].value == "машки"


def test_list_correctable_returns_certain_findings(report: Report) -> None:
    number_as_text = make_finding(
        "cell.number_as_text", "information", Where(sheet="Т-02", cell="B10"), seen="1", params={"value": 1.0}
    )
    correctable = answers.list_correctable([*report.findings, number_as_text], report)
    assert [f.rule for f in correctable] == ["label.undeclared"]


def test_correct_workbook_of_other_format_raises() -> None:
    path = SAMPLES / OTHERS["csv"]
    file_report = report_of(path.read_bytes(), path.name)
    assert (
        answers.list_correctable(
            [make_finding("label.undeclared", where=Where(line=5, column=4), seen="x")], file_report
        )
        == []
    )
    with pytest.raises(ValueError, match="only an XLSX"):
        answers.correct_workbook(path.read_bytes(), [], report_of(path.read_bytes(), path.name))
