"""The JSON API over the demonstration's release: its tables have the release's figures, and it is as it says."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipelines.core.home import open_home
from pipelines.web.open_data.service import OpenDataService
from tests.support.open_data_site import make_client

Figures = Mapping[tuple[str, ...], Mapping[str, object]]
ROWS = "/api/data/tables/VICTIMS/rows"


@pytest.fixture(scope="module")
def client(built_home: Path) -> TestClient:
    return make_client(built_home)


def test_tables_and_columns_are_described(client: TestClient) -> None:
    tables = client.get("/api/data/tables?language=sq").json()
    assert len(tables["tables"]) > 15 and tables["release"] == "2026-Q3"
    table = client.get("/api/data/tables/VICTIMS").json()
    columns = {column["id"]: column for column in table["columns"]}
    assert columns["SEX"]["role"] == "dimension" and {"code": "F", "label": "Female"} in columns["SEX"]["codes"]
    assert columns["OBS_VALUE"]["role"] == "value" and columns["OBS_VALUE"]["codes"] == []


def test_pages_of_rows_have_the_figures_of_the_release(client: TestClient, victims: Figures) -> None:
    expected = {key: row["value"] for key, row in victims.items() if key[:2] == ("A", "RS")}
    actual: dict[tuple[str, ...], object] = {}
    offset: int | None = 0
    while offset is not None:
        page = client.get(f"{ROWS}?FREQ=A&REF_AREA=RS&limit=100&offset={offset}").json()
        names = [name for name in list(page["rows"][0]) if not name.endswith("_LABEL")][:11]
        actual |= {tuple(str(row[name]) for name in names): row["OBS_VALUE"] for row in page["rows"]}
        offset = page["next_offset"]
    assert page["total"] == len(expected) and actual == expected


def test_rows_as_csv_and_parquet_are_the_same(client: TestClient) -> None:
    query = f"{ROWS}?FREQ=A&REF_AREA=RS,ME&from=2024&to=2024-Q4&language=sq"
    csv = pl.read_csv(io.BytesIO(client.get(f"{query}&format=csv").content), infer_schema=False)
    parquet = pl.read_parquet(io.BytesIO(client.get(f"{query}&format=parquet").content))
    assert csv.height == parquet.height == client.get(query).json()["total"] > 0
    assert set(parquet["TIME_PERIOD"]) == {"2024"} and set(parquet["REF_AREA"]) == {"RS", "ME"}
    part = client.get(f"{query}&format=parquet", headers={"range": "bytes=-4"})
    assert (part.status_code, part.content) == (206, b"PAR1")
    for file_type in ("csv", "parquet", "json"):
        assert client.get(f"{ROWS}?REF_AREA=nowhere&format={file_type}").status_code == 200


@pytest.mark.parametrize(("path", "status"), [
    ("/nothing", 404),
    ("/tables/NOTHING", 404),
    ("/tables/VICTIMS/rows?release=1999-Q1", 404),
    ("/tables/VICTIMS/rows?STAGE=A", 400),
    ("/tables/VICTIMS/rows?limit=0", 400),
    ("/tables/VICTIMS/rows?from=soon", 400),
    ("/tables/VICTIMS/rows?language=xx", 400),
    ("/tables/VICTIMS/rows?format=pdf", 400),
    ("/tables/VICTIMS/rows?SEX=F&SEX=M", 400),
])  # fmt: skip
def test_wrong_requests_are_refused_with_a_reason(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"/api/data{path}")
    assert answer.status_code == status and len(answer.json()["error"]) > 20
    assert answer.headers["content-language"] == "en"
    cyrillic = client.get(f"/api/data{path}", headers={"accept-language": "mk, en;q=0.5"})
    assert (cyrillic.status_code, cyrillic.headers["content-language"]) == (status, "mk")
    assert re.search("[а-џ]{3}", cyrillic.json()["error"]) and "accept-language" in cyrillic.headers["vary"].lower()


def test_answers_can_be_read_by_every_site_and_kept(client: TestClient) -> None:
    answer = client.get(ROWS)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert client.get(ROWS, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    refused = client.post(ROWS)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    page = client.get("/api/data/")
    assert "/tables/VICTIMS/rows" in page.text and "style-src 'sha256-" in page.headers["content-security-policy"]


@pytest.mark.sampled(turn=7)
def test_api_conforms_to_its_description(built_home: Path) -> None:
    chosen = ("/releases", "/tables", "/tables/POPULATION", "/tables/POPULATION/rows")
    deviations, requests = find_deviations(built_home, chosen, examples=4)
    assert deviations == [] and requests > 20


@pytest.mark.slow
def test_every_table_conforms_to_its_description(built_home: Path) -> None:
    """Ask every address of every table a hundred times, and for the edges of each parameter."""
    deviations, requests = find_deviations(built_home, None, examples=100)
    assert deviations == []
    assert requests > 4_000, "each of the forty addresses of tables is asked a hundred times"


def find_deviations(root: Path, chosen: Sequence[str] | None, examples: int) -> tuple[list[str], int]:
    """Compare answers with the description by generated requests; return the deviations in words, and the requests.

    `chosen` are the paths that are asked, None for all. `examples` is the number of random requests of each.
    """
    app = OpenDataService(Starlette(), lambda: open_home(root))
    document: dict[str, Any] = TestClient(app).get("/api/data/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    if chosen is not None:
        document["paths"] = {path: document["paths"][path] for path in chosen}
    config = SchemathesisConfig.from_dict(
        {
            "seed": 2026,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "phases": {"stateful": {"enabled": False}},
            # A release that does not exist is a valid request that is answered with 404.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404"]}},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app, schema.location = app, "/api/data/openapi.json"
    deviations: dict[str, None] = {}
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            deviations[f"the run itself failed: {event}"] = None
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            for case, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        address = event.recorder.interactions[case].request.uri
                        failure = check.failure_info.failure.message
                        deviations.setdefault(f"{event.label}: {check.name}: {failure} ({address})")
    return list(deviations), requests
