"""`rti account`, `rti token`, `rti audit`: the first steward, what is printed once, exit codes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher

from pipelines.cli.main import main
from pipelines.cli.people import account, audit, token
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def _setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    declared = SimpleNamespace(territories={"QQ": SimpleNamespace(jurisdictions=[SimpleNamespace(code="QQ")])})
    monkeypatch.setattr("pipelines.declarations.registry.load", lambda: declared)
    monkeypatch.setattr(
        "pipelines.submissions.accounts.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    )
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = _run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_first_steward_is_made_on_the_command_line_and_keeps_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init", "--kind", "real")
    assert "rti account add steward" in _run(capsys, "account", "list")[1]
    made = _json(capsys, "account", "add", "steward", "Secretariat", "--grant", "steward", "--speaks", "sr")
    assert (made["grants"], made["created_by"], made["must_change"]) == (["steward:*:*"], "system", True)
    # From now on somebody must say who acts, and what he or she is not steward of stays closed.
    made = _json(
        capsys, "account", "add", "qq-office", "Office", "--grant", "submitter:QQ:justice", "--grant", "viewer:QQ"
    )
    assert made["created_by"] == "steward"
    code, _, err = _run(capsys, "account", "grant", "qq-office", "approver:QQ", "--as", "qq-office")
    assert (code, "Only stewards can manage accounts" in err) == (3, True)
    assert _run(capsys, "account", "disable", "steward", "--as", "qq-office")[0] == 3
    assert _run(capsys, "account", "grant", "qq-office", "approver:QQ", "--as", "system")[0] == 3
    assert _json(capsys, "account", "grant", "qq-office", "approver:QQ")["grants"][0] == "approver:QQ:*"
    assert "had it already" in _run(capsys, "account", "grant", "qq-office", "approver:QQ")[1]
    assert "approver" not in str(_json(capsys, "account", "revoke", "qq-office", "approver:QQ")["grants"])
    assert "disabled" in _run(capsys, "account", "disable", "qq-office")[1]
    listed = {a["account_id"]: a for a in _json(capsys, "account", "list")}
    assert (listed["qq-office"]["disabled"], listed["steward"]["language"]) == (True, "sr")
    assert _json(capsys, "account", "enable", "qq-office")["disabled"] is False


def test_without_a_head_steward_the_machine_can_make_one_again(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init", "--kind", "real")
    _run(capsys, "account", "add", "first", "Secretariat", "--grant", "steward")
    _run(capsys, "account", "disable", "first", "--as", "first")
    assert _json(capsys, "account", "add", "second", "Secretariat", "--grant", "steward")["created_by"] == "system"


@pytest.mark.parametrize(
    ("role", "words"),
    [("king", "is not a role"), ("submitter:ZZ", "no jurisdiction is named ZZ"),
     ("submitter:QQ:poetry", "is not an instrument"), ("submitter:QQ:justice:more", "is not a role")],
)  # fmt: skip
def test_a_role_that_there_is_none_of_is_refused(capsys: pytest.CaptureFixture[str], role: str, words: str) -> None:
    _run(capsys, "init")
    code, _, err = _run(capsys, "account", "grant", "sender", role)
    assert (code, words in err) == (3, True), err


def test_passwords_are_printed_once_and_only_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.core.home import open_home
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions.accounts import password_sign_in

    _run(capsys, "init")
    secret = _json(capsys, "account", "add", "one", "Office")["one_time_password"]
    engine = open_ledger(open_home())
    assert password_sign_in.sign_in(engine, "one", secret).outcome == "must_change"
    again = _json(capsys, "account", "reset-password", "one")["one_time_password"]
    assert password_sign_in.sign_in(engine, "one", secret).outcome == "wrong"
    assert password_sign_in.sign_in(engine, "one", again).outcome == "must_change"
    assert _json(capsys, "account", "add", "two", "Office", "--no-password")["one_time_password"] is None
    by = ("--issuer", "https://id.example.org", "--subject", "17")
    assert _json(capsys, "account", "add", "three", "Office", *by)["has_password"] is False
    assert secret not in _run(capsys, "account", "list", "--json")[1]


def test_a_token_is_printed_once_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.core.home import open_home
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions.accounts import tokens

    _run(capsys, "init")
    issued = _json(capsys, "token", "issue", "nightly", "--as", "sender", "--grant", "submitter:QQ", "--days", "5")
    engine = open_ledger(open_home())
    assert tokens.verify_token(engine, issued["token"]).account == "sender"
    out = _run(capsys, "token", "list", "--json")[1]
    assert issued["token_id"] in out
    assert issued["token"] not in out
    assert _run(capsys, "token", "revoke", issued["token_id"], "--as", "approver")[0] == 3
    assert _run(capsys, "token", "revoke", issued["token_id"])[0] == 0
    with pytest.raises(NotAllowedError):
        tokens.verify_token(engine, issued["token"])
    assert "revoked" in _run(capsys, "token", "list", "--as", "sender")[1]
    assert _run(capsys, "token", "issue", "x", "--grant", "steward", "--as", "sender")[0] == 3


def test_audit_verify_says_by_its_exit_code_whether_the_log_is_whole(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _run(capsys, "init")
    whole = _json(capsys, "audit", "verify")
    assert (whole["good"], whole["faults"]) == (True, [])
    head = _json(capsys, "audit", "checkpoint")["head"]
    assert head == whole["head"]
    assert _run(capsys, "audit", "verify", "--head", head)[0] == 0
    code, _, err = _run(capsys, "audit", "verify", "--head", "nonsense")
    assert (code, "not a head of the audit log" in err) == (3, True)
    with sqlite3.connect(tmp_path / "home" / "restricted" / "ledger.sqlite") as connection:
        connection.execute("update account set display_name = 'x' where account_id = 'steward'")
    code, out, _ = _run(capsys, "audit", "verify", "--json")
    told = json.loads(out)
    assert (code, told["good"], len(told["faults"])) == (1, False, 1)
    assert "Account steward is not as entry" in told["faults"][0]["message"]
    assert "NOT whole" in _run(capsys, "audit", "verify")[1]


def test_every_command_has_its_help_and_stands_in_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for group, name in ((account, "account"), (token, "token"), (audit, "audit")):
        for command in group.registered_commands:
            assert command.callback is not None
            called = command.name or command.callback.__name__
            assert f"`rti {name} {called}" in text, called
            code, out, _ = _run(capsys, name, called, "--help")
            assert (code, "--json" in out) == (0, True)
