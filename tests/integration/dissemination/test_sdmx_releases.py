"""Tests of SDMX REST with three releases: the one that is read, changes since a time, and the history of a figure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pysdmx.io import read_sdmx
from pysdmx.model.dataset import ActionType
from starlette.testclient import TestClient

from tests.support.open_data_site import make_client
from tests.support.releases.planted_changes import (
    CHANGES,
    DIFFERENCE,
    LATEST,
    PUBLISHED,
    REVISED,
    SHOWN,
    SHOWN_VALUE,
    WITHDRAWN,
    YEAR,
    is_total,
)
from tests.support.releases.two_editions import EARLIER, NEWER

RELEASES = (EARLIER, NEWER, LATEST)
FLOW = {"v1": "/v1/data/PROCEEDINGS", "v2": "/v2/data/dataflow/RTI/PROCEEDINGS"}
ACTIONS: Mapping[str, str] = {name: "D" if name == "withdrawn" else "R" for name in CHANGES.values()}
"""How SDMX-CSV marks each planted change: a withdrawn figure is deleted, every other one is replaced."""
CSV = "application/vnd.sdmx.data+csv;version=2.0.0"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def client(planted_root: Path) -> TestClient:
    return make_client(planted_root)


def read_rows(client: TestClient, address: str) -> Rows:
    answer = client.get(f"/sdmx{address}", headers={"accept": CSV})
    assert answer.status_code == 200, answer.text
    return pl.read_csv(io.BytesIO(answer.content), infer_schema=False).to_dicts()


def read_number(text: str | None) -> float | None:
    return float(text) if text else None


@pytest.fixture(scope="module")
def values(planted_root: Path) -> Mapping[str, Mapping[str, float | None]]:
    """Return the values of the proceedings of each release by identifier of the count, read from its own table."""
    by_release = {}
    for release in RELEASES:
        cells = pl.read_parquet(planted_root / "public" / "releases" / release / "data" / "cell.parquet")
        proceedings = cells.filter((pl.col("victim_status") == "_Z") & pl.col("sentence_type").is_in(["_T", "_Z"]))
        by_release[release] = dict(proceedings.select("cell_id", "value").iter_rows())
    return by_release


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(("query", "release"), [
    ("", LATEST),
    (f"release={EARLIER}", EARLIER),
    (f"release={NEWER}", NEWER),
    (f"asOf={PUBLISHED[EARLIER]}", EARLIER),
    ("asOf=2026-12-01T08:59:59Z", EARLIER),
    (f"asOf={PUBLISHED[NEWER]}", NEWER),
    ("asOf=2026-12-01T10:00:00%2B01:00", NEWER),
    ("asOf=2026-12-10T08:59:59Z", NEWER),
    ("asOf=2027-01-01", LATEST),
])  # fmt: skip
def test_query_reads_the_release_that_it_names(
    client: TestClient, values: Mapping[str, Mapping[str, float | None]], version: str, query: str, release: str
) -> None:
    rows = read_rows(client, f"{FLOW[version]}?{query}")
    assert {row["CELL_ID"]: read_number(row["OBS_VALUE"]) for row in rows} == values[release]
    answer = client.get(f"/sdmx{FLOW[version]}?{query}")
    assert answer.headers["link"] == f'</releases/{release}/>; rel="describedby"'


def test_time_before_the_first_release_and_unknown_release_are_not_found(client: TestClient) -> None:
    for query in ("asOf=2026-11-20T08:59:59Z", "release=2026-Q2"):
        assert client.get(f"/sdmx{FLOW['v2']}?{query}").status_code == 404


def find_changes(rows: Rows) -> dict[tuple[str, str], str]:
    """Return the actions of the rows of Albania by period and measure; no other row may be there."""
    assert {(row["REF_AREA"], row["OFFENCE_GROUP"], row["COUNT_UNIT"]) for row in rows} == {("AL", "TIP", "person")}
    actions = {(row["TIME_PERIOD"], row["MEASURE"]): row["ACTION"] for row in rows}
    assert len(actions) == len(rows)
    return actions


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_changes_since_the_first_release_are_the_planted_ones(
    client: TestClient, planted_root: Path, version: str
) -> None:
    rows = read_rows(client, f"{FLOW[version]}?updatedAfter=2026-11-25T00:00:00Z")
    assert find_changes(rows) == {key: ACTIONS[change] for key, change in CHANGES.items()}
    by_key = {(row["TIME_PERIOD"], row["MEASURE"]): row for row in rows}
    cells = pl.read_parquet(planted_root / "public" / "releases" / EARLIER / "data" / "cell.parquet")
    before = cells.filter(is_total(YEAR, REVISED))["value"].item()
    assert read_number(by_key[YEAR, REVISED]["OBS_VALUE"]) == before + DIFFERENCE
    newly_published = next(row for (_, measure), row in by_key.items() if measure == SHOWN)
    assert read_number(newly_published["OBS_VALUE"]) == SHOWN_VALUE
    hidden = next(row for (_, measure), row in by_key.items() if measure not in (REVISED, SHOWN, WITHDRAWN))
    assert (hidden["OBS_VALUE"] or "", hidden["OBS_STATUS"], hidden["CONF_STATUS"]) == ("", "Q", "C")
    assert {row["VALID_FROM"] for row in rows} == {PUBLISHED[LATEST]}


def test_changes_since_a_time_are_those_of_the_release_that_is_read(
    client: TestClient, values: Mapping[str, Mapping[str, float | None]]
) -> None:
    rows = read_rows(client, f"{FLOW['v2']}?updatedAfter=2026-11-25T00:00:00Z&release={NEWER}")
    revised = {cell for cell, value in values[EARLIER].items() if value is not None}
    assert {row["CELL_ID"] for row in rows} == revised and {row["ACTION"] for row in rows} == {"R"}
    everything = read_rows(client, f"{FLOW['v2']}?updatedAfter=2026-11-01T00:00:00Z")
    assert {row["ACTION"] for row in everything} == {"A"} and len(everything) == len(values[LATEST])
    for since in (PUBLISHED[LATEST], "2027-01-01T00:00:00Z"):
        unchanged = client.get(f"/sdmx{FLOW['v2']}?updatedAfter={since}")
        assert unchanged.status_code == 404 and "Nothing has changed" in unchanged.text
    elsewhere = client.get(f"/sdmx{FLOW['v2']}?updatedAfter=2026-11-25T00:00:00Z&c[REF_AREA]=RS")
    assert elsewhere.status_code == 404, "no figure of another territory has changed"


def test_changes_read_by_pysdmx_are_replaced_and_deleted_data_sets(client: TestClient) -> None:
    accept = {"accept": "application/vnd.sdmx.data+xml;version=3.0.0"}
    answer = client.get(f"/sdmx{FLOW['v2']}?updatedAfter=2026-11-25T00:00:00Z", headers=accept)
    data_sets = read_sdmx(io.BytesIO(answer.content), validate=True).data
    actions_by_key = {
        (row["TIME_PERIOD"], row["MEASURE"]): data_set.action
        for data_set in data_sets for row in data_set.data.to_dict("records")
    }  # fmt: skip
    actions = {"R": ActionType.Replace, "D": ActionType.Delete}
    assert actions_by_key == {key: actions[ACTIONS[change]] for key, change in CHANGES.items()}


def read_history(rows: Rows) -> list[tuple[float | None, str, str]]:
    return [(read_number(row["OBS_VALUE"]), row["VALID_FROM"], row["VALID_TO"] or "") for row in rows]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_history_has_the_figure_of_each_release_with_the_time_in_which_it_was_current(
    client: TestClient, planted_root: Path, version: str
) -> None:
    cells = pl.read_parquet(planted_root / "public" / "releases" / EARLIER / "data" / "cell.parquet")
    (figure,) = cells.filter(is_total(YEAR, REVISED)).to_dicts()
    first, second, third = (PUBLISHED[release] for release in RELEASES)
    history = [
        (figure["value"], first, second),
        (figure["value"] + 7000, second, third),
        (figure["value"] + DIFFERENCE, third, ""),
    ]
    rows = read_rows(client, f"{FLOW[version]}?includeHistory=true")
    assert read_history([row for row in rows if row["CELL_ID"] == figure["cell_id"]]) == history
    assert {row["ACTION"] for row in rows} == {"R"}
    until_second = read_rows(client, f"{FLOW[version]}?includeHistory=true&release={NEWER}")
    assert read_history([row for row in until_second if row["CELL_ID"] == figure["cell_id"]]) == history[:2]
    withdrawn = cells.filter(is_total(YEAR, WITHDRAWN))["cell_id"].item()
    assert len([row for row in rows if row["CELL_ID"] == withdrawn]) == 2, "the last release has it no more"
    changes = read_rows(client, f"{FLOW[version]}?includeHistory=true&updatedAfter=2026-11-25T00:00:00Z")
    assert read_history([row for row in changes if row["CELL_ID"] == figure["cell_id"]]) == history[1:]
    of_withdrawn = [(row["ACTION"], row["VALID_FROM"]) for row in changes if row["CELL_ID"] == withdrawn]
    assert of_withdrawn == [("R", second), ("D", third)]


def test_history_in_json_and_xml_has_a_data_set_for_each_release(client: TestClient) -> None:
    address = f"/sdmx{FLOW['v2']}?includeHistory=true&c[REF_AREA]=AL"
    data_sets = client.get(address).json()["data"]["dataSets"]
    spans = [(item["action"], item["validFrom"], item.get("validTo")) for item in data_sets]
    times = [*PUBLISHED.values(), None]
    assert spans == [("Replace", times[place], times[place + 1]) for place in range(3)]
    answer = client.get(address, headers={"accept": "application/vnd.sdmx.data+xml;version=3.0.0"})
    read = read_sdmx(io.BytesIO(answer.content), validate=True).data
    assert [item.action for item in read] == [ActionType.Replace] * 3


def test_availability_of_changes_has_their_codes_only(client: TestClient) -> None:
    address = "/sdmx/v2/availability/dataflow/RTI/PROCEEDINGS/+?updatedAfter=2026-11-25T00:00:00Z"
    (constraint,) = client.get(address).json()["data"]["dataConstraints"]
    values = {
        item["id"]: {value["value"] for value in item.get("values", [])}
        for item in constraint["cubeRegions"][0]["keyValues"]
    }
    assert values["REF_AREA"] == {"AL"} and values["MEASURE"] == {measure for _, measure in CHANGES}
    counts = {item["id"]: int(item["title"]) for item in constraint["annotations"]}
    assert counts["obs_count"] == len(CHANGES)


def test_json_api_lists_the_releases_and_the_time_in_which_each_was_current(client: TestClient) -> None:
    answer = client.get("/api/data/releases").json()["releases"]
    times = [*PUBLISHED.values(), None]
    assert [(item["id"], item["published_at"], item["until"]) for item in answer] == [
        (release, times[place], times[place + 1]) for place, release in enumerate(RELEASES)
    ]
