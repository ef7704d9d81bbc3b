"""Readers at their limits: files of a million cells or hundreds of megabytes are read in little memory, or refused."""

from __future__ import annotations

import json
import time
import tracemalloc
import zlib
from typing import Any

import pytest

from pipelines.model.content import ReadError
from pipelines.reading.formats import delimited, jsonstat, pdf, px, xlsx, zipguard
from pipelines.reading.formats.common import MAX_CELLS
from tests.support.fakes.workbook_fakes import edit_part, make_xlsx

SHEET = "xl/worksheets/sheet1.xml"
SHEET_XML = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def make_workbook() -> bytes:
    return make_xlsx(lambda book: book.add_worksheet().write_number("A1", 1))


def make_square(rows: int) -> bytes:
    """Return a PX cube of 1,000 columns and a number of rows."""
    values = {"a": range(rows), "b": range(1000)}
    codes = {name: ",".join(f'"{name}{number}"' for number in numbers) for name, numbers in values.items()}
    variables = "".join(f'VALUES("{name}")={codes[name]};\n' for name in codes)
    data = "\n".join(["1 22 " * 500] * rows)
    return (
        'MATRIX="T1";\nSUBJECT-CODE="J";\nSUBJECT-AREA="Justice";\nTITLE="Persons";\nCONTENTS="Persons";\n'
        f'UNITS="persons";\nDECIMALS=0;\nSTUB="a";\nHEADING="b";\n{variables}DATA=\n{data};\n'
    ).encode()


def test_px_cube_of_a_million_cells_is_read_in_little_memory() -> None:
    data = make_square(1000)
    tracemalloc.start()
    try:
        cube = px.read_file(data)
        assert sum(observation.value or 0 for observation in cube.observations) == 23 * 500_000
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_px_cube_of_more_than_a_million_cells_is_refused_before_its_cells_are_parsed() -> None:
    data = make_square(1001)
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match=r"read\.too_many_cells"):
            px.read_file(data)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_jsonstat_cube_of_too_many_cells_is_refused() -> None:
    category = {"category": {"index": [str(number) for number in range(1000)]}}
    cube = {
        "version": "2.0", "class": "dataset", "label": "Persons", "id": ["a", "b"], "size": [1000, 1000],
        "dimension": {"a": category, "b": category}, "value": [1] * 1_000_000,
    }  # fmt: skip
    with pytest.raises(ReadError, match=r"read\.too_many_cells"):
        jsonstat.read_file(json.dumps(cube).encode())


def test_delimited_microdata_is_refused() -> None:
    with pytest.raises(ReadError, match=r"read\.too_many_cells"):
        delimited.read_file(b"1;2;3;4;5;6;7;8;9;10\n" * (MAX_CELLS // 10 + 1))


def test_hyperlinks_are_read_in_linear_time() -> None:
    def write_sheet(book: Any) -> None:
        sheet = book.add_worksheet("S")
        for row in range(15_000):
            sheet.write_url(row, 0, f"https://example.org/{row}", None, "link")

    data = make_xlsx(write_sheet)
    before = time.process_time()
    assert len(xlsx.read_file(data).tables[0].cells) == 15_000
    assert time.process_time() - before < 4  # 0.9 s; a search through the list of all links takes 7 s


def test_first_rows_rejects_a_harmful_container() -> None:
    data = edit_part(
        make_workbook(),
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", b" " * 100_000_000 + b"</sheetData>"),
    )
    with pytest.raises(ReadError, match=r"read\.zip_bomb"):
        xlsx.first_rows(data, 3)
    with pytest.raises(ReadError, match=r"read\.malformed"):
        xlsx.first_rows(b"PK\x03\x04" + bytes(60), 3)


def test_pdf_stream_that_unpacks_to_hundreds_of_megabytes_is_refused() -> None:
    packed = zlib.compress(b" " * 60_000_000, 9)
    data = b"%PDF-1.4\n1 0 obj<</Length 1/Filter/FlateDecode>>stream\n" + packed + b"\nendstream endobj\n%%EOF"
    with pytest.raises(ReadError, match=r"read\.pdf\.bomb"):
        pdf.read_file(data)


def write_sheet(xml: str) -> bytes:
    """Return a workbook whose only sheet has this content."""
    return edit_part(make_workbook(), SHEET, lambda _: SHEET_XML.format(xml).encode())


def test_bomb_is_stopped_by_what_it_really_unpacks_to() -> None:
    data = edit_part(make_workbook(), SHEET, lambda _: b" " * 30_000_000)
    with pytest.raises(ReadError, match=r"read\.zip_bomb"):
        zipguard.inspect_container(data)


def test_microdata_is_refused_also_where_cells_have_no_address() -> None:
    row = "<row>" + "<c><v>1</v></c>" * 100 + "</row>"
    with pytest.raises(ReadError, match=r"read\.too_many_cells"):
        zipguard.inspect_container(write_sheet(row * (MAX_CELLS // 100 + 1)))


def test_too_many_formatted_empty_cells_are_refused() -> None:
    row = "<row>" + '<c s="1"/>' * 1_000 + "</row>"
    with pytest.raises(ReadError, match=r"read\.too_many_formatted"):
        zipguard.inspect_container(write_sheet(row * 501))
