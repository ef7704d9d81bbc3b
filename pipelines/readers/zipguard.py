"""The guard in front of every zip container (XLSX, ODS, DOCX): refuses what could harm a reader behind it.

Each part is streamed once, its real bytes counted (headers may lie), and XML parts are fed to expat on the way, with
handlers that refuse a DOCTYPE in any encoding and count cells, merged areas and repeats before a reader expands them.
Nothing is written to disk and nothing is kept.  Does not belong here: reading the content (see the format modules).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from pipelines.readers.common import (
    MAX_CELLS,
    MAX_COLUMN,
    MAX_FORMATTED_CELLS,
    MAX_ROW,
    MAX_SPREAD,
    column_letters,
    column_number,
)
from pipelines.readers.model import ReadError, Remark, Where

MAX_ENTRY = 200 * 1024 * 1024
MAX_TOTAL = 400 * 1024 * 1024
MAX_RATIO = 200
RATIO_FROM = 5 * 1024 * 1024
"""The ratio is judged only above this size: a small sheet of equal rows honestly packs better than 200 to 1."""
MAX_PARTS = 5_000
_CHUNK = 256 * 1024

RULES: dict[str, tuple[str, str]] = {
    "read.zip_bomb": (
        "The file unpacks to far more than it should ({part}: over {megabytes} MB).",
        "Save the workbook again with an office program. If it really is so large, send only the tables of the return.",
    ),
    "read.zip_part_name": (
        "The file holds a part with an unsafe or repeated name ({part}).",
        "Save the file again with an office program and send that.",
    ),
    "read.zip_parts": (
        "The file holds {count} parts, more than any office document has.",
        "Save the file again with an office program and send that.",
    ),
    "read.zip_packing": (
        "A part of the file ({part}) is packed in a way no office program uses.",
        "Save the file again with an office program and send that.",
    ),
}

_DIGITS = "0123456789"
_LETTERS, _FIGURES = 4, 9
_REFERENCE = re.compile(rf"([A-Za-z]{{1,{_LETTERS}}})([0-9]{{1,{_FIGURES}}})$")
_BAD_NAME = re.compile(r"[\x00-\x1f\\:]")
_UNREAD = ("xl/media/", "word/media/", "pictures/", "thumbnails/", "objectreplacements/", "docprops/thumbnail")
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml"
"""Namespace of `Strict Open XML`, which openpyxl reads as an empty workbook or not at all."""
_DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))


@dataclass(slots=True)
class Contents:
    """What the guard saw of a container that it let pass."""

    names: tuple[str, ...]
    filled: int = 0
    formatted: int = 0
    spread: int = 0
    formulas: bool = False
    superscripts: bool = False
    strict: bool = False
    stored: dict[str, dict[tuple[int, int], tuple[str, str | None]]] = field(default_factory=dict)
    """By part and (row, column): type and text of the stored result of each formula, None where there is none."""
    remarks: list[Remark] = field(default_factory=list)


def inspect(data: bytes) -> Contents:
    """Stream every part of the container and return what it holds.

    Raises ReadError: read.malformed, read.encrypted, read.macros, read.zip_bomb, read.zip_part_name, read.zip_parts,
    read.zip_packing, read.xml_doctype, read.too_many_cells, read.too_many_formatted, read.spread_too_large,
    read.far_cell.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise ReadError("read.malformed", format="zip", detail=_words(error)) from error
    with archive:
        parts = archive.infolist()
        _check_names(parts)
        contents = Contents(tuple(part.filename for part in parts))
        total = 0
        # The manifest of an OpenDocument file says whether the other parts are encrypted: it goes first.
        for part in sorted(parts, key=lambda part: part.filename != "META-INF/manifest.xml"):
            try:
                total = _inspect_part(archive, part, contents, total)
            except ReadError as error:
                name = sheet_names(archive).get(part.filename) if error.where.sheet == part.filename else None
                if name is None:
                    raise
                raise ReadError(error.rule, error.where._replace(sheet=name), **error.params) from error
        if contents.formulas:
            names = sheet_names(archive)
            contents.stored = {names.get(part, part): results for part, results in contents.stored.items()}
    _add_remarks(contents)
    return contents


BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
"""What `zipfile` lets through where a container is damaged; a hole of one byte makes it seek before the beginning."""


def sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """The name on the tab of each worksheet part, as far as the workbook tells it."""
    found: list[tuple[str, dict[str, str]]] = []
    for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if name not in archive.namelist():
            return {}
        try:
            with archive.open(name) as stream:
                head = stream.read(1 << 20)
        except BROKEN:
            return {}  # it is told when that part itself is inspected
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes))
        try:
            parser.Parse(head, True)
        except expat.ExpatError:
            return {}
    targets = {a.get("Id", ""): a.get("Target", "") for tag, a in found if tag == "Relationship"}
    names: dict[str, str] = {}
    for tag, attributes in found:
        if tag == "sheet":
            target = next((targets.get(value, "") for key, value in attributes.items() if key.endswith(":id")), "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            names[part] = attributes.get("name", "")
    return names


def _no_doctype(*_: object) -> None:
    raise ReadError("read.xml_doctype", part="xl/workbook.xml")


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__


def _check_names(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise ReadError("read.zip_parts", count=len(parts))
    seen: set[str] = set()
    for part in parts:
        name = part.filename
        # zipfile cuts a name at a NUL and turns backslashes of some systems; the original is judged as well.
        for spelled in (name, part.orig_filename):
            pieces = spelled.split("/")
            if spelled == "" or spelled.startswith("/") or ".." in pieces or _BAD_NAME.search(spelled):
                raise ReadError("read.zip_part_name", part=spelled[:80])
        if name.casefold() in seen:
            raise ReadError("read.zip_part_name", part=name[:80])
        seen.add(name.casefold())
        low = name.casefold()
        if low.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in low or low.startswith("basic/script"):
            raise ReadError("read.macros", part=name)
        if part.flag_bits & 0x1 or low == "encryptedpackage" or low == "encrypted-package":
            raise ReadError("read.encrypted")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ReadError("read.zip_packing", part=name[:80])


def _inspect_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, contents: Contents, total: int) -> int:
    low = part.filename.casefold()
    is_xml = low.endswith((".xml", ".rels"))
    watch = _Watch(part.filename, contents) if is_xml else None
    raw_scan = not is_xml and not low.startswith(_UNREAD)
    tail = b""
    size = 0
    for chunk in _stream(archive, part):
        size += len(chunk)
        total += len(chunk)
        ratio_broken = size > RATIO_FROM and size > MAX_RATIO * max(part.compress_size, 1)
        if size > MAX_ENTRY or total > MAX_TOTAL or ratio_broken:
            raise ReadError("read.zip_bomb", part=part.filename, megabytes=size // (1024 * 1024))
        if watch is not None:
            watch.feed(chunk)
        elif raw_scan:
            window = tail + chunk
            if any(mark in window for mark in _DOCTYPES):
                raise ReadError("read.xml_doctype", part=part.filename)
            tail = chunk[-32:]
    if watch is not None and size:
        watch.close()
    return total


def _stream(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except BROKEN as error:
        raise ReadError("read.malformed", format="zip", detail=f"{part.filename}: {_words(error)}") from error


def _add_remarks(contents: Contents) -> None:
    low = [name.casefold() for name in contents.names]
    if any(name.startswith("xl/externallinks/") for name in low):
        contents.remarks.append(Remark("read.external_links_ignored", Where()))
    if any(name.startswith(("xl/media/", "word/media/", "pictures/")) and not name.endswith("/") for name in low):
        contents.remarks.append(Remark("read.pictures_ignored", Where()))


def _column_row(reference: str) -> tuple[int, int]:
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


class _Watch:
    """Feeds one XML part to expat and counts what a reader would expand."""

    def __init__(self, part: str, contents: Contents) -> None:
        self.part = part
        self.contents = contents
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._root
        self.row = 0
        self.column = 0
        self.row_repeat = 1
        self.repeat = 1
        self.counted = True
        self.sheet = part
        self.type = "n"
        self.results: dict[tuple[int, int], tuple[str, str | None]] = {}
        self.pieces: list[str] = []

    def feed(self, chunk: bytes) -> None:
        try:
            self.parser.Parse(chunk, False)
        except expat.ExpatError as error:
            raise self._broken(error) from error

    def close(self) -> None:
        try:
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._broken(error) from error

    def _broken(self, error: expat.ExpatError) -> ReadError:
        where = Where(line=error.lineno)
        return ReadError("read.malformed", where, format="xml", detail=f"{self.part}: {expat.ErrorString(error.code)}")

    def _doctype(self, *_: object) -> None:
        raise ReadError("read.xml_doctype", part=self.part)

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if any(value.startswith(_STRICT) for value in attributes.values()):
            self.contents.strict = True
        if local == "worksheet":
            self.parser.StartElementHandler = self._sheet_element
            self.contents.stored[self.part] = self.results
        elif local == "sst":
            self.parser.StartElementHandler = self._string_element
        elif local in ("document-content", "document"):
            self.parser.StartElementHandler = self._odf_element
        elif local == "manifest":
            self.parser.StartElementHandler = self._manifest_element
        else:
            self.parser.StartElementHandler = None

    # --- SpreadsheetML -------------------------------------------------------------------------------------------

    def _string_element(self, name: str, attributes: dict[str, str]) -> None:
        if name.endswith("vertAlign"):
            self.contents.superscripts = True

    def _sheet_element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2] if ":" in name else name
        if local == "c":
            self._sheet_cell(attributes)
        elif local == "v" or local == "is":
            self._fill()
            if local == "v" and (self.row, self.column) in self.results:
                self._capture()
        elif local == "f":
            self.contents.formulas = True
            self.results[self.row, self.column] = (self.type, None)
            self._fill()
        elif local == "row":
            given = attributes.get("r", "")
            self.row = int(float(given)) if given.replace(".", "", 1).isdigit() else self.row + 1
            self.column = 0
        elif local == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif local == "vertAlign":
            self.contents.superscripts = True

    def _capture(self) -> None:
        """Keep the stored result of a formula: it saves loading the whole workbook a second time."""
        self.pieces = []
        self.parser.CharacterDataHandler = self.pieces.append
        self.parser.EndElementHandler = self._captured

    def _captured(self, name: str) -> None:
        self.results[self.row, self.column] = (self.type, "".join(self.pieces))
        self.parser.CharacterDataHandler = None
        self.parser.EndElementHandler = None

    def _sheet_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self.type = attributes.get("t", "n")
        if reference is None:
            self.column += 1
        else:
            self.column, self.row = _column_row(reference)
        self.counted = False
        self.repeat = self.row_repeat = 1
        self.contents.formatted += 1
        if self.contents.formatted > MAX_FORMATTED_CELLS:
            raise ReadError("read.too_many_formatted", self._where(), limit=MAX_FORMATTED_CELLS)

    def _merge(self, reference: str) -> None:
        first, _, last = reference.replace("$", "").partition(":")
        corners = [_REFERENCE.match(corner) for corner in (first, last or first)]
        if corners[0] is None or corners[1] is None:
            raise ReadError("read.malformed", format="xlsx", detail=f"merged area {reference[:40]!r}")
        rows = abs(int(corners[1][2]) - int(corners[0][2])) + 1
        columns = abs(column_number(corners[1][1].upper()) - column_number(corners[0][1].upper())) + 1
        self._cover(rows * columns, reference)

    # --- OpenDocument --------------------------------------------------------------------------------------------

    def _manifest_element(self, name: str, attributes: dict[str, str]) -> None:
        if name.endswith("encryption-data"):
            raise ReadError("read.encrypted")

    def _odf_element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "table-cell" or local == "covered-table-cell":
            self.column += self.repeat if self.column else 1
            self.repeat = _repeat(attributes, "number-columns-repeated")
            self.counted = False
            area = _repeat(attributes, "number-columns-spanned") * _repeat(attributes, "number-rows-spanned")
            if area > 1:
                self._cover(area, f"{column_letters(self.column)}{self.row}")
            for key in attributes:
                if key.endswith((":value-type", ":formula")):
                    self._fill()
                    break
        elif local == "p":
            self._fill()
        elif local == "table-row":
            self.row += self.row_repeat if self.row else 1
            self.row_repeat = _repeat(attributes, "number-rows-repeated")
            self.column = 0
            self.repeat = 1
        elif local == "table":
            self.row = self.column = 0
            self.row_repeat = self.repeat = 1
            self.counted = True
            self.sheet = next((v for k, v in attributes.items() if k.endswith(":name")), self.part)

    # --- both ----------------------------------------------------------------------------------------------------

    def _where(self) -> Where:
        return Where(sheet=self.sheet, cell=f"{column_letters(self.column)}{self.row}")

    def _fill(self) -> None:
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

    def _cover(self, positions: int, place: str) -> None:
        self.contents.spread += positions
        if self.contents.spread > MAX_SPREAD:
            raise ReadError("read.spread_too_large", Where(sheet=self.sheet, cell=place), limit=MAX_SPREAD)


def _repeat(attributes: dict[str, str], local: str) -> int:
    for key, value in attributes.items():
        if key.endswith(local):
            if not value.isdigit() or len(value) > 9:
                raise ReadError("read.malformed", format="ods", detail=f"{local}={value[:20]!r}")
            return max(int(value), 1)
    return 1
