"""Editors: from the bytes of a good return to those of a faulty one, by the format's own means."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from openpyxl.utils.cell import coordinate_to_tuple

from tests.support.paths import SAMPLES

Edit = Callable[[bytes], bytes]


@dataclass(frozen=True)
class WorkbookEdit:
    """A change of an XLSX workbook by openpyxl.

    `changed_cell` names the only cell that it changes as `Sheet!B7`, if there is only one.
    """

    change: Callable[[Any], None]
    changed_cell: str | None = None

    def __call__(self, data: bytes) -> bytes:
        """Return the workbook after the change."""
        return _edit_workbook(data, [self])


def change_workbook(change: Callable[[Any], None]) -> Edit:
    """Change an XLSX workbook with openpyxl."""
    return WorkbookEdit(change)


def _edit_workbook(data: bytes, edits: Sequence[WorkbookEdit]) -> bytes:
    """Return a workbook after some edits.

    Opening it takes most of the time, so it is kept if all edits change single cells, which are restored.
    """
    addresses = [edit.changed_cell for edit in edits if edit.changed_cell is not None]
    if len(addresses) < len(edits):
        return _change_and_save(_open_workbook.__wrapped__(data), edits)
    book = _open_workbook(data)
    with ExitStack() as restoring:
        for sheet, _, place in (address.partition("!") for address in addresses):
            restoring.enter_context(_restore_cell(book[sheet], place))
        return _change_and_save(book, edits)


def _change_and_save(book: Any, edits: Sequence[WorkbookEdit]) -> bytes:
    for edit in edits:
        edit.change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@contextmanager
def _restore_cell(sheet: Any, place: str) -> Iterator[None]:
    is_new = coordinate_to_tuple(place) not in sheet._cells
    cell = sheet[place]
    before = cell._value, cell.data_type, copy(cell._style)
    try:
        yield
    finally:
        cell._value, cell.data_type, cell._style = before
        if is_new:
            del sheet._cells[coordinate_to_tuple(place)]


@lru_cache(maxsize=4)
def _open_workbook(data: bytes) -> Any:
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(data))


def set_cell(address: str, value: object, *, format: str | None = None, data_type: str | None = None) -> Edit:
    """Put a value into `Sheet!B7` of a workbook."""
    sheet, _, place = address.partition("!")

    def change_book(book: Any) -> None:
        cell = book[sheet][place]
        cell.value = value
        if format is not None:
            cell.number_format = format
        if data_type is not None:
            cell.data_type = data_type

    return WorkbookEdit(change_book, address)


def chain_edits(*edits: Edit) -> Edit:
    """Apply one edit after another."""

    def edit_bytes(data: bytes) -> bytes:
        for is_workbook, steps in groupby(edits, key=lambda edit: isinstance(edit, WorkbookEdit)):
            if is_workbook:
                data = _edit_workbook(data, [step for step in steps if isinstance(step, WorkbookEdit)])
                continue
            for step in steps:
                data = step(data)
        return data

    return edit_bytes


def replace_text(old: str, new: str, encoding: str = "utf-8", *, nth: int = 1) -> Edit:
    """Replace the nth occurrence of a text in a text file, which must be there."""

    def edit_bytes(data: bytes) -> bytes:
        return _replace_nth(data.decode(encoding), old, new, nth).encode(encoding)

    return edit_bytes


def change_line(number: int, change: Callable[[str], str], encoding: str = "utf-8") -> Edit:
    """Change one line of a text file, counted from 1; a change to the empty text deletes it."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        lines[number - 1] = change(lines[number - 1])
        return "".join(lines).encode(encoding)

    return edit_bytes


def replace_once_in_part(name: str, old: str, new: str, *, nth: int = 1) -> Edit:
    """Replace the nth occurrence of a text in one part of a zipped document (ODS, DOCX)."""

    def edit_bytes(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == name:
                    content = _replace_nth(content.decode("utf-8"), old, new, nth).encode("utf-8")
                target.writestr(entry, content)
        return buffer.getvalue()

    return edit_bytes


def change_json(change: Callable[[Any], None]) -> Edit:
    """Change a JSON document."""

    def edit_bytes(data: bytes) -> bytes:
        content = json.loads(data)
        change(content)
        return json.dumps(content, ensure_ascii=False).encode()

    return edit_bytes


def _replace_nth(content: str, old: str, new: str, nth: int) -> str:
    at = -1
    for _ in range(nth):
        at = content.find(old, at + 1)
        if at < 0:
            raise AssertionError(f"the file does not hold {old!r} {nth} times: the fault cannot be planted")
    return content[:at] + new + content[at + len(old) :]


Values = Mapping[str, object]
"""New contents by place, in the notation of the format."""


def set_cells(values: Values) -> Edit:
    """Set cells `Sheet!B7` of an XLSX workbook."""

    def change_book(book: Any) -> None:
        for address, value in values.items():
            sheet, _, place = address.partition("!")
            book[sheet][place].value = value

    return change_workbook(change_book)


def swap_columns(sheet: str, first: str, second: str, rows: range) -> Edit:
    """Exchange the values of two columns of an XLSX sheet in some rows."""

    def change_book(book: Any) -> None:
        page = book[sheet]
        for row in rows:
            first_cell, second_cell = page[f"{first}{row}"], page[f"{second}{row}"]
            first_cell.value, second_cell.value = second_cell.value, first_cell.value

    return change_workbook(change_book)


def swap_rows(sheet: str, first: int, second: int, columns: str) -> Edit:
    """Exchange the values of two rows of an XLSX sheet in some columns, given by their letters."""

    def change_book(book: Any) -> None:
        page = book[sheet]
        for column in columns:
            first_cell, second_cell = page[f"{column}{first}"], page[f"{column}{second}"]
            first_cell.value, second_cell.value = second_cell.value, first_cell.value

    return change_workbook(change_book)


def old_workbook(change: Callable[[dict[str, dict[tuple[int, int], Any]]], None]) -> Edit:
    """Change the values of a BIFF8 workbook, given by sheet and by row and column counted from 0.

    xlrd reads it and xlwt writes it again with its merged cells; styles are lost.
    """

    def edit_bytes(data: bytes) -> bytes:
        import xlrd
        import xlwt

        source = xlrd.open_workbook(file_contents=data, formatting_info=True)
        sheets: dict[str, dict[tuple[int, int], Any]] = {}
        merged: dict[str, list[tuple[int, int, int, int]]] = {}
        for sheet in source.sheets():
            merged[sheet.name] = list(sheet.merged_cells)
            sheets[sheet.name] = {
                (row, column): sheet.cell_value(row, column)
                for row in range(sheet.nrows)
                for column in range(sheet.ncols)
                if sheet.cell_type(row, column) not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)
            }
        change(sheets)
        target = xlwt.Workbook(encoding="utf-8")
        for name, values in sheets.items():
            page = target.add_sheet(name)
            spans = {
                (top, left_column): (bottom - 1, right - 1) for top, bottom, left_column, right in merged.get(name, [])
            }
            for (row, column), value in values.items():
                if (row, column) in spans:
                    bottom, right = spans[row, column]
                    page.write_merge(row, bottom, column, right, value)
                else:
                    page.write(row, column, value)
        buffer = io.BytesIO()
        target.save(buffer)
        return buffer.getvalue()

    return edit_bytes


def old_cells(values: Values) -> Edit:
    """Set cells `Sheet!B7` of a BIFF8 workbook."""

    def change_sheets(sheets: dict[str, dict[tuple[int, int], Any]]) -> None:
        for address, value in values.items():
            sheet, row, column = _split_address(address)
            sheets[sheet][row, column] = value

    return old_workbook(change_sheets)


def swap_old_cells(*pairs: tuple[str, str]) -> Edit:
    """Exchange pairs of cells `Sheet!B7` of a BIFF8 workbook."""

    def change_sheets(sheets: dict[str, dict[tuple[int, int], Any]]) -> None:
        for first, second in pairs:
            name, row, column = _split_address(first)
            other_name, other_row, other_column = _split_address(second)
            first_sheet, second_sheet = sheets[name], sheets[other_name]
            first_sheet[row, column], second_sheet[other_row, other_column] = (
                second_sheet[other_row, other_column],
                first_sheet[row, column],
            )

    return old_workbook(change_sheets)


_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def open_cells(values: Values) -> Edit:
    """Set cells `Sheet!B7` of an ODS document that repeats no cell; numbers as numbers, all else as text."""

    def change_tree(root: Any) -> None:
        tables = {table.get(f"{_TABLE}name"): table for table in root.iter(f"{_TABLE}table")}
        for address, value in values.items():
            sheet, row, column = _split_address(address)
            cell = list(tables[sheet].iter(f"{_TABLE}table-row"))[row][column]
            for name in (f"{_OFFICE}value-type", f"{_OFFICE}value"):
                cell.attrib.pop(name, None)
            for child in list(cell):
                cell.remove(child)
            if isinstance(value, int | float):
                cell.set(f"{_OFFICE}value-type", "float")
                cell.set(f"{_OFFICE}value", str(value))
            else:
                cell.set(f"{_OFFICE}value-type", "string")
            ElementTree.SubElement(cell, f"{_TEXT}p").text = str(value)

    return xml_part("content.xml", change_tree)


def xml_part(name: str, change: Callable[[Any], None]) -> Edit:
    """Change one part of a zipped document as an XML tree."""

    def edit_bytes(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == name:
                    root = ElementTree.fromstring(content)
                    change(root)
                    content = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
                target.writestr(entry, content)
        return buffer.getvalue()

    return edit_bytes


def change_document(change: Callable[[Any], None]) -> Edit:
    """Change a DOCX document with python-docx."""

    def edit_bytes(data: bytes) -> bytes:
        import docx

        content = docx.Document(io.BytesIO(data))
        change(content)
        buffer = io.BytesIO()
        content.save(buffer)
        return buffer.getvalue()

    return edit_bytes


def document_cells(values: Values) -> Edit:
    """Set cells `table 1 R6C2` of a DOCX document, rows and columns counted from 1."""

    def change_content(content: Any) -> None:
        for address, value in values.items():
            cell = docx_cell(content, address)
            cell.paragraphs[0].text = str(value)

    return change_document(change_content)


def docx_cell(content: Any, address: str) -> Any:
    """Return the cell `table 1 R6C2` of a document of python-docx."""
    table, row, column = _split_table_address(address)
    return content.tables[table].cell(row, column)


def page_cells(values: Values) -> Edit:
    """Set cells `table 1 R6C2` of an HTML page in rows that have no spans; the new content may hold markup."""

    def edit_bytes(data: bytes) -> bytes:
        content = data.decode("utf-8")
        for address, value in values.items():
            start, end = _find_html_cell(content, address)
            content = content[:start] + str(value) + content[end:]
        return content.encode("utf-8")

    return edit_bytes


def swap_page_cells(*pairs: tuple[str, str]) -> Edit:
    """Exchange pairs of cells `table 1 R6C2` of an HTML page."""

    def edit_bytes(data: bytes) -> bytes:
        content = data.decode("utf-8")
        values: dict[str, object] = {}
        for first, second in pairs:
            for address, source in ((first, second), (second, first)):
                start, end = _find_html_cell(content, source)
                values[address] = content[start:end]
        return page_cells(values)(data)

    return edit_bytes


def _find_html_cell(content: str, address: str) -> tuple[int, int]:
    table, row, column = _split_table_address(address)
    area = list(re.finditer(r"<table.*?</table>", content, re.DOTALL))[table]
    line = list(re.finditer(r"<tr>.*?</tr>", area.group(), re.DOTALL))[row]
    cell = list(re.finditer(r"<t[dh][^>]*>(.*?)</t[dh]>", line.group(), re.DOTALL))[column]
    offset = area.start() + line.start()
    return offset + cell.start(1), offset + cell.end(1)


def set_fields(values: Values, *, separator: str, encoding: str = "utf-8") -> Edit:
    """Set fields `line 5 column 6` of a list that has no separator inside a field."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        for address, value in values.items():
            number, column = (int(part) for part in address.replace("line ", "").split(" column "))
            ending = lines[number - 1][len(lines[number - 1].rstrip("\r\n")) :]
            parts = lines[number - 1].rstrip("\r\n").split(separator)
            parts[column - 1] = str(value)
            lines[number - 1] = separator.join(parts) + ending
        return "".join(lines).encode(encoding)

    return edit_bytes


def lines_without(numbers: Container[int], encoding: str = "utf-8") -> Edit:
    """Delete lines of a text file, counted from 1."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        return "".join(text for number, text in enumerate(lines, start=1) if number not in numbers).encode(encoding)

    return edit_bytes


def each_line(change: Callable[[str], str], numbers: Container[int], encoding: str = "utf-8") -> Edit:
    """Change several lines of a text file, counted from 1."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        changed = (change(text) if number in numbers else text for number, text in enumerate(lines, start=1))
        return "".join(changed).encode(encoding)

    return edit_bytes


def px_values(values: Mapping[int | tuple[int, int], object], encoding: str) -> Edit:
    """Set numbers in the data of a PX file by their line, or by line and position on it, counted from 1."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        for place, value in values.items():
            number, position = place if isinstance(place, tuple) else (place, 1)
            content = lines[number - 1].rstrip("\r\n")
            ending = lines[number - 1][len(content) :]
            closed = ";" if content.endswith(";") else ""
            tokens = content.removesuffix(";").split(" ")
            tokens[position - 1] = str(value)
            lines[number - 1] = " ".join(tokens) + closed + ending
        return "".join(lines).encode(encoding)

    return edit_bytes


def swap_lines(*pairs: tuple[int, int], encoding: str = "utf-8") -> Edit:
    """Exchange pairs of lines of a text file, counted from 1, without what ends them."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        for first, second in pairs:
            first_line, second_line = lines[first - 1], lines[second - 1]
            body, other_body = first_line.rstrip("\r\n;"), second_line.rstrip("\r\n;")
            lines[first - 1] = other_body + first_line[len(body) :]
            lines[second - 1] = body + second_line[len(other_body) :]
        return "".join(lines).encode(encoding)

    return edit_bytes


def json_values(values: Mapping[int, object]) -> Edit:
    """Set numbers of a JSON-stat dataset by their position in `value`."""

    def change_content(content: Any) -> None:
        for position, value in values.items():
            content["value"][position] = value

    return change_json(change_content)


def sdmx_values(values: Mapping[int, object]) -> Edit:
    """Set observation values of an SDMX-ML message by the line of the observation."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode("utf-8").splitlines(keepends=True)
        for number, value in values.items():
            lines[number - 1], count = re.subn(r'OBS_VALUE="[^"]*"', f'OBS_VALUE="{value}"', lines[number - 1])
            if count != 1:
                raise AssertionError(f"line {number} holds no observation: the fault cannot be planted")
        return "".join(lines).encode("utf-8")

    return edit_bytes


_PLAIN_TEXT = re.compile(r"(BT 1 0 0 1 \S+ (\d+\.\d+) Tm \()([^()]*)(\) Tj T\* ET)")
"""A number in a table of a report: text that ReportLab draws without a paragraph; the second group is its height.

The footer is drawn at a height without decimals.
"""
_DIGIT = 0.556 * 7
"""Width in points of a digit of Helvetica at the size of the tables."""


def report_cells(values: Mapping[tuple[int, int, int], object]) -> Edit:
    """Set numbers in a table of a PDF report by page, row of numbers on it and number within the row, from 1."""

    def change_page(page: int, content: str) -> str:
        heights: list[str] = []
        position = 0

        def replace_value(match: re.Match[str]) -> str:
            nonlocal position
            if match[2] not in heights:
                heights.append(match[2])
                position = 0
            position += 1
            value = values.get((page, len(heights), position), match[3])
            return f"{match[1]}{value}{match[4]}"

        return _PLAIN_TEXT.sub(replace_value, content)

    return change_report(change_page)


def struck_report_cell(page: int, row: int, number: int, struck: str) -> Edit:
    """Draw figures before a number of a PDF report, struck through by a line; see `report_cells` for the place."""

    def change_page(drawn_page: int, content: str) -> str:
        if drawn_page != page:
            return content
        rows: dict[str, list[re.Match[str]]] = {}
        for match in _PLAIN_TEXT.finditer(content):
            rows.setdefault(match[2], []).append(match)
        match = list(rows.values())[row - 1][number - 1]
        left_edge, bottom = float(match[1].split()[5]), float(match[2])
        width = _DIGIT * len(struck)
        line = f"\nq 0.6 w {left_edge} {bottom + 2.4:.2f} m {left_edge + width:.2f} {bottom + 2.4:.2f} l S Q"
        return f"{content[: match.start(3)]}{struck}{match[3]}{match[4]}{line}{content[match.end() :]}"

    return change_report(change_page)


def swap_report_columns(first: int, second: int, rows: Mapping[int, Container[int]]) -> Edit:
    """Exchange two columns of numbers in some rows of numbers on each page of a PDF report, counted from 1."""

    def change_page(page: int, content: str) -> str:
        by_row: dict[str, list[re.Match[str]]] = {}
        for match in _PLAIN_TEXT.finditer(content):
            by_row.setdefault(match[2], []).append(match)
        changes: list[tuple[int, int, str]] = []
        for number, numbers in enumerate(by_row.values(), start=1):
            if number in rows.get(page, ()):
                first_number, second_number = numbers[first - 1], numbers[second - 1]
                changes += [(*first_number.span(3), second_number[3]), (*second_number.span(3), first_number[3])]
        for start, end, value in sorted(changes, reverse=True):
            content = content[:start] + value + content[end:]
        return content

    return change_report(change_page)


def report_text(page: int, old: str, new: str, *, nth: int = 1) -> Edit:
    """Replace the nth occurrence of a text that a PDF report draws on a page in one piece."""

    def escape_text(text: str) -> str:
        raw = text.encode("cp1252").decode("latin-1")
        return "".join(c if ord(c) < 128 else f"\\{ord(c):o}" for c in raw)

    def change_page(number: int, content: str) -> str:
        return _replace_nth(content, escape_text(old), escape_text(new), nth) if number == page else content

    return change_report(change_page)


def change_report(change: Callable[[int, str], str]) -> Edit:
    """Change the drawing instructions of each page of a PDF that ReportLab wrote, pages counted from 1."""

    def edit_bytes(data: bytes) -> bytes:
        page = 0
        objects: list[bytes] = []
        for match in re.finditer(rb"\d+ 0 obj\n.*?endobj\n", data, re.DOTALL):
            content = match.group()
            if b"\nstream\n" in content:
                page += 1
                content = _change_stream(content, partial(change, page))
            objects.append(content)
        output = data[: data.index(b"1 0 obj")]
        offsets = []
        for content in objects:
            offsets.append(len(output))
            output += content
        table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        trailer = data[data.index(b"trailer\n") : data.index(b"startxref")]
        head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        return output + head + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(output)

    return edit_bytes


def _change_stream(content: bytes, change: Callable[[str], str]) -> bytes:
    head, _, body = content.partition(b"\nstream\n")
    packed = body[: body.index(b"endstream")].strip()
    text = zlib.decompress(base64.a85decode(b"<~" + packed, adobe=True)).decode("latin-1")
    changed = base64.a85encode(zlib.compress(change(text).encode("latin-1")), adobe=True).removeprefix(b"<~")
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(changed), head)
    return head + b"\nstream\n" + changed + b"endstream\nendobj\n"


def _split_address(address: str) -> tuple[str, int, int]:
    """Return the sheet, row and column of `Sheet!AB7`, counted from 0."""
    sheet, _, place = address.partition("!")
    letters = place.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return sheet, int(place[len(letters) :]) - 1, column - 1


def _split_table_address(address: str) -> tuple[int, int, int]:
    """Return the table, row and column of `table 1 R6C2`, counted from 0."""
    match = re.fullmatch(r"table (\d+) R(\d+)C(\d+)", address)
    if match is None:
        raise AssertionError(f"{address!r} is not a cell of a table")
    table, row, column = (int(part) - 1 for part in match.groups())
    return table, row, column


def replace_everywhere(old: str, new: str, encoding: str = "utf-8") -> Edit:
    """Replace every occurrence of a text in a text file, which must be there."""

    def edit_bytes(data: bytes) -> bytes:
        return _replace_everywhere_in(data.decode(encoding), old, new).encode(encoding)

    return edit_bytes


def exchange_texts(first: str, second: str, encoding: str = "utf-8") -> Edit:
    """Exchange two texts everywhere in a text file; both must be there."""

    def edit_bytes(data: bytes) -> bytes:
        content = _replace_everywhere_in(data.decode(encoding), first, "\x00")
        return _replace_everywhere_in(content, second, first).replace("\x00", second).encode(encoding)

    return edit_bytes


def replace_in_part(name: str, old: str, new: str) -> Edit:
    """Replace every occurrence of a text in one part of a zipped document."""

    def edit_bytes(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == name:
                    content = _replace_everywhere_in(content.decode("utf-8"), old, new).encode("utf-8")
                target.writestr(entry, content)
        return buffer.getvalue()

    return edit_bytes


def relabel_cells(old: str, new: str, *, sheet: str | None = None) -> Edit:
    """Replace a text in all cells of an XLSX workbook, or of one sheet."""

    def change_book(book: Any) -> None:
        is_found = False
        for page in book if sheet is None else [book[sheet]]:
            for cell in (cell for row in page.iter_rows() for cell in row):
                if isinstance(cell.value, str) and old in cell.value:
                    cell.value = cell.value.replace(old, new)
                    is_found = True
        assert is_found, f"the file does not hold {old!r}: the fault cannot be planted"

    return change_workbook(change_book)


def relabel_old(old: str, new: str) -> Edit:
    """Replace a text in all cells of a BIFF8 workbook."""

    def change_sheets(sheets: dict[str, dict[tuple[int, int], Any]]) -> None:
        for values in sheets.values():
            for place, value in values.items():
                if isinstance(value, str):
                    values[place] = value.replace(old, new)

    return old_workbook(change_sheets)


def copy_of(path: str, edit: Edit) -> Edit:
    """Take another return of the demonstration instead of the file, and change it."""
    return lambda _: edit((SAMPLES / path).read_bytes())


def json_without(dimension: str, is_gone: Callable[[str], bool]) -> Edit:
    """Delete categories of a JSON-stat dataset with their numbers."""

    def change_content(content: Any) -> None:
        at, sizes = content["id"].index(dimension), content["size"]
        category = content["dimension"][dimension]["category"]
        codes = list(category["index"])
        remaining = [number for number, code in enumerate(codes) if not is_gone(code)]
        inner = 1
        for size in sizes[at + 1 :]:
            inner *= size
        content["value"] = [
            value for position, value in enumerate(content["value"]) if position // inner % sizes[at] in remaining
        ]
        category["index"] = [codes[number] for number in remaining]
        category["label"] = {code: category["label"][code] for code in category["index"]}
        sizes[at] = len(remaining)

    return change_json(change_content)


def series_without(*attributes: str) -> Edit:
    """Delete the series of an SDMX-ML message that have all these attributes, written as `CODE="value"`."""

    def edit_bytes(data: bytes) -> bytes:
        def keep_series(match: re.Match[str]) -> str:
            return "" if all(attribute in match.group() for attribute in attributes) else match.group()

        return re.sub(r" *<Series .*?</Series>\n", keep_series, data.decode("utf-8"), flags=re.DOTALL).encode("utf-8")

    return edit_bytes


def _replace_everywhere_in(content: str, old: str, new: str) -> str:
    if old not in content:
        raise AssertionError(f"the file does not hold {old!r}: the fault cannot be planted")
    return content.replace(old, new)
