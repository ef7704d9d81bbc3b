"""One function behind the command line, the portal, the API and the pipeline: one file, one report, one hash."""

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


def _by_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main.main(["check", *arguments, "--json"]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def _found(report: dict[str, Any], scope: str) -> set[tuple[str, str]]:
    """Rule and key of the findings; that a return came late is said of its arrival, and is in no hash of its file."""
    told = {(finding["rule"], finding["key"]) for finding in report["findings"] if finding["scope"] == scope}
    return {one for one in told if one[0] != "coverage.late"}


def test_a_file_has_one_hash_wherever_it_is_checked_and_another_for_what_history_says(
    copied_home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = portal_fixture.make_workbook(portal_fixture.UNUSUAL)
    (file := tmp_path / NAME).write_bytes(data)
    desk = door.open_desk(copied_home)
    portal_fixture.make_accounts(desk.engine)
    who = accounts.get_identity(desk.engine, "al-sender")

    # The pipeline: a file that only came in is checked by the next refresh.
    store.put_bytes(copied_home, data)
    arrival = Arrival(store.compute_digest(data), len(data), NAME, "al-sender", clock.now(), demonstration=True)
    identity = intake.record_arrival(desk.engine, arrival).submission_id
    assert queries.find_submission(desk.engine, identity).state == "received"
    refresh.take_in(copied_home, "AL")
    (checked,) = [e for e in door.list_events(desk, who, identity) if e["action"] == "check"]

    offline = _by_command(capsys, str(file), "--offline")
    beside = _by_command(capsys, str(file))
    portal = door.make_report(desk, who, identity).as_json()
    shown = door.check_file(desk, who, data, NAME).as_json()
    client = TestClient(create_api(desk))
    head = {"Authorization": f"Bearer {tokens.issue_token(desk.engine, who, 'test').text}"}
    named = {**head, "X-Filename": quote(NAME)}
    api = client.post("/v1/check", headers=named, content=data).json()
    api_stored = client.get(f"/v1/submissions/{identity}/report", headers=head).json()

    with_history = (beside, portal, shown, api, api_stored)
    assert {checked["payload"]["hash"]} == {one["hash"] for one in (offline, *with_history)}
    assert len(offline["hash"]) == 64 and offline["rules_version"] == checked["payload"]["rules_version"]
    assert [_found(one, "file") ^ _found(offline, "file") for one in with_history] == [set()] * 5

    # Without history its rules are named as not run, and there is nothing of theirs to be hashed.
    assert offline["history_hash"] is None and not _found(offline, "history")
    assert offline["not_run"] == [rule["rule"] for rule in offline["history_rules"]] != []
    assert {rule["status"] for rule in offline["history_rules"]} == {"not_run"}
    for one in with_history:
        assert one["not_run"] == [] and {rule["status"] for rule in one["history_rules"]} == {"run"}
        assert len(one["history_hash"]) == 64 and one["history_hash"] != one["hash"]
        assert _found(one, "history") == _found(beside, "history") != set()
    # The same person sees the same accepted returns, by whatever way.
    assert len({one["history_hash"] for one in (portal, shown, api, api_stored)}) == 1

    # Another file has another hash.
    (other := tmp_path / "other.xlsx").write_bytes(portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "C9": 92}))
    assert main.main(["check", str(other), "--offline", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["hash"] != offline["hash"]
