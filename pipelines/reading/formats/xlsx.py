"""Read XLSX workbooks by openpyxl, in full mode: formula and stored value, merges, hidden parts, notes.

Runs behind `zipguard.inspect_container`, which has counted cells and merged positions and kept the stored result of
each formula. So the second load by openpyxl (for stored values) is needed only if a result has a type that the guard
cannot determine by itself; the two return the same, which a test compares.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.model.content import CellKind, Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats import budget
from pipelines.reading.formats.common import SplitText, column_letters, malformed_error, number_text, split_runs
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

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

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


_Result = tuple[str, Any]
"""Type as openpyxl names it (`n s b d e`) and value of a formula's stored result."""
_Results = dict[str, dict[tuple[int, int], _Result]]


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
        sheet: dict[tuple[int, int], _Result] = {}
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
    sheet: Any, stored: dict[tuple[int, int], PlainCell], results: dict[tuple[int, int], _Result]
) -> list[SourceCell]:
    """Return the cells of a sheet in reading order; positions of a merged area share one content."""
    title, epoch = sheet.title, sheet.parent.epoch
    hidden_rows, hidden_columns = _find_hidden(sheet)
    anchors = _find_merged(sheet)
    extra_cells = sheet._cells
    cells: list[SourceCell] = []
    content: dict[tuple[int, int], _Content] = {}
    alike: dict[int, _Content] = {}
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
                shared_content = _read_content(anchor, plain, extra, results, epoch)
            elif (known_content := alike.get(id(plain))) is not None:
                shared_content = known_content
            else:
                # Equal cells are one object of `stored`, which outlives this loop.
                shared_content = alike[id(plain)] = _read_content(anchor, plain, None, results, epoch)
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


class _Content(NamedTuple):
    """The part of a cell that all positions of a merged area share."""

    text: str
    value: Scalar
    kind: CellKind
    formula: str | None = None
    number_format: str | None = None
    note: str | None = None
    marks: str | None = None
    struck: str | None = None


def _read_content(
    position: tuple[int, int],
    plain: PlainCell | None,
    extra: Any,
    results: dict[tuple[int, int], _Result],
    epoch: Any,
) -> _Content:
    """Read a cell. `extra` is the cell that openpyxl made for a merged area, a note or a link, if any."""
    note = None
    if extra is not None:
        from openpyxl.cell import MergedCell

        from pipelines.reading.formats.xlsx_book import PlainCell

        if isinstance(extra, MergedCell):
            return _Content("", None, "blank")
        note = extra.comment.text if extra.comment is not None else None
        if (plain is None or plain.raw is None) and extra._value is not None:
            plain = PlainCell(extra.data_type, extra._value, plain.number_format if plain is not None else "General")
    if plain is None or plain.raw is None:
        return _Content("", None, "blank", None, None, note)
    content = _read_filled(position, plain, note, results, epoch)
    return content._replace(struck=content.text) if plain.struck and plain.kind != "s" else content


def _read_filled(
    position: tuple[int, int],
    plain: PlainCell,
    note: str | None,
    results: dict[tuple[int, int], _Result],
    epoch: Any,
) -> _Content:
    """Read a cell that holds something."""
    data_type, raw, number_format, is_struck = plain
    formula = None
    if data_type == "f":
        formula = _formula_text(raw)
        result = results.get(position)
        if result is None:
            return _Content(formula, None, "formula", formula, number_format, note)
        data_type, raw = result
        if data_type == "n":
            data_type, raw = _date_or_number(raw, number_format, epoch)
    if data_type == "n":
        return _Content(number_text(raw, number_format), raw, "number", formula, number_format, note)
    if data_type == "s":
        text, marks, struck = _split_runs(raw, is_struck)
        return _Content(text, text, "text", formula, number_format, note, marks, struck)
    if data_type == "b":
        return _Content("TRUE" if raw else "FALSE", bool(raw), "bool", formula, number_format, note)
    if data_type == "d":
        iso = _format_iso(raw)
        return _Content(iso, iso, "date", formula, number_format, note)
    return _Content(str(raw), str(raw), "error", formula, number_format, note)


def _date_or_number(raw: Any, number_format: str, epoch: Any) -> _Result:
    """Interpret a stored number as a date if its format shows one."""
    shows_date, shows_span = _shows_date(number_format)
    if not shows_date:
        return "n", raw
    from openpyxl.utils.datetime import from_excel

    try:
        return "d", from_excel(raw, epoch, timedelta=shows_span)
    except (OverflowError, ValueError):
        return "e", "#VALUE!"


@lru_cache(maxsize=512)
def _shows_date(number_format: str) -> tuple[bool, bool]:
    """Return whether a number format shows a date or time, and whether it shows a duration."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format

    return bool(is_date_format(number_format)), bool(is_timedelta_format(number_format))


def _formula_text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    text = getattr(raw, "text", None)
    return f"{{{text}}}" if text else "{=TABLE()}"


def _split_runs(raw: Any, is_struck: bool) -> SplitText:
    """Return the text of a cell without its raised and struck-through runs, and those runs.

    `is_struck` is True if the font of the cell is struck through, which holds for runs without a font of their own.
    """
    if isinstance(raw, str):
        text = _unescape(raw)
        return SplitText(text, None, (text.strip() or None) if is_struck else None)
    runs = []
    for run in raw:
        font = getattr(run, "font", None)
        is_raised = font is not None and font.vertAlign == "superscript"
        runs.append((_unescape(str(run)), is_raised, is_struck if font is None else bool(font.strike)))
    return split_runs(runs)


def _unescape(text: str) -> str:
    """Replace escapes such as `_x000D_`, by which OOXML writes a carriage return in a text; openpyxl keeps them."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _format_iso(raw: Any) -> str:
    if isinstance(raw, dt.datetime):
        if raw.time() == dt.time():
            return raw.date().isoformat()
        return raw.isoformat(timespec="seconds")
    if isinstance(raw, (dt.date, dt.time)):
        return raw.isoformat()
    return str(raw)
