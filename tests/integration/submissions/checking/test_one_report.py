"""Command line, portal, API and pipeline share one function: one file has one report and one hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from pipelines import refresh
from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.ledger import queries
from pipelines.ledger.acts import Arrival
from pipelines.submissions import intake, store
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.web.api.app import create_api
from tests.support.service import portal_fixture

NAME = "Tremujori III.xlsx"


def _check_by_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main.main(["check", *arguments, "--json"]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def _list_keys(report: dict[str, Any], scope: str) -> set[tuple[str, str]]:
    """Return rule and key of the findings, without late arrival, which does not belong to the hash of a file."""
    keys = {(finding["rule"], finding["key"]) for finding in report["findings"] if finding["scope"] == scope}
    return {key for key in keys if key[0] != "coverage.late"}


@pytest.mark.sampled(turn=0)
def test_file_has_same_hash_by_every_way_and_separate_history_hash(
    copied_home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = portal_fixture.make_workbook(portal_fixture.UNUSUAL)
    (file := tmp_path / NAME).write_bytes(data)
    desk = door.open_desk(copied_home)
    portal_fixture.make_accounts(desk.engine)
    sender = accounts.get_identity(desk.engine, "al-sender")

    # The pipeline: the next refresh checks a file that has only arrived.
    store.put_bytes(copied_home, data)
    arrival = Arrival(store.compute_digest(data), len(data), NAME, "al-sender", clock.now(), demonstration=True)
    identity = intake.record_arrival(desk.engine, arrival).submission_id
    assert queries.find_submission(desk.engine, identity).state == "received"
    refresh.take_in(copied_home, "AL")
    (checked,) = [e for e in door.list_events(desk, sender, identity) if e["action"] == "check"]

    offline = _check_by_command(capsys, str(file), "--offline")
    online = _check_by_command(capsys, str(file))
    portal = door.make_report(desk, sender, identity).as_json()
    preview = door.check_file(desk, sender, data, NAME).as_json()
    client = TestClient(create_api(desk))
    head = {"Authorization": f"Bearer {tokens.issue_token(desk.engine, sender, 'test').text}"}
    named_head = {**head, "X-Filename": quote(NAME)}
    api = client.post("/v1/check", headers=named_head, content=data).json()
    api_stored = client.get(f"/v1/submissions/{identity}/report", headers=head).json()

    with_history = (online, portal, preview, api, api_stored)
    assert {checked["payload"]["hash"]} == {report["hash"] for report in (offline, *with_history)}
    assert len(offline["hash"]) == 64 and offline["rules_version"] == checked["payload"]["rules_version"]
    assert [_list_keys(report, "file") ^ _list_keys(offline, "file") for report in with_history] == [set()] * 5

    # Without history, its rules are listed as not run, and nothing of them is hashed.
    assert offline["history_hash"] is None and not _list_keys(offline, "history")
    assert offline["not_run"] == [rule["rule"] for rule in offline["history_rules"]] != []
    assert {rule["status"] for rule in offline["history_rules"]} == {"not_run"}
    for report in with_history:
        assert report["not_run"] == [] and {rule["status"] for rule in report["history_rules"]} == {"run"}
        assert len(report["history_hash"]) == 64 and report["history_hash"] != report["hash"]
        assert _list_keys(report, "history") == _list_keys(online, "history") != set()
    # The same person sees the same accepted returns in each way.
    assert len({report["history_hash"] for report in (portal, preview, api, api_stored)}) == 1

    # Another file has another hash.
    (other_file := tmp_path / "other.xlsx").write_bytes(
        portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "C9": 92})
    )
    assert main.main(["check", str(other_file), "--offline", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["hash"] != offline["hash"]
