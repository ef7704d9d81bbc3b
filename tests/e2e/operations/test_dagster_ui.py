"""Tests of the real Dagster UI behind its guard: foreign pages change and read nothing, the UI itself works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client

from pipelines.core.home import Home, initialise_home
from pipelines.runs.instance import instance_folder
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.service.running import LONGEST_START

EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return initialise_home(tmp_path_factory.mktemp("ui") / "home", "demonstration")


@pytest.fixture(scope="module")
def runs(home: Home) -> list[str]:
    """Two finished runs in the instance of the home."""
    import dagster as dg
    from dagster._core.test_utils import create_run_for_test

    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        return [
            create_run_for_test(instance, job_name="refresh", status=dg.DagsterRunStatus.SUCCESS).run_id
            for _ in range(2)
        ]


@pytest.fixture(scope="module")
def address(home: Home, runs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the UI of the home, run in a separate process."""
    port = free_port()
    command = [sys.executable, "-m", "pipelines.operations.dagster_ui", "--port", str(port)]
    environment = {**os.environ, "RTI_HOME": str(home.root), "RTI_NOW": CLOCK}
    log = tmp_path_factory.mktemp("log") / "ui.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        began = time.monotonic()
        while not _is_ready(url):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() - began < LONGEST_START, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/server_info", trust_env=False, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def list_remaining_runs(address: str) -> set[str]:
    """Return the ids of the runs, requested as the UI's own page does."""
    query = {"query": "{ runsOrError { ... on Runs { results { runId } } } }"}
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    response = httpx.post(f"{address}/graphql", json=query, headers=headers, trust_env=False, timeout=60)
    assert response.status_code == 200
    return {run["runId"] for run in response.json()["data"]["runsOrError"]["results"]}


def test_foreign_page_cannot_delete_a_run(address: str, runs: list[str]) -> None:
    mutation = f'mutation {{ deleteRun(runId:"{runs[0]}") {{ __typename }} }}'
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        by_get = client.get("/graphql", params={"query": mutation}, headers={"origin": EVIL})
        by_image = client.get("/graphql", params={"query": mutation}, headers={"sec-fetch-site": "cross-site"})
        by_hand = client.get("/graphql", params={"query": mutation})
        by_form = client.post("/graphql", params={"query": mutation}, headers={"content-type": "text/plain"})
        by_post = client.post("/graphql", json={"query": mutation}, headers={"origin": EVIL})
        rebound = client.post("/graphql", json={"query": mutation}, headers={"host": "evil.example"})
    responses = (by_get, by_image, by_hand, by_form, by_post, rebound)
    assert [response.status_code for response in responses] == [403, 403, 405, 415, 403, 421]
    assert list_remaining_runs(address) == set(runs)


def test_foreign_page_opens_no_websocket(address: str) -> None:
    url = address.replace("http", "ws") + "/graphql"
    with pytest.raises(websockets.exceptions.InvalidStatus, match="403"):
        websockets.sync.client.connect(url, origin=EVIL, subprotocols=["graphql-ws"], proxy=None)
    with closing(
        websockets.sync.client.connect(url, origin=address, subprotocols=["graphql-ws"], proxy=None)
    ) as connection:
        connection.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert json.loads(connection.recv(timeout=30))["type"] == "connection_ack"


def test_own_page_loads_and_may_delete_a_run(address: str, runs: list[str]) -> None:
    page = httpx.get(address, trust_env=False, timeout=60)
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]
    assert page.headers["x-frame-options"] == "DENY"
    mutation = f'mutation {{ deleteRun(runId:"{runs[1]}") {{ __typename }} }}'
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    response = httpx.post(f"{address}/graphql", json={"query": mutation}, headers=headers, trust_env=False, timeout=60)
    assert response.json()["data"]["deleteRun"]["__typename"] == "DeletePipelineRunSuccess"
    assert list_remaining_runs(address) == {runs[0]}
