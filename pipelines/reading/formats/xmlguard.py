"""Check every XML part of an office container, and refuse what a reader behind this guard would expand.

A part is fed to expat piece by piece, with handlers that refuse a DOCTYPE in any encoding, detect an encrypted
OpenDocument, and count cells, merged areas and repeats before anything is built from them. Only counts and the stored
results of formulas are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from pipelines.model.content import ReadError, Remark, Where
from pipelines.reading.formats.common import (
    MAX_CELLS,
    MAX_COLUMN,
    MAX_FORMATTED_CELLS,
    MAX_ROW,
    MAX_SHEETS,
    MAX_SPREAD,
    column_letters,
    column_number,
)

_DIGITS = "0123456789"
_LETTERS, _FIGURES = 4, 9
_REFERENCE = re.compile(rf"([A-Za-z]{{1,{_LETTERS}}})([0-9]{{1,{_FIGURES}}})$")
_MEANINGFUL_TYPE = ("vertAlign", "strike")
"""Properties of a run of type that change what a cell says."""
_STRICT = ("http://purl.oclc.org/ooxml/spreadsheetml", "http://purl.oclc.org/ooxml/wordprocessingml")
"""Namespaces of `Strict Open XML`: openpyxl reads it as an empty workbook or not at all, python-docx not at all."""
MAX_TEXTS = 300_000
"""Shared texts of a workbook, including runs of type: as many as it may have filled cells."""

RULES: dict[str, tuple[str, str]] = {
    "read.too_many_texts": (
        "The workbook's list of texts holds more than {limit} entries.",
        "Copy the tables of the return into a new workbook, save that and send it.",
    ),
}


@dataclass(slots=True)
class ContainerContents:
    """Contents of a container that the guard accepted."""

    names: tuple[str, ...]
    filled: int = 0
    formatted: int = 0
    spread: int = 0
    sheets: int = 0
    texts: int = 0
    unpacked: int = 0
    """Bytes of all parts."""
    formulas: bool = False
    rich_text: bool = False
    """True if a text has raised or struck-through runs."""
    strict: bool = False
    stored: dict[str, dict[tuple[int, int], tuple[str, str | None]]] = field(default_factory=dict)
    """By part and (row, column): type and text of the stored result of each formula, None if there is none."""
    remarks: list[Remark] = field(default_factory=list)


class PartGuard:
    """Feed one XML part to expat and count what a reader would expand."""

    def __init__(self, part: str, contents: ContainerContents) -> None:
        self.part = part
        self.contents = contents
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._handle_root
        self.row = 0
        self.column = 0
        self.row_repeat = 1
        self.repeat = 1
        self.counted = True
        self.in_cell = False
        """False after the cells of a sheet, where extensions have elements named `f` and `v`, too (`xm:f`)."""
        self.sheet = part
        self.type = "n"
        self.results: dict[tuple[int, int], tuple[str, str | None]] = {}
        self.pieces: list[str] = []

    def feed_chunk(self, chunk: bytes) -> None:
        self._parse(chunk, False)

    def close(self) -> None:
        self._parse(b"", True)

    def _parse(self, chunk: bytes, is_last: bool) -> None:
        try:
            self.parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise self._malformed_error(error) from error
        except (LookupError, ValueError) as error:
            # The declaration names an encoding that Python does not know, or one of several bytes.
            raise ReadError("read.malformed", format="xml", detail=f"{self.part}: {error}") from error

    def _malformed_error(self, error: expat.ExpatError) -> ReadError:
        where = Where(line=error.lineno)
        return ReadError("read.malformed", where, format="xml", detail=f"{self.part}: {expat.ErrorString(error.code)}")

    def _refuse_doctype(self, *_: object) -> None:
        raise ReadError("read.xml_doctype", part=self.part)

    def _handle_root(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if any(value.startswith(_STRICT) for value in attributes.values()):
            self.contents.strict = True
        if local == "worksheet":
            self.parser.StartElementHandler = self._handle_sheet_element
            self.contents.stored[self.part] = self.results
        elif local == "workbook":
            self.parser.StartElementHandler = self._handle_workbook_element
        elif local == "sst":
            self.parser.StartElementHandler = self._handle_string_element
        elif local in ("document-content", "document"):
            self.parser.StartElementHandler = self._handle_odf_element
        elif local == "manifest":
            self.parser.StartElementHandler = self._handle_manifest_element
        else:
            self.parser.StartElementHandler = None

    # --- SpreadsheetML -------------------------------------------------------------------------------------------

    def _handle_workbook_element(self, name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet":
            self._count_sheet()

    def _handle_string_element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "si" or local == "r":
            self.contents.texts += 1
            if self.contents.texts > MAX_TEXTS:
                raise ReadError("read.too_many_texts", limit=MAX_TEXTS)
        elif local in _MEANINGFUL_TYPE:
            self.contents.rich_text = True

    def _handle_sheet_element(self, name: str, attributes: dict[str, str]) -> None:
        """Count cells and merged areas of a worksheet, and start capturing results of formulas."""
        local = name.rpartition(":")[2] if ":" in name else name
        if local == "c":
            self.in_cell = True
            self._count_sheet_cell(attributes)
        elif local == "v" or local == "is":
            self._count_filled()
            if local == "v" and self.in_cell and (self.row, self.column) in self.results:
                self._start_capture()
        elif local == "f":
            self._count_filled()
            if self.in_cell:
                self.contents.formulas = True
                self.results[self.row, self.column] = (self.type, None)
        elif local == "row":
            row_text = attributes.get("r", "")
            self.row = int(float(row_text)) if row_text.replace(".", "", 1).isdigit() else self.row + 1
            self.column = 0
        elif local == "mergeCell":
            self.in_cell = False
            self._count_merged_area(attributes.get("ref", ""))
        elif local in _MEANINGFUL_TYPE:
            self.contents.rich_text = True
        else:
            self.in_cell = False

    def _start_capture(self) -> None:
        """Keep the stored result of a formula, to avoid loading the whole workbook a second time."""
        self.pieces = []
        self.parser.CharacterDataHandler = self.pieces.append
        self.parser.EndElementHandler = self._end_capture

    def _end_capture(self, name: str) -> None:
        self.results[self.row, self.column] = (self.type, "".join(self.pieces))
        self.parser.CharacterDataHandler = None
        self.parser.EndElementHandler = None

    def _count_sheet_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self.type = attributes.get("t", "n")
        if reference is None:
            self.column += 1
        else:
            self.column, self.row = _parse_reference(reference)
        self.counted = False
        self.repeat = self.row_repeat = 1
        self.contents.formatted += 1
        if self.contents.formatted > MAX_FORMATTED_CELLS:
            raise ReadError("read.too_many_formatted", self._where(), limit=MAX_FORMATTED_CELLS)

    def _count_merged_area(self, reference: str) -> None:
        first, _, last = reference.replace("$", "").partition(":")
        corners = [_REFERENCE.match(corner) for corner in (first, last or first)]
        if corners[0] is None or corners[1] is None:
            raise ReadError("read.malformed", format="xlsx", detail=f"merged area {reference[:40]!r}")
        rows = abs(int(corners[1][2]) - int(corners[0][2])) + 1
        columns = abs(column_number(corners[1][1].upper()) - column_number(corners[0][1].upper())) + 1
        self._count_covered(rows * columns, reference)

    # --- OpenDocument --------------------------------------------------------------------------------------------

    def _handle_manifest_element(self, name: str, attributes: dict[str, str]) -> None:
        if name.endswith("encryption-data"):
            raise ReadError("read.encrypted")

    def _handle_odf_element(self, name: str, attributes: dict[str, str]) -> None:
        """Count rows, cells and spans of an OpenDocument sheet with their repeats."""
        local = name.rpartition(":")[2]
        if local == "table-cell" or local == "covered-table-cell":
            self.column += self.repeat if self.column else 1
            self.repeat = _repeat_count(attributes, "number-columns-repeated")
            self.counted = False
            area = _repeat_count(attributes, "number-columns-spanned") * _repeat_count(
                attributes, "number-rows-spanned"
            )
            if area > 1:
                self._count_covered(area, f"{column_letters(self.column)}{self.row}")
            for key in attributes:
                if key.endswith((":value-type", ":formula")):
                    self._count_filled()
                    break
        elif local == "p":
            self._count_filled()
        elif local == "table-row":
            self.row += self.row_repeat if self.row else 1
            self.row_repeat = _repeat_count(attributes, "number-rows-repeated")
            self.column = 0
            self.repeat = 1
        elif local == "table":
            self._count_sheet()
            self.row = self.column = 0
            self.row_repeat = self.repeat = 1
            self.counted = True
            self.sheet = next((v for k, v in attributes.items() if k.endswith(":name")), self.part)

    # --- both ----------------------------------------------------------------------------------------------------

    def _count_sheet(self) -> None:
        self.contents.sheets += 1
        if self.contents.sheets > MAX_SHEETS:
            raise ReadError("read.too_many_sheets", limit=MAX_SHEETS)

    def _where(self) -> Where:
        return Where(sheet=self.sheet, cell=f"{column_letters(self.column)}{self.row}")

    def _count_filled(self) -> None:
        if self.counted:
            return
        self.counted = True
        last_row = self.row + self.row_repeat - 1
        last_column = self.column + self.repeat - 1
        self.contents.filled += self.repeat * self.row_repeat
        if self.contents.filled > MAX_CELLS:
            raise ReadError("read.too_many_cells", self._where(), limit=MAX_CELLS)
        if last_row > MAX_ROW or last_column > MAX_COLUMN:
            raise ReadError("read.far_cell", self._where(), row=last_row, column=last_column)

    def _count_covered(self, positions: int, place: str) -> None:
        self.contents.spread += positions
        if self.contents.spread > MAX_SPREAD:
            raise ReadError("read.spread_too_large", Where(sheet=self.sheet, cell=place), limit=MAX_SPREAD)


def _parse_reference(reference: str) -> tuple[int, int]:
    letters = reference.rstrip(_DIGITS)
    digits = reference[len(letters) :]
    column = column_number(letters)
    if column and len(letters) <= _LETTERS and 0 < len(digits) <= _FIGURES:
        return column, int(digits)
    match = _REFERENCE.match(reference if "$" not in reference else reference.replace("$", ""))
    if match is None:
        raise ReadError("read.malformed", format="xlsx", detail=f"cell reference {reference[:20]!r}")
    letters, digits = match.groups()
    return column_number(letters.upper()), int(digits)


def _repeat_count(attributes: dict[str, str], local: str) -> int:
    for key, value in attributes.items():
        if key.endswith(local):
            if not value.isdigit() or len(value) > 9:
                raise ReadError("read.malformed", format="ods", detail=f"{local}={value[:20]!r}")
            return max(int(value), 1)
    return 1
