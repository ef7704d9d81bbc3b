"""OpenDocument spreadsheets written part by part, the same bytes for the same sheets."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from tests.samples.writers.layout import Placed, Sheet, fill_matrix, format_value
from tests.samples.writers.zipped import pack_parts

_MIME = "application/vnd.oasis.opendocument.spreadsheet"
_NS = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("table", "table"),
        ("text", "text"),
        ("style", "style"),
        ("fo", "xsl-fo-compatible"),
        ("meta", "meta"),
    )
)


def _cell(placed: Placed | None, row: int, column: int) -> str:
    if placed is None:
        return "<table:table-cell/>"
    if (placed.row, placed.column) != (row, column):
        return "<table:covered-table-cell/>"
    cell = placed.cell
    attributes = ' table:style-name="head"' if cell.head else ""
    if cell.across > 1 or cell.down > 1:
        attributes += f' table:number-columns-spanned="{cell.across}" table:number-rows-spanned="{cell.down}"'
    if cell.value is None:
        return f"<table:table-cell{attributes}/>"
    text = format_value(cell.value, decimal=",") + (f" {cell.mark}" if cell.mark else "")
    if isinstance(cell.value, int | float) and not cell.mark:
        attributes += f' office:value-type="float" office:value="{format_value(cell.value)}"'
    else:
        attributes += ' office:value-type="string"'
    return f"<table:table-cell{attributes}><text:p>{escape(text)}</text:p></table:table-cell>"


def _table(sheet: Sheet) -> str:
    rows = fill_matrix(sheet.rows)
    width = max((len(row) for row in rows), default=1)
    lines = [f"<table:table table:name={quoteattr(sheet.name)}>"]
    lines.append(f'<table:table-column table:number-columns-repeated="{width}"/>')
    for number, row in enumerate(rows):
        cells = "".join(_cell(placed, number, column) for column, placed in enumerate(row))
        lines.append(f"<table:table-row>{cells}</table:table-row>")
    lines.append("</table:table>")
    return "".join(lines)


def write_spreadsheet(sheets: Sequence[Sheet], *, title: str = "", language: str = "sr") -> bytes:
    """Return a spreadsheet document of the sheets."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    style = (
        '<style:style style:name="head" style:family="table-cell"><style:paragraph-properties fo:text-align="center"/>'
        '<style:text-properties fo:font-weight="bold"/></style:style>'
    )
    content = (
        f'{head}<office:document-content {_NS} office:version="1.2"><office:automatic-styles>{style}'
        "</office:automatic-styles><office:body><office:spreadsheet>"
        + "".join(_table(sheet) for sheet in sheets)
        + "</office:spreadsheet></office:body></office:document-content>"
    )
    meta = (
        f'{head}<office:document-meta {_NS} xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.2">'
        f"<office:meta><dc:title>{escape(title)}</dc:title><dc:language>{escape(language)}</dc:language>"
        "</office:meta></office:document-meta>"
    )
    manifest = (
        f'{head}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        'manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:version="1.2" manifest:media-type="{_MIME}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        '<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    parts = (
        ("mimetype", _MIME),
        ("content.xml", content),
        ("meta.xml", meta),
        ("META-INF/manifest.xml", manifest),
    )
    return pack_parts(parts, stored=frozenset({"mimetype"}))
