"""Text that is struck through, deleted or hidden is kept apart from the number of its cell, in every format."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import docx as word
import openpyxl
import pytest
import xlwt
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate
from reportlab.platypus import Table as PdfTable

from pipelines.model.content import Grid, SourceCell
from pipelines.reading.formats import docx, html, ods, pdf, xls, xlsx
from pipelines.reading.formats.common import SplitText, split_runs
from tests.support.hostile_files import zip_parts

Runs = Sequence[tuple[str, bool]]
"""Runs of type of one cell: text, and whether it is struck through."""

_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def _only_cell(grid: Grid) -> SourceCell:
    (cell,) = grid.tables[0].cells
    return cell


def _seen(cell: SourceCell) -> tuple[str, str | None]:
    return cell.text, cell.struck


def read_xlsx(runs: Runs) -> SourceCell:
    book = openpyxl.Workbook()
    blocks = [TextBlock(InlineFont(strike=struck), text) for text, struck in runs]
    book.active["A1"] = CellRichText(*blocks)
    buffer = io.BytesIO()
    book.save(buffer)
    return _only_cell(xlsx.read_file(buffer.getvalue()))


def read_xls(runs: Runs) -> SourceCell:
    fonts = {struck: xlwt.easyfont(f"struck_out {str(struck).lower()}") for struck in (True, False)}
    book = xlwt.Workbook()
    book.add_sheet("a").write_rich_text(0, 0, [(text, fonts[struck]) for text, struck in runs])
    buffer = io.BytesIO()
    book.save(buffer)
    return _only_cell(xls.read_file(buffer.getvalue()))


def read_ods(runs: Runs, *, styles: str = "", cell_style: str = "") -> SourceCell:
    spans = "".join(f'<text:span text:style-name="{"struck" if struck else "T"}">{t}</text:span>' for t, struck in runs)
    names = ("office", "table", "text", "style")
    spaces = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in names)
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>"
        '<style:style style:name="struck" style:family="text">'
        '<style:text-properties style:text-line-through-style="solid"/></style:style>'
        f"{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="a"><table:table-row><table:table-cell {cell_style} office:value-type="string">'
        f"<text:p>{spans}</text:p></table:table-cell></table:table-row></table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return _only_cell(ods.read_file(zip_parts({"mimetype": kind, "content.xml": content})))


def read_docx(runs: Runs) -> SourceCell:
    document = word.Document()
    paragraph = document.add_table(rows=1, cols=1).cell(0, 0).paragraphs[0]
    for text, struck in runs:
        paragraph.add_run(text).font.strike = struck
    buffer = io.BytesIO()
    document.save(buffer)
    return _only_cell(docx.read_file(buffer.getvalue()))


def read_docx_xml(paragraph: str) -> SourceCell:
    document = word.Document()
    cell = document.add_table(rows=1, cols=1).cell(0, 0)._tc
    cell.remove(cell.p_lst[0])
    cell.append(parse_xml(f"<w:p {nsdecls('w')}>{paragraph}</w:p>"))
    buffer = io.BytesIO()
    document.save(buffer)
    return _only_cell(docx.read_file(buffer.getvalue()))


def read_html(runs: Runs) -> SourceCell:
    return read_html_cell("".join(f"<s>{text}</s>" if struck else f"<b>{text}</b>" for text, struck in runs))


def read_html_cell(content: str, *, head: str = "", td: str = "<td>") -> SourceCell:
    page = f"<html><head>{head}</head><body><table><tr>{td}{content}</td></tr></table></body></html>"
    return _only_cell(html.read_file(page.encode()))


READERS: list[Callable[[Runs], SourceCell]] = [read_xlsx, read_xls, read_ods, read_docx, read_html]
each_reader = pytest.mark.parametrize("read", READERS)


@each_reader
@pytest.mark.parametrize(
    ("runs", "seen"),
    [
        ([("1", True), ("3", False)], ("3", "1")),
        ([("4", True), ("6", False)], ("6", "4")),
        ([("1", False), ("3", True), ("5", False)], ("15", "3")),
        ([("1", False), ("3", False)], ("13", None)),
        ([("12", True)], ("12", "12")),
    ],
)
def test_struck_run_is_not_part_of_the_text(
    read: Callable[[Runs], SourceCell], runs: Runs, seen: tuple[str, str | None]
) -> None:
    assert _seen(read(runs)) == seen


@given(st.lists(st.tuples(st.text("0123456789", min_size=1, max_size=3), st.booleans()), min_size=1, max_size=6))
def test_any_mixture_of_runs_keeps_every_digit_once_and_in_its_place(runs: list[tuple[str, bool]]) -> None:
    visible = "".join(text for text, struck in runs if not struck)
    struck = "".join(text for text, struck in runs if struck)
    for split in (
        split_runs((text, False, is_struck) for text, is_struck in runs),
        _split(read_html(runs)),
        _split(read_ods(runs)),
    ):
        assert split == SplitText(visible or struck, None, struck or None)


def _split(cell: SourceCell) -> SplitText:
    return SplitText(cell.text, cell.marks, cell.struck)


def test_raised_run_next_to_a_struck_one_stays_a_mark() -> None:
    assert split_runs([("1", False, True), ("3", False, False), ("a", True, False)]) == ("3", "a", "1")


# --------------------------------------------------------------------------------------------- cells struck as a whole


def test_xlsx_number_in_a_struck_font_is_struck() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["A2"], sheet["A3"] = 3, 4, "пет"
    for name in ("A1", "A3"):
        sheet[name].font = Font(strike=True)
    buffer = io.BytesIO()
    book.save(buffer)
    cells = xlsx.read_file(buffer.getvalue()).tables[0].cells
    assert [(cell.value, cell.struck) for cell in cells] == [(3, "3"), (4, None), ("пет", "пет")]


def test_xls_number_in_a_struck_font_is_struck() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    sheet.write(0, 0, 3, xlwt.easyxf("font: struck_out true"))
    sheet.write(1, 0, 4)
    buffer = io.BytesIO()
    book.save(buffer)
    cells = xls.read_file(buffer.getvalue()).tables[0].cells
    assert [(cell.value, cell.struck) for cell in cells] == [(3, "3"), (4, None)]


@pytest.mark.parametrize(
    ("properties", "struck"),
    [
        ('style:text-line-through-style="solid"', "7"),
        ('style:text-line-through-type="single"', "7"),
        ('style:text-line-through-style="none"', None),
        ('text:display="none"', "7"),
    ],
)
def test_ods_cell_style_and_its_parents_strike_the_cell(properties: str, struck: str | None) -> None:
    styles = (
        f'<style:style style:name="base" style:family="table-cell"><style:text-properties {properties}/></style:style>'
        '<style:style style:name="ce1" style:family="table-cell" style:parent-style-name="base"/>'
    )
    cell = read_ods([("7", False)], styles=styles, cell_style='table:style-name="ce1"')
    assert _seen(cell) == ("7", struck)


# ------------------------------------------------------------------------------------------------------------ documents


@pytest.mark.parametrize(
    ("paragraph", "seen"),
    [
        ("<w:del><w:r><w:delText>4</w:delText></w:r></w:del><w:ins><w:r><w:t>6</w:t></w:r></w:ins>", ("6", "4")),
        ("<w:moveFrom><w:r><w:t>4</w:t></w:r></w:moveFrom><w:r><w:t>6</w:t></w:r>", ("6", "4")),
        ("<w:r><w:rPr><w:dstrike/></w:rPr><w:t>1</w:t></w:r><w:r><w:t>3</w:t></w:r>", ("3", "1")),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>1</w:t></w:r><w:r><w:t>3</w:t></w:r>", ("3", "1")),
        ('<w:r><w:rPr><w:strike w:val="0"/></w:rPr><w:t>1</w:t></w:r><w:r><w:t>3</w:t></w:r>', ("13", None)),
        ("<w:ins><w:r><w:t>6</w:t></w:r></w:ins>", ("6", None)),
        ("<w:del><w:r><w:delText>4</w:delText></w:r></w:del>", ("4", "4")),
    ],
)
def test_docx_deleted_struck_and_hidden_runs_are_kept_apart(paragraph: str, seen: tuple[str, str | None]) -> None:
    assert _seen(read_docx_xml(paragraph)) == seen


def test_docx_character_style_strikes_its_runs() -> None:
    document = word.Document()
    base = document.styles.add_style("Old", word.enum.style.WD_STYLE_TYPE.CHARACTER)
    base.font.strike = True
    document.styles.add_style("Older", word.enum.style.WD_STYLE_TYPE.CHARACTER).base_style = base
    paragraph = document.add_table(rows=1, cols=1).cell(0, 0).paragraphs[0]
    paragraph.add_run("1", style="Older")
    paragraph.add_run("3")
    buffer = io.BytesIO()
    document.save(buffer)
    assert _seen(_only_cell(docx.read_file(buffer.getvalue()))) == ("3", "1")


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ("<del>4</del><ins>6</ins>", ("6", "4")),
        ("<strike>1</strike>3", ("3", "1")),
        ('<span style="text-decoration: line-through">1</span>3', ("3", "1")),
        ('<span style="text-decoration-line:underline line-through">1</span>3', ("3", "1")),
        ('<span style="display:none">1</span>3', ("3", "1")),
        ('<span style="visibility: hidden">1</span>3', ("3", "1")),
        ("<span hidden>1</span>3", ("3", "1")),
        ('<span style="font-size:0">1</span>3', ("3", "1")),
        ('<span style="font-size:0.9em">1</span>3', ("13", None)),
        ('<span class="old">1</span>3', ("3", "1")),
        ('<span class="x off">1</span>3', ("3", "1")),
        ('<span class="new">1</span>3', ("13", None)),
        ("<s><b>1</b></s><sup>a</sup>3", ("3", "1")),
    ],
)
def test_html_deleted_struck_and_hidden_text_is_kept_apart(content: str, seen: tuple[str, str | None]) -> None:
    head = "<style>.old, td.older {text-decoration: line-through} .new {color: red} span.off {display:none}</style>"
    assert _seen(read_html_cell(content, head=head)) == seen


@pytest.mark.parametrize("td", ['<td style="text-decoration:line-through">', '<td class="older">'])
def test_html_cell_struck_by_its_own_style_is_struck(td: str) -> None:
    head = "<style>.old, td.older {text-decoration: line-through}</style>"
    assert _seen(read_html_cell("3", head=head, td=td)) == ("3", "3")


def test_html_row_struck_as_a_whole_strikes_each_cell() -> None:
    page = '<table><tr style="text-decoration:line-through"><td>3</td></tr></table>'
    assert _seen(_only_cell(html.read_file(page.encode()))) == ("3", "3")


def test_docx_title_that_was_deleted_is_not_the_title() -> None:
    document = word.Document()
    body = document.element.body
    deleted = "<w:del><w:r><w:delText>Table of 2025</w:delText></w:r></w:del>"
    body.insert(0, parse_xml(f"<w:p {nsdecls('w')}><w:r><w:t>Table of 2026</w:t></w:r></w:p>"))
    body.insert(1, parse_xml(f"<w:p {nsdecls('w')}>{deleted}</w:p>"))
    document.add_table(rows=1, cols=1).cell(0, 0).text = "3"
    buffer = io.BytesIO()
    document.save(buffer)
    assert docx.read_file(buffer.getvalue()).tables[0].title == "Table of 2026"


# ------------------------------------------------------------------------------------------------------------------ PDF


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ("<strike>1</strike>3", ("3", "1")),
        ("<strike>12</strike>", ("12", "12")),
        ("1<strike>3</strike>5", ("1 5", "3")),
        ("<u>13</u>", ("13", None)),
        ("13", ("13", None)),
    ],
)
def test_pdf_line_through_a_number_strikes_it_and_an_underline_does_not(
    content: str, seen: tuple[str, str | None]
) -> None:
    style = getSampleStyleSheet()["Normal"]
    rows = [[Paragraph(text, style) for text in row] for row in (("Heading", "Total"), ("Theft", content))]
    buffer = io.BytesIO()
    table = PdfTable(rows, style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)], colWidths=[100, 60])
    SimpleDocTemplate(buffer).build([table])
    cells = pdf.read_file(buffer.getvalue()).tables[0].cells
    assert [_seen(cell) for cell in cells] == [("Heading", None), ("Total", None), ("Theft", None), seen]
