"""Files designed to occupy a reading process: small to send, expensive to read."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping

_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_RELATIONSHIPS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zip_parts(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _override(part: str, kind: str) -> str:
    return f'<Override PartName="/{part}" ContentType="{_OFFICE}.{kind}+xml"/>'


def make_xlsx(
    *,
    sheets: str = '<sheet name="a" sheetId="1" r:id="s1"/>',
    sheet: str = '<row r="1"><c r="A1"><v>1</v></c></row>',
    strings: str = "",
    styles: str = "",
) -> bytes:
    """Return a workbook of one worksheet part, put together by hand."""
    types = _override("xl/workbook.xml", "spreadsheetml.sheet.main") + _override("xl/s1.xml", "spreadsheetml.worksheet")
    targets = f'<Relationship Id="s1" Type="{_RELATION}/worksheet" Target="s1.xml"/>'
    parts = {
        "_rels/.rels": _RELATIONSHIPS.format(
            f'<Relationship Id="b" Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>{sheets}</sheets></workbook>',
        "xl/s1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    if strings:
        types += _override("xl/sharedStrings.xml", "spreadsheetml.sharedStrings")
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{strings}</sst>'
        targets += f'<Relationship Id="t" Type="{_RELATION}/sharedStrings" Target="sharedStrings.xml"/>'
    if styles:
        types += _override("xl/styles.xml", "spreadsheetml.styles")
        parts["xl/styles.xml"] = f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>'
        targets += f'<Relationship Id="y" Type="{_RELATION}/styles" Target="styles.xml"/>'
    return zip_parts(
        {
            "[Content_Types].xml": _CONTENT_TYPES.format(types),
            **parts,
            "xl/_rels/workbook.xml.rels": _RELATIONSHIPS.format(targets),
        }
    )


def xlsx_of_many_sheets(count: int = 5_000) -> bytes:
    """Return a workbook of many sheets, all of them the same part: 26 kB."""
    return make_xlsx(sheets="".join(f'<sheet name="s{n}" sheetId="{n + 1}" r:id="s1"/>' for n in range(count)))


def xlsx_of_many_texts(count: int = 1_000_000) -> bytes:
    return make_xlsx(strings="".join(f"<si><t>{n}</t></si>" for n in range(count)))


def xlsx_of_many_styles(count: int = 300_000) -> bytes:
    return make_xlsx(styles="<cellXfs>" + '<xf numFmtId="0" fontId="0" fillId="0"/>' * count + "</cellXfs>")


def xlsx_of_rich_texts(count: int = 250_000) -> bytes:
    run = '<r><rPr><vertAlign val="superscript"/></rPr><t>x</t></r>'
    return make_xlsx(strings="".join(f"<si><t>{n}</t></si>" for n in range(10)) + f"<si>{run * count}</si>")


def make_ods(body: str) -> bytes:
    return zip_parts(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:table="{_ODF}:table:1.0" '
            f'xmlns:text="{_ODF}:text:1.0" xmlns:style="{_ODF}:style:1.0"><office:body><office:spreadsheet>{body}'
            "</office:spreadsheet></office:body></office:document-content>",
        }
    )


def ods_of_many_sheets(count: int = 50_000) -> bytes:
    cell = "<table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row>"
    return make_ods("".join(f'<table:table table:name="s{n}">{cell}</table:table>' for n in range(count)))


def ods_of_many_rows(count: int = 20_000) -> bytes:
    row = "<table:table-row>" + '<table:table-cell table:number-columns-repeated="2"/>' * 12 + "</table:table-row>"
    return make_ods(f'<table:table table:name="a">{row * count}</table:table>')


def make_docx(body: str) -> bytes:
    return zip_parts(
        {
            "[Content_Types].xml": _CONTENT_TYPES.format(
                _override("word/document.xml", "wordprocessingml.document.main")
            ),
            "_rels/.rels": _RELATIONSHIPS.format(
                f'<Relationship Id="d" Type="{_RELATION}/officeDocument" Target="word/document.xml"/>'
            ),
            "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        }
    )


def docx_of_many_tables(count: int = 10_000) -> bytes:
    cell = "<w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc>"
    return make_docx(f"<w:tbl><w:tr>{cell * 4}</w:tr></w:tbl>" * count)


def docx_of_empty_cells(count: int = 220_000) -> bytes:
    return make_docx(f"<w:tbl>{('<w:tr>' + '<w:tc><w:p/></w:tc>' * 20 + '</w:tr>') * (count // 20)}</w:tbl>")


_PX_HEAD = (
    'CHARSET="ANSI";\nAXIS-VERSION="2013";\nMATRIX="a";\nSUBJECT-CODE="a";\nSUBJECT-AREA="a";\nTITLE="a";\n'
    'CONTENTS="a";\nUNITS="a";\nDECIMALS=0;\n'
)


def _px_variable(name: str, count: int) -> str:
    return f'VALUES("{name}")=' + ",".join(f'"{n}"' for n in range(count)) + ";\n"


def px_of_many_values(across: int = 1_500, down: int = 3_000) -> bytes:
    """Return 4.5 million values in 9 MB."""
    row = "1 " * across + "\n"
    head = _PX_HEAD + 'STUB="s";\nHEADING="h";\n' + _px_variable("s", down) + _px_variable("h", across)
    return (head + "DATA=\n" + row * down + ";").encode("ascii")


def px_of_many_keywords(count: int = 500_000) -> bytes:
    notes = "".join(f'CELLNOTE("{n}","0")="x";\n' for n in range(count))
    head = _PX_HEAD + 'STUB="s";\nHEADING="h";\n' + _px_variable("s", 2) + _px_variable("h", 2)
    return (head + notes + "DATA=\n1 2\n3 4;").encode("ascii")


def make_pdf(pages: int = 5_000, content: bytes = b"BT /F1 9 Tf 20 20 Td (1) Tj ET") -> bytes:
    """Return a document of many pages that share one content stream."""
    packed = zlib.compress(content, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, b" ".join(b"%d 0 R" % (n + 5) for n in range(pages))),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        *(
            [
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
                b"/Resources << /Font << /F1 3 0 R >> >> >>"
            ]
            * pages
        ),
    ]
    buffer = io.BytesIO(b"%PDF-1.4\n")
    buffer.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(buffer.tell())
        buffer.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = buffer.tell()
    buffer.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    buffer.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    buffer.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return buffer.getvalue()


def pdf_of_many_pages() -> bytes:
    return make_pdf(5_000)


def pdf_of_many_lines(count: int = 60_000) -> bytes:
    """Return a page with that many ruled lines and letters: some kilobytes."""
    lines = b"".join(b"%d %d m %d %d l S\n" % (n % 590, 0, n % 590, 790) for n in range(count))
    letters = b"BT /F1 4 Tf 5 5 Td " + b"(12) Tj " * (count // 4) + b"ET\n"
    return make_pdf(4, lines + letters)


def jsonstat_of_many_values(count: int = 3_000_000) -> bytes:
    dimension = {"category": {"index": [str(n) for n in range(3_000)]}}
    head = {"version": "2.0", "class": "dataset", "id": ["a", "b"], "size": [3_000, count // 3_000]}
    head["dimension"] = {"a": dimension, "b": {"category": {"index": [str(n) for n in range(count // 3_000)]}}}
    return (json.dumps(head)[:-1] + ', "value": [' + ",".join(["1"] * count) + "]}").encode("ascii")


def jsonstat_of_a_giant_product() -> bytes:
    """Return sixty dimensions of ten categories: 10^60 positions, one of them filled."""
    names = [f"d{n}" for n in range(60)]
    category = {"category": {"index": list("abcdefghij")}}
    return json.dumps(
        {
            "version": "2.0",
            "class": "dataset",
            "id": names,
            "size": [10] * 60,
            "dimension": dict.fromkeys(names, category),
            "value": {"0": 1},
        }
    ).encode("ascii")


def sdmx_of_many_series(count: int = 310_000) -> bytes:
    space = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
    series = '<Series FREQ="A" A="x"><Obs TIME_PERIOD="2024" OBS_VALUE="1"/></Series>'
    return (
        f'<?xml version="1.0"?><m:StructureSpecificData xmlns:m="{space}/message"><m:Header/><m:DataSet>'
        f"{series * count}</m:DataSet></m:StructureSpecificData>"
    ).encode("ascii")


def sdmx_csv_of_many_rows(count: int = 400_000) -> bytes:
    return b"DATAFLOW,A,TIME_PERIOD,OBS_VALUE\n" + b"".join(b"x,%d,2024,1\n" % n for n in range(count))


def html_of_nested_tables(count: int = 60) -> bytes:
    inner = "1"
    for _ in range(count):
        inner = f"<table><tr><td>{inner}</td><td colspan=1000 rowspan=60>2</td></tr></table>"
    return f"<html><body>{inner * 20}</body></html>".encode("ascii")


def html_of_tables_after_blanks(count: int = 1_500) -> bytes:
    """Return tables each of which searches all the empty paragraphs before it for its title."""
    return ("<html><body>" + "<p></p>" * 30 * count + "<table><tr><td>1</td></tr></table>" * count).encode("ascii")


def html_of_empty_cells(count: int = 510_000) -> bytes:
    return b"<html><body><table><tr>" + b"<td>" * count + b"</table>"


def csv_of_one_line(count: int = 40_000_000) -> bytes:
    return b"a;b\n" + b"x" * count + b";1\n"


def csv_of_many_columns(count: int = 1_000_000) -> bytes:
    return b"a" + b";" * count + b"1\n" + b"b" + b";" * count + b"1\n"


def csv_of_empty_fields(count: int = 15_000_000) -> bytes:
    return b"a;b\n" + b";" * count + b"\n"


FILES: Mapping[str, tuple[Callable[[], bytes], str | None]] = {
    "sheets.xlsx": (xlsx_of_many_sheets, "read.too_many_sheets"),
    "texts.xlsx": (xlsx_of_many_texts, "read.too_many_texts"),
    "styles.xlsx": (xlsx_of_many_styles, "read.zip_bomb"),
    "runs.xlsx": (xlsx_of_rich_texts, "read.zip_bomb"),
    "sheets.ods": (ods_of_many_sheets, "read.too_many_sheets"),
    "rows.ods": (ods_of_many_rows, None),
    "tables.docx": (docx_of_many_tables, "read.too_many_tables"),
    "empty.docx": (docx_of_empty_cells, "read.spread_too_large"),
    "values.px": (px_of_many_values, "read.too_many_cells"),
    "keywords.px": (px_of_many_keywords, "read.px.too_many_keywords"),
    "pages.pdf": (pdf_of_many_pages, "read.pdf.too_many_pages"),
    "values.json": (jsonstat_of_many_values, "read.too_many_cells"),
    "product.json": (jsonstat_of_a_giant_product, None),
    "series.xml": (sdmx_of_many_series, "read.too_many_cells"),
    "rows.csv": (sdmx_csv_of_many_rows, "read.too_many_cells"),
    "nested.html": (html_of_nested_tables, "read.spread_too_large"),
    "blanks.html": (html_of_tables_after_blanks, None),
    "cells.html": (html_of_empty_cells, "read.too_many_formatted"),
    "line.csv": (csv_of_one_line, "read.csv.no_delimiter"),
    "columns.csv": (csv_of_many_columns, "read.far_cell"),
    "fields.csv": (csv_of_empty_fields, None),
}
"""Function that makes each file, and the rule that refuses it; None if it is read and no form recognises it."""
