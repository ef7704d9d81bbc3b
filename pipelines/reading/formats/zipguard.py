"""Check every zip container (XLSX, ODS, DOCX), and refuse what could harm a reader behind this guard.

Names, packing, encryption and macros are checked; each part is streamed once and its real bytes are counted (headers
may be false), and XML parts are passed to `xmlguard.py` on the way. Nothing is written to disk and nothing is kept.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from pipelines.model.content import ReadError, Remark, Where
from pipelines.reading.formats.xmlguard import ContainerContents, PartGuard

MAX_ENTRY = 100 * 1024 * 1024
"""Unpacked bytes, counted as they come: the 800,000 cells allowed (`common.py`) at more than 100 bytes each."""
MAX_TOTAL = 200 * 1024 * 1024
MAX_RATIO = 200
RATIO_FROM = 5 * 1024 * 1024
"""The ratio is checked only above this size: a small sheet of equal rows honestly packs better than 200 to 1."""
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

_BAD_NAME = re.compile(r"[\x00-\x1f\\:]")
_UNREAD = (
    *("xl/media/", "word/media/", "pictures/", "thumbnails/", "objectreplacements/", "docprops/thumbnail"),
    *("xl/printersettings/", "word/printersettings/"),
)
"""Parts that no reader opens. Office for Mac writes print settings as a property list, which has a DOCTYPE."""
_DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))


def inspect_container(data: bytes) -> ContainerContents:
    """Stream every part of the container and return its contents.

    Raises ReadError: read.malformed, read.encrypted, read.macros, read.zip_bomb, read.zip_part_name, read.zip_parts,
    read.zip_packing, read.xml_doctype, read.too_many_cells, read.too_many_formatted, read.spread_too_large,
    read.far_cell, read.too_many_sheets, read.too_many_texts.
    """
    with _open_archive(data) as archive:
        parts = archive.infolist()
        _check_names(parts)
        contents = ContainerContents(tuple(part.filename for part in parts))
        unpacked = _Unpacked()
        # The manifest of an OpenDocument file says whether the other parts are encrypted, so it comes first.
        for part in sorted(parts, key=lambda part: part.filename != "META-INF/manifest.xml"):
            try:
                _inspect_part(archive, part, contents, unpacked)
            except ReadError as error:
                name = sheet_names(archive).get(part.filename) if error.where.sheet == part.filename else None
                if name is None:
                    raise
                raise ReadError(error.rule, error.where._replace(sheet=name), **error.params) from error
        if contents.formulas:
            names = sheet_names(archive)
            contents.stored = {names.get(part, part): results for part, results in contents.stored.items()}
    contents.unpacked = unpacked.total
    _add_remarks(contents)
    return contents


def repack_container(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes | None:
    """Return the container with its parts changed, None if `change` returns None for one; pictures are left out.

    Names, packing and sizes are checked as by `inspect_container`, with the same errors; the contents of parts are not:
    the result must be inspected before it is read.
    """
    buffer = io.BytesIO()
    with _open_archive(data) as archive, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as into:
        _check_names(archive.infolist())
        unpacked = _Unpacked()
        for part in archive.infolist():
            if part.filename.casefold().startswith(_UNREAD):
                continue
            changed = change(part.filename, b"".join(_iter_bounded(archive, part, unpacked)))
            if changed is None:
                return None
            into.writestr(part.filename, changed)
    return buffer.getvalue()


class PartArchive(zipfile.ZipFile):
    """Container whose parts are found by their names in any spelling of capitals and small letters.

    Packages of Office name parts so (ECMA-376 part 2, 6.2.2.3), and some programs write `xl/SharedStrings.xml` where
    they refer to `xl/sharedStrings.xml`. `inspect_container` refuses names that differ in nothing else.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.part_names = _PartNames(super().namelist())

    def getinfo(self, name: str) -> zipfile.ZipInfo:
        """Return the part with a name. Raises KeyError."""
        return super().getinfo(self.part_names.spellings.get(name.casefold(), name))

    def namelist(self) -> _PartNames:
        """Return the names of all parts; a name in any spelling is one of them."""
        return self.part_names


class _PartNames(list[str]):
    def __init__(self, names: list[str]) -> None:
        super().__init__(names)
        self.spellings = {name.casefold(): name for name in names}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self.spellings


def _open_archive(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise ReadError("read.malformed", format="zip", detail=_error_words(error)) from error


BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
"""Errors that `zipfile` passes on for a damaged container; a missing byte makes it seek to before the beginning."""


def sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the name on the tab of each worksheet part, as far as the workbook has it."""
    elements: list[tuple[str, dict[str, str]]] = []
    parts = {name.casefold(): name for name in archive.namelist()}
    for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if name not in parts:
            return {}
        try:
            with archive.open(parts[name]) as stream:
                head = stream.read(1 << 20)
        except BROKEN:
            return {}  # it is reported when that part itself is inspected
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda tag, attributes: elements.append((tag.rpartition(":")[2], attributes))
        try:
            parser.Parse(head, True)
        except expat.ExpatError:
            return {}
    targets = {a.get("Id", ""): a.get("Target", "") for tag, a in elements if tag == "Relationship"}
    names: dict[str, str] = {}
    for tag, attributes in elements:
        if tag == "sheet":
            target = next((targets.get(value, "") for key, value in attributes.items() if key.endswith(":id")), "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            names[parts.get(part.casefold(), part)] = attributes.get("name", "")
    return names


def _refuse_doctype(*_: object) -> None:
    raise ReadError("read.xml_doctype", part="xl/workbook.xml")


def _error_words(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__


def _check_names(parts: list[zipfile.ZipInfo]) -> None:
    """Refuse part names that are repeated or lead out of the container, and macros, encryption and unusual packing."""
    if len(parts) > MAX_PARTS:
        raise ReadError("read.zip_parts", count=len(parts))
    folded_names: set[str] = set()
    for part in parts:
        name = part.filename
        # zipfile cuts a name at a NUL and converts backslashes of some systems; check the original as well.
        for spelled in (name, part.orig_filename):
            pieces = spelled.split("/")
            if spelled == "" or spelled.startswith("/") or ".." in pieces or _BAD_NAME.search(spelled):
                raise ReadError("read.zip_part_name", part=spelled[:80])
        if name.casefold() in folded_names:
            raise ReadError("read.zip_part_name", part=name[:80])
        folded_names.add(name.casefold())
        low = name.casefold()
        if low.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in low or low.startswith("basic/script"):
            raise ReadError("read.macros", part=name)
        if part.flag_bits & 0x1 or low == "encryptedpackage" or low == "encrypted-package":
            raise ReadError("read.encrypted")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ReadError("read.zip_packing", part=name[:80])


def _inspect_part(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, contents: ContainerContents, unpacked: _Unpacked
) -> None:
    """Stream one part: pass XML to the XML guard, and search parts of other types for a DOCTYPE."""
    low = part.filename.casefold()
    is_xml = low.endswith((".xml", ".rels"))
    watch = PartGuard(part.filename, contents) if is_xml else None
    raw_scan = not is_xml and not low.startswith(_UNREAD)
    tail = b""
    before = unpacked.total
    for chunk in _iter_bounded(archive, part, unpacked):
        if watch is not None:
            watch.feed_chunk(chunk)
        elif raw_scan:
            window = tail + chunk
            if any(mark in window for mark in _DOCTYPES):
                raise ReadError("read.xml_doctype", part=part.filename)
            tail = chunk[-32:]
    if watch is not None and unpacked.total > before:
        watch.close()


@dataclass(slots=True)
class _Unpacked:
    """Bytes of the container unpacked so far."""

    total: int = 0


def _iter_bounded(archive: zipfile.ZipFile, part: zipfile.ZipInfo, unpacked: _Unpacked) -> Iterator[bytes]:
    """Yield a part piece by piece; refuse it once it, or all parts so far, has too many bytes."""
    size = 0
    for chunk in _iter_chunks(archive, part):
        size += len(chunk)
        unpacked.total += len(chunk)
        ratio_broken = size > RATIO_FROM and size > MAX_RATIO * max(part.compress_size, 1)
        if size > MAX_ENTRY or unpacked.total > MAX_TOTAL or ratio_broken:
            raise ReadError("read.zip_bomb", part=part.filename, megabytes=size // (1024 * 1024))
        yield chunk


def _iter_chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except BROKEN as error:
        raise ReadError("read.malformed", format="zip", detail=f"{part.filename}: {_error_words(error)}") from error


def _add_remarks(contents: ContainerContents) -> None:
    low = [name.casefold() for name in contents.names]
    if any(name.startswith("xl/externallinks/") for name in low):
        contents.remarks.append(Remark("read.external_links_ignored", Where()))
    if any(name.startswith(("xl/media/", "word/media/", "pictures/")) and not name.endswith("/") for name in low):
        contents.remarks.append(Remark("read.pictures_ignored", Where()))
