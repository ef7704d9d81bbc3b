"""Command, API, portal and batch share one way to submit a return, so they refuse and answer alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from pipelines.cli import main
from pipelines.core import clock
from pipelines.ledger import facts, queries
from pipelines.ledger.acts import Arrival
from pipelines.ledger.identity import Grant
from pipelines.submissions import arrivals, intake, store, waiting_checks
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk
from pipelines.web.api.app import create_api
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import get_identity, make_accepted_return, make_file
from tests.support.fakes.ledger_fakes import time_at

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    desk_fakes.install_fakes(monkeypatch)
    monkeypatch.setattr("pipelines.declarations.registry.load", lambda: desk_fakes.REGISTRY)
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    with clock.freeze_time(time_at(0)):
        yield


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    opened = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(opened.home.root))
    return opened


def _submit_by_command(capsys: Capture, *arguments: str) -> tuple[int, Any]:
    code = main.main(["submit", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def _list_stored(desk: Desk) -> list[str]:
    return [p.name for p in desk.home.store.rglob("*") if p.is_file() and p.parent.name != "not-kept"]


# ------------------------------------------------------------------------------------------------- the same answer

FILES = {
    "good": (make_file(), 0, "checked"),
    "warning": (make_file(value=101), 0, "checked"),
    "replaces": (make_file(period="2024-Q2", value=9), 0, "checked"),
    "errors": (make_file(value=-1), 1, "refused"),
    "another office's": (make_file("RR-JUSTICE-1"), 1, None),
    "partly another office's": (make_file(desk_fakes.BOTH), 1, None),
    "practice": (make_file("TT-JUSTICE-1"), 1, None),
    "unreadable": (b"broken", 2, None),
    "unknown": (b"unknown", 1, None),
    "names persons": (b"person 2025-Q4;reported;3", 1, None),
}


def _answer_by_command(desk: Desk, data: bytes, folder: Path, capsys: Capture, send: bool) -> dict[str, Any]:
    (path := folder / "Извештај.csv").write_bytes(data)
    _, content = _submit_by_command(
        capsys, str(path), "--as", "qq-sender", "--language", "mk", *([] if send else ["--hold"])
    )
    assert isinstance(content, dict)
    return content


def _answer_by_api(desk: Desk, data: bytes, _folder: Path, _capsys: Capture, send: bool) -> dict[str, Any]:
    token = tokens.issue_token(desk.engine, get_identity(desk, "qq-sender"), "test").text
    head = {"Authorization": f"Bearer {token}", "Content-Disposition": "attachment; filename*=UTF-8''" + _ESCAPED}
    params = {"send": str(send).lower(), "language": "mk"}
    answer = TestClient(create_api(desk)).post("/v1/submissions", params=params, headers=head, content=data)
    content: dict[str, Any] = answer.json()
    return content["result"] if answer.status_code == 422 else content


def _answer_by_portal(desk: Desk, data: bytes, _folder: Path, _capsys: Capture, send: bool) -> dict[str, Any]:
    """Upload a draft as the portal page does; sending is a separate act there."""
    from dataclasses import replace

    person = replace(get_identity(desk, "qq-sender"), language="mk")
    upload = door.upload_file(desk, person, data, "Извештај.csv")
    assert not send
    answer = upload.as_json()
    if upload.state == "checked":
        # The page shows the control totals where it asks whether to send.
        totals = door.compare_control_totals(desk, person, str(upload.submission_id))
        answer["control_totals"] = [total.as_json() for total in totals]
    return answer


_ESCAPED = "%D0%98%D0%B7%D0%B2%D0%B5%D1%88%D1%82%D0%B0%D1%98.csv"
Submit = Callable[[Desk, bytes, Path, Capture, bool], dict[str, Any]]
_HOME_FIELDS = {"receipt_id", "signature", "audit_head", "key", "home"}
"""Members of a receipt that differ between homes."""


def _remove_ids(content: Any) -> Any:
    """Return an answer without ids, which differ between the three ledgers."""
    if isinstance(content, dict):
        return {name: _remove_ids(value) for name, value in content.items() if name not in _HOME_FIELDS}
    if isinstance(content, list):
        return [_remove_ids(value) for value in content]
    return re.sub(r"S[0-9a-f]{15}", "S", content) if isinstance(content, str) else content


def _collect_answers(
    ways: dict[str, Submit], data: bytes, folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, send: bool
) -> list[Any]:
    results = []
    for name, submit in ways.items():
        (place := folder / name).mkdir()
        desk = desk_fakes.open_desk(place)
        monkeypatch.setenv("RTI_HOME", str(desk.home.root))
        with clock.freeze_time(time_at(-1)):
            make_accepted_return(desk, period="2024-Q2")
        results.append(_remove_ids(submit(desk, data, place, capsys, send)))
    return results


@pytest.mark.parametrize("kind", FILES)
def test_command_api_and_portal_give_same_answer_for_draft(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    data, _, state = FILES[kind]
    ways: dict[str, Submit] = {"command": _answer_by_command, "api": _answer_by_api, "portal": _answer_by_portal}
    first, *others = _collect_answers(ways, data, tmp_path, capsys, monkeypatch, send=False)
    assert others == [first, first]
    assert first["state"] == state and first["file"]["name"] == "Извештај.csv"
    assert first["report"]["findings"] or kind in ("good", "replaces")


@pytest.mark.parametrize("kind", FILES)
def test_command_and_api_give_same_answer_for_sent_return(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ways: dict[str, Submit] = {"command": _answer_by_command, "api": _answer_by_api}
    first, second = _collect_answers(ways, FILES[kind][0], tmp_path, capsys, monkeypatch, send=True)
    assert first == second
    assert (first["receipt"] is not None) == (kind == "good")
    assert (first["not_sent"] is not None) == (kind in ("warning", "replaces"))


@pytest.mark.parametrize("kind", FILES)
def test_exit_code_of_submit(desk: Desk, tmp_path: Path, capsys: Capture, kind: str) -> None:
    data, code, _ = FILES[kind]
    (path := tmp_path / "a.csv").write_bytes(data)
    assert _submit_by_command(capsys, str(path), "--as", "qq-sender")[0] == code


# ------------------------------------------------------------------------------------------------------- who may not


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ("RR-JUSTICE-1", "desk.not_yours"),
        (desk_fakes.BOTH, "desk.not_yours"),
        ("TT-JUSTICE-1", "desk.practice"),
    ],
)
def test_command_refuses_return_of_foreign_territory(
    desk: Desk, tmp_path: Path, capsys: Capture, form: str, rule: str
) -> None:
    (path := tmp_path / "a.csv").write_bytes(make_file(form))
    code, content = _submit_by_command(capsys, str(path), "--as", "qq-sender")
    assert (code, content["submission_id"], content["state"]) == (1, None, None)
    assert (content["report"]["verdict"], content["report"]["findings"][0]["rule"]) == ("error", rule)
    assert (_list_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


def test_submitter_for_everything_cannot_mix_practice_and_real_returns(
    desk: Desk, tmp_path: Path, capsys: Capture
) -> None:
    everything = [Grant("submitter")]
    accounts.create_account(desk.engine, "every", "Everybody's", grants=everything, by="system")
    (path := tmp_path / "a.csv").write_bytes(make_file("TT-JUSTICE-1"))
    code, content = _submit_by_command(capsys, str(path), "--as", "every")
    assert (code, content["report"]["findings"][0]["rule"]) == (1, "desk.practice")
    practice = desk_fakes.open_desk(tmp_path / "practice", kind="training")
    accounts.create_account(practice.engine, "every", "Everybody's", grants=everything, by="system")
    upload = door.hand_in(practice, get_identity(practice, "every"), make_file(), "a.csv")
    assert (upload.submission_id, upload.report.findings[0].rule) == (None, "desk.not_practice")
    assert [
        _list_stored(opened_desk) + queries.list_submissions(opened_desk.engine) for opened_desk in (desk, practice)
    ] == [[], []]


@pytest.mark.parametrize("account", ["qq-viewer", "qq-approver", "nobody-yet", "no such account"])
def test_submit_without_role_stores_nothing(desk: Desk, tmp_path: Path, capsys: Capture, account: str) -> None:
    (path := tmp_path / "a.csv").write_bytes(make_file())
    code, content = _submit_by_command(capsys, str(path), "--as", account)
    assert (code, content["error"]["exit_code"]) == (3, 3)
    assert (_list_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


def test_upload_with_token_of_viewer_is_forbidden(desk: Desk) -> None:
    of_viewer = tokens.issue_token(desk.engine, get_identity(desk, "qq-viewer"), "test").text
    accounts.grant_role(desk.engine, "qq-sender", Grant("viewer", "QQ"), by="the-steward")
    limited = tokens.issue_token(
        desk.engine, get_identity(desk, "qq-sender"), "test", grants=[Grant("viewer", "QQ")]
    ).text
    client = TestClient(create_api(desk))
    for text in (of_viewer, limited):
        head = {"Authorization": f"Bearer {text}", "X-Filename": "a.csv"}
        assert client.post("/v1/submissions?send=true", headers=head, content=make_file()).status_code == 403
    assert (_list_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


# ---------------------------------------------------------------------------------------------------------- a folder


def test_submit_folder_with_broken_files_sends_the_others(desk: Desk, tmp_path: Path, capsys: Capture) -> None:
    folder, receipts = tmp_path / "in", tmp_path / "receipts"
    folder.mkdir()
    contents = {
        "1.csv": make_file(period="2025-Q1"),
        "2.csv": b"broken",
        "3.csv": b"unknown",
        "4.csv": make_file("RR-JUSTICE-1"),
        "6.csv": make_file(period="2025-Q2"),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / "5.csv").symlink_to(folder / "gone")  # it is not a file and cannot be opened, so it is skipped
    command = [str(folder), "--as", "qq-sender", "--receipts", str(receipts)]
    code, answers = _submit_by_command(capsys, *command)
    assert code == 2
    assert [(answer["file"]["name"], answer["state"]) for answer in answers] == [
        ("1.csv", "sent"), ("2.csv", None), ("3.csv", None), ("4.csv", None), ("6.csv", "sent"),
    ]  # fmt: skip
    assert sorted(_list_stored(desk)) == sorted(store.compute_digest(contents[n]) for n in ("1.csv", "6.csv"))
    assert {p.name for p in receipts.iterdir()} == {
        f"receipt-{answer['receipt']['receipt_id']}.json" for answer in answers if answer["receipt"]
    }
    # Correct one file and submit the whole folder again: sent files keep their receipt, the corrected one is sent.
    (folder / "2.csv").write_bytes(make_file(period="2025-Q3"))
    code, second_answers = _submit_by_command(capsys, *command)
    assert (code, [(answer["new"], answer["state"]) for answer in second_answers][:2]) == (
        1,
        [(False, "sent"), (True, "sent")],
    )
    assert second_answers[0]["receipt"] == answers[0]["receipt"]
    assert len(queries.list_submissions(desk.engine)) == 3


def test_submit_with_one_refused_file_sends_the_others(
    desk: Desk, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.submissions import admission

    for name, period in (("1.csv", "2025-Q1"), ("2.csv", "2025-Q2"), ("3.csv", "2025-Q3")):
        (tmp_path / name).write_bytes(make_file(period=period))
    find_refusal = admission.find_refusal

    def refuse_second(home: Any, sha256: str, name: str) -> Any:
        return admission.SubmissionRefusedError("not this one") if name == "2.csv" else find_refusal(home, sha256, name)

    monkeypatch.setattr(admission, "find_refusal", refuse_second)
    code, answers = _submit_by_command(capsys, *(str(tmp_path / f"{n}.csv") for n in (1, 2, 3)), "--as", "qq-sender")
    assert code == 3
    assert answers[1] == {"file": {"name": "2.csv"}, "error": {"message": "not this one", "exit_code": 3}}
    assert [answers[0]["state"], answers[2]["state"]] == ["sent", "sent"]


# --------------------------------------------------------------------------------------------------- many at once


def _record_batch_arrival(desk: Desk, data: bytes, sender: str) -> str:
    """Record an arrival as a batch does: in the ledger, with a pointer to its bytes, and not checked."""
    (path := desk.home.root / "theirs.csv").write_bytes(data)
    store.point_to(desk.home, store.compute_digest(data), path)
    arrival = Arrival(store.compute_digest(data), len(data), "theirs.csv", sender, time_at(0), demonstration=True)
    return intake.record_arrival(desk.engine, arrival).submission_id


@pytest.mark.parametrize(("form", "rule"), [("RR-JUSTICE-1", "desk.not_yours"), ("TT-JUSTICE-1", "desk.practice")])
def test_batch_refuses_what_the_desk_refuses(desk: Desk, form: str, rule: str) -> None:
    data = make_file(form)
    identity = _record_batch_arrival(desk, data, "qq-sender")
    reports = waiting_checks.check_waiting(desk.home, desk.engine, desk.registry, after=arrivals.CHECKED_AFTER)
    assert reports[identity].findings[0].rule == rule
    submission = queries.find_submission(desk.engine, identity)
    assert (submission.state, submission.jurisdiction, queries.list_blocks(desk.engine, identity)) == (
        "refused",
        None,
        [],
    )
    findings = pl.read_parquet(facts.path_of(desk.home, "finding", identity))["rule"].to_list()
    assert rule in findings and _list_stored(desk) == []
    assert not [p for p in desk.home.store.rglob("*") if p.is_symlink()]
    # The office of the form does not see it.
    assert door.list_submissions(desk, get_identity(desk, "rr-sender")) == []
    # It is not checked again under any rules, and the right office can submit it as new.
    assert waiting_checks.check_waiting(desk.home, desk.engine, desk.registry) == {}
    if form == "RR-JUSTICE-1":
        upload = door.hand_in(desk, get_identity(desk, "rr-sender"), data, "ours.csv")
        assert (upload.state, upload.new, upload.same_file) == ("sent", True, ())
        assert store.get_bytes(desk.home, upload.sha256) == data


def test_refused_batch_arrival_keeps_same_bytes_of_right_office(desk: Desk) -> None:
    data = make_file("RR-JUSTICE-1")
    upload = door.upload_file(desk, get_identity(desk, "rr-sender"), data, "ours.csv")
    arrival = Arrival(upload.sha256, len(data), "theirs.csv", "qq-sender", time_at(0.1), demonstration=True)
    identity = intake.record_arrival(desk.engine, arrival, again=True).submission_id
    waiting_checks.check_waiting(desk.home, desk.engine, desk.registry)
    assert queries.find_submission(desk.engine, identity).state == "refused"
    assert store.get_bytes(desk.home, upload.sha256) == data


def test_upload_after_crash_without_role_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Crash between arrival and check, and revoke the role of the sender before the second upload."""
    sender = get_identity(desk, "qq-sender")
    with monkeypatch.context() as crash:
        crash.setattr(waiting_checks, "record_reports", lambda *_: (_ for _ in ()).throw(RuntimeError("cut")))
        with pytest.raises(RuntimeError):
            door.upload_file(desk, sender, make_file(), "a.csv")
    accounts.grant_role(desk.engine, "qq-sender", Grant("submitter", "RR"), by="the-steward")
    accounts.revoke_role(desk.engine, "qq-sender", Grant("submitter", "QQ"), by="the-steward")
    second = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    assert (second.submission_id, second.report.findings[0].rule) == (None, "desk.not_yours")
    (submission,) = queries.list_submissions(desk.engine)
    assert (submission.state, submission.jurisdiction, _list_stored(desk)) == ("refused", None, [])


def test_accepted_upload_is_kept_after_role_was_revoked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    upload = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    accounts.revoke_role(desk.engine, "qq-sender", Grant("submitter", "QQ"), by="the-steward")
    monkeypatch.setattr(sys.modules["expectations.judge"], "RULES_VERSION", "test.2")
    assert len(waiting_checks.check_waiting(desk.home, desk.engine, desk.registry)) == 1
    assert upload.submission_id is not None
    assert queries.find_submission(desk.engine, upload.submission_id).state == "checked"
