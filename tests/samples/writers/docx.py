"""Word documents of paragraphs and tables, written part by part, the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.samples.writers.layout import Cell, Placed, Sheet, fill_matrix, format_value
from tests.samples.writers.zipped import pack_parts

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"

Part = str | Sheet
"""A paragraph, or a table (the name of the sheet is not written: a paragraph gives the caption)."""


def _run(text: str, *, bold: bool = False, raised: bool = False) -> str:
    properties = ("<w:b/>" if bold else "") + ('<w:vertAlign w:val="superscript"/>' if raised else "")
    wrapped = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{wrapped}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _paragraph(text: str, *, bold: bool = False, mark: str | None = None) -> str:
    runs = _run(text, bold=bold) if text else ""
    return f"<w:p>{runs}{_run(mark, raised=True) if mark else ''}</w:p>"


def _inside(cell: Cell) -> str:
    return _paragraph(format_value(cell.value, decimal=","), bold=cell.head, mark=cell.mark)


def _cell(placed: Placed, row: int) -> str:
    cell = placed.cell
    properties = f'<w:gridSpan w:val="{cell.across}"/>' if cell.across > 1 else ""
    begins = placed.row == row
    if cell.down > 1:
        properties += '<w:vMerge w:val="restart"/>' if begins else "<w:vMerge/>"
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{_inside(cell) if begins else '<w:p/>'}</w:tc>"


def _table(sheet: Sheet) -> str:
    rows = fill_matrix(sheet.rows)
    width = len(rows[0])
    lines = ['<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>']
    lines.append('<w:gridCol w:w="1200"/>' * width + "</w:tblGrid>")
    for number, row in enumerate(rows):
        cells = []
        for column, item in enumerate(row):
            placed = item or Placed(number, column, Cell())
            if placed.column == column:
                cells.append(_cell(placed, number))
        lines.append(f"<w:tr>{''.join(cells)}</w:tr>")
    lines.append("</w:tbl>")
    return "".join(lines)


def write_document(parts: Sequence[Part], *, title: str) -> bytes:
    """Return a document of the parts in their order."""
    body = "".join(_paragraph(part) if isinstance(part, str) else _table(part) for part in parts)
    document = f'{_HEAD}<w:document xmlns:w="{_W}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    styles = (
        f'{_HEAD}<w:styles xmlns:w="{_W}"><w:style w:type="paragraph" w:default="1" w:styleId="Normal">'
        '<w:name w:val="Normal"/></w:style><w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/>'
        "</w:style></w:styles>"
    )
    core = (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></cp:coreProperties>'
    )
    types = (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    )
    relations = (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/></Relationships>'
    )
    document_relations = (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    )
    return pack_parts(
        (
            ("[Content_Types].xml", types),
            ("_rels/.rels", relations),
            ("docProps/core.xml", core),
            ("word/document.xml", document),
            ("word/_rels/document.xml.rels", document_relations),
            ("word/styles.xml", styles),
        )
    )
