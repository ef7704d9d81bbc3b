"""Every dataflow and table, in every format, is read by a program that is not ours and compared number by number."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from pyaxis import pyaxis
from pyjstat import pyjstat
from pysdmx.io import get_datasets
from python_calamine import CalamineWorkbook

from pipelines.dissemination.files import find_file, join_content
from pipelines.dissemination.formats import list_formats, name_file
from pipelines.dissemination.release import load_structures, load_tables
from pipelines.dissemination.writers import px
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
    assert {"px", "jsonstat.json"} == {
        item.ending for item in list_formats("table") if item not in [*list_formats("dataflow")]
    }


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
    """A workbook has labels instead of codes, and numbers of 16 digits; the CSV file has both, and all digits."""
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


SDMX1 = """
import json, sys, sdmx
folder, *names = sys.argv[1:]
structures = sdmx.read_sdmx(f"{folder}/structures.sdmx-2.1.xml")
for name in names:
    data = sdmx.read_sdmx(f"{folder}/{name}.sdmx-2.1.xml", structure=structures.structure[name])
    rows = [
        {**{key: str(value.value) for key, value in obs.key.values.items()}, "OBS_VALUE": obs.value,
         **{key: str(value) for key, value in obs.attrib.items()}}
        for obs in data.data[0].obs
    ]
    print(json.dumps([name, rows]))
"""
"""sdmx1 keeps state between reads, so that it has a process of its own."""


def test_sdmx_ml_read_by_sdmx1_has_release_figures(release: Path, folder: Path) -> None:
    expected = {name: list_expected(release, name) for name in released_figures.STATEMENTS}
    names = [name for name, (_, figures) in expected.items() if figures]
    for name in names:
        write_file(release, folder, f"{name}.sdmx-2.1.xml")
    command = [sys.executable, "-c", SDMX1, str(folder), *names]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    actual = dict(json.loads(line) for line in answer.stdout.splitlines() if line.startswith("["))
    assert list(actual) == names
    for name, rows in actual.items():
        columns, figures = expected[name]
        assert count_figures(rows, columns) == figures, name


def list_table_rows(release: Path, folder: Path, table: str) -> list[dict[str, str]]:
    """Return the rows of a table's CSV file, which another test compares with the release."""
    return read_csv(write_file(release, folder, f"{table}.csv"))


@pytest.fixture(scope="module")
def tables(release: Path) -> Mapping[str, frozenset[str]]:
    """Return the identifiers of the cells of each table of the programme."""
    return {name: frozenset(table.cells) for name, table in load_tables(release).items()}


def test_csv_file_of_every_table_has_its_cells(
    release: Path, folder: Path, tables: Mapping[str, frozenset[str]]
) -> None:
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        rows = connection.execute("select table_id, cell_id, value, obs_status, conf_status from cell").fetchall()
    assert {row[0] for row in rows} == tables.keys()
    for table in tables:
        expected = Counter(row[1:] for row in rows if row[0] == table)
        actual = Counter(
            (row["CELL_ID"], _read_number(row["OBS_VALUE"]), row["OBS_STATUS"], row["CONF_STATUS"])
            for row in list_table_rows(release, folder, table)
        )
        assert actual == expected, table


def test_jsonstat_of_every_table_read_by_pyjstat_has_release_figures(
    release: Path, folder: Path, tables: Mapping[str, frozenset[str]]
) -> None:
    for table in tables:
        text = write_file(release, folder, f"{table}.jsonstat.json").read_text(encoding="utf-8")
        frame, document = pyjstat.Dataset.read(text).write("dataframe", naming="id"), json.loads(text)
        places = [str(place) for place in range(len(frame))]
        frame["OBS_STATUS"] = [document["status"].get(place, "A") for place in places]
        frame["CONF_STATUS"] = [document["extension"]["confidentiality"].get(place, "F") for place in places]
        rows = frame.rename(columns={"value": "OBS_VALUE"}).to_dict("records")
        # A combination without value and status is not in the release.
        rows = [row for row in rows if not pd.isna(row["OBS_VALUE"]) or row["OBS_STATUS"] != "A"]
        columns = [*document["id"], *STATUSES]
        assert count_figures(rows, columns) == count_figures(list_table_rows(release, folder, table), columns), table


@pytest.mark.parametrize("language", ["en", "mk"])
def test_px_of_every_table_read_by_pyaxis_has_release_figures(
    release: Path, folder: Path, tables: Mapping[str, frozenset[str]], language: str
) -> None:
    structures = load_structures(release)
    for table in tables:
        path = str(write_file(release, folder, f"{table}.px"))
        frame = pyaxis.parse(path, "utf-8", null_values=r"^never$", sd_values=r"^never$", lang=language)["DATA"]
        names = {text.names[language]: name for name, text in structures.concepts.items()}
        columns = {column: names[column] for column in frame.columns if column != "DATA"}
        actual = Counter(
            (tuple(row[column] for column in columns), row["DATA"])
            for row in frame.to_dict("records")
            if row["DATA"] != f'"{px.NO_ROW}"'
        )
        ending = "" if language == "en" else f".{language}"
        expected = read_csv(write_file(release, folder, f"{table}{ending}.csv"))
        assert _count_symbols(actual) == Counter(_describe_px(row, list(columns.values())) for row in expected), table


def _describe_px(row: Mapping[str, str], columns: list[str]) -> tuple[tuple[str, ...], float | str]:
    labels = tuple(row["TIME_PERIOD"] if name == "TIME_PERIOD" else row[f"{name}_LABEL"] for name in columns)
    value = _read_number(row["OBS_VALUE"])
    return labels, f'"{px.SYMBOLS[row["OBS_STATUS"]]}"' if value is None else value


def _count_symbols(
    figures: Mapping[tuple[tuple[str, ...], str], int],
) -> Counter[tuple[tuple[str, ...], float | str]]:
    """Return the same figures with numbers as numbers."""
    return Counter(
        {(labels, text if text.startswith('"') else float(text)): number for (labels, text), number in figures.items()}
    )
