"""Open a workbook by openpyxl with its cells kept plain.

openpyxl makes an object with a style for each cell, three times the work of reading it: here rows of ordinary cells are
taken from the text of their sheet (`xlsx_rows.py`), and everything else (styles, merged areas, notes, unusual cells) is
left to openpyxl, so that the result is the same as of `openpyxl.load_workbook`, which a test compares. Charts,
pictures, pivots and tables are not loaded at all.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple
from xml.etree import ElementTree

from openpyxl.cell import MergedCell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.cell.text import Text
from openpyxl.comments.comment_sheet import CommentSheet
from openpyxl.packaging.relationship import RelationshipList, get_dependents, get_rels_path
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser, WorksheetReader
from openpyxl.worksheet.cell_range import CellRange, MultiCellRange
from openpyxl.xml.constants import COMMENTS_NS, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring

from pipelines.model.content import ReadError, Where
from pipelines.reading.formats.xlsx_rows import LARGEST, TakenRows, leave_whole, take_rows
from pipelines.reading.formats.zipguard import PartArchive

_STRING_TAG, _TEXT_TAG = f"{{{SHEET_MAIN_NS}}}si", f"{{{SHEET_MAIN_NS}}}t"
_DIGITS = "0123456789"


class PlainCell(NamedTuple):
    """Cell as stored: its type as openpyxl names it (`n s b d e f`), its value, its number format.

    `struck` is True if the font of the whole cell is struck through.
    """

    kind: str
    raw: Any
    number_format: str
    struck: bool = False


class OpenedWorkbook(NamedTuple):
    """Workbook and, by the title of its sheet, its cells by (row, column).

    The worksheets of `book` have only the cells that openpyxl made for a merged area, a note or a link.
    """

    book: Any
    cells: dict[str, dict[tuple[int, int], PlainCell]]


def open_book(data: bytes, *, rich_text: bool) -> OpenedWorkbook:
    """Load a workbook. Raises whatever openpyxl raises for a broken one."""
    reader = _Book(io.BytesIO(data), keep_links=False, rich_text=rich_text)
    _find_parts_in_any_spelling(reader)
    reader.read()
    return OpenedWorkbook(reader.wb, reader.cells)


def open_values(data: bytes, *, rich_text: bool) -> Any:
    """Load a workbook as `openpyxl.load_workbook` does, with stored results instead of formulas."""
    reader = ExcelReader(io.BytesIO(data), data_only=True, keep_links=False, rich_text=rich_text)
    _find_parts_in_any_spelling(reader)
    reader.read()
    return reader.wb


def _find_parts_in_any_spelling(reader: ExcelReader) -> None:
    """Let openpyxl find parts as Excel does; it drops a sheet whose part is named with another capital letter."""
    reader.archive = PartArchive(reader.archive.fp)  # type: ignore[arg-type]
    reader.valid_files = reader.archive.namelist()


_column = lru_cache(maxsize=4096)(column_index_from_string)


class _Parser(WorkSheetParser):
    """Parser that returns (row, column, type, value, style) of each cell."""

    def parse_cell(self, element: Any) -> tuple[int, int, str, Any, int]:  # type: ignore[override]
        get = element.get
        if get("s") == "":  # seen; it means no style
            del element.attrib["s"]
        reference, kind, style = get("r"), get("t", "n"), int(get("s", 0))
        if reference and kind in ("n", "s", "str") and style not in self.date_formats:
            letters = reference.rstrip(_DIGITS)
            digits = reference[len(letters) :]
            if digits and digits[0] != "0":
                kind_and_value = self._read_usual_cell(element, kind)
                if kind_and_value is not None:
                    column = self.col_counter = _column(letters)
                    return int(digits), column, *kind_and_value, style
        cell = super().parse_cell(element)
        return cell["row"], cell["column"], cell["data_type"], cell["value"], cell["style_id"]

    def _read_usual_cell(self, element: Any, kind: str) -> tuple[str, Any] | None:
        """Return type and value of a number, a shared text or an ordinary formula; None for anything else."""
        children = len(element)
        if not children:
            return ("s" if kind == "str" else kind), None
        first = element[0]
        if children == 1 and first.tag == VALUE_TAG and kind != "str" and (text := first.text):
            return ("s", self.shared_strings[int(text)]) if kind == "s" else ("n", _parse_number(text))
        if first.tag == FORMULA_TAG and not first.attrib and (children == 1 or element[1].tag == VALUE_TAG):
            return "f", "=" + (first.text or "")
        return None


def _parse_number(text: str) -> int | float:
    return float(text) if "." in text or "E" in text or "e" in text else int(text)


class _Sheet(WorksheetReader):
    """Reader of the plain cells of one sheet. `source` is the sheet without the rows that were `taken`."""

    def __init__(self, sheet: Any, source: Any, taken_rows: TakenRows, book: _Book) -> None:
        super().__init__(sheet, source, book.shared_strings, False, book.rich_text)
        workbook = sheet.parent
        self.parser = _Parser(
            source,
            book.shared_strings,
            False,
            workbook.epoch,
            workbook._date_formats,
            workbook._timedelta_formats,
            book.rich_text,
        )
        self.taken_rows = taken_rows
        self.has_duplicates = False
        """True if a cell occurs twice."""
        self.cells: dict[tuple[int, int], PlainCell] = {}
        self._formats: dict[int, str] = {}

    def bind_cells(self) -> None:
        # A register of 220,000 cells has 40,000 different ones: make each only once.
        plain_cells: dict[tuple[str, ...], PlainCell] = {}
        struck_styles = _find_struck_styles(self.ws.parent)
        for cell_match in self.taken_rows.cells:
            if (plain := plain_cells.get(cell_match[2:])) is None:
                plain = self._make_plain(*cell_match[2:])
                if struck_styles and int(cell_match[2] or 0) in struck_styles:
                    plain = plain._replace(struck=True)
                plain_cells[cell_match[2:]] = plain
            self.cells[int(cell_match[1]), _column(cell_match[0])] = plain
        for _, cells in self.parser.parse():
            for row, column, kind, raw, style in cells:
                self.has_duplicates = self.has_duplicates or (row, column) in self.cells
                self.cells[row, column] = PlainCell(kind, raw, self._format_of_style(style), style in struck_styles)

    def bind_rest(self) -> None:
        """Run all of `bind_all` except the cells."""
        self.bind_merged_cells()
        self.bind_hyperlinks()
        self.bind_formatting()
        self.bind_col_dimensions()
        self.bind_row_dimensions()
        self.bind_tables()
        self.bind_properties()

    def _make_plain(self, style_number: str, kind: str, value: str, formula: str, inline: str) -> PlainCell:
        """Return the cell that openpyxl makes from this text."""
        style = int(style_number or 0)
        number_format = self._format_of_style(style)
        if inline:
            return PlainCell("s", inline, number_format)
        if formula:
            return PlainCell("f", "=" + formula, number_format)
        if not value:
            return PlainCell(kind or "n", None, number_format)
        if kind == "s":
            return PlainCell("s", self.parser.shared_strings[int(value)], number_format)
        number = _parse_number(value)
        if style not in self.parser.date_formats:
            return PlainCell("n", number, number_format)
        try:
            span = style in self.parser.timedelta_formats
            return PlainCell("d", from_excel(number, self.parser.epoch, timedelta=span), number_format)
        except (OverflowError, ValueError):
            return PlainCell("e", "#VALUE!", number_format)

    def _format_of_style(self, style: int) -> str:
        if (number_format := self._formats.get(style)) is None:
            number_format = self._formats[style] = _number_format_of(self.ws.parent, style)
        return number_format

    def bind_merged_cells(self) -> None:
        """Bind merged areas without the borders that openpyxl draws around each."""
        if not self.parser.merged_cells:
            return
        areas = [CellRange(area.ref) for area in self.parser.merged_cells.mergeCell]
        for area in areas:
            first = (area.min_row, area.min_col)
            for position in product(range(area.min_row, area.max_row + 1), range(area.min_col, area.max_col + 1)):
                if position != first:
                    self.ws._cells[position] = MergedCell(self.ws, *position)
        self.ws.merged_cells = MultiCellRange(areas)

    def bind_hyperlinks(self) -> None:
        """Bind links as openpyxl does, but find the target of each in a dictionary instead of a list.

        40,000 links took 43 s of processor time in openpyxl's list.
        """
        sheet: Any = self.ws
        targets = {relation.Id: relation.Target for relation in sheet._rels}
        links = self.parser.hyperlinks.hyperlink
        for link in links:
            if link.id:
                link.target = targets[link.id]
                link.id = None
        super().bind_hyperlinks()


def _find_struck_styles(book: Any) -> frozenset[int]:
    """Return the cell styles whose font is struck through."""
    struck_fonts = {number for number, font in enumerate(book._fonts) if font.strike}
    if not struck_fonts:
        return frozenset()
    return frozenset(number for number, style in enumerate(book._cell_styles) if style.fontId in struck_fonts)


def _number_format_of(book: Any, style: int) -> str:
    """Return the number format of a cell style."""
    number = book._cell_styles[style].numFmtId
    if number < BUILTIN_FORMATS_MAX_SIZE:
        return str(BUILTIN_FORMATS.get(number, "General"))
    custom = number - BUILTIN_FORMATS_MAX_SIZE
    return str(book._number_formats[custom]) if custom < len(book._number_formats) else "General"


def _iter_texts(source: Any, *, rich: bool) -> Iterator[Any]:
    """Yield the shared texts as openpyxl returns them. The guard has refused any DOCTYPE: the plain parser is safe."""
    rich_text: Any = CellRichText
    plain_text: Any = Text
    node: Any
    for _, node in ElementTree.iterparse(source):  # noqa: S314 - see above
        if node.tag == _STRING_TAG:
            if len(node) == 1 and node[0].tag == _TEXT_TAG:
                text: Any = node[0].text or ""
            elif rich:
                runs = rich_text.from_tree(node)
                text = runs if len(runs) > 1 or (runs and not isinstance(runs[0], str)) else "".join(runs)
            else:
                text = plain_text.from_tree(node).content
            node.clear()
            yield text.replace("x005F_", "") if isinstance(text, str) else text


class _Book(ExcelReader):
    """Reader of cells, merged areas, notes, links and hidden parts; of chart sheets only the names."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.cells: dict[str, dict[tuple[int, int], PlainCell]] = {}

    def read_strings(self) -> None:
        """Read the shared texts; the usual ones without the objects that openpyxl makes of each."""
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is None or not part.PartName.casefold().endswith(".xml"):
            super().read_strings()
            return
        with self.archive.open(part.PartName[1:]) as source:
            self.shared_strings = list(_iter_texts(source, rich=self.rich_text))

    def read_worksheets(self) -> None:
        parts: set[str] = set()
        for sheet, place in self.parser.find_sheets():
            if place.target not in self.valid_files:
                raise ReadError("read.malformed", Where(sheet=sheet.name), format="xlsx", detail="a sheet is missing")
            if place.target in parts:
                # The guard has counted a shared part once, and here it would be read for each of the sheets.
                raise ReadError("read.malformed", Where(sheet=sheet.name), format="xlsx", detail="two sheets are one")
            parts.add(place.target)
            if "chartsheet" in place.Type:
                self.wb.create_chartsheet(sheet.name)
                continue
            worksheet = self.wb.create_sheet(sheet.name)
            relations = str(get_rels_path(place.target))  # type: ignore[no-untyped-call]
            worksheet._rels = (
                get_dependents(self.archive, relations) if relations in self.valid_files else RelationshipList()
            )
            self.cells[worksheet.title] = self._read_cells(worksheet, place.target)
            for relation in worksheet._rels.find(COMMENTS_NS):
                self._read_notes(worksheet, relation.target)
            worksheet.sheet_state = sheet.state

    def _read_cells(self, worksheet: Any, part: str) -> dict[tuple[int, int], PlainCell]:
        """Read the cells of a sheet: ordinary rows from its text, the rest by openpyxl, large sheets as a stream."""
        # The guard has checked that parts named .xml are well-formed.
        if not part.casefold().endswith(".xml") or self.archive.getinfo(part).file_size > LARGEST:
            with self.archive.open(part) as source:
                reader = _Sheet(worksheet, source, leave_whole(b""), self)
                reader.bind_all()
            return reader.cells
        data = self.archive.read(part)
        taken_rows = take_rows(data, inline=not self.rich_text)
        reader = _Sheet(worksheet, io.BytesIO(taken_rows.remaining_xml), taken_rows, self)
        reader.bind_cells()
        if taken_rows.cells and reader.has_duplicates:
            # The last occurrence of a cell counts, which only the whole sheet shows.
            reader = _Sheet(worksheet, io.BytesIO(data), leave_whole(data), self)
            reader.bind_cells()
        reader.bind_rest()
        return reader.cells

    def _read_notes(self, worksheet: Any, part: str) -> None:
        root: Any = fromstring(self.archive.read(part))
        notes: Any = CommentSheet.from_tree(root)
        for reference, note in notes.comments:
            cell = worksheet[reference]
            # Text left under a merged area is skipped, and so is a note there: the owner can see neither.
            if not isinstance(cell, MergedCell | tuple):
                cell.comment = note
