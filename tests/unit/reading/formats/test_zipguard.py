"""Every attack on a zip container, written here by hand, is refused before a reader sees it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pytest

from pipelines.model.content import ReadError
from pipelines.reading.formats import zipguard
from tests.support.fakes.workbook_fakes import make_ods

_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData>{}</worksheet>'
_BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Т-03" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>'
)


def _zip(parts: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _sheet(rows: str, after: str = "") -> bytes:
    sheet = _SHEET.format(rows, after)
    return _zip({"xl/workbook.xml": _BOOK, "xl/_rels/workbook.xml.rels": _RELS, "xl/worksheets/sheet1.xml": sheet})


def _refusal(data: bytes) -> ReadError:
    with pytest.raises(ReadError) as refusal:
        zipguard.inspect_container(data)
    return refusal.value


def test_a_header_that_lies_about_the_size_is_not_believed() -> None:
    data = bytearray(_zip({"xl/media/a.bin": b"\0" * 30_000_000}))
    size = struct.pack("<I", 30_000_000)
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = struct.pack("<I", 100)
    assert _refusal(bytes(data)).rule in ("read.zip_bomb", "read.malformed")


def test_a_far_cell_is_named_by_sheet_and_address() -> None:
    error = _refusal(_sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    assert (error.rule, str(error.where)) == ("read.far_cell", "Т-03!XFD1048576")


def test_a_giant_merge_is_refused() -> None:
    error = _refusal(_sheet("", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'))
    assert (error.rule, error.where.sheet) == ("read.spread_too_large", "Т-03")


def test_merges_are_counted_together() -> None:
    merges = "".join(f'<mergeCell ref="A{n}:CV{n + 9}"/>' for n in range(1, 2200, 10))
    assert _refusal(_sheet("", f"<mergeCells>{merges}</mergeCells>")).rule == "read.spread_too_large"


def test_repeats_of_filled_cells_are_counted_before_they_are_expanded() -> None:
    rows = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" '
        'office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell></table:table-row>'
    )
    error = _refusal(make_ods(rows))
    assert (error.rule, str(error.where)) == ("read.too_many_cells", "List!A1")


def test_a_far_filled_cell_of_an_ods_is_refused() -> None:
    rows = (
        '<table:table-row table:number-rows-repeated="1048575"><table:table-cell/></table:table-row><table:table-row>'
        '<table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
    )
    assert _refusal(make_ods(rows)).rule == "read.far_cell"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_doctype_in_any_part_and_encoding_is_refused(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    content = (b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding)
    assert _refusal(_zip({"xl/workbook.xml": _BOOK, "docProps/app.xml": content})).rule == "read.xml_doctype"


def test_a_doctype_in_a_part_of_another_name_is_refused() -> None:
    content = b" " * 262_140 + b"<!DOCTYPE a><a/>"  # over the border of two chunks
    assert _refusal(_zip({"xl/drawings/vml.vml": content})).rule == "read.xml_doctype"


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/passwd", "xl\\..\\evil", "C:evil", "xl/a\x01"])
def test_odd_part_names_are_refused(name: str) -> None:
    assert _refusal(_zip({"xl/workbook.xml": _BOOK, name: b"x"})).rule == "read.zip_part_name"


def test_a_repeated_part_name_is_refused() -> None:
    data = _zip({"xl/workbook.xml": _BOOK, "XL/Workbook.xml": _BOOK})
    assert _refusal(data).rule == "read.zip_part_name"


@pytest.mark.parametrize("name", ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml", "Basic/script-lc.xml"])
def test_macros_are_refused(name: str) -> None:
    assert _refusal(_zip({name: b"x"})).rule == "read.macros"


def test_links_to_other_workbooks_are_left_out_with_a_remark() -> None:
    contents = zipguard.inspect_container(
        _zip({"xl/workbook.xml": _BOOK, "xl/externalLinks/externalLink1.xml": "<a/>"})
    )
    assert [remark.rule for remark in contents.remarks] == ["read.external_links_ignored"]


def test_encrypted_parts_say_password() -> None:
    manifest = '<m:manifest xmlns:m="urn:m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    assert _refusal(_zip({"content.xml": b"\x8f\x00", "META-INF/manifest.xml": manifest})).rule == "read.encrypted"


def test_unusual_packing_and_damage_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/workbook.xml", _BOOK)
    assert _refusal(buffer.getvalue()).rule == "read.zip_packing"
    good = _zip({"xl/workbook.xml": _BOOK})
    crc = struct.pack("<I", zlib.crc32(_BOOK.encode()))
    assert _refusal(good.replace(crc, b"\0\0\0\0")).rule == "read.malformed"
    assert _refusal(good[: len(good) // 2]).rule == "read.malformed"


def test_thousands_of_parts_are_refused() -> None:
    assert _refusal(_zip({f"a{n}": b"" for n in range(5_001)})).rule == "read.zip_parts"


@pytest.mark.parametrize("folder", ["xl", "word"])
def test_print_settings_of_office_for_mac_are_not_searched(folder: str) -> None:
    plist = '<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x.dtd"><plist/>'
    zipguard.inspect_container(_zip({f"{folder}/printerSettings/printerSettings1.bin": plist}))
    assert _refusal(_zip({f"{folder}/embeddings/part1.bin": plist})).rule == "read.xml_doctype"
