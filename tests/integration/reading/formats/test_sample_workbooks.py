"""Workbooks of the demonstration have the cells that openpyxl itself loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.reading.formats import xlsx
from tests.support.fakes.workbook_fakes import read_as_opened, read_by_openpyxl
from tests.support.paths import SAMPLES

FILES = sorted(SAMPLES.rglob("*.xlsx"))


def test_demonstration_has_workbooks() -> None:
    assert len(FILES) > 30


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", FILES[::6], ids=lambda path: path.name)
def test_cells_are_those_that_openpyxl_itself_loads(path: Path) -> None:
    data = path.read_bytes()
    contents = xlsx.inspect_container(data)
    assert read_as_opened(data, contents) == read_by_openpyxl(data, contents) != []
