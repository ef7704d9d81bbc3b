"""One road by which a return is handed in: the command, the API, the portal and the batch refuse and answer alike."""

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
from pipelines.submissions import arrivals, intake, record, store
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
    made = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(made.home.root))
    return made


def _command(capsys: Capture, *arguments: str) -> tuple[int, Any]:
    code = main.main(["submit", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def _stored(desk: Desk) -> list[str]:
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


def _by_command(desk: Desk, data: bytes, folder: Path, capsys: Capture, send: bool) -> dict[str, Any]:
    (path := folder / "Извештај.csv").write_bytes(data)
    _, content = _command(capsys, str(path), "--as", "qq-sender", "--language", "mk", *([] if send else ["--hold"]))
    assert isinstance(content, dict)
    return content


def _by_api(desk: Desk, data: bytes, _folder: Path, _capsys: Capture, send: bool) -> dict[str, Any]:
    token = tokens.issue_token(desk.engine, get_identity(desk, "qq-sender"), "test").text
    head = {"Authorization": f"Bearer {token}", "Content-Disposition": "attachment; filename*=UTF-8''" + _ESCAPED}
    asked = {"send": str(send).lower(), "language": "mk"}
    answer = TestClient(create_api(desk)).post("/v1/submissions", params=asked, headers=head, content=data)
    content: dict[str, Any] = answer.json()
    return content["result"] if answer.status_code == 422 else content


def _by_portal(desk: Desk, data: bytes, _folder: Path, _capsys: Capture, send: bool) -> dict[str, Any]:
    """What the page calls: an upload is a draft, and sending is the person's own act."""
    from dataclasses import replace

    person = replace(get_identity(desk, "qq-sender"), language="mk")
    done = door.upload_file(desk, person, data, "Извештај.csv")
    assert not send
    return done.as_json()


_ESCAPED = "%D0%98%D0%B7%D0%B2%D0%B5%D1%88%D1%82%D0%B0%D1%98.csv"
Road = Callable[[Desk, bytes, Path, Capture, bool], dict[str, Any]]
_OWN = {"receipt_id", "signature", "audit_head", "key", "home"}
"""Of a receipt, what is of the one home: its id and name, its key, and the head of its log."""


def _same(content: Any) -> Any:
    """What is told, without ids (the ledgers are three)."""
    if isinstance(content, dict):
        return {name: _same(value) for name, value in content.items() if name not in _OWN}
    if isinstance(content, list):
        return [_same(value) for value in content]
    return re.sub(r"S[0-9a-f]{15}", "S", content) if isinstance(content, str) else content


def _answers(
    roads: dict[str, Road], data: bytes, folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, send: bool
) -> list[Any]:
    out = []
    for name, road in roads.items():
        (place := folder / name).mkdir()
        desk = desk_fakes.open_desk(place)
        monkeypatch.setenv("RTI_HOME", str(desk.home.root))
        with clock.freeze_time(time_at(-1)):
            make_accepted_return(desk, period="2024-Q2")
        out.append(_same(road(desk, data, place, capsys, send)))
    return out


@pytest.mark.parametrize("kind", FILES)
def test_command_api_and_portal_tell_the_same_of_a_draft(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    data, _, state = FILES[kind]
    roads: dict[str, Road] = {"command": _by_command, "api": _by_api, "portal": _by_portal}
    first, *others = _answers(roads, data, tmp_path, capsys, monkeypatch, send=False)
    assert others == [first, first]
    assert first["state"] == state and first["file"]["name"] == "Извештај.csv"
    assert first["report"]["findings"] or kind in ("good", "replaces")


@pytest.mark.parametrize("kind", FILES)
def test_command_and_api_tell_the_same_of_what_is_sent(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    roads: dict[str, Road] = {"command": _by_command, "api": _by_api}
    first, second = _answers(roads, FILES[kind][0], tmp_path, capsys, monkeypatch, send=True)
    assert first == second
    assert (first["receipt"] is not None) == (kind == "good")
    assert (first["not_sent"] is not None) == (kind in ("warning", "replaces"))


@pytest.mark.parametrize("kind", FILES)
def test_the_exit_code_says_it(desk: Desk, tmp_path: Path, capsys: Capture, kind: str) -> None:
    data, code, _ = FILES[kind]
    (path := tmp_path / "a.csv").write_bytes(data)
    assert _command(capsys, str(path), "--as", "qq-sender")[0] == code


# ------------------------------------------------------------------------------------------------------- who may not


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ("RR-JUSTICE-1", "desk.not_yours"),
        (desk_fakes.BOTH, "desk.not_yours"),
        ("TT-JUSTICE-1", "desk.practice"),
    ],
)
def test_a_forged_territory_is_turned_away_by_the_command(
    desk: Desk, tmp_path: Path, capsys: Capture, form: str, rule: str
) -> None:
    (path := tmp_path / "a.csv").write_bytes(make_file(form))
    code, told = _command(capsys, str(path), "--as", "qq-sender")
    assert (code, told["submission_id"], told["state"]) == (1, None, None)
    assert (told["report"]["verdict"], told["report"]["findings"][0]["rule"]) == ("error", rule)
    assert (_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


def test_who_may_submit_everything_may_not_bring_practice_into_the_real_ledger_or_back(
    desk: Desk, tmp_path: Path, capsys: Capture
) -> None:
    everything = [Grant("submitter")]
    accounts.create_account(desk.engine, "every", "Everybody's", grants=everything, by="system")
    (path := tmp_path / "a.csv").write_bytes(make_file("TT-JUSTICE-1"))
    code, told = _command(capsys, str(path), "--as", "every")
    assert (code, told["report"]["findings"][0]["rule"]) == (1, "desk.practice")
    practice = desk_fakes.open_desk(tmp_path / "practice", kind="training")
    accounts.create_account(practice.engine, "every", "Everybody's", grants=everything, by="system")
    done = door.hand_in(practice, get_identity(practice, "every"), make_file(), "a.csv")
    assert (done.submission_id, done.report.findings[0].rule) == (None, "desk.not_practice")
    assert [_stored(one) + queries.list_submissions(one.engine) for one in (desk, practice)] == [[], []]


@pytest.mark.parametrize("account", ["qq-viewer", "qq-approver", "nobody-yet", "no such account"])
def test_who_submits_nothing_hands_in_nothing(desk: Desk, tmp_path: Path, capsys: Capture, account: str) -> None:
    (path := tmp_path / "a.csv").write_bytes(make_file())
    code, told = _command(capsys, str(path), "--as", account)
    assert (code, told["error"]["exit_code"]) == (3, 3)
    assert (_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


def test_a_viewers_token_hands_in_nothing(desk: Desk) -> None:
    viewers = tokens.issue_token(desk.engine, get_identity(desk, "qq-viewer"), "test").text
    accounts.grant_role(desk.engine, "qq-sender", Grant("viewer", "QQ"), by="the-steward")
    cut = tokens.issue_token(desk.engine, get_identity(desk, "qq-sender"), "test", grants=[Grant("viewer", "QQ")]).text
    client = TestClient(create_api(desk))
    for text in (viewers, cut):
        head = {"Authorization": f"Bearer {text}", "X-Filename": "a.csv"}
        assert client.post("/v1/submissions?send=true", headers=head, content=make_file()).status_code == 403
    assert (_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


# ---------------------------------------------------------------------------------------------------------- a folder


def test_a_folder_with_broken_files_loses_none_of_the_others(desk: Desk, tmp_path: Path, capsys: Capture) -> None:
    folder, kept = tmp_path / "in", tmp_path / "receipts"
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
    (folder / "5.csv").symlink_to(folder / "gone")  # it cannot be opened, and is no file: left out
    command = [str(folder), "--as", "qq-sender", "--receipts", str(kept)]
    code, told = _command(capsys, *command)
    assert code == 2
    assert [(one["file"]["name"], one["state"]) for one in told] == [
        ("1.csv", "sent"), ("2.csv", None), ("3.csv", None), ("4.csv", None), ("6.csv", "sent"),
    ]  # fmt: skip
    assert sorted(_stored(desk)) == sorted(store.compute_digest(contents[n]) for n in ("1.csv", "6.csv"))
    assert {p.name for p in kept.iterdir()} == {
        f"receipt-{one['receipt']['receipt_id']}.json" for one in told if one["receipt"]
    }
    # Mended and handed in again with the whole folder: what was taken is told, what was broken comes in.
    (folder / "2.csv").write_bytes(make_file(period="2025-Q3"))
    code, again = _command(capsys, *command)
    assert (code, [(one["new"], one["state"]) for one in again][:2]) == (1, [(False, "sent"), (True, "sent")])
    assert again[0]["receipt"] == told[0]["receipt"]
    assert len(queries.list_submissions(desk.engine)) == 3


def test_what_cannot_be_handed_in_at_all_holds_up_no_other(
    desk: Desk, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.submissions import admission

    for name, period in (("1.csv", "2025-Q1"), ("2.csv", "2025-Q2"), ("3.csv", "2025-Q3")):
        (tmp_path / name).write_bytes(make_file(period=period))
    real = admission.find_refusal

    def refusal(home: Any, sha256: str, name: str) -> Any:
        return admission.SubmissionRefusedError("not this one") if name == "2.csv" else real(home, sha256, name)

    monkeypatch.setattr(admission, "find_refusal", refusal)
    code, told = _command(capsys, *(str(tmp_path / f"{n}.csv") for n in (1, 2, 3)), "--as", "qq-sender")
    assert code == 3
    assert told[1] == {"file": {"name": "2.csv"}, "error": {"message": "not this one", "exit_code": 3}}
    assert [told[0]["state"], told[2]["state"]] == ["sent", "sent"]


# --------------------------------------------------------------------------------------------------- many at once


def _arrived(desk: Desk, data: bytes, sender: str) -> str:
    """As a batch enters it: in the ledger, its bytes pointed at, nothing checked."""
    (path := desk.home.root / "theirs.csv").write_bytes(data)
    store.point_to(desk.home, store.compute_digest(data), path)
    arrival = Arrival(store.compute_digest(data), len(data), "theirs.csv", sender, time_at(0), demonstration=True)
    return intake.record_arrival(desk.engine, arrival).submission_id


@pytest.mark.parametrize(("form", "rule"), [("RR-JUSTICE-1", "desk.not_yours"), ("TT-JUSTICE-1", "desk.practice")])
def test_the_batch_turns_away_what_the_desk_turns_away(desk: Desk, form: str, rule: str) -> None:
    data = make_file(form)
    identity = _arrived(desk, data, "qq-sender")
    reports = record.check_waiting(desk.home, desk.engine, desk.registry, after=arrivals.CHECKED_AFTER)
    assert reports[identity].findings[0].rule == rule
    found = queries.find_submission(desk.engine, identity)
    assert (found.state, found.jurisdiction, queries.list_blocks(desk.engine, identity)) == ("refused", None, [])
    findings = pl.read_parquet(facts.path_of(desk.home, "finding", identity))["rule"].to_list()
    assert rule in findings and _stored(desk) == []
    assert not [p for p in desk.home.store.rglob("*") if p.is_symlink()]
    # The office it would belong to sees nothing of it.
    assert door.list_submissions(desk, get_identity(desk, "rr-sender")) == []
    # It is not looked at again, whatever rules come, and its own office hands it in as if nothing had been.
    assert record.check_waiting(desk.home, desk.engine, desk.registry) == {}
    if form == "RR-JUSTICE-1":
        done = door.hand_in(desk, get_identity(desk, "rr-sender"), data, "ours.csv")
        assert (done.state, done.new, done.same_file) == ("sent", True, ())
        assert store.get_bytes(desk.home, done.sha256) == data


def test_the_bytes_of_their_own_office_stay_where_another_sends_the_same(desk: Desk) -> None:
    data = make_file("RR-JUSTICE-1")
    done = door.upload_file(desk, get_identity(desk, "rr-sender"), data, "ours.csv")
    arrival = Arrival(done.sha256, len(data), "theirs.csv", "qq-sender", time_at(0.1), demonstration=True)
    identity = intake.record_arrival(desk.engine, arrival, again=True).submission_id
    record.check_waiting(desk.home, desk.engine, desk.registry)
    assert queries.find_submission(desk.engine, identity).state == "refused"
    assert store.get_bytes(desk.home, done.sha256) == data


def test_what_a_crash_left_is_turned_away_once_the_right_is_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entered and not yet recorded; before it comes again its sender has lost the right to it."""
    sender = get_identity(desk, "qq-sender")
    with monkeypatch.context() as crash:
        crash.setattr(record, "record_reports", lambda *_: (_ for _ in ()).throw(RuntimeError("cut")))
        with pytest.raises(RuntimeError):
            door.upload_file(desk, sender, make_file(), "a.csv")
    accounts.grant_role(desk.engine, "qq-sender", Grant("submitter", "RR"), by="the-steward")
    accounts.revoke_role(desk.engine, "qq-sender", Grant("submitter", "QQ"), by="the-steward")
    again = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    assert (again.submission_id, again.report.findings[0].rule) == (None, "desk.not_yours")
    (one,) = queries.list_submissions(desk.engine)
    assert (one.state, one.jurisdiction, _stored(desk)) == ("refused", None, [])


def test_what_was_taken_once_is_not_turned_away_by_newer_rules(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    done = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    accounts.revoke_role(desk.engine, "qq-sender", Grant("submitter", "QQ"), by="the-steward")
    monkeypatch.setattr(sys.modules["expectations.judge"], "RULES_VERSION", "test.2")
    assert len(record.check_waiting(desk.home, desk.engine, desk.registry)) == 1
    assert done.submission_id is not None
    assert queries.find_submission(desk.engine, done.submission_id).state == "checked"
