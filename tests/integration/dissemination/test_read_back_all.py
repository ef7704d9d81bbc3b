"""Every dataflow and every table of the programme is read back in each format by programs that are not ours.

All figures are compared, in both directions. `test_read_back.py` compares more of one dataflow and of one table.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
from frictionless import validate
from pyaxis import pyaxis
from pyjstat import pyjstat
from pysdmx.io import get_datasets
from python_calamine import CalamineWorkbook

from pipelines.dissemination.files import find_file, join_content
from pipelines.dissemination.formats import list_formats, name_file
from pipelines.dissemination.release import load_structures, load_tables
from pipelines.reading.formats import px as px_reader
from tests.oracles import csvw, released_figures
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


def list_cells(release: Path, table: str, columns: Iterable[str]) -> Counter[Figure]:
    """Return the figures of a table of the programme by SQL, by some columns of an open format."""
    terms = {"REF_AREA": "area", "TIME_PERIOD": released_figures.PERIOD, "OBS_VALUE": "value"}
    selected = ", ".join(f"{terms.get(name, name.lower())} as {name}" for name in (*columns, "OBS_VALUE"))
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        result = connection.execute(f"select {selected} from cell where table_id = ?", [table])
        names = [item[0] for item in result.description]
        return count_figures((dict(zip(names, row, strict=True)) for row in result.fetchall()), columns)


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
    "sdmx-2.1.xml": read_by_pysdmx,
    "sdmx-3.0.xml": read_by_pysdmx,
    "sdmx.json": lambda path: decode_sdmx_json(json.loads(path.read_text(encoding="utf-8"))),
}
"""Readers of the codes of observations, by format; a workbook has labels, and another test."""


def read_by_pyaxis(path: Path, release: Path) -> Iterator[Row]:
    """Yield the cells of a PX file that are in the release, with codes for the labels of its own lists."""
    parsed = pyaxis.parse(str(path), "utf-8", null_values=r"^never$", sd_values=r"^never$", lang="en")
    labels, frame = parsed["METADATA"], parsed["DATA"]
    names = {}
    for concept in load_structures(release).concepts.values():
        names |= {concept.names["en"]: concept.id, f"{concept.names['en']} ({concept.id})": concept.id}
    for title in frame.columns[:-1]:
        codes = dict(zip(labels[f"VALUES({title})"], labels[f"CODES({title})"], strict=True))
        frame[title] = frame[title].map(codes)
    assert frame.notna().all(axis=None), "every label is in the list of its dimension"
    symbols = {f'"{"." * dots}"': SYMBOL_MEANINGS[labels[f"DATASYMBOL{dots}"][0]] for dots in range(1, 7)}
    for row in frame.rename(columns=names).to_dict("records"):
        text = row.pop("DATA")
        status = symbols.get(text, "A")
        if status:
            yield {**row, "OBS_VALUE": None if text in symbols else text, "OBS_STATUS": status}


def read_px_attributes(path: Path, _release: Path) -> Iterator[Row]:
    """Yield the cells of a PX file by their identifier, with the attributes that pyaxis leaves out."""
    for item in px_reader.read_file(path.read_bytes()).observations:
        if item.attributes.get("CELL_ID"):
            defaults = {"OBS_STATUS": "A", "CONF_STATUS": "F", "FLAGS": ""}
            yield {
                "OBS_VALUE": item.value,
                **defaults,
                **{name: text for name, text in item.attributes.items() if text},
            }


def read_by_pyjstat(path: Path, _release: Path) -> Iterator[Row]:
    """Yield the cells of a JSON-stat file that are in the release, with the statuses that it lists by position."""
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    status, secrecy = document["status"], document["extension"]["confidentiality"]
    rows = pyjstat.Dataset.read(text).write("dataframe", naming="id").to_dict("records")
    for place, row in enumerate(rows):
        value, code = row.pop("value"), status.get(str(place))
        if code is not None or value == value:
            conf_status = secrecy.get(str(place), "F")
            yield {**row, "OBS_VALUE": value, "OBS_STATUS": code or "A", "CONF_STATUS": conf_status}


def read_columns(read: Callable[[Path], Rows]) -> Callable[[Path, Path], Iterator[Row]]:
    """Return a reader of a file in columns, of which it keeps those that the table `cell` has too."""

    def read_table(path: Path, release: Path) -> Iterator[Row]:
        dimensions = {
            name for flow in load_structures(release).dataflows.values() for name in flow.structure.dimension_ids
        }
        columns = {*dimensions, "TIME_PERIOD", "OBS_VALUE", *STATUSES, "FLAGS", "CELL_ID"}
        return ({name: value for name, value in row.items() if name in columns} for row in read(path))

    return read_table


SYMBOL_MEANINGS: Mapping[str, str] = {
    "not applicable": "M", "withheld": "Q", "not available": "O", "not collected": "L", "in another category": "K",
    "not in this release": "",
}  # fmt: skip
"""Observation status for each meaning of a PX data symbol."""
TABLE_READERS: tuple[tuple[str, Callable[[Path, Path], Iterator[Row]]], ...] = (
    ("csv", read_columns(read_csv)),
    ("parquet", read_columns(read_parquet)),
    ("px", read_by_pyaxis),
    ("px", read_px_attributes),
    ("jsonstat.json", read_by_pyjstat),
)
"""Formats of a table of the programme, and their readers; a workbook has labels, and another test."""


@pytest.fixture(scope="module")
def folder(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the structures of the release."""
    folder = tmp_path_factory.mktemp("all-formats")
    for version in ("2.1", "3.0"):
        write_file(release, folder, f"structures.sdmx-{version}.xml")
    return folder


def test_every_format_of_dataflows_has_a_reader() -> None:
    assert {*READERS, "xlsx"} == {item.ending for item in list_formats("dataflow")}
    assert {"xlsx", *(ending for ending, _ in TABLE_READERS)} == {item.ending for item in list_formats("table")}


@pytest.mark.parametrize("dataflow", released_figures.STATEMENTS)
@pytest.mark.parametrize("ending", READERS)
def test_file_of_dataflow_has_release_figures(release: Path, folder: Path, dataflow: str, ending: str) -> None:
    columns, expected = list_expected(release, dataflow)
    if not expected:
        pytest.skip("the demonstration publishes nothing of this dataflow")
    rows = READERS[ending](write_file(release, folder, name_file(dataflow, ending)))
    assert count_figures(rows, columns) == expected


def compare_workbook(release: Path, folder: Path, name: str) -> None:
    """Compare labels, which a workbook has instead of codes, and numbers of 16 digits, which it is written with."""
    book = CalamineWorkbook.from_path(str(write_file(release, folder, f"{name}.xlsx")))
    (_, sheet) = book.sheet_names
    _titles, header, *lines = book.get_sheet_by_name(sheet).to_python()
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    expected = read_csv(write_file(release, folder, f"{name}.csv"))
    words = [str(name) for name in header if str(name).endswith("_LABEL")]
    for row in expected:
        row.update({name: row[name].removeprefix("'") for name in words})
        row["OBS_VALUE"] = f"{float(row['OBS_VALUE']):.16G}" if row["OBS_VALUE"] else ""
    assert "OBS_VALUE" in header or all(row["OBS_VALUE"] == "" for row in expected)
    for row in rows:
        row.setdefault("OBS_VALUE", "")
    assert count_figures(rows, words) == count_figures(expected, words), name


@pytest.mark.parametrize("dataflow", released_figures.STATEMENTS)
def test_workbook_read_by_calamine_has_rows_of_csv_file(release: Path, folder: Path, dataflow: str) -> None:
    compare_workbook(release, folder, dataflow)


@pytest.mark.parametrize(("ending", "read"), TABLE_READERS)
def test_file_of_each_table_has_cells_of_release(
    release: Path, folder: Path, ending: str, read: Callable[[Path, Path], Iterator[Row]]
) -> None:
    """Compare all cells by the dimensions of the file: cubes leave out those that do not distinguish cells."""
    for table in load_tables(release):
        rows = list(read(write_file(release, folder, name_file(table, ending)), release))
        columns = [name for name in rows[0] if name != "OBS_VALUE"]
        assert count_figures(rows, columns) == list_cells(release, table, columns), table


def test_workbook_of_each_table_has_rows_of_csv_file(release: Path, folder: Path) -> None:
    for table in load_tables(release):
        compare_workbook(release, folder, table)


def test_every_csv_file_fits_its_descriptions(release: Path, folder: Path) -> None:
    """Check header, types, codes and primary key of the files of all dataflows, by Frictionless and for the Web."""
    for dataflow in load_structures(release).dataflows:
        write_file(release, folder, f"{dataflow}.csv")
    report = validate(str(write_file(release, folder, "datapackage.json")))
    assert report.valid, report.flatten(["title", "message"])[:3]
    assert len(report.tasks) == len(load_structures(release).dataflows)
    assert csvw.list_problems(write_file(release, folder, "csv-metadata.json")) == []
