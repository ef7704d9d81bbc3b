"""Tests of the formats: zero, withheld, not applicable and not available stay four things in each of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree

import polars as pl
import pytest

from pipelines.dissemination.artefacts import Artefacts
from pipelines.dissemination.structures import Category
from pipelines.dissemination.writers import cube, jsonstat, px, sdmx_csv, sdmx_json, sdmx_ml, sdmx_structure, tabular
from tests.support.open_data import make_small_extract, make_structures

EXTRACT = make_small_extract()
CATEGORISED = replace(
    EXTRACT, structures=replace(EXTRACT.structures, categories=(Category("COUNTS", {"en": "Counts"}),))
)
KINDS = {
    ("Q", "AA", "2024-Q1"): ("0", "A", "F"),
    ("Q", "AA", "2024-Q2"): ("12", "A", "F"),
    ("Q", "AA", "2024-Q3"): ("", "Q", "C"),
    ("A", "AA", "2024"): ("7.25", "A", "F"),
    ("A", "BB", "2024"): ("", "M", "F"),
    ("P3", "BB", "2022-01-01/P3Y"): ("", "O", "F"),
}


def read_kinds(rows: list[Mapping[str, str]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {
        (row["FREQ"], row["REF_AREA"], row["TIME_PERIOD"]): (
            row.get("OBS_VALUE", ""), row["OBS_STATUS"], row["CONF_STATUS"],
        )
        for row in rows
    }  # fmt: skip


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_sdmx_csv_keeps_kinds_apart(version: sdmx_csv.Version) -> None:
    rows = read_csv(b"".join(sdmx_csv.write_sdmx_csv(EXTRACT, version)))
    assert read_kinds(rows) == KINDS
    assert rows[0]["UPPER_LIMIT"] == "INF"
    assert {row.get("DATAFLOW") or row["STRUCTURE_ID"] for row in rows} == {"RTI:SMALL(1.0.0)"}


def test_sdmx_csv_with_labels_has_them_in_the_language() -> None:
    (first, *_) = read_csv(b"".join(sdmx_csv.write_sdmx_csv(EXTRACT, labels="both", language="sq")))
    assert first["FREQ: Freq"] == "Q: Quarter (sq)"
    header = b"".join(sdmx_csv.write_sdmx_csv(EXTRACT, labels="name")).decode().splitlines()[0]
    assert header.startswith("STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,FREQ,Freq,REF_AREA,Ref area")


def test_csv_of_labels_has_notes_and_guards_formulas() -> None:
    rows = read_csv(b"".join(tabular.write_csv(EXTRACT)))
    assert read_kinds(rows) == KINDS
    notes = {row["TIME_PERIOD"] + row["REF_AREA"]: row["NOTES"] for row in rows}
    assert notes["2024-Q3AA"].startswith("withheld: Hidden")
    assert notes["2024BB"].startswith("not applicable") and notes["2024BB"].endswith("About Bland.")
    assert notes["2024-Q2AA"].startswith("Partial")
    assert notes["2024-Q1AA"] == ""


@pytest.mark.parametrize("rows_at_once", [1, 4, 5])
def test_files_written_in_parts_are_those_of_all_rows_at_once(
    monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    whole_csv, whole_parquet = b"".join(tabular.write_csv(EXTRACT)), pl.read_parquet(tabular.write_parquet(EXTRACT))
    monkeypatch.setattr(tabular, "_ROWS_AT_ONCE", rows_at_once)
    assert b"".join(tabular.write_csv(EXTRACT)) == whole_csv
    assert pl.read_parquet(tabular.write_parquet(EXTRACT)).equals(whole_parquet)
    assert whole_parquet.height == len(KINDS)


def test_files_without_observations_have_a_header() -> None:
    empty = replace(EXTRACT, observations=EXTRACT.observations.clear())
    assert read_csv(b"".join(tabular.write_csv(empty))) == []
    of_none, of_all = (pl.read_parquet(tabular.write_parquet(extract)) for extract in (empty, EXTRACT))
    assert of_none.is_empty() and of_none.schema == of_all.schema


@pytest.mark.parametrize("at_observation", ["TIME_PERIOD", "AllDimensions", "REF_AREA"])
@pytest.mark.parametrize("version", ["2.1", "3.0"])
def test_structure_specific_xml_keeps_kinds_apart(version: sdmx_ml.Version, at_observation: str) -> None:
    root = ElementTree.fromstring(b"".join(sdmx_ml.write_structure_specific(EXTRACT, version, at_observation)))
    rows = [dict(obs.attrib) for obs in root.iter("Obs") if at_observation == "AllDimensions"]
    rows += [{**series.attrib, **obs.attrib} for series in root.iter("Series") for obs in series]
    assert read_kinds(rows) == KINDS
    assert root[0].findtext("{*}Test") == "true"


def test_series_keys_only_have_no_observations() -> None:
    root = ElementTree.fromstring(b"".join(sdmx_ml.write_structure_specific(EXTRACT, detail="serieskeysonly")))
    assert dict(next(root.iter("Series")).attrib) == {"FREQ": "Q", "REF_AREA": "AA"}
    assert not list(root.iter("Obs"))


def test_generic_xml_keeps_kinds_apart() -> None:
    root = ElementTree.fromstring(b"".join(sdmx_ml.write_generic(EXTRACT)))
    rows = []
    for series in root.iterfind(".//{*}Series"):
        key = {item.get("id"): item.get("value") for item in series.iterfind("{*}SeriesKey/*")}
        for obs in series.iterfind("{*}Obs"):
            value = obs.find("{*}ObsValue")
            attribute_codes = {item.get("id"): item.get("value") for item in obs.iterfind("{*}Attributes/*")}
            rows.append({**key, **attribute_codes, "TIME_PERIOD": obs.find("{*}ObsDimension").get("value"),
                         **({"OBS_VALUE": value.get("value")} if value is not None else {})})  # fmt: skip
    assert read_kinds(rows) == KINDS


def test_sdmx_json_keeps_kinds_apart() -> None:
    document = json.loads(b"".join(sdmx_json.write_sdmx_json(EXTRACT, "2.0", "AllDimensions", language="sq")))
    (structure,), (data,) = document["data"]["structures"], document["data"]["dataSets"]
    dimensions, attributes = structure["dimensions"]["observation"], structure["attributes"]["observation"]
    rows = []
    for key, (value, *indices) in data["observations"].items():
        codes = [item["values"][int(at)] for item, at in zip(dimensions, key.split(":"), strict=True)]
        row = {item["id"]: code.get("id", code.get("value")) for item, code in zip(dimensions, codes, strict=True)}
        for item, number in zip(attributes, indices, strict=True):
            row[item["id"]] = item["values"][number]["id"] if "values" in item else number
        rows.append(row | {"OBS_VALUE": "" if value is None else f"{value:g}"})
    assert read_kinds(rows) == KINDS
    assert dimensions[0]["values"][0]["name"] == "Quarter (sq)"
    assert rows[0]["UPPER_LIMIT"] == "INF"


def test_jsonstat_keeps_kinds_apart() -> None:
    document = json.loads(jsonstat.write_jsonstat(EXTRACT))
    areas, periods = list(document["dimension"]["REF_AREA"]["category"]["index"]), document["dimension"]["TIME_PERIOD"]
    codes = [list(document["dimension"]["FREQ"]["category"]["index"]), areas, list(periods["category"]["index"])]
    values = document["value"]
    actual = {}
    place = 0
    for freq in codes[0]:
        for area in codes[1]:
            for period in codes[2]:
                value = values[place] if isinstance(values, list) else values.get(str(place))
                status = document["status"].get(str(place), "A")
                if value is not None or status != "A":
                    conf = document["extension"]["confidentiality"].get(str(place), "F")
                    actual[freq, area, period] = ("" if value is None else f"{value:g}", status, conf)
                place += 1
    assert actual == KINDS
    assert document["dimension"]["REF_AREA"]["category"]["note"] == {"BB": ["About Bland."]}


def test_px_keeps_kinds_apart_and_has_no_quotation_marks_inside_labels() -> None:
    text = b"".join(px.write_px(CATEGORISED)).decode()
    assert 'VALUES("Ref area")="Aland","Bland & \'Co\' <x>";' in text
    cells = text.partition("DATA=\n")[2].split()
    assert cells.count("0") == 1 and cells.count("12") == 1 and cells.count("7.25") == 1
    assert cells.count('".."') == 1 and cells.count('"."') == 1 and cells.count('"..."') == 1


def test_cube_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cube, "LARGEST_CUBE", 10)
    with pytest.raises(cube.CubeTooLargeError, match="Select fewer"):
        jsonstat.write_jsonstat(EXTRACT)


@pytest.mark.parametrize("version", ["2.1", "3.0"])
def test_structure_message_has_asked_artefacts_only(version: sdmx_ml.Version) -> None:
    structures = make_structures()
    artefacts = Artefacts(
        {"codelist": ("CL_AREA",), "datastructure": ("SMALL",)}, stubs=frozenset({("datastructure", "SMALL")})
    )
    root = ElementTree.fromstring(sdmx_structure.write_structures(structures, artefacts, version))
    (codelist,) = root.iterfind(".//{*}Codelist")
    assert [code.get("id") for code in codelist.iterfind("{*}Code")] == ["AA", "BB"]
    (structure,) = root.iterfind(".//{*}DataStructure")
    assert structure.get("isExternalReference") == "true" and structure.find("{*}DataStructureComponents") is None
