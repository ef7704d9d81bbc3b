"""Tests of the real Dagster UI behind its guard: foreign pages change and read nothing, the UI itself works."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client

from tests.support.processes import list_children
from tests.support.service.serving import ServedHome, find_addresses

EVIL = "http://evil.example"


@pytest.fixture
def address(served_home: ServedHome) -> str:
    """Address of the UI, which `rti serve` has started."""
    return find_addresses(served_home.lines)["Dagster UI"]


def list_remaining_runs(address: str) -> set[str]:
    """Return the ids of the runs, requested as the UI's own page does."""
    query = {"query": "{ runsOrError { ... on Runs { results { runId } } } }"}
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    response = httpx.post(f"{address}/graphql", json=query, headers=headers, trust_env=False, timeout=60)
    assert response.status_code == 200
    return {run["runId"] for run in response.json()["data"]["runsOrError"]["results"]}


def read_location_states(address: str) -> list[str]:
    """Return whether the UI has each place of definitions: `RepositoryLocation`, or the name of an error."""
    fields = "... on Workspace { locationEntries { name locationOrLoadError { __typename } } }"
    query = {"query": f"{{ workspaceOrError {{ {fields} }} }}"}
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    response = httpx.post(f"{address}/graphql", json=query, headers=headers, trust_env=False, timeout=60)
    entries = response.json()["data"]["workspaceOrError"]["locationEntries"]
    assert [entry["name"] for entry in entries] == ["pipelines.definitions"]
    return [entry["locationOrLoadError"]["__typename"] for entry in entries]


def is_location_served_by(pid: int, address: str) -> bool:
    """Return True if the UI has the definitions and the process that serves them runs."""
    return Path(f"/proc/{pid}").exists() and read_location_states(address) == ["RepositoryLocation"]


@pytest.mark.sampled(turn=3)
def test_ui_goes_on_when_its_code_server_is_killed(address: str, served_home: ServedHome) -> None:
    def find_code_servers() -> set[int]:
        children = list_children(served_home.process.pid)
        return {pid for pid in children if b"code_server" in Path(f"/proc/{pid}/cmdline").read_bytes()}

    assert read_location_states(address) == ["RepositoryLocation"]
    (killed,) = find_code_servers()
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    while not (servers := find_code_servers() - {killed}):
        assert time.monotonic() - began < 60
        time.sleep(0.2)
    (started,) = servers
    while not is_location_served_by(started, address):
        assert time.monotonic() - began < 180
        time.sleep(1)
    assert list_remaining_runs(address)
    for path in ("/live", "/ready"):
        answer = httpx.get(f"{address}{path}", trust_env=False, timeout=60)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.sampled(turn=1)
def test_foreign_page_cannot_delete_a_run(address: str, served_home: ServedHome) -> None:
    runs = served_home.runs
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
    assert list_remaining_runs(address) >= set(runs)


def test_foreign_page_opens_no_websocket(address: str) -> None:
    url = address.replace("http", "ws") + "/graphql"
    with pytest.raises(websockets.exceptions.InvalidStatus, match="403"):
        websockets.sync.client.connect(url, origin=EVIL, subprotocols=["graphql-ws"], proxy=None)
    with closing(
        websockets.sync.client.connect(url, origin=address, subprotocols=["graphql-ws"], proxy=None)
    ) as connection:
        connection.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert json.loads(connection.recv(timeout=30))["type"] == "connection_ack"


@pytest.mark.sampled(turn=0)
def test_own_page_loads_and_may_delete_a_run(address: str, served_home: ServedHome) -> None:
    remaining_run, deleted_run = served_home.runs
    page = httpx.get(address, trust_env=False, timeout=60)
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]
    assert page.headers["x-frame-options"] == "DENY"
    mutation = f'mutation {{ deleteRun(runId:"{deleted_run}") {{ __typename }} }}'
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    response = httpx.post(f"{address}/graphql", json={"query": mutation}, headers=headers, trust_env=False, timeout=60)
    assert response.json()["data"]["deleteRun"]["__typename"] == "DeletePipelineRunSuccess"
    assert {remaining_run, deleted_run} & list_remaining_runs(address) == {remaining_run}
