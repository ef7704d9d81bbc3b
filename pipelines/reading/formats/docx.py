"""Word documents (`.docx`): tables with exact spans, raised runs as marks, the paragraph above as title.

python-docx opens the package, behind `zipguard.inspect` (on its own it drops an entity and changes the text without a
word); rows and cells are walked here, since its own lists leave out cells in content controls and inserted text.
Running text outside tables is given as it stands, without a meaning.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pipelines.model.content import Cell, Grid, ReadError, Scalar, Table, Where
from pipelines.reading.formats import budget
from pipelines.reading.formats.common import MAX_TABLES, Gate, malformed
from pipelines.reading.formats.xmlguard import Contents
from pipelines.reading.formats.zipguard import inspect

RULES: dict[str, tuple[str, str]] = {
    "read.no_table": (
        "The {format} file holds no table.",
        "Put the figures in a table, or send the workbook they come from.",
    ),
}

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_SPAN = 1_000
_DELETED = {f"{_W}del", f"{_W}moveFrom"}
_WRAPPERS = {f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins", f"{_W}moveTo", f"{_W}smartTag"}


def read(data: bytes, *, encodings: tuple[str, ...] = (), contents: Contents | None = None) -> Grid:
    """Each table of the document, nested ones after the table that holds them; `encodings` has no meaning here.

    Raises ReadError: the guard's, read.malformed, read.no_table, read.too_many_cells, read.spread_too_large.
    """
    contents = contents or inspect(data)
    budget.earn("docx", len(data), contents.unpacked)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        body = document.element.body
        notes = _footnotes(document)
    except MemoryError:
        raise
    except Exception as error:  # python-docx lets KeyError, ValueError and XMLSyntaxError through
        raise malformed("docx", error) from error
    if body is None:
        raise ReadError("read.malformed", format="docx", detail="no body")
    reading = _Reading(notes, _raised_styles(document))
    reading.block(body)
    reading.outside += _beside(document)
    if not reading.tables:
        raise ReadError("read.no_table", format="docx")
    properties: dict[str, Scalar] = {}
    if document.core_properties.title:
        properties["title"] = document.core_properties.title
    return Grid("docx", tuple(reading.tables), properties, tuple(contents.remarks), tuple(reading.outside))


def _footnotes(document: Any) -> dict[str, str]:
    from lxml import etree

    for relation in document.part.rels.values():
        if relation.reltype.endswith("/footnotes") and not relation.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
            root = etree.fromstring(relation.target_part.blob, parser)
            return {
                note.get(f"{_W}id", ""): "".join(t.text or "" for t in note.iter(f"{_W}t")).strip()
                for note in root.iter(f"{_W}footnote")
            }
    return {}


def _beside(document: Any) -> Iterator[tuple[Where, str]]:
    """Words of headers, footers, comments and notes, each part with its name."""
    from lxml import etree

    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if relation.is_external or kind not in ("header", "footer", "comments", "footnotes", "endnotes"):
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        for paragraph in etree.fromstring(relation.target_part.blob, parser).iter(f"{_W}p"):
            text = "".join(t.text or "" for t in paragraph.iter(f"{_W}t")).strip()
            if text:
                yield Where(keyword=kind.capitalize()), text


def _raised_styles(document: Any) -> set[str]:
    """Character styles that raise their text."""
    out = set()
    for style in document.styles.element.iter(f"{_W}style"):
        align = style.find(f"{_W}rPr/{_W}vertAlign")
        if align is not None and align.get(f"{_W}val") == "superscript":
            out.add(style.get(f"{_W}styleId", ""))
    return out


class _Reading:
    """Walks the body once, in document order."""

    def __init__(self, notes: dict[str, str], raised_styles: set[str]) -> None:
        self.notes = notes
        self.raised_styles = raised_styles
        self.gate = Gate()
        self.tables: list[Table] = []
        self.title: str | None = None
        self.paragraphs = 0
        self.outside: list[tuple[Where, str]] = []

    def block(self, parent: Any) -> None:
        """Paragraphs and tables of the body or of a content control."""
        for element in parent:
            if element.tag == f"{_W}p":
                text = _Words(self, [element]).text.strip()
                self.title = text or self.title
                if text:
                    self.gate.fill(Where())
                    self.paragraphs += 1
                    self.outside.append((Where(keyword="Paragraph", line=self.paragraphs), text))
            elif element.tag == f"{_W}tbl":
                self.table(element)
            elif element.tag in _WRAPPERS:
                self.block(element)

    def table(self, element: Any) -> None:
        number = len(self.tables) + 1
        if number > MAX_TABLES:
            raise ReadError("read.too_many_tables", limit=MAX_TABLES)
        title, self.title = self.title, None
        self.tables.append(Table(f"table {number}", (), title))
        nested: list[Any] = []
        cells = self._cells(element, number, nested)
        self.tables[number - 1] = Table(f"table {number}", tuple(cells), title)
        for inner in nested:
            self.table(inner)

    def _cells(self, element: Any, number: int, nested: list[Any]) -> list[Cell]:
        out: dict[tuple[int, int], Cell] = {}
        above: dict[int, tuple[int, int]] = {}
        for row, tr in enumerate(_inside(element, f"{_W}tr"), start=1):
            hidden = tr.find(f"{_W}trPr/{_W}hidden") is not None
            column = 1 + _number(tr.find(f"{_W}trPr/{_W}gridBefore"), 0)
            current: dict[int, tuple[int, int]] = {}
            for tc in _inside(tr, f"{_W}tc"):
                width = _number(tc.find(f"{_W}tcPr/{_W}gridSpan"), 1)
                merge = tc.find(f"{_W}tcPr/{_W}vMerge")
                where = Where(table=number, cell=f"R{row}C{column}")
                self.gate.cover(where, width)
                continues = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
                anchor = above.get(column) if continues else None
                if anchor is not None:
                    source = out[anchor]
                else:
                    anchor = (row, column)
                    source = self._cell(tc, row, column, where, hidden, nested)
                    out[anchor] = source
                for c in range(column, column + width):
                    if (row, c) != anchor:
                        out[row, c] = _copy(source, row, c, Where(table=number, cell=f"R{row}C{c}"))
                if merge is not None:
                    current[column] = anchor
                column += max(width, 1)
            above = current
        return [out[position] for position in sorted(out)]

    def _cell(self, tc: Any, row: int, column: int, where: Where, hidden: bool, nested: list[Any]) -> Cell:
        paragraphs = list(_inside(tc, f"{_W}p"))
        nested.extend(_inside(tc, f"{_W}tbl"))
        words = _Words(self, paragraphs)
        text = words.text
        if text:
            self.gate.fill(where)
        return Cell(
            row=row,
            column=column,
            text=text,
            value=text or None,
            where=where,
            kind="text" if text else "blank",
            anchor=(row, column),
            hidden=hidden or words.hidden,
            note=words.note,
            marks=words.marks,
        )


class _Words:
    """The words of some paragraphs: text, raised runs, footnotes; a paragraph is a line."""

    def __init__(self, reading: _Reading, paragraphs: list[Any]) -> None:
        self.reading = reading
        self.plain: list[str] = []
        self.raised: list[str] = []
        self.notes: list[str] = []
        self.shown = self.vanished = 0
        lines = []
        for paragraph in paragraphs:
            start = len(self.plain)
            self._walk(paragraph)
            lines.append("".join(self.plain[start:]))
        self.text = "\n".join(lines).strip()
        self.marks: str | None = "".join(self.raised).strip() or None
        if not self.text and self.marks and not self.notes:
            self.text, self.marks = self.marks, None
        self.hidden = self.vanished > 0 and self.shown == 0
        self.note: str | None = "\n".join(self.notes) or None

    def _walk(self, element: Any) -> None:
        for child in element:
            if child.tag == f"{_W}r":
                self._run(child)
            elif child.tag in _WRAPPERS or child.tag in (f"{_W}hyperlink", f"{_W}fldSimple"):
                self._walk(child)

    def _run(self, run: Any) -> None:
        properties = run.find(f"{_W}rPr")
        target = self.raised if self._is_raised(properties) else self.plain
        vanish = properties is not None and _is_on(properties.find(f"{_W}vanish"))
        for part in run:
            local = part.tag.rpartition("}")[2] if isinstance(part.tag, str) else ""
            piece = ""
            if local == "t":
                piece = part.text or ""
            elif local in ("tab", "br", "cr"):
                piece = "\t" if local == "tab" else "\n"
            elif local == "noBreakHyphen":
                piece = "\u2011"
            elif local == "softHyphen":
                piece = "\u00ad"
            elif local == "footnoteReference":
                number = part.get(f"{_W}id", "")
                self.raised.append(number)
                self.notes.append(self.reading.notes.get(number, ""))
            if piece:
                target.append(piece)
                if piece.strip():
                    self.vanished += vanish
                    self.shown += not vanish

    def _is_raised(self, properties: Any) -> bool:
        if properties is None:
            return False
        align = properties.find(f"{_W}vertAlign")
        if align is not None:
            return bool(align.get(f"{_W}val") == "superscript")
        style = properties.find(f"{_W}rStyle")
        return style is not None and style.get(f"{_W}val") in self.reading.raised_styles


def _inside(parent: Any, wanted: str) -> Iterator[Any]:
    """Children of a kind, also those wrapped in content controls or tracked insertions, not deleted ones."""
    for child in parent:
        if child.tag == wanted:
            yield child
        elif child.tag in _WRAPPERS and child.tag not in _DELETED:
            yield from _inside(child, wanted)


def _is_on(element: Any) -> bool:
    return element is not None and element.get(f"{_W}val", "1") not in ("0", "false", "off")


def _number(element: Any, default: int) -> int:
    if element is None:
        return default
    value = element.get(f"{_W}val", "")
    if not value.isdigit() or len(value) > 6 or int(value) > _MAX_SPAN:
        raise ReadError("read.malformed", format="docx", detail=f"span {value[:20]!r}")
    return int(value)


def _copy(source: Cell, row: int, column: int, where: Where) -> Cell:
    return Cell(
        row=row,
        column=column,
        text=source.text,
        value=source.value,
        where=where,
        kind=source.kind,
        anchor=source.anchor,
        spread=True,
        hidden=source.hidden,
        note=source.note,
        marks=source.marks,
    )
