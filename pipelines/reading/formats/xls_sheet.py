"""Read the sheets of an old Excel workbook by xlrd, and the usual records of their cells without it.

xlrd calls three functions for each cell and stores it in three lists. The records of numbers, texts and blanks are
decoded here instead, many cells of a row at once, and equal contents are made once; all other records are left to xlrd.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from operator import lt
from typing import Any

import xlrd
from xlrd.biffh import unpack_string, unpack_unicode
from xlrd.sheet import Sheet, unpack_RK

from pipelines.model.content import CellKind, Scalar
from pipelines.reading.formats.common import number_text, split_runs

Content = tuple[str, Scalar, CellKind, str | None, str | None, str | None]
"""Text, value, kind, number format, marks and struck-through text of a cell."""
BLANK: Content = ("", None, "blank", None, None, None)

_EXACT = 2**53
"""Whole numbers below this are stored exactly."""
_NUMBER, _LABEL, _LABELSST, _RK, _MULRK, _BLANK, _MULBLANK = 0x203, 0x204, 0xFD, 0x27E, 0xBD, 0x201, 0xBE
"""Codes of the records of cells, as in BIFF 5 and 8."""
_BIFF_8 = 80
_LAST_STYLE = 0x7FFF
"""Largest number that xlrd stores of a style; a larger one shows that the record is damaged."""
_HEADER, _TWO, _THREE = struct.Struct("<HH"), struct.Struct("<HH"), struct.Struct("<HHH")
_NUMBER_CELL, _TEXT_CELL, _RK_CELL = struct.Struct("<HHHd"), struct.Struct("<HHHi"), struct.Struct("<HHHI")
_STYLE_AND_RK = struct.Struct("<HI")


def load_sheet(book: Any, index: int, contents: XlsContents) -> CellSheet:
    """Return a sheet of a workbook that was opened on demand, as `Book.get_sheet` of xlrd does.

    Of workbooks before BIFF 5, xlrd loads the sheets at once.
    """
    loaded = book._sheet_list[index]
    if loaded is None:
        book._position = book._sh_abs_posn[index]
        book.getbof(xlrd.biffh.XL_WORKSHEET)
    sheet = CellSheet(book, index, contents)
    if loaded is None:
        sheet.read_records(book)
    else:
        sheet.adopt_sheet(loaded)
    return sheet


class XlsContents(dict[tuple[int, int, Any], Content]):
    """Content of a cell by what xlrd stores of it: its type, its style and its value. Contents of cells repeat."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self.book = book
        fonts = book.font_list
        self.struck_styles = frozenset(
            number
            for number, style in enumerate(book.xf_list)
            if style.font_index < len(fonts) and fonts[style.font_index].struck_out
        )
        self.by_rk = _RkContents(self)
        self.by_label = _LabelContents(self)

    def __missing__(self, stored: tuple[int, int, Any]) -> Content:
        ctype, style, raw = stored
        if style > _LAST_STYLE:
            raise ValueError(f"a cell has the style {style}")
        number_format = self.format_of(style)
        is_struck = style in self.struck_styles
        struck: str | None = None
        kind: CellKind
        value: Scalar
        if ctype == xlrd.XL_CELL_TEXT and raw != "":
            text, _, struck = split_runs([(raw, False, is_struck)])
            value, kind = text, "text"
        elif ctype == xlrd.XL_CELL_NUMBER:
            value = int(raw) if raw == int(raw) and abs(raw) < _EXACT else raw
            text, kind = number_text(value, number_format), "number"
        elif ctype == xlrd.XL_CELL_DATE:
            value = text = format_iso(raw, self.book.datemode)
            kind = "date"
        elif ctype == xlrd.XL_CELL_BOOLEAN:
            text, value, kind = "TRUE" if raw else "FALSE", bool(raw), "bool"
        elif ctype == xlrd.XL_CELL_ERROR:
            value = text = xlrd.error_text_from_code.get(raw, f"#ERR{raw}")
            kind = "error"
        else:
            text, value, kind = "", None, "blank"
        if is_struck and kind not in ("text", "blank"):
            struck = text
        content = self[stored] = (text, value, kind, number_format, None, struck)
        return content

    def format_of(self, style: int) -> str | None:
        """Return the number format of a cell style, None if the workbook does not define the style."""
        if not 0 <= style < len(self.book.xf_list):
            return None
        entry = self.book.format_map.get(self.book.xf_list[style].format_key)
        return entry.format_str if entry is not None else None


class _RkContents(dict[tuple[int, int], Content]):
    """Content of a number by its style and its 32 bits."""

    def __init__(self, contents: XlsContents) -> None:
        super().__init__()
        self.contents = contents

    def __missing__(self, stored: tuple[int, int]) -> Content:
        style, bits = stored
        ctype = self.contents.book._xf_index_to_xl_type_map[style]
        content = self[stored] = self.contents[ctype, style, unpack_RK(bits.to_bytes(4, "little"))]
        return content


class _LabelContents(dict[tuple[int, bytes], Content]):
    """Content of a text that is stored in its cell, as before BIFF 8, by its style and its bytes."""

    def __init__(self, contents: XlsContents) -> None:
        super().__init__()
        self.contents = contents

    def __missing__(self, stored: tuple[int, bytes]) -> Content:
        style, data = stored
        book = self.contents.book
        if book.biff_version < _BIFF_8:
            text = unpack_string(data, 0, book.encoding or book.derive_encoding(), lenlen=2)
        else:
            text = unpack_unicode(data, 0, lenlen=2)
        content = self[stored] = self.contents[xlrd.XL_CELL_TEXT, style, text]
        return content


class CellSheet(Sheet):  # type: ignore[misc]
    """Sheet of xlrd whose cells are in `rows`: the columns of each row, and the content of each of them."""

    def __init__(self, book: Any, index: int, contents: XlsContents) -> None:
        super().__init__(book, book._position, book._sheet_names[index], index)
        self.contents = contents
        self.rows: defaultdict[int, tuple[list[int], list[Content]]] = defaultdict(lambda: ([], []))
        self.put_cell = self._put_cell
        self._texts: dict[tuple[int, int], tuple[int, str]] = {}
        """Style and text of cells that may have several runs of type."""

    def adopt_sheet(self, loaded: Any) -> None:
        """Take over a sheet that xlrd has loaded."""
        self.__dict__.update({name: value for name, value in vars(loaded).items() if name != "put_cell"})
        for row in range(loaded.nrows):
            stored = zip(loaded._cell_types[row], loaded._cell_values[row], loaded._cell_xf_indexes[row], strict=True)
            for column, (ctype, value, style) in enumerate(stored):
                self._put_cell(row, column, ctype, value, style)
        self._split_rich_texts()

    def read_records(self, book: Any) -> None:
        """Read the sheet from the position of the workbook, as xlrd does."""
        # The loop of `Sheet.read` looks this method up once; functions that read on from a record use the original.
        book.get_record_parts = self._next_other_record
        try:
            super().read(book)
        finally:
            book.__dict__.pop("get_record_parts", None)
        self._sort_rows()
        self._split_rich_texts()

    def _sort_rows(self) -> None:
        for row, (columns, contents) in self.rows.items():
            if not all(map(lt, columns, columns[1:])):
                # A cell stored twice has its last content.
                by_column = dict(sorted(dict(zip(columns, contents, strict=True)).items()))
                self.rows[row] = (list(by_column), list(by_column.values()))

    def _split_rich_texts(self) -> None:
        """Separate the raised and struck-through runs of texts that have runs of type."""
        for row, column in self.rich_text_runlist_map:
            columns, contents = self.list_cells(row)
            at = bisect_left(columns, column)
            if at == len(columns) or columns[at] != column or contents[at][2] != "text":
                continue
            style, raw = self._texts[row, column]
            is_struck = style in self.contents.struck_styles
            text, marks, struck = split_runs(self._iter_runs(row, column, raw, is_struck=is_struck))
            contents[at] = (text, text, "text", contents[at][3], marks, struck)

    def list_cells(self, row: int) -> tuple[list[int], list[Content]]:
        """Return the columns of the cells that a row stores, in ascending order, and their contents."""
        return self.rows.get(row, ([], []))

    def content_at(self, row: int, column: int) -> Content:
        """Return the content of one cell."""
        columns, contents = self.list_cells(row)
        at = bisect_left(columns, column)
        return contents[at] if at < len(columns) and columns[at] == column else BLANK

    def _put_cell(self, row: int, column: int, ctype: int | None, value: Any, style: int) -> None:
        """Keep a cell of a record that xlrd decodes itself."""
        if ctype == xlrd.XL_CELL_EMPTY:
            return
        assert 0 <= column < self.utter_max_cols
        assert 0 <= row < self.utter_max_rows
        if ctype is None:
            ctype = self._xf_index_to_xl_type_map[style]
        if ctype == xlrd.XL_CELL_TEXT:
            self._texts[row, column] = (style, value)
        columns, contents = self.rows[row]
        columns.append(column)
        contents.append(self.contents[ctype, style, value])

    def _next_other_record(self) -> tuple[int, int, bytes]:
        """Keep the cells of the usual records, and return the next other record; so is one of an odd length."""
        book, rows, contents = self.book, self.rows, self.contents
        book.__dict__.pop("get_record_parts", None)
        memory, at = book.mem, book._position
        by_rk, by_label, shared_texts = contents.by_rk, contents.by_label, book._sharedstrings
        types, runs = self._xf_index_to_xl_type_map, book._rich_text_runlist_map
        while True:
            code, length = _HEADER.unpack_from(memory, at)
            start, at = at + 4, at + 4 + length
            if code == _RK and length == 10:
                row, column, style, bits = _RK_CELL.unpack_from(memory, start)
                content = by_rk[style, bits]
            elif code == _LABELSST and length == 10:
                row, column, style, number = _TEXT_CELL.unpack_from(memory, start)
                content = contents[xlrd.XL_CELL_TEXT, style, shared_texts[number]]
                if runs and (run := runs.get(number)):
                    self.rich_text_runlist_map[row, column] = run
                    self._texts[row, column] = (style, shared_texts[number])
            elif code == _NUMBER and length == 14:
                row, column, style, value = _NUMBER_CELL.unpack_from(memory, start)
                content = contents[types[style], style, value]
            elif code == _LABEL and length >= 8:
                row, column, style = _THREE.unpack_from(memory, start)
                content = by_label[style, memory[start + 6 : at]]
            elif code == _BLANK and length == 6:
                row, column, style = _THREE.unpack_from(memory, start)
                content = contents[xlrd.XL_CELL_BLANK, style, ""]
            elif code in (_MULRK, _MULBLANK) and length >= 8:
                width = 6 if code == _MULRK else 2
                row, first = _TWO.unpack_from(memory, start)
                last = int.from_bytes(memory[at - 2 : at], "little")
                if (
                    length != 6 + width * (last + 1 - first)
                    or last >= self.utter_max_cols
                    or row >= self.utter_max_rows
                ):
                    break
                cells = memory[start + 4 : at - 2]
                rows[row][0].extend(range(first, last + 1))
                if code == _MULRK:
                    rows[row][1].extend(map(by_rk.__getitem__, _STYLE_AND_RK.iter_unpack(cells)))
                else:
                    styles = struct.iter_unpack("<H", cells)
                    rows[row][1].extend(contents[xlrd.XL_CELL_BLANK, style, ""] for (style,) in styles)
                continue
            else:
                break
            if column >= self.utter_max_cols or row >= self.utter_max_rows:
                break
            columns, row_contents = rows[row]
            columns.append(column)
            row_contents.append(content)
        book._position = at
        return code, length, memory[start:at]

    def _iter_runs(self, row: int, column: int, raw: str, *, is_struck: bool) -> Iterator[tuple[str, bool, bool]]:
        """Yield the runs of type of a text: (text, whether it is raised, whether it is struck through)."""
        fonts = self.book.font_list
        runs = self.rich_text_runlist_map.get((row, column)) or []
        yield raw[: runs[0][0] if runs else len(raw)], False, is_struck
        ends = [start for start, _ in runs[1:]] + [len(raw)]
        for (start, number), end in zip(runs, ends, strict=False):
            font = fonts[number] if number < len(fonts) else None
            yield raw[start:end], font is not None and font.escapement == 1, font is not None and bool(font.struck_out)


def format_iso(serial: float, datemode: int) -> str:
    """Format a date serial as ISO text: a date, a date with time, or below one day a time."""
    if 0 <= serial < 1:
        seconds = round(serial * 86_400)
        return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    try:
        moment = xlrd.xldate_as_datetime(serial, datemode)
    except (xlrd.XLDateError, OverflowError, ValueError):
        return str(serial)
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return str(moment.date().isoformat())
    return str(moment.isoformat(timespec="seconds"))
