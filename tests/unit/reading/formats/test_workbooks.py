"""Workbooks written here by xlsxwriter, xlwt and by hand, read back by the readers of XLSX, XLS and ODS."""

from __future__ import annotations

import datetime as dt
import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
import xlrd
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.model.content import Grid, ReadError, SourceCell
from pipelines.reading.formats import ods, xls, xlsx
from pipelines.reading.formats.common import number_text, plain_number
from pipelines.reading.formats.number_format import is_percent, shows_another_number
from pipelines.reading.formats.sniff import sniff_format
from tests.support.fakes.workbook_fakes import (
    edit_part,
    make_ods,
    make_xlsx,
    read_as_opened,
    read_by_openpyxl,
    rename_parts,
)


def _at(grid: Grid, place: str, table: int = 0) -> SourceCell:
    return next(cell for cell in grid.tables[table].cells if cell.where.cell == place)


def _everything(book: Any) -> None:
    sheet = book.add_worksheet("Т-03")
    percent, date, raised = (book.add_format(f) for f in ({"num_format": "0.0%"}, {"num_format": "d.m.yyyy"}, {}))
    raised.set_font_script(1)
    sheet.merge_range("A1:C1", "Осудени лица")
    sheet.write("A2", "Дело")
    sheet.write_rich_string("A3", "Убиство", raised, "1)")
    sheet.write_string("B3", "12")
    sheet.write_number("C3", 0.253, percent)
    sheet.write_datetime("D3", dt.datetime(2024, 3, 31), date)
    sheet.write_formula("B4", "=B3+1", None, 13)
    sheet.write_formula("D4", "=1/0", None, "#DIV/0!")
    sheet.write_formula("E4", "=DATE(2024,3,31)", date, 45382)
    sheet.write_formula("F4", "=TRUE()", None, True)
    sheet.write_boolean("B5", False)
    sheet.write_comment("B5", "procena")
    sheet.write_number("A6", 7)
    sheet.write_number("F6", 8)
    sheet.set_row(5, None, None, {"hidden": True})
    sheet.set_column("F:H", None, None, {"hidden": True})
    book.add_worksheet("hidden").hide()
    book.add_worksheet("very").very_hidden()


def test_xlsx_gives_every_kind_of_cell_with_its_place() -> None:
    grid = xlsx.read_file(make_xlsx(_everything))
    assert [(table.name, table.hidden) for table in grid.tables] == [("Т-03", False), ("hidden", True), ("very", True)]
    assert [remark.rule for remark in grid.remarks] == ["read.hidden_sheet", "read.hidden_sheet"]
    spread = [cell for cell in grid.tables[0].cells if cell.row == 1]
    assert [(c.text, c.anchor, c.spread) for c in spread] == [
        ("Осудени лица", (1, 1), False),
        ("Осудени лица", (1, 1), True),
        ("Осудени лица", (1, 1), True),
    ]
    assert str(_at(grid, "A3").where) == "Т-03!A3"
    assert (_at(grid, "A3").text, _at(grid, "A3").marks) == ("Убиство", "1)")
    assert (_at(grid, "B3").kind, _at(grid, "B3").value) == ("text", "12")
    assert (_at(grid, "C3").text, _at(grid, "C3").value, _at(grid, "C3").number_format) == ("25.3%", 0.253, "0.0%")
    assert (_at(grid, "D3").kind, _at(grid, "D3").value) == ("date", "2024-03-31")
    assert (_at(grid, "B4").kind, _at(grid, "B4").value, _at(grid, "B4").formula) == ("number", 13, "=B3+1")
    assert (_at(grid, "D4").kind, _at(grid, "D4").text) == ("error", "#DIV/0!")
    assert (_at(grid, "E4").kind, _at(grid, "E4").value) == ("date", "2024-03-31")
    assert (_at(grid, "F4").kind, _at(grid, "F4").value, _at(grid, "F4").hidden) == ("bool", True, True)
    assert (_at(grid, "B5").value, _at(grid, "B5").note) == (False, "procena")
    assert _at(grid, "A6").hidden and not _at(grid, "A3").hidden


def test_formula_never_calculated_is_distinguished_from_a_calculated_one() -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write_formula("A1", "=1+1", None, 2))
    bare = edit_part(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v>2</v>", b""))
    cell = _at(xlsx.read_file(bare), "A1")
    assert (cell.kind, cell.value, cell.formula) == ("formula", None, "=1+1")


def test_formula_with_an_empty_text_as_result_counts_as_calculated() -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write_formula("A1", '=""', None, "x"))
    empty = edit_part(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v>x</v>", b"<v></v>"))
    cell = _at(xlsx.read_file(empty), "A1")
    assert (cell.kind, cell.value, cell.formula) == ("text", "", '=""')


@pytest.mark.parametrize(
    "extension",
    [
        '<x14:dataValidations xmlns:x14="x14"><x14:dataValidation><x14:formula1><xm:f xmlns:xm="xm">Lists!$A$1</xm:f>'
        "</x14:formula1></x14:dataValidation></x14:dataValidations>",
        '<x14:sparklines xmlns:x14="x14"><x14:sparkline><f xmlns="xm">S!A1:B1</f></x14:sparkline></x14:sparklines>',
        '<x14:cfRule xmlns:x14="x14"><xm:f xmlns:xm="xm">1</xm:f><xm:v xmlns:xm="xm">9</xm:v></x14:cfRule>',
    ],
)
def test_last_formula_keeps_its_result_before_extensions_with_formulas(extension: str) -> None:
    def write_sheet(book: Any) -> None:
        sheet = book.add_worksheet("S")
        sheet.write_number("A1", 12)
        sheet.write_formula("B1", "=A1+1", None, 13)

    ext = f'<extLst><ext uri="{{CCE6A557}}">{extension}</ext></extLst></worksheet>'.encode()
    data = edit_part(
        make_xlsx(write_sheet), "xl/worksheets/sheet1.xml", lambda part: part.replace(b"</worksheet>", ext)
    )
    assert (_at(xlsx.read_file(data), "B1").value, _at(xlsx.read_file(data), "B1").text) == (13, "13")


def test_results_kept_by_the_guard_are_those_of_a_second_load() -> None:
    data = make_xlsx(_everything)
    contents = xlsx.inspect_container(data)
    opened = xlsx._open(data, contents)
    first_load = xlsx._grid(opened, xlsx._results(opened.book, contents) or {}, contents)
    assert first_load == xlsx._grid(xlsx._open(data, contents), xlsx._second_load(data, contents), contents)


def _of_every_way(book: Any) -> None:
    """Write cells in forms that the fast path does not handle, and some that it does."""
    _everything(book)
    sheet = book.add_worksheet("ways")
    date, span = (book.add_format({"num_format": f}) for f in ("d.m.yyyy", "[h]:mm"))
    sheet.write_number("A1", -12.5)
    sheet.write_number("A2", 1e21)
    sheet.write_datetime("B1", dt.datetime(2024, 3, 31, 12, 30), date)
    sheet.write_number("B2", 1.5, span)
    sheet.write_number("B3", -1e9, date)  # no day at all
    sheet.write_formula("C1", "=A1*2", date, 45382)
    sheet.write_array_formula("C2:C3", "{=A1:A2*2}", None, 3)
    sheet.write_url("D1", "https://example.org/", string="adresa")
    sheet.write_url("D2", "internal:ways!A1")
    sheet.write_boolean("E1", True)
    sheet.write_blank("E2", None, date)
    sheet.merge_range("G1:H3", 5)
    sheet.write_comment("G1", "uz spojeno")
    sheet.write_comment("H2", "ispod spojenog")
    sheet.write_comment("J9", "bez vrednosti")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("made", [_everything, _of_every_way])
def test_cells_are_those_that_openpyxl_itself_loads(made: Callable[[Any], None]) -> None:
    data = make_xlsx(made)
    contents = xlsx.inspect_container(data)
    assert read_as_opened(data, contents) == read_by_openpyxl(data, contents) != []


@pytest.mark.parametrize(
    ("cell", "value", "kind"),
    [
        (b'<c r="A1" t="inlineStr"><is><t>in place</t></is></c>', "in place", "text"),
        (b'<c t="str"><v>no reference</v></c>', "no reference", "text"),
        (b"<c><v>7</v></c>", 7, "number"),
        (b'<c r="A1" t="e"><v>#REF!</v></c>', "#REF!", "error"),
        (b'<c r="A1" t="d"><v>2024-03-31T00:00:00</v></c>', "2024-03-31", "date"),
        (b'<c r="A1" t="d"><v>2024-03-31</v></c>', "2024-03-31", "date"),
        (b'<c r="A1" t="d"><v>2024-03-31T10:30:00.000Z</v></c>', "2024-03-31T10:30:00", "date"),
        (b'<c r="A1" t="b"><v>1</v></c>', True, "bool"),
        (b'<c r="A1"><v>1.5E2</v></c>', 150.0, "number"),
        (b'<c r="A1"><f>1+1</f><v>2</v></c>', 2, "number"),
        (b'<c r="A1"><f t="shared" ref="A1:A2" si="0">1+1</f><v>2</v></c>', 2, "number"),
    ],
)
def test_a_cell_may_be_written_in_other_ways(cell: bytes, value: object, kind: str) -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write_number("A1", 1))
    edited = edit_part(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<c r="A1"><v>1</v></c>', cell))
    read_cell = _at(xlsx.read_file(edited), "A1")
    assert (read_cell.value, read_cell.kind) == (value, kind)


def test_xlsx_with_colours_that_are_no_numbers_is_read() -> None:
    """Read a workbook of the Python package gptables, which writes the colour `FFAUTOMATIC`."""

    def write_sheet(book: Any) -> None:
        red = book.add_format({"font_color": "#FF0000", "bg_color": "#00FF00"})
        sheet = book.add_worksheet("S")
        sheet.write_rich_string("A1", "Article ", red, "388", ' rgb="FFAUTOMATIC"')
        sheet.write_number("B1", 7, red)
        sheet.write_formula("C1", "=B1+1", red, 8)

    data = make_xlsx(write_sheet)
    expected = xlsx.read_file(data)
    for part in ("xl/styles.xml", "xl/sharedStrings.xml"):
        data = edit_part(data, part, lambda xml: xml.replace(b'"FFFF0000"', b'"FFAUTOMATIC"'))
    assert xlsx.read_file(data) == expected


def test_cell_with_an_empty_style_is_read() -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write_number("A1", 7))
    data = edit_part(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<c r="A1"', b'<c r="A1" s=""'))
    assert _at(xlsx.read_file(data), "A1").value == 7


def test_a_carriage_return_inside_a_text_is_decoded() -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write_string("A1", "Vrsta\rdela"))
    assert _at(xlsx.read_file(data), "A1").text == "Vrsta\rdela"


def test_xlsx_of_the_1904_date_system() -> None:
    def write_sheet(book: Any) -> None:
        book.add_worksheet("S").write_datetime("A1", dt.datetime(2024, 3, 31), book.add_format({"num_format": 14}))

    grid = xlsx.read_file(make_xlsx(write_sheet, {"date_1904": True}))
    assert (_at(grid, "A1").value, grid.properties["date_system"]) == ("2024-03-31", 1904)


def test_odd_spaces_and_normal_forms_stay_as_they_are() -> None:
    words = ["Мал\u00adолетни", "18\u00a0–\u00a020", "c\u030cl. 186", "Kривично"]  # the last begins with a Latin K
    data = make_xlsx(lambda book: book.add_worksheet("S").write_column("A1", words))
    assert [cell.text for cell in xlsx.read_file(data).tables[0].cells] == words


def test_formatted_empty_cells_are_left_out() -> None:
    def write_sheet(book: Any) -> None:
        sheet = book.add_worksheet("S")
        sheet.write("A1", "x")
        sheet.write_blank("XFD9", None, book.add_format({"bold": True}))

    assert [cell.where.cell for cell in xlsx.read_file(make_xlsx(write_sheet)).tables[0].cells] == ["A1"]


def test_wrong_dimension_is_ignored() -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write("B2", 5))
    lie = edit_part(
        data, "xl/worksheets/sheet1.xml", lambda x: x.replace(b'<dimension ref="B2"/>', b'<dimension ref="A1:XFD99"/>')
    )
    assert [cell.value for cell in xlsx.read_file(lie).tables[0].cells] == [5]


def test_strict_workbooks_are_named_as_such() -> None:
    data = make_xlsx(lambda book: book.add_worksheet("S").write("A1", 1))
    old, new = (
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    strict = edit_part(data, "xl/workbook.xml", lambda xml: xml.replace(old, new))
    with pytest.raises(ReadError) as refusal:
        xlsx.read_file(strict)
    assert refusal.value.rule == "read.xlsx.strict"


@pytest.mark.parametrize("formula", ["", "=SUM(B1:B2)"])
def test_xlsx_parts_are_found_in_any_spelling_of_their_names(formula: str) -> None:
    """`issue_419.xlsx` of calamine has `xl/SharedStrings.xml`, and refers to `xl/sharedStrings.xml`."""

    def write_sheets(book: Any) -> None:
        percent = book.add_format({"num_format": "0.0%"})
        for name in ("First", "Second"):
            sheet = book.add_worksheet(name)
            sheet.write("A1", "Hello")
            sheet.write("B1", 0.25, percent)
            if formula:
                sheet.write_formula("B3", formula, None, 41)

    data = make_xlsx(write_sheets)
    names = ("sharedStrings", "styles", "worksheets/sheet2", "_rels/workbook.xml")
    spelled = rename_parts(
        data, {f"xl/{name}{end}": f"xl/{name.title()}{end}" for name in names for end in (".xml", ".rels")}
    )
    assert spelled != data
    assert xlsx.read_file(spelled) == xlsx.read_file(data)


def test_xlsx_without_the_part_of_a_sheet_is_refused() -> None:
    data = make_xlsx(lambda book: [book.add_worksheet(name).write("A1", 1) for name in ("First", "Second")])
    with pytest.raises(ReadError) as refusal:
        xlsx.read_file(rename_parts(data, {"xl/worksheets/sheet2.xml": "xl/worksheets/other.xml"}))
    assert (refusal.value.rule, refusal.value.where.sheet) == ("read.malformed", "Second")


def _xls(date_1904: bool = False) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = date_1904
    sheet = book.add_sheet("Т-03")
    raised = xlwt.Font()
    raised.escapement = xlwt.Font.ESCAPEMENT_SUPERSCRIPT
    sheet.write_merge(0, 0, 0, 2, "Осуђена лица")
    sheet.write_rich_text(2, 0, ("Убиство", ("1)", raised)))
    sheet.write(2, 1, "12")
    sheet.write(2, 2, 0.253, xlwt.easyxf(num_format_str="0.0%"))
    sheet.write(2, 3, dt.date(2024, 3, 31), xlwt.easyxf(num_format_str="D.M.YYYY"))
    sheet.write(3, 0, True)
    sheet.row(4).set_cell_error(0, "#REF!")
    sheet.write(5, 0, 7)
    sheet.row(5).hidden = True
    sheet.write(2, 6, 8)
    sheet.col(6).hidden = True
    book.add_sheet("скривен").visibility = 1
    return _saved(book)


def _saved(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_xls_gives_every_kind_of_cell_with_its_place() -> None:
    grid = xls.read_file(_xls())
    assert [(table.name, table.hidden) for table in grid.tables] == [("Т-03", False), ("скривен", True)]
    assert [(c.text, c.anchor, c.spread) for c in grid.tables[0].cells if c.row == 1][2] == (
        "Осуђена лица",
        (1, 1),
        True,
    )
    assert (_at(grid, "A3").text, _at(grid, "A3").marks) == ("Убиство", "1)")
    assert (_at(grid, "B3").kind, _at(grid, "B3").value) == ("text", "12")
    assert (_at(grid, "C3").text, _at(grid, "C3").number_format) == ("25.3%", "0.0%")
    assert (_at(grid, "D3").kind, _at(grid, "D3").value) == ("date", "2024-03-31")
    assert (_at(grid, "A4").kind, _at(grid, "A4").value) == ("bool", True)
    assert (_at(grid, "A5").kind, _at(grid, "A5").text) == ("error", "#REF!")
    assert _at(grid, "A6").hidden and _at(grid, "G3").hidden and not _at(grid, "A3").hidden


def test_xls_of_the_1904_date_system() -> None:
    grid = xls.read_file(_xls(date_1904=True))
    assert grid.properties["date_system"] == 1904
    assert _at(grid, "D3").kind == "date"


_VALUES = st.one_of(
    st.integers(-(2**31), 2**31), st.floats(-1e12, 1e12), st.text("ačж 1", max_size=5), st.booleans(), st.none()
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 40)), _VALUES, max_size=60))
def test_xls_cells_are_those_that_xlrd_itself_loads(values: dict[tuple[int, int], Any]) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S", cell_overwrite_ok=True)
    styles = [xlwt.easyxf(num_format_str=text) for text in ("General", "0.00")]
    for (row, column), value in values.items():
        sheet.write(row, column, value, styles[(row + column) % 2])
    data = _saved(book)
    loaded = xlrd.open_workbook(file_contents=data, formatting_info=True).sheet_by_index(0)
    expected = {
        (row + 1, column + 1): (cell.value, loaded.book.xf_list[cell.xf_index].format_key)
        for row in range(loaded.nrows)
        for column, cell in enumerate(loaded.row(row))
        if cell.ctype != xlrd.XL_CELL_BLANK and cell.value != ""
    }
    formats = {key: entry.format_str for key, entry in loaded.book.format_map.items()}
    cells = xls.read_file(data).tables[0].cells
    assert {(c.row, c.column): (c.value, c.number_format) for c in cells} == {
        position: (value, formats[key]) for position, (value, key) in expected.items()
    }
    assert [(c.row, c.column) for c in cells] == sorted(expected)


def test_xls_cell_stored_twice_has_its_last_content() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("S")
    for column, value in enumerate((1 / 3, 2 / 3, "x")):
        sheet.write(0, column, value)
    data = _saved(book)
    second = data.index(struct.pack("<HHHH", 0x203, 14, 0, 1))
    data = (
        data[: second + 6] + struct.pack("<H", 0) + data[second + 8 :]
    )  # the second number is moved to the first cell
    assert [(c.where.cell, c.value) for c in xls.read_file(data).tables[0].cells] == [("A1", 2 / 3), ("C1", "x")]


def test_xls_whose_stream_is_named_in_capitals_is_read() -> None:
    book = xlwt.Workbook()
    book.add_sheet("S").write(0, 0, 7)
    data = _saved(book).replace("Workbook".encode("utf-16-le"), "WORKBOOK".encode("utf-16-le"))
    assert sniff_format(data) == "xls"
    assert _at(xls.read_file(data), "A1").value == 7


def test_damaged_xls_is_refused_in_words_of_its_sender() -> None:
    book = xlwt.Workbook()
    book.add_sheet("S").write(0, 0, 1 / 3)
    data = _saved(book)
    number = data.index(b"\x03\x02\x0e\x00")
    far_row = data[: number + 4] + b"\x00\x00\x00\x7f" + data[number + 8 :]  # a column beyond the last one
    with pytest.raises(ReadError) as refusal:
        xls.read_file(far_row)
    assert (refusal.value.rule, refusal.value.params["detail"]) == ("read.malformed", "its structure is broken")


def test_a_cut_off_xls_is_refused() -> None:
    with pytest.raises(ReadError, match=r"read\.malformed"):
        xls.read_file(_xls()[:2000])


_STRING = 'office:value-type="string"'


def test_ods_expands_repeats_and_spans_and_ignores_trailing_blanks() -> None:
    grid = ods.read_file(
        make_ods(
            f'<table:table-row><table:table-cell {_STRING} table:number-columns-spanned="2"><text:p>Пол</text:p>'
            '</table:table-cell><table:covered-table-cell/><table:table-cell table:number-columns-repeated="16382"/>'
            '</table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell '
            'office:value-type="float" office:value="3" table:number-columns-repeated="2"><text:p>3</text:p>'
            "</table:table-cell></table:table-row>"
            '<table:table-row table:number-rows-repeated="1048573"><table:table-cell '
            'table:number-columns-repeated="16384"/></table:table-row>'
        )
    )
    cells = grid.tables[0].cells
    assert [(c.where.cell, c.text, c.spread) for c in cells] == [
        ("A1", "Пол", False),
        ("B1", "Пол", True),
        ("A2", "3", False),
        ("B2", "3", False),
        ("A3", "3", False),
        ("B3", "3", False),
    ]
    assert cells[2].value == 3 and isinstance(cells[2].value, int)


def test_ods_kinds_hidden_notes_marks_and_formats() -> None:
    styles = (
        '<number:percentage-style style:name="N1"><number:number number:decimal-places="1"/><number:text>%'
        '</number:text></number:percentage-style><style:style style:name="c1" style:family="table-cell" '
        'style:data-style-name="N1"/>'
        '<style:style style:name="T1" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        "</style:style>"
    )
    grid = ods.read_file(
        make_ods(
            '<table:table-row table:visibility="collapse"><table:table-cell office:value-type="percentage" '
            'office:value="0.253" table:style-name="c1"><text:p>25,3%</text:p></table:table-cell>'
            '<table:table-cell office:value-type="date" office:date-value="2024-03-31"><text:p>31.3.</text:p>'
            "</table:table-cell></table:table-row><table:table-row>"
            f'<table:table-cell {_STRING}><text:p>Убиство<text:span text:style-name="T1">1)</text:span></text:p>'
            "<office:annotation><text:p>procena</text:p></office:annotation></table:table-cell>"
            f'<table:table-cell table:formula="of:=[.A1]" {_STRING}><text:p>#REF!</text:p></table:table-cell>'
            '<table:table-cell table:formula="of:=1+1"/><table:table-cell office:value-type="boolean" '
            f'office:boolean-value="true"/><table:table-cell {_STRING}><text:p>a<text:s text:c="3"/>b</text:p>'
            "<text:p>c</text:p></table:table-cell></table:table-row>",
            '<table:table-column/><table:table-column table:visibility="filter"/>',
            styles,
        )
    )
    percentage = _at(grid, "A1")
    assert (percentage.text, percentage.value, percentage.number_format, percentage.hidden) == (
        "25,3%",
        0.253,
        "0.0%",
        True,
    )
    assert (_at(grid, "B1").kind, _at(grid, "B1").value) == ("date", "2024-03-31")
    label = _at(grid, "A2")
    assert (label.text, label.marks, label.note, label.hidden) == ("Убиство", "1)", "procena", False)
    assert (_at(grid, "B2").kind, _at(grid, "B2").hidden) == ("error", True)
    assert (_at(grid, "C2").kind, _at(grid, "C2").value) == ("formula", None)
    assert (_at(grid, "D2").kind, _at(grid, "D2").value) == ("bool", True)
    assert _at(grid, "E2").text == "a   b\nc"


def _ods_format(styles: str, name: str = "N1") -> str | None:
    """Return the format code of a cell that has this data style."""
    styles += f'<style:style style:name="c1" style:family="table-cell" style:data-style-name="{name}"/>'
    cell = '<table:table-cell office:value-type="float" office:value="39" table:style-name="c1"/>'
    return _at(ods.read_file(make_ods(f"<table:table-row>{cell}</table:table-row>", "", styles)), "A1").number_format


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ('<number:number number:min-integer-digits="1"/>', "0"),
        ('<number:number number:grouping="true"/><number:text> persons</number:text>', '#,##0" persons"'),
        ('<number:number number:display-factor="1000"/>', "0,"),
        ('<number:number number:display-factor="1000000"/>', "0,,"),
        ('<number:scientific-number number:decimal-places="2"/>', "0E+00"),
        ("<number:text>12</number:text>", '"12"'),
    ],
)
def test_ods_number_styles_as_format_codes(part: str, expected: str) -> None:
    assert _ods_format(f'<number:number-style style:name="N1">{part}</number:number-style>') == expected


def test_ods_parts_with_conditions_are_one_format_code() -> None:
    """Join styles as LibreOffice writes `0;-0;"-"`: one per part, and the last names the others."""
    plain = '<number:number number:min-integer-digits="1"/>'
    styles = (
        f'<number:number-style style:name="N1P0">{plain}</number:number-style>'
        f'<number:number-style style:name="N1P1"><number:text>-</number:text>{plain}</number:number-style>'
        '<number:number-style style:name="N1"><number:text>-</number:text>'
        '<style:map style:condition="value()&gt;0" style:apply-style-name="N1P0"/>'
        '<style:map style:condition="value()&lt;0" style:apply-style-name="N1P1"/></number:number-style>'
    )
    code = _ods_format(styles)
    assert code == '[>0]0;[<0]"-"0;"-"'
    assert not any(shows_another_number(code, value) for value in (39, -39, 0))


def test_numbers_are_written_without_locale_or_exponent() -> None:
    assert [plain_number(n) for n in (12, 12.0, 0.1, 1e-7, 1234567.5, 1e20)] == [
        "12",
        "12",
        "0.1",
        "0.0000001",
        "1234567.5",
        "100000000000000000000",
    ]
    assert is_percent("0.0%") and not is_percent('0" %"') and not is_percent("0\\%")
    assert number_text(0.07, "0%") == "7%"
