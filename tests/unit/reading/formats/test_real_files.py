"""Real and hostile files next to the project: each is read or rejected with its reason; other readers agree."""

from __future__ import annotations

import datetime as dt
import io
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipelines.model.content import Grid, ReadError, SourceCell
from pipelines.reading.formats.read import read_content
from pipelines.reading.sandbox.pool import ChildPool
from tests.support.paths import SHARED

REAL = SHARED / "real"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SHARED.is_dir(), reason="no files beside the project")]

REFUSED = {
    "any_sheets.xls": "read.macros",
    "vba.xlsm": "read.macros",
    "pass_protected.xlsx": "read.encrypted",
    "pass_protected.ods": "read.encrypted",
    "password-example.pdf": "read.encrypted",
    "strict_iso_paths.xlsx": "read.xlsx.strict",
    "issue252.xlsx": "read.malformed",  # a wrong checksum
    "OOM_alloc3.xls": "read.malformed",
    "too_small.xls": "read.no_reader",
    "2023-06-20-PV.pdf": "read.pdf.no_table",
    "malformed-from-issue-932.pdf": "read.pdf.no_table",
    "t3.odt": "read.unsupported",
}
HOSTILE = {
    "bomb.pdf": "read.pdf.bomb",
    "bomb.xlsx": "read.zip_bomb",
    "far.xlsx": "read.far_cell",
    "laughs.xlsx": "read.xml_doctype",
    "laughs.xml": "read.xml_doctype",
    "merge.xlsx": "read.spread_too_large",
    "repeat.ods": "read.too_many_cells",
    "trav.xlsx": "read.zip_part_name",
    "xxe.docx": "read.xml_doctype",
    "xxe.ods": "read.xml_doctype",
    "xxe.xlsx": "read.xml_doctype",
    "xxe.xml": "read.xml_doctype",
}


def _files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in REAL.glob(pattern))


@cache
def _read(path: Path) -> Grid:
    """Read a file once for all tests."""
    grid = read_content(path.read_bytes(), path.name)
    assert isinstance(grid, Grid)
    return grid


def measure_reading(data: bytes) -> tuple[str, float, int]:
    """Read one file in a child process; return its rule or `ok`, processor seconds and peak memory in MB.

    The process may open no file outside the program, so it is sent the bytes, as in the service.

    The time a sender waits is measured at the service, as the shortest of three; here other tests run in parallel.
    """
    import resource

    start = time.process_time()
    try:
        read_content(data, "a.xlsx")
        outcome = "ok"
    except ReadError as error:
        outcome = error.rule
    seconds = time.process_time() - start
    return outcome, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def test_every_hostile_file_is_refused_quickly_and_in_little_memory() -> None:
    files = sorted(path for path in (SHARED / "acceptance/hostile").iterdir() if path.suffix != ".md")
    with ChildPool(measure_reading, workers=1, recycle_after=1) as pool:
        results = dict(pool.map_jobs((path.name, path.read_bytes()) for path in files))
    measured = {name: result for name, result in results.items() if not isinstance(result, ReadError)}
    assert measured.keys() == results.keys(), results
    assert {name: result[0] for name, result in measured.items()} == {**HOSTILE, "dim.xlsx": "ok"}
    for name, result in measured.items():
        assert result[1] < 2 and result[2] < 300, (name, result)


def test_every_real_file_is_read_or_refused_with_its_reason() -> None:
    for path in _files("xlsx/*/*", "xls/*/*", "ods/*/*", "pdf/*/*", "cyrillic/*.[!p]*"):
        if path.stat().st_size > 400_000:
            continue  # the long PDF has a test of its own
        try:
            grid = _read(path)
        except ReadError as error:
            assert error.rule == REFUSED.get(path.name), (path.name, str(error))
        else:
            assert path.name not in REFUSED and grid.tables, path.name


def _calamine(path: Path) -> Any:
    calamine = pytest.importorskip("python_calamine")
    return calamine.CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_values_agree_with_an_independent_reader(kind: str) -> None:
    compared = 0
    for path in _files(f"{kind}/*/*.{kind}", f"cyrillic/*.{kind}"):
        if path.name in REFUSED or path.name == "biff5-rich-text-string.xls":
            continue  # the second names a codepage that the other reader does not obey
        grid = _read(path)
        workbook = _calamine(path)
        for table in grid.tables:
            cells = {(cell.row, cell.column): cell for cell in table.cells}
            sheet = workbook.get_sheet_by_name(table.name)
            first_row, first_column = sheet.start or (0, 0)
            for r, row in enumerate(sheet.to_python(skip_empty_area=True)):
                for c, value in enumerate(row):
                    cell = cells.get((r + first_row + 1, c + first_column + 1))
                    if value == "" or (cell is not None and cell.spread):
                        continue  # the other reader gives '' for errors and leaves spans blank
                    assert cell is not None, (path.name, table.name, r, c, value)
                    compared += _agrees(cell, value, path.name)
    assert compared > (10_000 if kind == "xlsx" else 3_000)


def _agrees(cell: SourceCell, value: Any, name: str) -> bool:
    place = (name, str(cell.where), cell.value, value)
    if isinstance(value, bool) or cell.kind == "bool":
        assert cell.value == value, place
    elif isinstance(value, (int, float)):
        assert cell.kind in ("number", "date", "formula"), place
        if cell.kind == "number":
            assert float(cell.value or 0) == pytest.approx(value, rel=1e-12), place
    elif isinstance(value, (dt.date, dt.datetime, dt.time, dt.timedelta)):
        assert cell.kind == "date", place
        if isinstance(value, dt.date) and isinstance(cell.value, str) and len(cell.value) >= 10:
            assert cell.value[:10] == value.isoformat()[:10], place
    else:
        # The other reader trims; marks are set apart here.
        text = "".join((cell.text + (cell.marks or "")).split())
        assert sorted(text) == sorted("".join(str(value).split())) or cell.kind == "date", place
    return True


def _positions(grid: Grid, skip: int = 0) -> list[list[str]]:
    positions: list[list[str]] = []
    for number, table in enumerate(grid.tables):
        rows: dict[int, list[str]] = {}
        for cell in table.cells:
            rows.setdefault(cell.row, []).append(" ".join(cell.text.split()))
        positions += [rows[row] for row in sorted(rows)][skip if number else 0 :]
    return positions


def test_word_html_and_pdf_give_the_same_table() -> None:
    in_word = _positions(_read(REAL / "cyrillic/t3.docx"))
    assert (len(in_word), len(in_word[0])) == (72, 7)
    assert _positions(_read(REAL / "cyrillic/t3.html")) == in_word
    # The second page of the PDF repeats the two rows of the heading.
    assert _positions(_read(REAL / "cyrillic/t3.pdf"), skip=2) == in_word


def test_three_workbook_formats_give_the_same_cells() -> None:
    by_format = [_read(REAL / f"cyrillic/prov.{suffix}") for suffix in ("xlsx", "xls", "ods")]
    facts: list[Callable[[SourceCell], object]] = [
        lambda c: (c.row, c.column, c.where),
        lambda c: c.value if c.kind != "formula" else None,
        lambda c: (c.anchor, c.spread, c.hidden, c.note),
    ]
    for sheets in zip(*(grid.tables for grid in by_format), strict=True):
        assert len({(sheet.name, sheet.hidden) for sheet in sheets}) == 1
        for cells in zip(*(sheet.cells for sheet in sheets), strict=True):
            calculated = [cell for cell in cells if cell.kind != "formula"]
            # The XLSX was written without results; the two others were calculated by an office program.
            assert len(calculated) in (2, 3)
            for fact in facts[:1] + facts[2:]:
                assert len({fact(cell) for cell in cells}) == 1, cells
            assert len({facts[1](cell) for cell in calculated}) == 1, cells


@pytest.mark.sampled(turn=0)
def test_a_long_ruled_pdf_has_the_same_columns_on_every_page() -> None:
    grid = _read(REAL / "pdf/pdfplumber/WARN-Report-for-7-1-2015-to-03-25-2016.pdf")
    register = [table for table in grid.tables if max(cell.column for cell in table.cells) == 7]
    assert [table.page for table in register] == list(range(1, 16))
    dates = [cell.text for table in register for cell in table.cells if cell.column == 3 and cell.text]
    assert len(dates) > 500
    assert sum(1 for date in dates if not date[:1].isdigit() or len(date) != 10) <= 1  # the heading
