"""Tests that send one filtered query in every format and compare the answers with the rows that it selects."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyaxis import pyaxis
from pyjstat import pyjstat
from pysdmx.io import read_sdmx
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient

from pipelines.dissemination.release import load_structures
from pipelines.web.sdmx.negotiation import DATA_FORMATS
from tests.oracles.sdmx_json import decode_sdmx_json
from tests.support.open_data_site import make_client

Row = Mapping[str, object]
Figures = Mapping[tuple[str, ...], Mapping[str, object]]
KEY = ("FREQ", "REF_AREA", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION",
       "CITIZENSHIP", "TIME_PERIOD")  # fmt: skip
QUERIES = {
    "v1": "/v1/data/VICTIMS/A.RS+ME.victims_detected.victim.TIP..._T.._T?startPeriod=2023&endPeriod=2025",
    "v2": "/v2/data/dataflow/RTI/VICTIMS/+/A.RS.victims_detected.victim.TIP.*.*._T.*._T,"
    "A.ME.victims_detected.victim.TIP.*.*._T.*._T?c[TIME_PERIOD]=ge:2023+le:2025",
}
SYMBOLS = {"not applicable": "M", "withheld": "Q", "not available": "O", "not collected": "L",
           "in another category": "K", "not in this release": ""}  # fmt: skip
"""Observation status for each meaning of a PX data symbol."""


@pytest.fixture(scope="module")
def client(built_home: Path) -> TestClient:
    return make_client(built_home)


@pytest.fixture(scope="module")
def chosen(victims: Figures) -> Figures:
    """Return the counts that the queries choose, by the names of their terms."""
    rows = {
        key: row for key, row in victims.items()
        if key[:5] in {("A", area, "victims_detected", "victim", "TIP") for area in ("RS", "ME")}
        and (key[7], key[9]) == ("_T", "_T") and "2023" <= key[10] <= "2025" and len(key[10]) == 4
    }  # fmt: skip
    assert len({key[5] for key in rows}) > 1 and len({key[8] for key in rows}) > 3
    assert {row["conf_status"] for row in rows.values()} == {"C", "F"}, "some are withheld"
    return rows


def read_text_table(content: bytes, _release: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def read_parquet(content: bytes, _release: Path) -> list[Row]:
    return pl.read_parquet(io.BytesIO(content)).to_dicts()


def read_json(content: bytes, _release: Path) -> Iterable[Row]:
    return decode_sdmx_json(json.loads(content))


def read_by_pysdmx(content: bytes, _release: Path) -> list[Row]:
    (data_set,) = read_sdmx(io.BytesIO(content), validate=True).data
    rows: list[Row] = data_set.data.to_dict("records")
    return rows


def read_json_stat(content: bytes, _release: Path) -> Iterable[Row]:
    """Yield the cells that are rows: with a number, or with a status that says why there is none."""
    document = json.loads(content)
    secrecy = document["extension"]["confidentiality"]
    for place, row in enumerate(
        pyjstat.Dataset.read(content.decode()).write("dataframe", naming="id").to_dict("records")
    ):
        value, status = row.pop("value"), document["status"].get(str(place))
        if status is not None or value == value:
            confidentiality = secrecy.get(str(place), "F")
            yield {**row, "OBS_VALUE": value, "OBS_STATUS": status or "A", "CONF_STATUS": confidentiality}


def read_px(content: bytes, release: Path, tmp_path: Path) -> Iterable[Row]:
    """Yield the cells that are rows, with the codes of the file's own lists for its labels."""
    path = tmp_path / "filtered.px"
    path.write_bytes(content)
    parsed = pyaxis.parse(str(path), "utf-8", null_values=r"^never$", sd_values=r"^never$", lang="en")
    described, frame = parsed["METADATA"], parsed["DATA"]
    names = {concept.names["en"]: concept.id for concept in load_structures(release).concepts.values()}
    for title in frame.columns[:-1]:
        codes = dict(zip(described[f"VALUES({title})"], described[f"CODES({title})"], strict=True))
        frame[title] = frame[title].map(codes)
    symbols = {f'"{"." * dots}"': SYMBOLS[described[f"DATASYMBOL{dots}"][0]] for dots in range(1, 7)}
    for row in frame.rename(columns=names).to_dict("records"):
        text = row.pop("DATA")
        status = symbols.get(text, "A")
        if status:
            yield {**row, "OBS_VALUE": None if text in symbols else text, "OBS_STATUS": status}


def read_workbook(content: bytes, release: Path) -> list[Row]:
    """Return the rows with the codes of the labels that a workbook has instead of them."""
    structures = load_structures(release)
    components = structures.dataflows["VICTIMS"].structure.codelists
    _titles, header, *lines = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(1).to_python()
    rows: list[Row] = []
    for line in lines:
        row: dict[str, Any] = dict(zip(map(str, header), line, strict=True))
        for component in [name.removesuffix("_LABEL") for name in row if name.endswith("_LABEL")]:
            label = row.pop(f"{component}_LABEL")
            if component == "TIME_PERIOD":
                row[component] = str(label).removesuffix(".0")
                continue
            (row[component],) = [
                code.id for code in structures.codelists[components[component]].codes if code.names["en"] == label
            ]
        rows.append(row)
    return rows


READERS: Mapping[str, Callable[..., Iterable[Row]]] = {
    "csv": read_text_table,
    "parquet": read_parquet,
    "xlsx": read_workbook,
    "json-stat": read_json_stat,
    "px": read_px,
    "sdmx-csv-1.0": read_text_table,
    "sdmx-csv-2.0": read_text_table,
    "sdmx-json-1.0": read_json,
    "sdmx-json-2.0": read_json,
    "sdmx-ml-2.1": read_by_pysdmx,
    "sdmx-ml-3.0": read_by_pysdmx,
    "sdmx-generic-2.1": read_by_pysdmx,
    "sdmx-series-2.1": read_by_pysdmx,
    "sdmx-generic-series-2.1": read_by_pysdmx,
}
"""Readers of a format by its name in `format=`. The two of SDMX-JSON follow the specification: no other program reads
its data."""


def test_every_format_of_data_has_a_reader() -> None:
    assert READERS.keys() == {item.name for formats in DATA_FORMATS.values() for item in formats}


@pytest.mark.parametrize("version", QUERIES)
@pytest.mark.parametrize("name", READERS)
def test_filtered_answer_read_back_has_the_rows_that_were_chosen(
    client: TestClient, release: Path, chosen: Figures, tmp_path: Path, version: str, name: str
) -> None:
    answer = client.get(f"/sdmx{QUERIES[version]}&format={name}")
    assert answer.status_code == 200, answer.text
    more = {"tmp_path": tmp_path} if name == "px" else {}
    rows = list(READERS[name](answer.content, release, **more))
    terms = [term for term in KEY if term in rows[0]]
    left_out = [place for place, term in enumerate(KEY) if term not in terms]
    assert {key[place] for key in chosen for place in left_out} <= {"_T", "_Z"}, "a cube leaves out constant terms only"
    expected = {
        tuple(code for term, code in zip(KEY, key, strict=True) if term in terms): row for key, row in chosen.items()
    }
    actual = {tuple(str(row[term]) for term in terms): row for row in rows}
    assert actual.keys() == expected.keys() and len(rows) == len(chosen)
    for key, row in actual.items():
        assert read_number(row["OBS_VALUE"]) == expected[key]["value"], key
        assert row["OBS_STATUS"] == expected[key]["obs_status"], key
        if "CONF_STATUS" in row:
            assert row["CONF_STATUS"] == expected[key]["conf_status"], key
        if "CELL_ID" in row:
            assert row["CELL_ID"] == expected[key]["cell_id"], key


def read_number(value: object) -> float | None:
    return None if value is None or value == "" or value != value else float(str(value))
