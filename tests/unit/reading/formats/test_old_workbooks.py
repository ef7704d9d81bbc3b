"""Old Excel workbooks with the peculiarities of files that other programs read and xlrd refuses.

The files themselves are of public test suites: `corrupted_error.xls` (xlrd), `phpexcel_bad_cfb_dir.xls` and
`phonetic_text.xls` (SheetJS), `gh548_incorrect_sst_unique_count.xls` (calamine). calamine is the second reader here.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence

import pytest
import python_calamine
import xlrd
import xlwt

from pipelines.model.content import Grid, ReadError
from pipelines.reading.formats import xls
from pipelines.reading.formats.sniff import sniff_format
from pipelines.reading.formats.xls_container import ContainerError, extract_workbook
from pipelines.reading.formats.xls_texts import read_shared_texts
from tests.support.fakes.compound_files import NONE, Faults, pack_compound_file

TEXTS = ["Осуђена лица", "Gjithsej", "128/b", "i pafajshëm"]
SUMMARY = "\x05SummaryInformation"
SST, CONTINUE, BOUNDSHEET = 0xFC, 0x3C, 0x85
WIDE, PHONETIC, RICH = 1, 4, 8


def _make_records(rows: int = 60) -> bytes:
    """Return the records of a workbook with numbers and with the texts above."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Т-03")
    for row in range(rows):
        sheet.write(row, 0, TEXTS[row % len(TEXTS)])
        sheet.write(row, 1, row * 7)
        sheet.write(row, 2, row / 3)
    return _save_records(book)


def _save_records(book: xlwt.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return extract_workbook(buffer.getvalue())


RECORDS = _make_records()


def _list_values(grid: Grid) -> list[object]:
    return [cell.value for cell in grid.tables[0].cells]


VALUES = [value for row in range(60) for value in (TEXTS[row % len(TEXTS)], row * 7, row / 3)]


def _list_values_by_calamine(data: bytes) -> list[object]:
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
    return [value for row in sheet.to_python() for value in row]


# ---------------------------------------------------------------------------------------------------------- containers

LONG_SUMMARY = {"Workbook": RECORDS, SUMMARY: b"S" * 5_000}
SHORT_SUMMARY = {"Workbook": RECORDS, SUMMARY: b"S" * 200}
CONTAINERS = {
    "short streams run on into the workbook": pack_compound_file(SHORT_SUMMARY, Faults(one_chain=True)),
    "the workbook runs on into another stream": pack_compound_file(LONG_SUMMARY, Faults(one_chain=True)),
    "the root has sectors of the workbook and no short stream": pack_compound_file(
        {"Workbook": RECORDS}, Faults(root=(0, 512))
    ),
    "an entry is linked to one that does not exist": pack_compound_file(
        SHORT_SUMMARY, Faults(links={1: (NONE, 77, NONE)})
    ),
    "entries are linked in a circle": pack_compound_file(SHORT_SUMMARY, Faults(links={2: (NONE, 1, NONE)})),
    "the workbook is linked to nothing": pack_compound_file(SHORT_SUMMARY, Faults(links={0: (NONE, NONE, 2)})),
    "the root is linked to nothing": pack_compound_file(SHORT_SUMMARY, Faults(links={0: (NONE, NONE, NONE)})),
}


@pytest.mark.parametrize("data", CONTAINERS.values(), ids=CONTAINERS)
def test_container_that_xlrd_refuses_is_read_completely(data: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017 - whatever xlrd raises
        xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    assert sniff_format(data) == "xls"
    assert _list_values(xls.read_file(data)) == VALUES == _list_values_by_calamine(data)


def test_faultless_container_is_read_as_before() -> None:
    data = pack_compound_file(SHORT_SUMMARY)
    assert extract_workbook(data) == RECORDS
    assert _list_values(xls.read_file(data)) == VALUES


def test_short_workbook_is_read_from_the_short_streams() -> None:
    stream = RECORDS[:3_000]
    data = pack_compound_file({"Workbook": stream, SUMMARY: b"S" * 200}, Faults(links={2: (NONE, 1, NONE)}))
    assert extract_workbook(data) == stream


def test_workbook_embedded_in_a_workbook_is_not_taken_for_it() -> None:
    streams, embedded = {"Workbook": RECORDS}, {"Workbook": _make_records(rows=80)}
    assert extract_workbook(pack_compound_file(streams, Faults(root=(0, 512)), inside=embedded)) == RECORDS


REFUSED = {
    "a sector of the workbook is not linked": pack_compound_file(SHORT_SUMMARY, Faults(lost_sector=True)),
    "short streams need a sector of the workbook": pack_compound_file(SHORT_SUMMARY, Faults(root=(4, 1_024))),
    "two workbooks": pack_compound_file(
        {"Workbook": RECORDS, "WORKBOOK": RECORDS}, Faults(links={0: (NONE, NONE, 77)})
    ),
    "a workbook in a text document": pack_compound_file({"WordDocument": b"W" * 5_000}, inside={"Workbook": RECORDS}),
    "no workbook": pack_compound_file({"Drawing": RECORDS}),
    "cut off": pack_compound_file(SHORT_SUMMARY, Faults(one_chain=True))[:4_000],
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_damaged_container_is_refused(data: bytes) -> None:
    with pytest.raises(ContainerError):
        extract_workbook(data)
    with pytest.raises(ReadError, match=r"read\.malformed"):
        xls.read_file(data)


def test_workbook_that_lists_no_sheet_is_refused() -> None:
    records = _join_records([record for record in _split_records(RECORDS) if record[0] != BOUNDSHEET])
    with pytest.raises(ReadError) as refusal:
        xls.read_file(pack_compound_file({"Workbook": records}))
    assert refusal.value.params["detail"] == "the workbook has no sheets"


# -------------------------------------------------------------------------------------------------------- shared texts


def _split_records(records: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while any(records[at : at + 4]):  # xlwt fills the last sector with zeros
        code, length = struct.unpack_from("<HH", records, at)
        yield code, records[at + 4 : at + 4 + length]
        at += 4 + length


def _join_records(records: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack("<HH", code, len(content)) + content for code, content in records)


def _replace_shared_texts(pieces: Sequence[bytes]) -> bytes:
    """Return the workbook with these contents of its record of shared texts and of the records that continue it."""
    old = list(_split_records(RECORDS))
    (number,) = (n for n, (code, _) in enumerate(old) if code == SST)
    assert old[number + 1][0] != CONTINUE
    new = [(SST, pieces[0]), *((CONTINUE, piece) for piece in pieces[1:])]
    moved = len(_join_records(new)) - len(_join_records([old[number]]))
    changed = [*old[:number], *new, *old[number + 1 :]]
    return _join_records(
        [
            (code, struct.pack("<I", struct.unpack_from("<I", content)[0] + moved) + content[4:])
            if code == BOUNDSHEET
            else (code, content)
            for code, content in changed
        ]
    )


def _text(text: str, *, phonetic: bytes = b"", runs: Sequence[tuple[int, int]] = ()) -> bytes:
    options = WIDE | (PHONETIC if phonetic else 0) | (RICH if runs else 0)
    return (
        struct.pack("<HB", len(text), options)
        + (struct.pack("<H", len(runs)) if runs else b"")
        + (struct.pack("<I", len(phonetic)) if phonetic else b"")
        + text.encode("utf-16-le")
        + b"".join(struct.pack("<HH", *run) for run in runs)
        + phonetic
    )


def _counted(content: bytes, count: int = len(TEXTS)) -> bytes:
    return struct.pack("<II", 60, count) + content


READING = b"\x01\x00" + b"\x0c\x00" * 10_000
"""Phonetic data longer than two records."""
_FIRST = _text(TEXTS[0], phonetic=READING)
_REST = _text(TEXTS[1], phonetic=READING[:40], runs=[(2, 1), (5, 0)]) + _text(TEXTS[2]) + _text(TEXTS[3])
_WHOLE = _FIRST + _REST
_NARROW = struct.pack("<HB", 8, 0)
_SECOND_HALF = b"\x01" + TEXTS[1][4:].encode("utf-16-le")
SHARED_TEXTS = {
    "phonetic data over three records": [
        _counted(_WHOLE[:8_216]), _WHOLE[8_216:16_440], _WHOLE[16_440:],
    ],
    "phonetic data that ends with its record": [_counted(_FIRST[:8_216]), _FIRST[8_216:16_440], _FIRST[16_440:], _REST],
    "more texts announced than there are": [_counted(b"".join(map(_text, TEXTS)), 900)],
    "fewer texts announced than there are": [_counted(b"".join(map(_text, TEXTS)), 2)],
    "a text that changes its width with the record": [
        _counted(_text(TEXTS[0]) + _NARROW + TEXTS[1][:4].encode("latin-1")),
        _SECOND_HALF + _text(TEXTS[2]) + _text(TEXTS[3]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("pieces", SHARED_TEXTS.values(), ids=SHARED_TEXTS)
def test_texts_are_read_by_their_own_lengths(pieces: list[bytes]) -> None:
    data = pack_compound_file({"Workbook": _replace_shared_texts(pieces)})
    assert _list_values(xls.read_file(data)) == VALUES


def test_phonetic_data_is_no_part_of_a_text_and_keeps_the_runs_of_type() -> None:
    texts, runs = read_shared_texts(SHARED_TEXTS["phonetic data over three records"])
    assert (texts, runs) == (TEXTS, {1: [(2, 1), (5, 0)]})


def test_xlrd_refuses_phonetic_data_over_three_records() -> None:
    data = pack_compound_file({"Workbook": _replace_shared_texts(SHARED_TEXTS["phonetic data over three records"])})
    with pytest.raises(Exception):  # noqa: B017 - whatever xlrd raises
        xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    assert _list_values_by_calamine(data) == VALUES


def test_character_divided_between_records_is_read() -> None:
    high, low = "𝟏".encode("utf-16-le")[:2], "𝟏".encode("utf-16-le")[2:]
    texts, _ = read_shared_texts([_counted(struct.pack("<HB", 2, WIDE) + high, 1), b"\x01" + low])
    assert texts == ["𝟏"]


@pytest.mark.parametrize(
    "pieces",
    [
        [_counted(_text(TEXTS[0]) + _text(TEXTS[1])[:9])],
        [_counted(_text(TEXTS[0]) + struct.pack("<HB", 2, WIDE) + b"\x00\xd8\x41\x00")],
    ],
    ids=["cut off", "half a character"],
)
def test_text_that_is_missing_in_part_is_an_error(pieces: list[bytes]) -> None:
    with pytest.raises((EOFError, UnicodeDecodeError)):
        read_shared_texts(pieces)


def test_cell_with_a_text_that_does_not_exist_is_refused() -> None:
    data = pack_compound_file({"Workbook": _replace_shared_texts([_counted(_text(TEXTS[0]), 4)])})
    with pytest.raises(ReadError, match=r"read\.malformed"):
        xls.read_file(data)
