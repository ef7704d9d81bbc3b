"""Every dataflow is read back in six formats by programs that are not ours, and compared number by number.

The seventh, SDMX-ML 2.1, and the formats of tables are read back for one of each (`test_read_back.py`).
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import duckdb
import pytest
from pysdmx.io import get_datasets
from python_calamine import CalamineWorkbook

from pipelines.dissemination.files import find_file, join_content
from pipelines.dissemination.formats import list_formats, name_file
from pipelines.dissemination.release import load_structures
from tests.oracles import released_figures
from tests.oracles.sdmx_json import decode_sdmx_json

Row = Mapping[str, object]
Rows = Iterable[Row]
Figure = tuple[tuple[str, ...], float | None]
"""The codes of a figure, with its period and statuses, and its value."""

pytestmark = pytest.mark.slow
STATUSES = ("OBS_STATUS", "CONF_STATUS")


def write_file(release: Path, folder: Path, name: str) -> Path:
    """Write a file of a release to a folder, and return its path."""
    path = folder / name
    if not path.exists():
        path.write_bytes(join_content(find_file(release, name).make()))
    return path


def count_figures(rows: Rows, columns: Iterable[str]) -> Counter[Figure]:
    """Return how often each figure is among some rows of text or numbers."""
    names = list(columns)
    return Counter((tuple(_read_text(row[name]) for name in names), _read_number(row["OBS_VALUE"])) for row in rows)


def _read_text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _read_number(value: object) -> float | None:
    return None if value is None or value == "" or value != value else float(str(value))


def list_expected(release: Path, dataflow: str) -> tuple[list[str], Counter[Figure]]:
    """Return the columns of a dataflow, and its figures by SQL from the tables of the release."""
    columns = [*load_structures(release).dataflows[dataflow].structure.dimension_ids, "TIME_PERIOD", *STATUSES]
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        result = connection.execute(released_figures.STATEMENTS[dataflow])
        names = [item[0] for item in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return columns, count_figures(rows, columns)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_parquet(path: Path) -> list[dict[str, object]]:
    with duckdb.connect() as connection:
        result = connection.execute("select * from read_parquet(?)", [str(path)])
        names = [item[0] for item in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def read_by_pysdmx(path: Path) -> list[Row]:
    """Return the observations of a file, whose structures are in the same folder."""
    version = "3.0" if "3.0" in path.name else "2.1"
    (dataset,) = get_datasets(str(path), str(path.with_name(f"structures.sdmx-{version}.xml")), validate=False)
    rows: list[Row] = dataset.data.to_dict("records")
    return rows


READERS: Mapping[str, Callable[[Path], Rows]] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "sdmx.csv": read_by_pysdmx,
    "sdmx-3.0.xml": read_by_pysdmx,
    "sdmx.json": lambda path: decode_sdmx_json(json.loads(path.read_text(encoding="utf-8"))),
}
"""Readers of the codes of observations, by format; other tests read XLSX and SDMX-ML 2.1."""


@pytest.fixture(scope="module")
def folder(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the structures of the release."""
    folder = tmp_path_factory.mktemp("all-formats")
    for version in ("2.1", "3.0"):
        write_file(release, folder, f"structures.sdmx-{version}.xml")
    return folder


def test_every_format_of_dataflows_has_a_reader() -> None:
    assert {*READERS, "xlsx", "sdmx-2.1.xml"} == {item.ending for item in list_formats("dataflow")}


@pytest.mark.parametrize("dataflow", released_figures.STATEMENTS)
@pytest.mark.parametrize("ending", READERS)
def test_file_of_dataflow_has_release_figures(release: Path, folder: Path, dataflow: str, ending: str) -> None:
    columns, expected = list_expected(release, dataflow)
    if not expected:
        pytest.skip("the demonstration publishes nothing of this dataflow")
    rows = READERS[ending](write_file(release, folder, name_file(dataflow, ending)))
    assert count_figures(rows, columns) == expected


@pytest.mark.parametrize("dataflow", released_figures.STATEMENTS)
def test_workbook_read_by_calamine_has_rows_of_csv_file(release: Path, folder: Path, dataflow: str) -> None:
    """Compare labels, which a workbook has instead of codes, and numbers of 16 digits, which it is written with."""
    (_, sheet) = CalamineWorkbook.from_path(str(write_file(release, folder, f"{dataflow}.xlsx"))).sheet_names
    book = CalamineWorkbook.from_path(str(folder / f"{dataflow}.xlsx"))
    _titles, header, *lines = book.get_sheet_by_name(sheet).to_python()
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    expected = read_csv(write_file(release, folder, f"{dataflow}.csv"))
    words = [str(name) for name in header if str(name).endswith("_LABEL")]
    for row in expected:
        row.update({name: row[name].removeprefix("'") for name in words})
        row["OBS_VALUE"] = f"{float(row['OBS_VALUE']):.16G}" if row["OBS_VALUE"] else ""
    assert "OBS_VALUE" in header or all(row["OBS_VALUE"] == "" for row in expected)
    for row in rows:
        row.setdefault("OBS_VALUE", "")
    assert count_figures(rows, words) == count_figures(expected, words)
