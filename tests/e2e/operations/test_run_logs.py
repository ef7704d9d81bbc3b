"""Words of a failed run are on its page in Dagster, and in no log of the service."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

from pipelines.defs.partitions import DAYS
from tests.support.service.serving import ServedHome, find_addresses

NAME, FIGURE = "Petar Petrović", "48157"
LAUNCH = """
mutation ($day: String!) { launchRun(executionParams: {
  selector: {
    repositoryLocationName: "pipelines.definitions", repositoryName: "__repository__", pipelineName: "reminders"
  }, runConfigData: {}, executionMetadata: { tags: [{ key: "dagster/partition", value: $day }] }
}) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
EVENTS = """
query ($run: ID!) { runOrError(runId: $run) { ... on Run {
  status eventConnection { events { __typename ... on ExecutionStepFailureEvent {
    error { message causes { message } } } } }
} } }
"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


def post_query(address: str, query: str, **variables: Any) -> httpx.Response:
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    content = {"query": query, "variables": variables}
    return httpx.post(f"{address}/graphql", json=content, headers=headers, trust_env=False, timeout=60)


def ask_ui(address: str, query: str, **variables: Any) -> Any:
    response = post_query(address, query, **variables)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def launch_run(address: str) -> str:
    """Launch a run of today and return its id; wait for the code server, which another test may have killed."""
    for _ in range(60):
        launched = post_query(address, LAUNCH, day=DAYS.get_last_partition_key()).json()["data"]["launchRun"]
        if launched["__typename"] == "LaunchRunSuccess":
            return str(launched["run"]["runId"])
        # Between the end of one code server and the start of the next one, the job is unknown.
        is_away = "DagsterUserCodeUnreachableError" in launched.get("message", "")
        assert is_away or launched["__typename"] == "PipelineNotFoundError", launched
        time.sleep(1)
    raise AssertionError(launched)


def read_logs(root: Path) -> dict[Path, str]:
    """Return the content of each log of the services, and of what the steps of runs have printed."""
    folders = (root / "restricted" / "logs", root / "restricted" / "dagster" / "storage")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = [path for path in files if path.suffix in (".log", ".err", ".out")]
    return {path: path.read_text(encoding="utf-8", errors="replace") for path in texts}


def test_words_of_a_failed_run_are_in_no_log(served_home: ServedHome) -> None:
    address = find_addresses(served_home.lines)["Dagster UI"]
    settings = served_home.root / "restricted" / "notices.yml"
    settings.write_text(f"{NAME} {FIGURE}: none\n", encoding="utf-8")
    try:
        run, began = launch_run(address), time.monotonic()
        while (state := ask_ui(address, EVENTS, run=run)["runOrError"])["status"] not in ENDED:
            assert time.monotonic() - began < 240, state["status"]
            time.sleep(1)
    finally:
        settings.unlink()
    assert state["status"] == "FAILURE"
    assert f"{NAME} {FIGURE} cannot be used" in str(state["eventConnection"]["events"]), "the page of the run has them"
    logs = read_logs(served_home.root)
    server = logs[served_home.root / "restricted" / "logs" / "dagster-code-server.log"]
    assert "STEP_FAILURE of remind_and_send: " in server and "NoticeSettingsError" in server
    assert any("remind_and_send" in str(path) or run in str(path) for path in logs), "what the step printed is read too"
    revealing = [path for path, text in logs.items() if NAME in text or FIGURE in text]
    assert revealing == []
