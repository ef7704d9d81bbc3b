"""PDF, Word and HTML tables written here by reportlab, python-docx and by hand, read back."""

from __future__ import annotations

import io
from typing import Any

import docx as word
import pdfplumber
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from pipelines.model.content import Grid, ReadError
from pipelines.reading.formats import docx, html, pdf
from pipelines.reading.formats.pdf_letters import keep_letters_plain
from tests.support.fakes.workbook_fakes import edit_part

_SPANNED = [
    ["Offence", "Total", "Sex", ""],
    ["", "", "male", "female"],
    ["Murder", "42", "40", "2"],
    ["Theft", "1.043", "-", ".."],
]


def _texts(grid: Grid, table: int = 0) -> list[list[str]]:
    rows: dict[int, list[str]] = {}
    for cell in grid.tables[table].cells:
        rows.setdefault(cell.row, []).append(cell.text)
    return [rows[row] for row in sorted(rows)]


def _pdf(
    *, rows: list[list[Any]] = _SPANNED, ruled: bool = True, copies: int = 1, page: Any = A4, **options: Any
) -> bytes:
    buffer = io.BytesIO()
    style: list[Any] = [("SPAN", (0, 0), (0, 1)), ("SPAN", (1, 0), (1, 1)), ("SPAN", (2, 0), (3, 0))]
    if ruled:
        style.append(("GRID", (0, 0), (-1, -1), 0.5, colors.black))
    story: list[Any] = [Paragraph("Table 3. Convicted adults, 2023", getSampleStyleSheet()["Normal"])]
    for _ in range(copies):
        story += [Table(rows, style=style, colWidths=[100, 60, 60, 60]), Spacer(1, 20)]
    SimpleDocTemplate(buffer, pagesize=page, **options).build(story)
    return buffer.getvalue()


_SPREAD = [
    ["Offence", "Total", "Sex", "Sex"],
    ["Offence", "Total", "male", "female"],
    ["Murder", "42", "40", "2"],
    ["Theft", "1.043", "-", ".."],
]


def test_a_ruled_pdf_table_gives_spans_boxes_and_the_title_above() -> None:
    grid = pdf.read_file(_pdf())
    assert _texts(grid) == _SPREAD
    table = grid.tables[0]
    assert (table.name, table.page, table.title) == ("page 1 table 1", 1, "Table 3. Convicted adults, 2023")
    female = next(cell for cell in table.cells if cell.text == "female")
    assert (female.anchor, female.spread) == ((2, 4), False)
    sexes = [(cell.anchor, cell.spread) for cell in table.cells if cell.text == "Sex"]
    assert sexes == [((1, 3), False), ((1, 3), True)]
    assert female.where.page == 1 and female.where.box is not None and female.where.box[0] < female.where.box[2]
    assert str(female.where).startswith("page 1 box (")


def test_each_table_of_each_page_is_one_table() -> None:
    grid = pdf.read_file(_pdf(copies=12, page=landscape(A4)))
    assert len(grid.tables) in (12, 13)  # one may be broken over two pages: joining is for the form
    assert {table.page for table in grid.tables} >= {1, 2}
    assert grid.tables[-1].title is None


def test_raised_small_type_is_a_mark_and_not_a_digit() -> None:
    paragraph = getSampleStyleSheet()["Normal"]
    rows = [["Offence", "Total"], ["Murder", Paragraph('42<super size="6">1)</super>', paragraph)], ["Theft", "7"]]
    buffer = io.BytesIO()
    grid_style = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
    SimpleDocTemplate(buffer).build([Table(rows, style=grid_style, colWidths=[100, 60])])
    cell = next(c for c in pdf.read_file(buffer.getvalue()).tables[0].cells if c.row == 2 and c.column == 2)
    assert (cell.text, cell.marks) == ("42", "1)")


def test_small_type_on_a_line_of_its_own_is_text() -> None:
    paragraph = getSampleStyleSheet()["Normal"]
    rows = [[Paragraph('Kazna<br/><font size="6">Penalty</font>', paragraph), "Total"], ["a", "7"]]
    buffer = io.BytesIO()
    grid_style = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
    SimpleDocTemplate(buffer).build([Table(rows, style=grid_style, colWidths=[100, 60])])
    cell = pdf.read_file(buffer.getvalue()).tables[0].cells[0]
    assert (cell.text, cell.marks) == ("Kazna\nPenalty", None)


def test_unruled_table_is_rejected_unless_its_lines_are_given() -> None:
    rows = [["Offence", "Total"], ["Murder", "42"], ["Theft", "1.043"]]
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for line, (label, number) in enumerate(rows):
        canvas.drawString(60, 700 - 20 * line, label)
        canvas.drawString(200, 700 - 20 * line, number)
    canvas.save()
    with pytest.raises(ReadError, match=r"read\.pdf\.no_table"):
        pdf.read_file(buffer.getvalue())
    assert _texts(pdf.read_file(buffer.getvalue(), lines_x=(50, 190, 300))) == rows


def test_rotated_page_and_heading_are_read_upright() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for x in (50, 150, 250):
        canvas.line(x, 600, x, 740)
    for y in (600, 640, 740):
        canvas.line(50, y, 250, y)
    canvas.drawString(60, 690, "Offence")
    canvas.saveState()
    canvas.translate(200, 650)
    canvas.rotate(90)
    canvas.drawString(0, 0, "Total 2023")
    canvas.restoreState()
    canvas.drawString(60, 610, "Murder")
    canvas.drawString(180, 610, "42")
    canvas.setPageRotation(90)
    canvas.save()
    texts = [text for row in _texts(pdf.read_file(buffer.getvalue())) for text in row]
    assert sorted(texts) == ["42", "Murder", "Offence", "Total 2023"]


def test_blanks_printed_under_a_number_do_not_split_it() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.grid([50, 150, 250], [600, 640, 680])
    canvas.drawString(60, 650, "Date of report")
    canvas.drawString(160, 650, " " * 20)
    canvas.drawString(160.9, 650, "03/25/2016")
    canvas.drawString(60, 610, "1 234")
    canvas.save()
    assert [text for row in _texts(pdf.read_file(buffer.getvalue())) for text in row][:3] == [
        "Date of report",
        "03/25/2016",
        "1 234",
    ]


@pytest.mark.parametrize("shifts", [[(0.3, 0)], [(0, 0)], [(0.5, -0.5)], [(0.25, 0), (0.5, 0), (0.75, 0)]])
@pytest.mark.parametrize("size", [6, 12])
@pytest.mark.parametrize("angle", [0, 90])
def test_letters_printed_twice_for_bold_type_are_read_once(
    shifts: list[tuple[float, float]], size: int, angle: int
) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.grid([50, 150, 250], [600, 640, 680])
    for x, y, text in ((60, 650, "Total illness"), (160, 650, "27.5"), (60, 610, "1 133"), (180, 610, "2211")):
        canvas.setFont("Helvetica", size)
        for dx, dy in [(0.0, 0.0), *shifts]:
            canvas.saveState()
            canvas.translate(x + dx, y + dy)
            canvas.rotate(angle if text == "2211" else 0)
            canvas.drawString(0, 0, text)
            canvas.restoreState()
    canvas.setFont("Helvetica-Bold", size)
    canvas.drawString(160, 650, "27.5")
    canvas.save()
    assert [text for row in _texts(pdf.read_file(buffer.getvalue())) for text in row] == [
        "Total illness",
        "27.5",
        "1 133",
        "2211",
    ]


_OPEN = [["2021", "Theft", "1.043", "12"], ["2022", "Theft", "987", "9"], ["2023", "Theft", "1.101", "15"]]


def _draw_rows(
    canvas: Canvas, rows: list[list[str]], xs: tuple[int, ...] = (50, 150, 250, 350, 450), top: int = 700
) -> None:
    for line, row in enumerate(rows):
        for x, text in zip(xs, row, strict=False):
            canvas.drawString(x + 8, top - 20 * line - 15, text)


@pytest.mark.parametrize("sides", ["none", "left", "right", "both"])
def test_columns_at_open_sides_of_a_ruled_table_are_read(sides: str) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for top in (700, 400):
        _draw_rows(canvas, _OPEN, top=top)
        for line in range(4):
            canvas.line(50, top - 20 * line, 450, top - 20 * line)
        for x in (150, 250, 350):
            canvas.line(x, top, x, top - 60)
        if sides in ("left", "both"):
            canvas.line(50, top, 50, top - 60)
        if sides in ("right", "both"):
            canvas.line(450, top, 450, top - 60)
    canvas.drawString(60, 460, "Persons convicted in all courts of first instance")
    canvas.save()
    grid = pdf.read_file(buffer.getvalue())
    assert [_texts(grid, number) for number in range(len(grid.tables))] == [_OPEN, _OPEN]
    assert not grid.remarks


def _fill(canvas: Canvas, start: int, end: int, top: int) -> None:
    canvas.setFillGray(0.8)
    canvas.rect(start, top - 20, end - start, 20, fill=1, stroke=0)
    canvas.setFillGray(0)


def test_filling_that_ends_within_a_number_is_no_border_between_rules() -> None:
    rows = [["Article", "Men", "Women"], ["388", "0.15", "12"], ["389", "0.27", "3"]]
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    _fill(canvas, 50, 170, 680)  # over the first column and into the first number of the second
    _draw_rows(canvas, rows)
    for line in range(4):
        canvas.line(50, 700 - 20 * line, 350, 700 - 20 * line)
    for x in (50, 150, 250, 350):
        canvas.line(x, 700, x, 640)
    canvas.save()
    assert _texts(pdf.read_file(buffer.getvalue())) == rows


def test_fillings_are_the_cells_of_a_table_without_rules() -> None:
    rows = [["Article", "Men"], ["388", "15"], ["389", "27"]]
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for line in range(3):
        for start in (50, 150):
            _fill(canvas, start, start + 100, 700 - 20 * line)
    _draw_rows(canvas, rows)
    canvas.save()
    assert _texts(pdf.read_file(buffer.getvalue())) == rows


@pytest.mark.parametrize("place", ["beside", "below", "next page"])
def test_figures_outside_ruled_tables_are_remarked(place: str) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.grid([50, 150, 250], [640, 660, 680, 700])
    _draw_rows(canvas, [row[1:3] for row in _OPEN])
    if place == "beside":
        _draw_rows(canvas, [["12"], ["9"], ["15"]], xs=(300,))
    else:
        if place == "next page":
            canvas.showPage()
        _draw_rows(canvas, _OPEN, top=500)
    canvas.save()
    (remark,) = pdf.read_file(buffer.getvalue()).remarks
    assert (remark.rule, remark.where.page) == ("read.pdf.unread_figures", 2 if place == "next page" else 1)
    assert remark.params["seen"] == ("12" if place == "beside" else "2021  Theft  1.043  12")


def test_notes_outside_ruled_tables_are_not_taken_for_figures() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.grid([50, 150, 250], [640, 660, 680, 700])
    _draw_rows(canvas, [row[1:3] for row in _OPEN])
    canvas.drawString(300, 670, "1)")
    for line, note in enumerate(("1) From 1 January 2023 to 31 December 2023.", "2) Of 12 cases 3 were dismissed.")):
        canvas.drawString(50, 600 - 15 * line, note)
    canvas.drawString(50, 50, "Page 1 of 12                         2023                 15 March 2024")
    canvas.save()
    assert not pdf.read_file(buffer.getvalue()).remarks


def test_letters_without_unicode_are_remarked_and_do_not_look_like_figures() -> None:
    data = _pdf(
        rows=[["Offence", "Total", "Sex", ""], ["", "", "m", "f"], ["Theft", "42", "40", "2"]], pageCompression=0
    )
    # Letters with the codes 1 and 2 have no name in the font's encoding.
    changed = data.replace(b"(42)", b"(\\001\\002)", 1)
    assert changed != data
    grid = pdf.read_file(changed)
    assert [(r.rule, r.params["count"]) for r in grid.remarks] == [("read.pdf.unknown_letters", 2)]
    assert _texts(grid)[2] == ["Theft", "\ufffd\ufffd", "40", "2"]


@pytest.mark.parametrize("angle", [90, -90])
def test_turned_labels_next_to_upright_text_are_read_forwards(angle: int) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.grid([50, 250, 450], [600, 740])
    canvas.drawString(60, 720, "Cases of theft by year")
    canvas.saveState()
    canvas.translate(150, 660)
    canvas.rotate(angle)
    canvas.drawString(0, 0, "2005")
    canvas.restoreState()
    canvas.save()
    assert _texts(pdf.read_file(buffer.getvalue()))[0][0] == "Cases of theft by year\n2005"


@pytest.mark.parametrize("corner", [0, 30])
def test_letters_are_those_that_pdfplumber_makes(corner: int) -> None:
    data = _pdf()
    if corner:
        data = data.replace(b"/MediaBox [ 0 0 ", b"/MediaBox [ %d %d " % (corner, corner))
    with pdfplumber.open(io.BytesIO(data)) as document, pdfplumber.open(io.BytesIO(data)) as plain_document:
        whole, plain = document.pages[0], plain_document.pages[0]
        keep_letters_plain(plain)
        assert len(plain.chars) > 40
        for letter, expected in zip(plain.chars, whole.chars, strict=True):
            assert letter == {name: expected[name] for name in letter}
        assert plain.edges == whole.edges


def test_scan_is_rejected_as_a_scan() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawImage(ImageReader(_png()), 0, 0, 500, 700)
    canvas.save()
    with pytest.raises(ReadError, match=r"read\.pdf\.scanned"):
        pdf.read_file(buffer.getvalue())


def _png() -> io.BytesIO:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def test_pdf_with_a_password_is_rejected_with_its_reason() -> None:
    with pytest.raises(ReadError, match=r"read\.encrypted"):
        pdf.read_file(_pdf(encrypt="secret"))


def test_too_many_pages_and_damage_are_refused() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for _ in range(501):
        canvas.showPage()
    canvas.save()
    with pytest.raises(ReadError, match=r"read\.pdf\.too_many_pages"):
        pdf.read_file(buffer.getvalue())
    with pytest.raises(ReadError):
        pdf.read_file(b"%PDF-1.7\nnothing of the kind")


def _docx(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_docx_spans_are_exact_in_both_directions() -> None:
    document = word.Document()
    document.add_paragraph("Tabela 3. Osuđena lica")
    table = document.add_table(4, 4)
    for row, texts in zip(table.rows, _SPANNED, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(0, 0).merge(table.cell(1, 0)).text = "Offence"
    table.cell(0, 1).merge(table.cell(1, 1)).text = "Total"
    table.cell(0, 2).merge(table.cell(0, 3)).text = "Sex"
    grid = docx.read_file(_docx(document))
    assert _texts(grid) == _SPREAD
    below = next(cell for cell in grid.tables[0].cells if (cell.row, cell.column) == (2, 1))
    assert (below.anchor, below.spread, str(below.where)) == ((1, 1), True, "table 1 R2C1")
    assert grid.tables[0].title == "Tabela 3. Osuđena lica"


def test_docx_raised_runs_are_marks_and_tracked_changes_are_read_as_accepted() -> None:
    document = word.Document()
    table = document.add_table(2, 2)
    paragraph = table.cell(0, 0).paragraphs[0]
    paragraph.add_run("Ubistvo")
    paragraph.add_run("1)").font.superscript = True
    changed = table.cell(0, 1).paragraphs[0]._p
    space = nsdecls("w")
    changed.append(parse_xml(f"<w:del {space}><w:r><w:delText>11</w:delText></w:r></w:del>"))
    changed.append(parse_xml(f"<w:ins {space}><w:r><w:t>12</w:t></w:r></w:ins>"))
    hidden = table.cell(1, 0).paragraphs[0].add_run("skriveno")
    hidden.font.hidden = True
    control = f"<w:sdt {space}><w:sdtContent><w:tc><w:p><w:r><w:t>7</w:t></w:r></w:p></w:tc></w:sdtContent></w:sdt>"
    row = table.rows[1]._tr
    row.remove(row.tc_lst[1])
    row.append(parse_xml(control))
    cells = docx.read_file(_docx(document)).tables[0].cells
    assert [(c.text, c.marks, c.hidden) for c in cells] == [
        ("Ubistvo", "1)", False),
        ("12", None, False),
        ("skriveno", None, True),
        ("7", None, False),
    ]


def test_docx_tables_inside_cells_are_tables_of_their_own() -> None:
    document = word.Document()
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "outer"
    outer.cell(0, 1).add_table(1, 1).cell(0, 0).text = "inner"
    grid = docx.read_file(_docx(document))
    assert [[cell.text for cell in table.cells] for table in grid.tables] == [["outer", ""], ["inner"]]


def test_docx_saved_as_strict_open_xml_is_named_as_such() -> None:
    document = word.Document()
    document.add_table(1, 1)
    old = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    new = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
    with pytest.raises(ReadError) as refusal:
        docx.read_file(edit_part(_docx(document), "word/document.xml", lambda part: part.replace(old, new)))
    assert refusal.value.rule == "read.unsupported"
    assert "Strict Open XML" in str(refusal.value.params["kind"])


def test_docx_without_a_table_and_with_an_absurd_span_are_refused() -> None:
    document = word.Document()
    with pytest.raises(ReadError, match=r"read\.no_table"):
        docx.read_file(_docx(document))
    table = document.add_table(1, 1)
    table.cell(0, 0)._tc.get_or_add_tcPr().append(parse_xml(f'<w:gridSpan {nsdecls("w")} w:val="999999999"/>'))
    with pytest.raises(ReadError, match=r"read\.malformed"):
        docx.read_file(_docx(document))


_HTML = """<html><head><meta charset="utf-8"><title>T</title><script>var a = "<table>";</script></head><body>
<h2>Табела 3</h2>
<table><thead>
<tr><th rowspan=2>Offence</th><th rowspan=2>Total</th><th colspan="2">Sex</th></tr>
<tr><th>male</th><th>female</th></tr></thead><tbody>
<tr><td>Murder<sup>1)</sup></td><td> 42 </td><td>40</td><td>2</td></tr>
<tr style="display:none"><td>Theft</td><td>1.043</td><td>-</td><td>..</td></tr></tbody></table>
<table><caption>Two</caption><tr><td>a<br>b</td><td>x<table><tr><td>in</td></tr></table></td></tr></table>
</body></html>"""


def test_html_spreads_spans_and_keeps_words_and_lines() -> None:
    grid = html.read_file(_HTML.encode())
    assert _texts(grid) == _SPREAD
    cells = grid.tables[0].cells
    murder = next(cell for cell in cells if cell.text == "Murder")
    assert (murder.marks, murder.where.line, murder.where.cell) == ("1)", 6, "R3C1")
    theft = next(cell for cell in cells if cell.text == "1.043")
    assert (theft.value, theft.hidden) == ("1.043", True)
    assert [table.title for table in grid.tables] == ["Табела 3", "Two", None]
    assert [[cell.text for cell in table.cells] for table in grid.tables[1:]] == [["a\nb", "x"], ["in"]]


def test_html_with_a_wrong_charset_is_decoded_by_its_letters() -> None:
    page = '<meta charset="iso-8859-1"><table><tr><td>Žrtve kaznenih djela, općenito</td></tr></table>'
    grid = html.read_file(page.encode("cp1250"), encodings=("windows-1250",), alphabets=("hr",))
    assert grid.tables[0].cells[0].text == "Žrtve kaznenih djela, općenito"


def test_html_of_a_spreadsheet_program_keeps_the_stored_number() -> None:
    cell = html.read_file(b'<table><tr><td x:num="1043.5">1.043,5</td></tr></table>').tables[0].cells[0]
    assert (cell.text, cell.value, cell.kind) == ("1.043,5", 1043.5, "number")


@pytest.mark.parametrize(
    "table",
    [
        "<table><thead><th>Offence</th><th>Persons</th></thead><tr><td>Theft</td><td>12</td></tr></table>",
        "<table><thead><th>Offence<th>Persons<tbody><td>Theft<td>12</table>",
        "<table><td>Offence</td><td>Persons</td><tr><td>Theft</td><td>12</td></tr></table>",
        "<table><tfoot><td>Theft</td><td>12</td></tfoot><tr><td>Offence</td><td>Persons</td></tr></table>",
        "<table><form><tr><td>Offence</td><td>Persons</td></tr><tr><td>Theft</td><td>12</td></tr></form></table>",
        "<table><tr><td>Offence</td><td>Persons</td></tr><tr><form><td>Theft</td><td>12</td></form></tr></table>",
    ],
)
def test_html_rows_and_cells_are_found_where_a_browser_shows_them(table: str) -> None:
    grid = html.read_file(table.encode())
    assert _texts(grid) == [["Offence", "Persons"], ["Theft", "12"]]
    assert not grid.remarks


def test_html_of_several_documents_gives_the_tables_of_all() -> None:
    page = "<!DOCTYPE html><html><head><title>T</title></head><body><table><tr><td>{}</td></tr></table></body>\n</html>"
    grid = html.read_file("\n".join(page.format(number) for number in (1, 2, 3)).encode() + b"\n<p>end")
    assert [_texts(grid, table) for table in range(3)] == [[["1"]], [["2"]], [["3"]]]
    assert [table.cells[0].where.line for table in grid.tables] == [1, 3, 5]
    assert "end" in [text for _, text in grid.outside]
    assert not grid.remarks


@pytest.mark.parametrize(
    ("page", "tag"),
    [
        ("<html><body><table><tr><td>A</td><td>1</td></tr><tr><td>B</td><td>12", "table"),
        ("<table><tr><td><table><tr><td>1</td></tr></table>", "table"),
        ("<html><body><table><tr><td>A</td></tr></table><p>Tab", "html"),
        ("<html><!-- <table> --><script>'<table>'</script><table><tr><td>A</td></tr></table></html>", None),
        ("<table><tr><td>A</td></tr></table>", None),
    ],
)
def test_html_that_was_cut_off_is_remarked(page: str, tag: str | None) -> None:
    remarks = html.read_file(page.encode()).remarks
    assert [(remark.rule, remark.params["tag"]) for remark in remarks] == ([("read.html.cut", tag)] if tag else [])


def test_html_bombs_of_spans_and_pages_without_tables_are_refused() -> None:
    row = "<tr>" + '<td rowspan="60000" colspan="1000">x</td>' + "</tr>"
    with pytest.raises(ReadError, match=r"read\.spread_too_large"):
        html.read_file(f"<table>{row}</table>".encode())
    with pytest.raises(ReadError, match=r"read\.no_table"):
        html.read_file(b"<html><body><p>nothing</p></body></html>")
    with pytest.raises(ReadError, match=r"read\.html\.frames"):
        html.read_file(b'<html><frameset cols="1,2"><frame src="a.htm"></frameset></html>')
