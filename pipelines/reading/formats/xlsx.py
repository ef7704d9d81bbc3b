"""Read XLSX workbooks by openpyxl, in full mode: formula and stored value, merges, hidden parts, notes.

Runs behind `zipguard.inspect_container`, which has counted cells and merged positions and kept the stored result of
each formula. So the second load by openpyxl (for stored values) is needed only if a result has a type that the guard
cannot determine by itself; the two return the same, which a test compares.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.model.content import Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats import budget
from pipelines.reading.formats.common import column_letters, malformed_error
from pipelines.reading.formats.xlsx_content import CellContent, StoredResult, read_content
from pipelines.reading.formats.xmlguard import ContainerContents
from pipelines.reading.formats.zipguard import inspect_container, repack_container

if TYPE_CHECKING:
    from pipelines.reading.formats.xlsx_book import OpenedWorkbook, PlainCell

RULES: dict[str, tuple[str, str]] = {
    "read.xlsx.strict": (
        "The workbook is saved as 'Strict Open XML', which this system does not read.",
        "Save it as 'Excel Workbook (.xlsx)' and send that.",
    ),
    "read.xlsx.binary": (
        "The workbook is saved in the binary format (.xlsb).",
        "Save it as 'Excel Workbook (.xlsx)' and send that.",
    ),
}

_UNKNOWN_COLOUR = re.compile(
    rb'(<(?:\w+:)?(?:color|fgColor|bgColor|tabColor)\b[^<>]*?)\srgb="(?![0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")[^"<>]*"'
)


def looks_like(names: tuple[str, ...]) -> bool:
    """Return True if a container with these part names is a workbook."""
    return any(name.casefold().startswith("xl/workbook") for name in names)


def read_file(data: bytes, *, encodings: tuple[str, ...] = (), contents: ContainerContents | None = None) -> Grid:
    """Return all sheets, each as a table; `encodings` is not used.

    Raises ReadError: the guard's, read.malformed, read.xlsx.strict, read.xlsx.binary.
    """
    contents = contents or inspect_container(data)
    budget.raise_for_file("xlsx", len(data), contents.unpacked)
    low = [name.casefold() for name in contents.names]
    if "xl/workbook.bin" in low:
        raise ReadError("read.xlsx.binary")
    if contents.strict:
        raise ReadError("read.xlsx.strict")
    try:
        opened = _open(data, contents)
    except ReadError:
        repaired = _without_unknown_colours(data)
        if repaired is None:
            raise
        data = repaired
        opened = _open(data, contents)
    try:
        results = _results(opened.book, contents)
        if results is None:
            results = _second_load(data, contents)
        return _grid(opened, results, contents)
    except ReadError:
        raise
    except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise malformed_error("xlsx", error) from error


def first_rows(data: bytes, count: int) -> bytes | None:
    """Return the workbook with at most so many rows of each sheet; None if nothing is left out, or nothing can be.

    Everything but the rows is unchanged. Raises ReadError as the guard does while unpacking; the result must be read
    like any other workbook, behind the guard.
    """
    from pipelines.reading.formats.xlsx_rows import without_rows

    left_out = False

    def shorten_part(name: str, part: bytes) -> bytes | None:
        nonlocal left_out
        if not name.casefold().startswith("xl/worksheets/") or not name.casefold().endswith(".xml"):
            return part
        cut = without_rows(part, count)
        left_out = left_out or (cut is not None and len(cut) < len(part))
        return cut

    changed = repack_container(data, shorten_part)
    return changed if left_out else None


def _without_unknown_colours(data: bytes) -> bytes | None:
    """Return the workbook without colours that are not numbers, or None if it has none.

    openpyxl refuses a workbook for them; the Python package gptables writes `FFAUTOMATIC`. Colours are not read.
    """
    removed = False

    def remove_colours(name: str, part: bytes) -> bytes:
        nonlocal removed
        if not name.casefold().endswith(".xml"):
            return part
        changed, count = _UNKNOWN_COLOUR.subn(rb"\1", part)
        removed = removed or count > 0
        return changed

    repaired = repack_container(data, remove_colours)
    return repaired if removed else None


def _open(data: bytes, contents: ContainerContents) -> OpenedWorkbook:
    from pipelines.reading.formats.xlsx_book import open_book

    with _errors_as_malformed():
        return open_book(data, rich_text=contents.rich_text)


@contextmanager
def _errors_as_malformed() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # openpyxl passes on KeyError, TypeError, ValueError, BadZipFile and others
        raise malformed_error("xlsx", error) from error


_Results = dict[str, dict[tuple[int, int], StoredResult]]


def _results(book: Any, contents: ContainerContents) -> _Results | None:
    """Return stored results by sheet from what the guard kept; None if that is not possible for every one of them."""
    if not contents.formulas:
        return {}
    kinds = {"n": "n", "str": "s", "b": "b", "e": "e"}
    titles = {sheet.title for sheet in book.worksheets}
    results: _Results = {}
    for title, stored in contents.stored.items():
        if not stored:
            continue
        if title not in titles:
            return None
        sheet: dict[tuple[int, int], StoredResult] = {}
        for position, (kind, text) in stored.items():
            if kind not in kinds:
                return None
            if text or (text == "" and kind == "str"):
                sheet[position] = (kinds[kind], _convert_result(kind, text))
        results[title] = sheet
    return results


def _convert_result(kind: str, text: str) -> Any:
    if kind == "n":
        return float(text) if any(sign in text for sign in ".eE") else int(text)
    return text not in ("0", "false") if kind == "b" else text


def _second_load(data: bytes, contents: ContainerContents) -> _Results:
    """Return stored results by sheet from a second load of the workbook, for values only."""
    from pipelines.reading.formats.xlsx_book import open_values

    with _errors_as_malformed():
        book = open_values(data, rich_text=contents.rich_text)
    return {
        sheet.title: {
            position: ("s" if cell.data_type == "str" else cell.data_type, "" if cell._value is None else cell._value)
            for position, cell in sheet._cells.items()
            if getattr(cell, "_value", None) is not None or cell.data_type == "str"
        }
        for sheet in book.worksheets
    }


def _grid(opened: OpenedWorkbook, results: _Results, contents: ContainerContents) -> Grid:
    book = opened.book
    remarks = list(contents.remarks)
    remarks += [Remark("read.chart_ignored", Where(sheet=c.title), {"name": c.title}) for c in book.chartsheets]
    tables: list[SourceTable] = []
    for sheet in book.worksheets:
        hidden = sheet.sheet_state != "visible"
        if hidden:
            remarks.append(Remark("read.hidden_sheet", Where(sheet=sheet.title), {"name": sheet.title}))
        cells = _read_cells(sheet, opened.cells[sheet.title], results.get(sheet.title, {}))
        tables.append(SourceTable(sheet.title, tuple(cells), None, hidden))
    properties: dict[str, Scalar] = {"date_system": 1904 if book.epoch.year == 1904 else 1900}
    if book.properties.creator:
        properties["creator"] = book.properties.creator
    return Grid("xlsx", tuple(tables), properties, tuple(remarks), tuple(_iter_outside_texts(book)))


def _iter_outside_texts(book: Any) -> Iterator[tuple[Where, str]]:
    """Yield headers and footers of the printed sheets, and the textual properties of the workbook."""
    for sheet in book.worksheets:
        for side in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"):
            for place in ("left", "center", "right"):
                if text := getattr(getattr(sheet, side), place).text:
                    yield Where(sheet=sheet.title, keyword=side[-6:]), text
    for name in ("title", "subject", "description", "keywords", "category"):
        if text := getattr(book.properties, name):
            yield Where(keyword=f"Property {name}"), str(text)


def _find_hidden(sheet: Any) -> tuple[frozenset[int], frozenset[int]]:
    """Return rows and columns that are not shown: hidden, or of height or width 0."""
    rows = {n for n, d in sheet.row_dimensions.items() if d.hidden or d.height == 0}
    columns: set[int] = set()
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden or dimension.width == 0:
            first, last = dimension.min or 0, dimension.max or 0
            columns.update(range(first, min(last, 20_000) + 1))
    return frozenset(rows), frozenset(columns)


def _find_merged(sheet: Any) -> dict[tuple[int, int], tuple[int, int]]:
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    for area in sheet.merged_cells.ranges:
        anchor = (area.min_row, area.min_col)
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                anchors[row, column] = anchor
    return anchors


def _read_cells(
    sheet: Any, stored: dict[tuple[int, int], PlainCell], results: dict[tuple[int, int], StoredResult]
) -> list[SourceCell]:
    """Return the cells of a sheet in reading order; positions of a merged area share one content."""
    title, epoch = sheet.title, sheet.parent.epoch
    hidden_rows, hidden_columns = _find_hidden(sheet)
    anchors = _find_merged(sheet)
    extra_cells = sheet._cells
    cells: list[SourceCell] = []
    content: dict[tuple[int, int], CellContent] = {}
    alike: dict[int, CellContent] = {}
    positions = sorted([*stored, *(position for position in {**extra_cells, **anchors} if position not in stored)])
    for position in positions:
        row, column = position
        anchor = anchors.get(position, position) if anchors else position
        if anchor != position and anchor in content:
            shared_content = content[anchor]
        else:
            plain = stored.get(anchor)
            extra = extra_cells.get(anchor) if extra_cells else None
            if plain is None or extra is not None or plain.kind == "f":
                shared_content = read_content(anchor, plain, extra, results, epoch)
            elif (known_content := alike.get(id(plain))) is not None:
                shared_content = known_content
            else:
                # Equal cells are one object of `stored`, which outlives this loop.
                shared_content = alike[id(plain)] = read_content(anchor, plain, None, results, epoch)
            if position in anchors:
                content[position] = shared_content
            elif shared_content.kind == "blank" and shared_content.note is None:
                continue
        cells.append(
            SourceCell(
                row,
                column,
                shared_content.text,
                shared_content.value,
                Where(title, f"{column_letters(column)}{row}"),
                shared_content.kind,
                anchor,
                anchor != position,
                row in hidden_rows or column in hidden_columns,
                shared_content.formula,
                shared_content.number_format,
                shared_content.note,
                shared_content.marks,
                shared_content.struck,
            )
        )
    return cells
