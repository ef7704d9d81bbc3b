"""Read Word documents (`.docx`): tables with exact spans, raised runs as marks, the paragraph above as title.

python-docx opens the package, behind `zipguard.inspect_container` (on its own it silently drops an entity and changes
the text); rows and cells are walked here, since its own lists omit cells in content controls and inserted text. Running
text outside tables is returned as it is, without a meaning.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pipelines.model.content import Grid, ReadError, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats import budget
from pipelines.reading.formats.common import MAX_TABLES, CellCounter, malformed_error
from pipelines.reading.formats.xmlguard import ContainerContents
from pipelines.reading.formats.zipguard import inspect_container

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


def read_file(data: bytes, *, encodings: tuple[str, ...] = (), contents: ContainerContents | None = None) -> Grid:
    """Return each table of the document, nested ones after the table that contains them; `encodings` is not used.

    Raises ReadError: the guard's, read.unsupported, read.malformed, read.no_table, read.too_many_cells,
    read.spread_too_large.
    """
    contents = contents or inspect_container(data)
    budget.raise_for_file("docx", len(data), contents.unpacked)
    if contents.strict:
        raise ReadError(
            "read.unsupported", kind="a document saved as 'Strict Open XML'", instead="Word document (.docx)"
        )
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        body = document.element.body
        reading = _Reading(_read_footnotes(document), _find_raised_styles(document), _find_struck_styles(document))
        outside_texts = list(_iter_outside_texts(document))
        title = document.core_properties.title
    except MemoryError:
        raise
    # python-docx passes on KeyError, ValueError and XMLSyntaxError; a part of a wrong type has no such attribute.
    except Exception as error:
        raise malformed_error("docx", error) from error
    if body is None:
        raise ReadError("read.malformed", format="docx", detail="no body")
    reading.read_block(body)
    reading.outside += outside_texts
    if not reading.tables:
        raise ReadError("read.no_table", format="docx")
    properties: dict[str, Scalar] = {"title": title} if title else {}
    return Grid(
        "docx", tuple(reading.tables), properties, tuple(contents.remarks), tuple(reading.outside), reading.above
    )


def _read_footnotes(document: Any) -> dict[str, str]:
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


def _iter_outside_texts(document: Any) -> Iterator[tuple[Where, str]]:
    """Yield the text of headers, footers, comments and notes, each part with its name."""
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


def _find_raised_styles(document: Any) -> set[str]:
    """Return the character styles that raise their text."""
    style_ids = set()
    for style in document.styles.element.iter(f"{_W}style"):
        align = style.find(f"{_W}rPr/{_W}vertAlign")
        if align is not None and align.get(f"{_W}val") == "superscript":
            style_ids.add(style.get(f"{_W}styleId", ""))
    return style_ids


def _find_struck_styles(document: Any) -> set[str]:
    """Return the styles whose text is struck through or hidden, by themselves or by a style they are based on."""
    stated_strikes: dict[str, bool] = {}
    parents: dict[str, str] = {}
    for style in document.styles.element.iter(f"{_W}style"):
        name = style.get(f"{_W}styleId", "")
        if (is_struck := _strikes_out(style.find(f"{_W}rPr"))) is not None:
            stated_strikes[name] = is_struck
        if (parent := style.find(f"{_W}basedOn")) is not None:
            parents[name] = parent.get(f"{_W}val", "")

    def inherits_strike(name: str) -> bool:
        for _ in range(len(parents) + 1):
            if name in stated_strikes:
                return stated_strikes[name]
            name = parents.get(name, "")
        return False

    return {name for name in {*stated_strikes, *parents} if inherits_strike(name)}


def _strikes_out(properties: Any) -> bool | None:
    """Return whether properties of a run or style strike its text through or hide it; None if they do not say."""
    if properties is None:
        return None
    stated = [
        element for name in ("strike", "dstrike", "vanish") if (element := properties.find(f"{_W}{name}")) is not None
    ]
    return any(map(_is_on, stated)) if stated else None


class _Reading:
    """Walk through the body, once and in document order."""

    def __init__(self, notes: dict[str, str], raised_styles: set[str], struck_styles: set[str]) -> None:
        self.notes = notes
        self.raised_styles = raised_styles
        self.struck_styles = struck_styles
        self.gate = CellCounter()
        self.tables: list[SourceTable] = []
        self.title: str | None = None
        self.paragraphs = 0
        self.outside: list[tuple[Where, str]] = []
        self.above = 0

    def read_block(self, parent: Any) -> None:
        """Read the paragraphs and tables of the body or of a content control."""
        for element in parent:
            if element.tag == f"{_W}p":
                text = _ParagraphText(self, [element]).text.strip()
                self.title = text or self.title
                if text:
                    self.gate.count_filled(Where())
                    self.paragraphs += 1
                    self.outside.append((Where(keyword="Paragraph", line=self.paragraphs), text))
            elif element.tag == f"{_W}tbl":
                self.read_table(element)
            elif element.tag in _WRAPPERS:
                self.read_block(element)

    def read_table(self, element: Any) -> None:
        number = len(self.tables) + 1
        if number > MAX_TABLES:
            raise ReadError("read.too_many_tables", limit=MAX_TABLES)
        if number == 1:
            self.above = len(self.outside)
        title, self.title = self.title, None
        self.tables.append(SourceTable(f"table {number}", (), title))
        nested: list[Any] = []
        cells = self._read_cells(element, number, nested)
        self.tables[number - 1] = SourceTable(f"table {number}", tuple(cells), title)
        for inner in nested:
            self.read_table(inner)

    def _read_cells(self, element: Any, number: int, nested: list[Any]) -> list[SourceCell]:
        """Read the cells of a table; horizontal and vertical merges repeat the cell they start from."""
        cells: dict[tuple[int, int], SourceCell] = {}
        above: dict[int, tuple[int, int]] = {}
        for row, tr in enumerate(_iter_children(element, f"{_W}tr"), start=1):
            hidden = tr.find(f"{_W}trPr/{_W}hidden") is not None
            column = 1 + _attribute_number(tr.find(f"{_W}trPr/{_W}gridBefore"), 0)
            current: dict[int, tuple[int, int]] = {}
            for tc in _iter_children(tr, f"{_W}tc"):
                width = _attribute_number(tc.find(f"{_W}tcPr/{_W}gridSpan"), 1)
                merge = tc.find(f"{_W}tcPr/{_W}vMerge")
                where = Where(table=number, cell=f"R{row}C{column}")
                self.gate.count_covered(where, width)
                continues = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
                anchor = above.get(column) if continues else None
                if anchor is not None:
                    source = cells[anchor]
                else:
                    anchor = (row, column)
                    source = self._read_cell(tc, row, column, where, hidden, nested)
                    cells[anchor] = source
                for c in range(column, column + width):
                    if (row, c) != anchor:
                        cells[row, c] = _spread_copy(source, row, c, Where(table=number, cell=f"R{row}C{c}"))
                if merge is not None:
                    current[column] = anchor
                column += max(width, 1)
            above = current
        return [cells[position] for position in sorted(cells)]

    def _read_cell(self, tc: Any, row: int, column: int, where: Where, hidden: bool, nested: list[Any]) -> SourceCell:
        """Read one cell; append the tables inside it to `nested`."""
        paragraphs = list(_iter_children(tc, f"{_W}p"))
        nested.extend(_iter_children(tc, f"{_W}tbl"))
        words = _ParagraphText(self, paragraphs)
        text = words.text or words.struck or ""
        if text:
            self.gate.count_filled(where)
        return SourceCell(
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
            struck=words.struck,
        )


class _ParagraphText:
    """Text of some paragraphs: lines, raised runs, footnotes; a paragraph is a line.

    `struck` is what is struck through, deleted or hidden next to text that counts; `hidden` if all of it is hidden.
    """

    def __init__(self, reading: _Reading, paragraphs: list[Any]) -> None:
        self.reading = reading
        self.plain: list[str] = []
        self.raised: list[str] = []
        self.notes: list[str] = []
        self.removed: list[str] = []
        self.vanished: list[str] = []
        lines = []
        for paragraph in paragraphs:
            start = len(self.plain)
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            self._read_element(paragraph, style is not None and style.get(f"{_W}val") in reading.struck_styles)
            lines.append("".join(self.plain[start:]))
        self.text = "\n".join(lines).strip()
        self.marks: str | None = "".join(self.raised).strip() or None
        if not self.text and self.marks and not self.notes:
            self.text, self.marks = self.marks, None
        hidden_text = "".join(self.vanished).strip()
        removed_text = "".join(self.removed).strip()
        self.hidden = bool(hidden_text) and not self.text and not removed_text
        if self.hidden:
            self.text, hidden_text = hidden_text, ""
        self.struck: str | None = removed_text + hidden_text or None
        self.note: str | None = "\n".join(self.notes) or None

    def _read_element(self, element: Any, is_struck: bool) -> None:
        for child in element:
            if child.tag == f"{_W}r":
                self._read_run(child, is_struck)
            elif child.tag in _WRAPPERS or child.tag in (f"{_W}hyperlink", f"{_W}fldSimple"):
                self._read_element(child, is_struck)
            elif child.tag in _DELETED:
                self.removed += [text.text or "" for text in child.iter(f"{_W}t", f"{_W}delText")]

    def _read_run(self, run: Any, is_struck: bool) -> None:
        properties = run.find(f"{_W}rPr")
        target = self.raised if self._is_raised(properties) else self.plain
        if properties is not None and _is_on(properties.find(f"{_W}vanish")):
            target = self.vanished
        elif self._is_struck(properties, is_struck):
            target = self.removed
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

    def _is_struck(self, properties: Any, is_paragraph_struck: bool) -> bool:
        if properties is None:
            return is_paragraph_struck
        if (stated_strike := _strikes_out(properties)) is not None:
            return stated_strike
        style = properties.find(f"{_W}rStyle")
        return is_paragraph_struck or (style is not None and style.get(f"{_W}val") in self.reading.struck_styles)

    def _is_raised(self, properties: Any) -> bool:
        if properties is None:
            return False
        align = properties.find(f"{_W}vertAlign")
        if align is not None:
            return bool(align.get(f"{_W}val") == "superscript")
        style = properties.find(f"{_W}rStyle")
        return style is not None and style.get(f"{_W}val") in self.reading.raised_styles


def _iter_children(parent: Any, wanted: str) -> Iterator[Any]:
    """Yield children of a kind, also those wrapped in content controls or tracked insertions, but not deleted ones."""
    for child in parent:
        if child.tag == wanted:
            yield child
        elif child.tag in _WRAPPERS and child.tag not in _DELETED:
            yield from _iter_children(child, wanted)


def _is_on(element: Any) -> bool:
    return element is not None and element.get(f"{_W}val", "1") not in ("0", "false", "off")


def _attribute_number(element: Any, default: int) -> int:
    if element is None:
        return default
    value = element.get(f"{_W}val", "")
    if not value.isdigit() or len(value) > 6 or int(value) > _MAX_SPAN:
        raise ReadError("read.malformed", format="docx", detail=f"span {value[:20]!r}")
    return int(value)


def _spread_copy(source: SourceCell, row: int, column: int, where: Where) -> SourceCell:
    return SourceCell(
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
        struck=source.struck,
    )
