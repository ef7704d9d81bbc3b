"""Rows taken from the XML text of a sheet: the cells equal those that openpyxl reads, however odd the XML is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from pipelines.reading.formats import xlsx
from pipelines.reading.formats.xlsx_rows import take_rows, without_rows
from tests.support.fakes.workbook_fakes import edit_part, make_xlsx, read_as_opened, read_by_openpyxl

_SHEET = "xl/worksheets/sheet1.xml"
_LINE = b'<c r="A3" t="s"><v>4</v></c>'
"""A cell of the third line as it is written."""


def _list(book: Any) -> None:
    """Write a list of six rows: texts, numbers, dates, a time span, an invalid day and a formula."""
    sheet = book.add_worksheet("Listë")
    date, span = (book.add_format({"num_format": f}) for f in ("dd.mm.yyyy.", "[h]:mm"))
    sheet.write_row(0, 0, ["Predmet", "Dob", "Datum"])
    for row in range(1, 7):
        sheet.write_string(row, 0, f"K{row} & Č <{row}>" if row == 5 else f"K{row}")
        sheet.write_number(row, 1, row if row % 2 else row + 0.5)
        sheet.write_datetime(row, 2, dt.datetime(2026, 7, row), date)
    sheet.write_number("D2", 1.5, span)
    sheet.write_number("D3", -1e9, date)
    sheet.write_formula("D4", "=B4*2", None, 9)
    sheet.write_blank("D5", None, date)


@cache
def _book() -> bytes:
    return make_xlsx(_list)


def _with(old: bytes, new: bytes) -> bytes:
    def replace_once(xml: bytes) -> bytes:
        assert old in xml
        return xml.replace(old, new, 1)

    return edit_part(_book(), _SHEET, replace_once)


def _xml(data: bytes) -> bytes:
    import io
    import zipfile

    return zipfile.ZipFile(io.BytesIO(data)).read(_SHEET)


def _cells(data: bytes) -> dict[str | None, object]:
    return {cell.where.cell: cell.value for cell in xlsx.read_file(data).tables[0].cells}


def test_take_rows_takes_every_row_of_a_list() -> None:
    rows = take_rows(_xml(_book()))
    assert len(rows.cells) == 25
    assert b"<c " not in rows.remaining_xml and b"<row" not in rows.remaining_xml
    assert _cells(_book())["D4"] == 9 and _cells(_book())["C7"] == "2026-07-06"


ODD: dict[str, Callable[[], bytes]] = {
    "as it is": _book,
    "cell in a comment": lambda: _with(_LINE, b'<!-- <c r="A3" t="s"><v>0</v></c> -->' + _LINE),
    "line in a comment": lambda: _with(b"</sheetData>", b'<!--<row r="9"><c r="A9"><v>9</v></c></row>--></sheetData>'),
    "line in CDATA": lambda: _with(
        b"</sheetData>",
        b'<row r="9"><c r="A9" t="str"><v><![CDATA[<row r="8"><c r="B8"/></row>]]></v></c></row></sheetData>',
    ),
    "cell in an instruction": lambda: _with(
        b"</sheetData>", b'<?x <row r="9"><c r="A9"><v>9</v></c></row>?></sheetData>'
    ),
    "cell twice, in its line": lambda: _with(_LINE, _LINE + b'<c r="A3"><v>7</v></c>'),
    "cell twice, in two lines": lambda: _with(b"</sheetData>", b'<row r="9"><c r="A3"><v>7</v></c></row></sheetData>'),
    "cell twice, first in an odd line": lambda: _with(
        b"<sheetData>", b'<sheetData><row r="3"><c r="A3" t="str"><v>before</v></c></row>'
    ),
    "cell twice, last in an odd line": lambda: _with(
        b"</sheetData>", b'<row r="9"><c r="A3" t="str"><v>after</v></c></row></sheetData>'
    ),
    "cell of another line": lambda: _with(_LINE, _LINE + b'<c r="J44"><v>7</v></c>'),
    "cell without address": lambda: _with(b"</sheetData>", b'<row r="9"><c><v>7</v></c></row></sheetData>'),
    "lines without number": lambda: _with(
        b"</sheetData>", b'<row><c r="A8"><v>7</v></c></row><row><c><v>8</v></c></row></sheetData>'
    ),
    "line without number below nothing": lambda: edit_part(
        _book(),
        _SHEET,
        lambda xml: (
            xml.partition(b"<sheetData>")[0]
            + b'<sheetData><row r="5"><c r="A5"><v>1</v></c></row><row><c><v>8</v></c></row></sheetData></worksheet>'
        ),
    ),
    "cell in a cell": lambda: _with(_LINE, b'<c r="A3"><c r="E3"><v>5</v></c><v>7</v></c>'),
    "line in a line": lambda: _with(
        b"</sheetData>", b'<row r="8"><row r="9"><c r="A9"><v>9</v></c></row></row></sheetData>'
    ),
    "cell in a stranger": lambda: _with(_LINE, _LINE + b'<x><c r="E3"><v>5</v></c></x>'),
    "line of another namespace": lambda: _with(
        b"</sheetData>", b'<row r="9" xmlns="urn:x"><c r="A9"><v>9</v></c></row></sheetData>'
    ),
    "line of another namespace, in other quotes": lambda: _with(
        b"</sheetData>", b'<x xmlns = \'urn:x\'><row r="9"><c r="A9"><v>9</v></c></row></x></sheetData>'
    ),
    "line below another namespace": lambda: _with(
        b"</sheetData>", b'</sheetData><x xmlns="urn:x"><row r="9"><c r="A9"><v>9</v></c></row></x>'
    ),
    "line hidden": lambda: _with(b'<row r="3"', b'<row r="3" hidden="1"'),
    "line shown, as it says": lambda: _with(b'<row r="3"', b'<row r="3" hidden="false" ht="12.8" customHeight="false"'),
    "line of no height": lambda: _with(b'<row r="3"', b'<row r="3" ht="0" customHeight="1"'),
    "line of a height below one": lambda: _with(b'<row r="3"', b'<row r="3" ht="0.75"'),
    "line with a style": lambda: _with(b'<row r="3"', b'<row r="3" s="1" customFormat="1"'),
    "number written as text of digits": lambda: _with(_LINE, b'<c r="A3"><v>007</v></c>'),
    "number with an exponent": lambda: _with(_LINE, b'<c r="A3"><v>1.5E2</v></c>'),
    "number by a reference": lambda: _with(_LINE, b'<c r="A3"><v>&#49;2</v></c>'),
    "empty value": lambda: _with(_LINE, b'<c r="A3"><v></v></c>'),
    "no value": lambda: _with(_LINE, b'<c r="A3"></c>'),
    "no value, text": lambda: _with(_LINE, b'<c r="A3" t="s"/>'),
    "text in the cell": lambda: _with(_LINE, '<c r="A3" t="inlineStr"><is><t>Čačak</t></is></c>'.encode()),
    "text in the cell, spaces": lambda: _with(
        _LINE, b'<c r="A3" t="inlineStr"><is><t xml:space="preserve"> two\nlines </t></is></c>'
    ),
    "text in the cell, line end of Windows": lambda: _with(
        _LINE, b'<c r="A3" t="inlineStr"><is><t>two\r\nlines</t></is></c>'
    ),
    "text in the cell, signs": lambda: _with(_LINE, b'<c r="A3" t="inlineStr"><is><t>K &amp; L &lt;1&gt;</t></is></c>'),
    "text in the cell, in runs": lambda: _with(
        _LINE, b'<c r="A3" t="inlineStr"><is><r><t>K</t></r><r><t>2</t></r></is></c>'
    ),
    "text in the cell, raised": lambda: _with(
        _LINE,
        b'<c r="A3" t="inlineStr"><is><r><t>K</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>2</t></r></is></c>',
    ),
    "formula of a text": lambda: _with(_LINE, b'<c r="A3" t="str"><f>A2</f><v>K1</v></c>'),
    "formula of a truth": lambda: _with(_LINE, b'<c r="A3" t="b"><f>TRUE()</f><v>1</v></c>'),
    "formula of a fault": lambda: _with(_LINE, b'<c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c>'),
    "formula never calculated": lambda: _with(_LINE, b'<c r="A3"><f>1+1</f></c>'),
    "formula with signs": lambda: _with(_LINE, b'<c r="A3"><f>IF(B3&lt;2,1,0)</f><v>1</v></c>'),
    "formula shared": lambda: _with(_LINE, b'<c r="A3"><f t="shared" ref="A3:A4" si="0">B3*2</f><v>1</v></c>'),
    "attributes in another order": lambda: _with(_LINE, b'<c t="s" r="A3"><v>4</v></c>'),
    "attributes in other quotes": lambda: _with(_LINE, b"<c r='A3' t='s'><v>4</v></c>"),
    "other prefix": lambda: edit_part(
        _book(),
        _SHEET,
        lambda xml: (
            xml.replace(b"<worksheet xmlns=", b"<worksheet xmlns:x=")
            .replace(b"<", b"<x:")
            .replace(b"<x:/", b"</x:")
            .replace(b"<x:?", b"<?")
        ),
    ),
    "byte order mark": lambda: edit_part(_book(), _SHEET, lambda xml: b"\xef\xbb\xbf" + xml),
    "UTF-16": lambda: edit_part(
        _book(), _SHEET, lambda xml: xml.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    ),
    "Latin-1": lambda: edit_part(
        _book(),
        _SHEET,
        lambda xml: (
            xml.decode()
            .replace('encoding="UTF-8"', 'encoding="iso-8859-1"')
            .replace('<c r="A3" t="s"><v>4</v></c>', '<c r="A3" t="inlineStr"><is><t>é</t></is></c>')
            .encode("iso-8859-1")
        ),
    ),
    "indented": lambda: edit_part(
        _book(), _SHEET, lambda xml: xml.replace(b"<row", b"\n  <row").replace(b"<c ", b"\n    <c ")
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ODD)
def test_cells_are_those_that_openpyxl_reads(name: str) -> None:
    data = ODD[name]()
    contents = xlsx.inspect_container(data)
    assert read_as_opened(data, contents) == read_by_openpyxl(data, contents) != []


@pytest.mark.parametrize(
    ("name", "hidden"),
    [("line hidden", True), ("line of no height", True), ("line shown, as it says", False), ("as it is", False)],
)
def test_a_hidden_line_stays_hidden(name: str, hidden: bool) -> None:
    cells = xlsx.read_file(ODD[name]()).tables[0].cells
    assert {cell.row for cell in cells if cell.hidden} == ({3} if hidden else set())


@pytest.mark.parametrize(
    "odd",
    ["cell in a comment", "line in CDATA", "cell in an instruction", "line of another namespace", "UTF-16", "Latin-1"],
)
def test_sheet_with_ambiguous_text_is_left_to_openpyxl(odd: str) -> None:
    xml = _xml(ODD[odd]())
    assert take_rows(xml) == ([], xml)


def test_odd_cell_leaves_only_its_row_to_openpyxl() -> None:
    rows = take_rows(_xml(ODD["formula with signs"]()))
    assert rows.remaining_xml.count(b"<row") == 1 and b'<row r="3"' in rows.remaining_xml
    assert len(rows.cells) == 21


@pytest.mark.parametrize("style", [b'<row r="3" s="77" customFormat="1"', b'<row r="3" ht="high"'])
def test_row_that_openpyxl_rejects_is_rejected(style: bytes) -> None:
    from pipelines.model.content import ReadError

    with pytest.raises(ReadError, match=r"read\.malformed"):
        xlsx.read_file(_with(b'<row r="3"', style))


@pytest.mark.parametrize("cell", [b'<c r="A3" t="s"><v>99</v></c>', b'<c r="A3" s="77"><v>1</v></c>'])
def test_missing_text_or_style_is_rejected(cell: bytes) -> None:
    from pipelines.model.content import ReadError

    with pytest.raises(ReadError, match=r"read\.malformed"):
        xlsx.read_file(_with(_LINE, cell))


# --------------------------------------------------------------------------------------------------------- first rows


def test_first_rows_keeps_rows_and_surroundings_of_the_whole_sheet() -> None:
    data = edit_part(
        _book(),
        _SHEET,
        lambda xml: xml.replace(b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="F1:G2"/></mergeCells>'),
    )
    few = xlsx.first_rows(data, 3)
    assert few is not None
    first_cells, all_cells = xlsx.read_file(few).tables[0].cells, xlsx.read_file(data).tables[0].cells
    assert first_cells == tuple(cell for cell in all_cells if cell.row <= 3)
    assert {cell.row for cell in all_cells} == set(range(1, 8)) and first_cells[-1].where.cell == "D3"


def test_first_rows_returns_none_for_short_or_unusual_workbooks() -> None:
    assert xlsx.first_rows(_book(), 7) is None
    for odd in ("line in a comment", "line in CDATA", "line of another namespace", "UTF-16"):
        assert without_rows(_xml(ODD[odd]()), 3) is None
