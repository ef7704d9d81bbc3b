"""Read PDF by pdfplumber: ruled tables, each cell with its page and box; raised small type separated as marks.

An unruled table is read only if the form gives its vertical lines (`lines_x`); a scanned page is refused, because
recognition would be a guess.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

from pipelines.model.content import Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats.common import MAX_TABLES, CellCounter
from pipelines.reading.formats.pdf_layout import (
    SNAP,
    drop_cutting_fills,
    find_open_sides,
    find_unread_figures,
    is_centre_in,
)
from pipelines.reading.formats.pdf_letters import (
    SMALL,
    Char,
    Stroke,
    drop_overprints,
    find_strokes,
    keep_letters_plain,
    mark_unknown_letters,
    read_cell_words,
    read_words,
)
from pipelines.reading.formats.pdf_parallel import run_both
from pipelines.reading.formats.pdf_streams import guard_streams

MAX_PAGES = 500
_TAIL = 1024
"""Bytes at the end in which PDF readers look for the mark `%%EOF`."""
TITLE_REACH = 72.0
"""Points above a table that are searched for its title: an inch holds three or four lines."""

RULES: dict[str, tuple[str, str]] = {
    "read.pdf.scanned": (
        "The PDF holds pictures of pages and no text (a scan or photograph).",
        "Send the file from which it was printed (workbook or document), or a PDF exported from it.",
    ),
    "read.pdf.page_is_picture": (
        "Page {page} is a picture without text and was not read.",
        "If it holds figures of the return, send them as text or in a workbook.",
    ),
    "read.pdf.too_many_pages": (
        "The PDF has more than {limit} pages.",
        "Send only the pages that hold the tables of the return.",
    ),
    "read.pdf.no_table": (
        "The PDF holds text but no table drawn with lines.",
        "Send the workbook or document behind it, or export the PDF with visible cell borders. If you cannot do "
        "that, ask the secretariat to declare where the columns of this form are.",
    ),
    "read.pdf.unread_figures": (
        "Page {page} has figures outside the ruled tables ({seen}), which were not read.",
        "If they belong to the return, draw borders around all cells of the table, or send the workbook behind it.",
    ),
    "read.pdf.unknown_letters": (
        "Page {page} has {count} letters of a font that does not say which letters they are.",
        "Each is shown as \ufffd. Send the workbook or document behind the PDF, or export it again with embedded "
        "fonts.",
    ),
    "read.pdf.bomb": (
        "A part of the PDF unpacks to over {megabytes} MB.",
        "Export the PDF again from the program that made it.",
    ),
    "read.pdf.extraction_forbidden": (
        "The PDF does not allow its text to be copied. It was read anyway, because its sender submitted it for this "
        "purpose.",
        "Nothing to do.",
    ),
}

_Box = tuple[float, float, float, float]


def looks_like(head: bytes, data: bytes) -> bool:
    """Return True if the first kilobyte has the PDF signature: viewers accept it anywhere there."""
    return b"%PDF-" in head[:1024]


def read_file(
    data: bytes,
    *,
    encodings: tuple[str, ...] = (),
    lines_x: Sequence[float] = (),
    pages: Sequence[int] = (),
) -> Grid:
    """Return one table for each ruled table of each page, named `page P table N`.

    `lines_x` gives the x positions (points from the left) of the column borders of an unruled table, whose rows are the
    lines of text; `pages` (from 1) limits reading. `encodings` is not used.
    Raises ReadError: read.encrypted, read.malformed, read.pdf.*, read.too_many_cells, read.too_many_tables.
    """
    import pdfplumber
    from pdfplumber.utils.exceptions import PdfminerException

    guard_streams(data)
    try:
        document = pdfplumber.open(io.BytesIO(data))
    except PdfminerException as error:
        if "Password" in repr(error):
            raise ReadError("read.encrypted") from error
        raise _describe_damage(data) from error
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # pdfminer passes on struct, zlib, type and assertion errors
        raise _describe_damage(data) from error
    try:
        with document:  # closing it looks at its pages again, and may fail on them
            return _Reading(document, lines_x, pages).read_grid()
    except (ReadError, MemoryError, RecursionError):
        raise
    except Exception as error:
        raise _describe_damage(data) from error


def _count_pages(document: Any) -> int:
    """Return the number of pages; refuse too many before any of them is built."""
    from pdfminer.pdfpage import PDFPage

    count = sum(1 for _ in islice(PDFPage.create_pages(document), MAX_PAGES + 1))
    if count > MAX_PAGES:
        raise ReadError("read.pdf.too_many_pages", limit=MAX_PAGES)
    return count


def _describe_damage(data: bytes) -> ReadError:
    """Describe a damaged PDF: the libraries' messages (`Unexpected EOF`) mean nothing to its sender."""
    has_end_mark = b"%%EOF" in data[-_TAIL:]
    return ReadError(
        "read.malformed", format="PDF", detail="its structure is broken" if has_end_mark else "its end is missing"
    )


_HALVED_FROM = 12
"""Number of pages from which two processes are faster: a page of figures takes some 60 ms, a fork a few."""


@dataclass
class _Part:
    """Content of some pages of a document, in their order."""

    letters: int = 0
    pictures: int = 0
    filled: int = 0
    tables: list[SourceTable] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    outside: list[tuple[Where, str]] = field(default_factory=list)
    above: int | None = None
    """Number of the lines outside that come before the first table, None without a table."""


class _Reading:
    """One pass over the pages of an open document."""

    def __init__(self, document: Any, lines_x: Sequence[float], pages: Sequence[int]) -> None:
        self.document = document
        self.lines_x = sorted(lines_x)
        self.wanted = frozenset(pages)
        self.gate = CellCounter()
        self.part = _Part()

    def read_grid(self) -> Grid:
        """Read all requested pages; raise for a document that is scanned or has no table."""
        count = _count_pages(self.document.doc)
        if count == 0:
            raise ReadError("read.malformed", format="pdf", detail="no pages")
        pages = [page for page in self.document.pages if not self.wanted or page.page_number in self.wanted]
        parts = [self._read_pages(pages)] if len(pages) < _HALVED_FROM else self._read_in_halves(pages)
        letters, pictures = sum(part.letters for part in parts), sum(part.pictures for part in parts)
        tables = tuple(table for part in parts for table in part.tables)
        remarks = [remark for part in parts for remark in part.remarks]
        if letters == 0:
            raise ReadError("read.pdf.scanned" if pictures else "read.pdf.no_table")
        if not tables:
            raise ReadError("read.pdf.no_table")
        if self._forbids_copying():
            remarks.append(Remark("read.pdf.extraction_forbidden", Where()))
        outside = tuple(line for part in parts for line in part.outside)
        first = next(number for number, part in enumerate(parts) if part.above is not None)
        above = sum(len(part.outside) for part in parts[:first]) + (parts[first].above or 0)
        return Grid("pdf", tables, self._read_properties(count), tuple(remarks), outside, above)

    def _read_in_halves(self, pages: Sequence[Any]) -> list[_Part]:
        """Read both halves of the pages at once; the limits apply to both together."""
        middle = (len(pages) + 1) // 2
        second = _Reading(self.document, self.lines_x, ())
        parts = list(run_both(lambda: self._read_pages(pages[:middle]), lambda: second._read_pages(pages[middle:])))
        where = Where(page=pages[middle].page_number)
        CellCounter().count_filled(where, sum(part.filled for part in parts))
        if sum(len(part.tables) for part in parts) > MAX_TABLES:
            raise ReadError("read.too_many_tables", where, limit=MAX_TABLES)
        return parts

    def _read_pages(self, pages: Sequence[Any]) -> _Part:
        for page in pages:
            keep_letters_plain(page)
            chars = page.chars
            self.part.letters += len(chars)
            if not chars and page.images:
                self.part.pictures += 1
                number = page.page_number
                self.part.remarks.append(Remark("read.pdf.page_is_picture", Where(page=number), {"page": number}))
            elif chars:
                self._read_page(page)
            page.close()  # otherwise every page's objects stay in memory: 1,054 MB instead of 67 MB over 110 pages
        self.part.filled = self.gate.filled
        return self.part

    def _read_properties(self, count: int) -> dict[str, Scalar]:
        properties: dict[str, Scalar] = {"pages": count}
        for key in ("Title", "Producer", "Creator"):
            value = self.document.metadata.get(key)
            if isinstance(value, str) and value:
                properties[key.lower()] = value
        return properties

    def _forbids_copying(self) -> bool:
        return bool(getattr(self.document.doc, "encryption", None)) and not self.document.doc.is_extractable

    def _read_page(self, page: Any) -> None:
        """Read the tables of a page, from top to bottom, and the lines outside them."""
        chars = drop_overprints([char for char in page.chars if char["text"].strip() or char["text"] == " "])
        if unknown := mark_unknown_letters(chars):
            params: dict[str, Scalar] = {"page": page.page_number, "count": unknown}
            self.part.remarks.append(Remark("read.pdf.unknown_letters", Where(page=page.page_number), params))
        unruled = [_find_unruled_boxes(page, chars, self.lines_x)] if self.lines_x else None
        tables = [boxes for boxes in unruled or _find_ruled_boxes(page, chars) if boxes]
        tables.sort(key=lambda boxes: (min(box[1] for box in boxes), min(box[0] for box in boxes)))
        self._collect_outside_lines(page.page_number, chars, [_bounding_box(boxes) for boxes in tables])
        strokes = find_strokes(page)
        floor = 0.0
        for number, boxes in enumerate(tables, start=1):
            if len(self.part.tables) >= MAX_TABLES:
                raise ReadError("read.too_many_tables", Where(page=page.page_number), limit=MAX_TABLES)
            cells = self._read_cells(page.page_number, boxes, chars, strokes)
            top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
            title = _find_title(chars, floor, top)
            floor = bottom
            name = f"page {page.page_number} table {number}"
            self.part.tables.append(SourceTable(name, tuple(cells), title, False, page.page_number))

    def _collect_outside_lines(self, page: int, chars: Sequence[Char], tables: Sequence[_Box]) -> None:
        """Collect the lines of a page that are outside tables."""
        free = [c for c in chars if not any(is_centre_in(c, table) for table in tables)]
        if not self.lines_x and (line := find_unread_figures(free, tables)) is not None:
            params: dict[str, Scalar] = {"page": page, "seen": line[:80]}
            self.part.remarks.append(Remark("read.pdf.unread_figures", Where(page=page), params))
        if tables and self.part.above is None:
            top = min(table[1] for table in tables)
            above = [char for char in free if char["bottom"] <= top]
            self.part.above = len(self.part.outside) + len(_read_lines(above))
        self.part.outside += [(Where(page=page), line) for line in _read_lines(free)]

    def _read_cells(
        self, page: int, boxes: Sequence[_Box], chars: Sequence[Char], strokes: Sequence[Stroke]
    ) -> list[SourceCell]:
        """Assign the letters of a page to the boxes of a table; a box over several grid positions is spread."""
        lefts = _merge_edges([box[0] for box in boxes])
        tops = _merge_edges([box[1] for box in boxes])
        spans: list[tuple[int, int, int, int, _Box]] = []
        owner: dict[tuple[int, int], int] = {}
        for box in boxes:
            row, column = _strip_index(tops, box[1]), _strip_index(lefts, box[0])
            last_row = max(row, _strip_index(tops, box[3] - 2 * SNAP))
            last_column = max(column, _strip_index(lefts, box[2] - 2 * SNAP))
            spans.append((row, column, last_row, last_column, box))
            for r in range(row, last_row + 1):
                for c in range(column, last_column + 1):
                    owner.setdefault((r, c), len(spans) - 1)
        letters: list[list[Char]] = [[] for _ in spans]
        for char in chars:
            x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
            at = owner.get((_strip_index(tops, y), _strip_index(lefts, x)))
            if at is not None and _is_inside(x, y, spans[at][4]):
                letters[at].append(char)
        contents = [
            read_cell_words(cell_letters, strokes, span[4]) for cell_letters, span in zip(letters, spans, strict=True)
        ]
        cells = []
        for (r, c), at in sorted(owner.items()):
            row, column, _, _, box = spans[at]
            text, marks, struck = contents[at]
            where = Where(page=page, box=(round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1)))
            if text:
                self.gate.count_filled(where)
            value = text or None
            spread = (r, c) != (row, column)
            cells.append(
                SourceCell(
                    row=r + 1,
                    column=c + 1,
                    text=text,
                    value=value,
                    where=where,
                    kind="text" if text else "blank",
                    anchor=(row + 1, column + 1),
                    spread=spread,
                    marks=marks,
                    struck=struck,
                )
            )
        return cells


def _merge_edges(values: list[float]) -> list[float]:
    """Return the positions of lines; lines within `SNAP` count as one."""
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > SNAP:
            edges.append(value)
    return edges


def _strip_index(edges: list[float], value: float) -> int:
    """Return the index of the strip between two edges that holds a position; an edge belongs to the next strip."""
    return max(bisect_right(edges, value + 0.01) - 1, 0)


def _is_inside(x: float, y: float, box: _Box) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _read_lines(chars: list[Char]) -> list[str]:
    """Return the lines of letters, without blank ones."""
    return [line for line in read_words(chars)[0].splitlines() if line.strip()]


def _bounding_box(boxes: Sequence[_Box]) -> _Box:
    """Return the area of a table."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _find_title(chars: Sequence[Char], floor: float, top: float) -> str | None:
    """Return the lines just above a table, at most an inch up and not above the table before."""
    above = [c for c in chars if max(floor, top - TITLE_REACH) <= c["top"] and c["bottom"] <= top + 1]
    return read_words(above)[0] or None


def _find_ruled_boxes(page: Any, chars: Sequence[Char]) -> list[list[_Box]]:
    """Return the boxes of each ruled table, with those at open sides; fillings that cut a word do not count."""
    columns = drop_cutting_fills(page.edges, page.rects, chars)
    settings = {} if columns is None else {"vertical_strategy": "explicit", "explicit_vertical_lines": columns}
    finder = page.debug_tablefinder(settings)
    if sides := find_open_sides(finder.edges, chars):
        finder = page.debug_tablefinder({**settings, "explicit_vertical_lines": [*(columns or ()), *sides]})
    return [table.cells for table in finder.tables]


def _find_unruled_boxes(page: Any, chars: Sequence[Char], lines_x: list[float]) -> list[_Box]:
    """Return the boxes of a table without rules: columns between the given positions, a row for every line of text."""
    inner = [c for c in chars if c["text"].strip() and lines_x[0] <= (c["x0"] + c["x1"]) / 2 <= lines_x[-1]]
    if not inner or len(lines_x) < 2:
        return []
    ordinary = Counter(round(c["size"], 1) for c in inner).most_common(1)[0][0]
    lines: list[list[float]] = []
    for char in sorted((c for c in inner if c["size"] >= SMALL * ordinary), key=lambda c: c["bottom"]):
        if lines and char["bottom"] - lines[-1][1] <= 0.4 * ordinary:
            lines[-1][0] = min(lines[-1][0], char["top"])
            lines[-1][1] = max(lines[-1][1], char["bottom"])
        else:
            lines.append([char["top"], char["bottom"]])
    borders = [lines[0][0] - 1]
    borders += [(upper[1] + lower[0]) / 2 for upper, lower in pairwise(lines)]
    borders.append(lines[-1][1] + 1)
    return [
        (left_edge, top, right_edge, bottom)
        for top, bottom in pairwise(borders)
        for left_edge, right_edge in pairwise(lines_x)
    ]
