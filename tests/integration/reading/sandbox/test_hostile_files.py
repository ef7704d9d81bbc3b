"""Files designed to occupy a reading process: none uses more processor time than its size allows.

Processor seconds are measured in the reading process, so that other work on the machine does not matter.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest

from pipelines.declarations.registry import load
from pipelines.findings.rules import from_read_error
from pipelines.findings.texts import describe_finding
from pipelines.model.content import ReadError
from pipelines.reading.formats.budget import BASE, MOST, allowed_seconds
from pipelines.reading.formats.sniff import sniff_format
from pipelines.reading.sandbox.pool import ChildPool
from pipelines.submissions.checking.read_task import PRELOAD, ReadResult, Task
from tests.support.hostile_files import FILES, pdf_of_many_lines, xlsx_of_many_sheets
from tests.support.limited_reading import LimitedTask, run_limited_task

FOUND = ("sheets.xlsx", "texts.xlsx", "values.px", "keywords.px", "pages.pdf")
"""Files that held a reading process for 7 to 31 s each."""
EARLY = 2.0
"""Processor seconds within which they are refused now; a quiet machine takes 0.6 at most."""


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool[LimitedTask, ReadResult]]:
    with ChildPool(run_limited_task, workers=1, preload=PRELOAD) as child_pool:
        child_pool.launcher.load()
        yield child_pool


def _read_in_child(
    pool: ChildPool[LimitedTask, ReadResult], data: bytes, name: str, seconds: float = BASE
) -> tuple[ReadResult | ReadError, float]:
    """Return the result of a file read in a child of its own, and the processor seconds it used."""
    child = pool.launcher.start_child()
    try:
        result = child.run_job(LimitedTask(Task(data, name, "S000000000000000", load().digest), seconds), 120.0)
    finally:
        child.close()
    return result, child.used


def _allowed(data: bytes, name: str) -> float:
    unpacked = 0
    if data.startswith(b"PK"):
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(data)).infolist())
    return allowed_seconds(sniff_format(data, name), len(data), unpacked)


@pytest.mark.sampled()
@pytest.mark.parametrize("name", FILES)
def test_hostile_file_uses_no_more_than_its_size_allows(pool: ChildPool[LimitedTask, ReadResult], name: str) -> None:
    make, rule = FILES[name]
    data = make()
    result, used = _read_in_child(pool, data, name)
    assert (result.rule if isinstance(result, ReadError) else None) == rule
    assert used < _allowed(data, name) + 0.5
    if name in FOUND:
        assert used < EARLY


@pytest.mark.parametrize("limit", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_small_file_over_the_limit_is_refused_with_limit_and_remedy(
    pool: ChildPool[LimitedTask, ReadResult], limit: int
) -> None:
    """Read a file that needs more than the real limit, of five seconds, also under a lower one."""
    assert BASE == 5
    data = pdf_of_many_lines()
    result, used = _read_in_child(pool, data, "lines.pdf", limit)
    assert isinstance(result, ReadError)
    assert result.params == {"seconds": limit, "format": "pdf", "kilobytes": len(data) // 1000 + 1}
    assert limit - 0.1 < used < limit + 0.5
    words = describe_finding(from_read_error(result), "en")
    message = f"The file needed more than {limit} s of processing."
    assert words.message.startswith(message) and "Send only" in words.remedy


def test_two_sheets_of_one_part_are_refused(pool: ChildPool[LimitedTask, ReadResult]) -> None:
    result, _ = _read_in_child(pool, xlsx_of_many_sheets(2), "two.xlsx")
    assert isinstance(result, ReadError) and result.rule == "read.malformed"


@pytest.mark.parametrize(
    ("format_name", "size", "unpacked", "measured"),
    [
        ("csv", 2_000_000, 0, 2.7),
        ("xlsx", 1_080_000, 8_960_000, 4.3),
        ("pdf", 130_000, 0, 4.1),
        ("ods", 30_000, 2_190_000, 0.8),
        ("docx", 30_000, 1_900_000, 1.2),
        ("html", 230_000, 0, 0.9),
        ("sdmx-ml", 2_990_000, 0, 0.8),
        ("sdmx-csv", 1_200_000, 0, 1.0),
        ("xls", 170_000, 0, 0.6),
        ("px", 40_000, 0, 0.6),
        ("jsonstat", 100_000, 0, 0.5),
    ],
)
def test_allowed_seconds_is_three_times_what_ordinary_files_need(
    format_name: str, size: int, unpacked: int, measured: float
) -> None:
    """Compare with the sizes and processor seconds in `docs/decisions/0002-which-library-reads-what.md`."""
    assert allowed_seconds(format_name, size, unpacked) >= 2.9 * measured
    assert allowed_seconds(format_name, 26_000, 26_000 * 80) == BASE
    assert allowed_seconds(format_name, 50_000_000, 200_000_000) <= MOST
