"""Tests of the addresses of data files and figures, in front of an application that only answers its name."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import duckdb
import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.static_pages import StaticPages
from pipelines.core.home import open_home
from pipelines.dissemination.observations import select_observations
from pipelines.dissemination.release import load_structures
from tests.support.coroutines import run_async

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def get(built_home: Path) -> Get:
    """Return a function that requests a path of the public site of the demonstration."""
    pages = StaticPages(PlainTextResponse("Streamlit"), lambda: open_home(built_home), "https://example.org")

    def request_path(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def send_request() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://localhost") as client:
                return await client.request(method, path, headers={"accept-encoding": "identity", **headers})

        return run_async(send_request())

    return request_path


def test_address_without_a_release_leads_to_the_newest(release: Path, get: Get) -> None:
    answer = get("/data/VICTIMS.parquet")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/releases/{release.name}/data/VICTIMS.parquet")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_data_file_is_sent_whole_and_in_parts_to_any_site(release: Path, get: Get) -> None:
    address = f"/releases/{release.name}/data/POPULATION.parquet"
    whole = get(address)
    assert whole.status_code == 200 and whole.content[:4] == whole.content[-4:] == b"PAR1"
    assert whole.headers["access-control-allow-origin"] == "*" and whole.headers["accept-ranges"] == "bytes"
    part = get(address, range="bytes=-8")
    assert (part.status_code, part.content) == (206, whole.content[-8:])
    assert get(address, method="OPTIONS").status_code == 204
    assert get(address, **{"if-none-match": whole.headers["etag"]}).status_code == 304


def test_tables_of_the_release_are_files_too(release: Path, get: Get) -> None:
    stored = (release / "data" / "population.parquet").read_bytes()
    assert get(f"/releases/{release.name}/data/population.parquet").content == stored
    assert get(f"/releases/{release.name}/data/release.duckdb", range="bytes=0-3").status_code == 206
    manifest = (release / "manifest.json").read_bytes()
    assert get(f"/releases/{release.name}/data/manifest.json").content == manifest


@pytest.mark.parametrize("name", ["NOTHING.csv", "VICTIMS.xx.csv", "VICTIMS.px", "changes.json", "a/b.parquet"])
def test_other_names_are_not_found(release: Path, get: Get, name: str) -> None:
    assert get(f"/releases/{release.name}/data/{name}").status_code == 404


def test_figure_has_an_address_by_identifier_and_by_key(release: Path, get: Get) -> None:
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        (cell, value, period) = connection.execute(
            "select cell_id, value, period from cell where area = 'XK' and freq = 'P3' and value > 0 order by cell_id"
        ).fetchall()[0]
    base = f"/releases/{release.name}/figures"
    by_cell = get(f"{base}/{cell}.json").json()
    assert (by_cell["observation"]["OBS_VALUE"], by_cell["observation"]["CELL_ID"]) == (value, cell)
    assert by_cell["address"] in by_cell["citation"] and release.name in by_cell["citation"]
    assert "Security Council resolution 1244" in by_cell["notes"]
    by_key = get(by_cell["address"].removeprefix("https://example.org"), accept="application/json").json()
    assert by_key == by_cell
    assert get(f"{base}/{by_cell['dataflow'][4:-7]}/{by_cell['key']}/{period}.json").json() == by_cell
    page = get(f"{base}/{cell}?lang=sq")
    assert page.headers["content-language"] == "sq" and "Kosova sipas" in page.text
    assert f"<https://example.org{base}" in page.headers["link"]


def test_indicator_has_an_address_by_key(release: Path, get: Get) -> None:
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        row = connection.execute(
            "select freq, area, metric, level, count_unit, offence_group, period, value from clearance "
            "where value is not null order by all limit 1"
        ).fetchall()[0]
    answer = get(f"/releases/{release.name}/figures/CLEARANCE/{'.'.join(row[:6])}/{row[6]}.json")
    assert answer.json()["observation"]["OBS_VALUE"] == row[7]


@pytest.mark.sampled(turn=4)
def test_figures_of_every_dataflow_have_a_page_data_and_a_citation(release: Path, get: Get) -> None:
    """Ask for the first and the last figure of each dataflow, and for one that it does not have."""
    flows = load_structures(release).dataflows
    dataflows_with_rows = set()
    for name, flow in flows.items():
        rows = select_observations(release, name)
        for place in sorted({0, rows.height - 1}) if rows.height else []:
            row = rows.row(place, named=True)
            key = ".".join(str(row[dimension]) for dimension in flow.structure.dimension_ids)
            period = str(row["TIME_PERIOD"]).replace("/", "--")
            base = f"/releases/{release.name}/figures/{name}/{key}"
            figure = get(f"{base}/{period}.json").json()
            assert figure["observation"].get("OBS_VALUE") == row["OBS_VALUE"], base
            assert (figure["release"], figure["key"]) == (release.name, key)
            address = figure["address"].removeprefix("https://example.org")
            assert figure["address"] in figure["citation"] and release.name in figure["citation"].partition("https:")[0]
            page = get(address)
            assert page.status_code == 200 and escape(figure["citation"]) in page.text, address
            assert page.headers["link"] == f'<{figure["address"]}>; rel="canonical"'
            dataflows_with_rows.add(name)
        if rows.height:
            assert get(f"{base}/1900").status_code == get(f"{base}.X/{period}.json").status_code == 404, name
    assert len(dataflows_with_rows) > 25 and set(flows) == dataflows_with_rows


@pytest.mark.parametrize("path", ["0000000000000000", "CLEARANCE/A.AL/2024", "VICTIMS/A.AL/x", "a/b", "NONE/A/2024"])
def test_unknown_figure_is_not_found(release: Path, get: Get, path: str) -> None:
    assert get(f"/releases/{release.name}/figures/{path}").status_code == 404


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("", '<p id="contact" hidden>Questions to: <span class="front-contact"></span></p>'),
        ("a@b.example", '<p id="contact">Questions to: <span class="front-contact"><a href="mailto:a@b.example">a@b'),
        (
            "https://b.example/ask",
            '<span class="front-contact"><a href="https://b.example/ask">https://b.example/ask</a>',
        ),
        ("Room 3 <ground floor>", '<span class="front-contact">Room 3 &lt;ground floor&gt;</span>'),
    ],
)
def test_accessibility_statement_names_the_contact(release: Path, built_home: Path, contact: str, shown: str) -> None:
    pages = StaticPages(PlainTextResponse("Streamlit"), lambda: open_home(built_home), contact=contact)
    answer = TestClient(pages).get(f"/releases/{release.name}/en/accessibility.html")
    assert answer.status_code == 200 and shown in answer.text
    foot = TestClient(pages).get(f"/releases/{release.name}/en/quality.html").text.partition("<footer")[2]
    linked = shown.partition('<span class="front-contact">')[2]
    assert f'Please tell the regional secretariat. <span class="front-contact">{linked}' in foot
