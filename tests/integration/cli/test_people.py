"""Tests of `rti account`, `rti token` and `rti audit`: first steward, secrets printed once, exit codes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher

from pipelines.cli.accounts import account, token
from pipelines.cli.audit import audit
from pipelines.cli.main import main
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
    output, error_output = capsys.readouterr()
    return code, output, error_output


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, output, error_output = _run(capsys, *arguments, "--json")
    assert code == 0, error_output
    return json.loads(output)


@pytest.mark.sampled(turn=1)
def test_first_steward_is_created_on_the_command_line_and_manages_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init", "--kind", "real")
    assert "rti account add steward" in _run(capsys, "account", "list")[1]
    created_account = _json(capsys, "account", "add", "steward", "Secretariat", "--grant", "steward", "--speaks", "sr")
    assert (created_account["grants"], created_account["created_by"], created_account["must_change"]) == (
        ["steward:*:*"],
        "system",
        True,
    )
    # From now on every command needs an acting account, and stewards manage only their own territories.
    created_account = _json(
        capsys, "account", "add", "qq-office", "Office", "--grant", "submitter:QQ:justice", "--grant", "viewer:QQ"
    )
    assert created_account["created_by"] == "steward"
    code, _, error_output = _run(capsys, "account", "grant", "qq-office", "approver:QQ", "--as", "qq-office")
    assert (code, "Only stewards can manage accounts" in error_output) == (3, True)
    assert _run(capsys, "account", "disable", "steward", "--as", "qq-office")[0] == 3
    assert _run(capsys, "account", "grant", "qq-office", "approver:QQ", "--as", "system")[0] == 3
    assert _json(capsys, "account", "grant", "qq-office", "approver:QQ")["grants"][0] == "approver:QQ:*"
    assert "had it already" in _run(capsys, "account", "grant", "qq-office", "approver:QQ")[1]
    assert "approver" not in str(_json(capsys, "account", "revoke", "qq-office", "approver:QQ")["grants"])
    assert "disabled" in _run(capsys, "account", "disable", "qq-office")[1]
    listed = {account["account_id"]: account for account in _json(capsys, "account", "list")}
    assert (listed["qq-office"]["disabled"], listed["steward"]["language"]) == (True, "sr")
    assert _json(capsys, "account", "enable", "qq-office")["disabled"] is False


def test_account_add_can_create_a_steward_again_without_an_active_one(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init", "--kind", "real")
    _run(capsys, "account", "add", "first", "Secretariat", "--grant", "steward")
    _run(capsys, "account", "disable", "first", "--as", "first")
    assert _json(capsys, "account", "add", "second", "Secretariat", "--grant", "steward")["created_by"] == "system"


@pytest.mark.parametrize(
    ("role", "words"),
    [("king", "is not a role"), ("submitter:ZZ", "no jurisdiction is named ZZ"),
     ("submitter:QQ:poetry", "is not an instrument"), ("submitter:QQ:justice:more", "is not a role")],
)  # fmt: skip
def test_grant_of_an_unknown_role_is_refused(capsys: pytest.CaptureFixture[str], role: str, words: str) -> None:
    _run(capsys, "init")
    code, _, error_output = _run(capsys, "account", "grant", "sender", role)
    assert (code, words in error_output) == (3, True), error_output


def test_one_time_password_is_printed_only_once(capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.core.home import open_home
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions.accounts import password_sign_in

    _run(capsys, "init")
    secret = _json(capsys, "account", "add", "one", "Office")["one_time_password"]
    engine = open_ledger(open_home())
    assert password_sign_in.sign_in(engine, "one", secret).outcome == "must_change"
    new_secret = _json(capsys, "account", "reset-password", "one")["one_time_password"]
    assert password_sign_in.sign_in(engine, "one", secret).outcome == "wrong"
    assert password_sign_in.sign_in(engine, "one", new_secret).outcome == "must_change"
    assert _json(capsys, "account", "add", "two", "Office", "--no-password")["one_time_password"] is None
    provider = ("--issuer", "https://id.example.org", "--subject", "17")
    assert _json(capsys, "account", "add", "three", "Office", *provider)["has_password"] is False
    assert secret not in _run(capsys, "account", "list", "--json")[1]


def test_token_is_printed_once_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.core.home import open_home
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions.accounts import tokens

    _run(capsys, "init")
    issued = _json(capsys, "token", "issue", "nightly", "--as", "sender", "--grant", "submitter:QQ", "--days", "5")
    engine = open_ledger(open_home())
    assert tokens.verify_token(engine, issued["token"]).account == "sender"
    output = _run(capsys, "token", "list", "--json")[1]
    assert issued["token_id"] in output
    assert issued["token"] not in output
    assert _run(capsys, "token", "revoke", issued["token_id"], "--as", "approver")[0] == 3
    assert _run(capsys, "token", "revoke", issued["token_id"])[0] == 0
    with pytest.raises(NotAllowedError):
        tokens.verify_token(engine, issued["token"])
    assert "revoked" in _run(capsys, "token", "list", "--as", "sender")[1]
    assert _run(capsys, "token", "issue", "x", "--grant", "steward", "--as", "sender")[0] == 3


def test_audit_verify_exit_code_reports_damage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _run(capsys, "init")
    verification = _json(capsys, "audit", "verify")
    assert (verification["good"], verification["faults"]) == (True, [])
    head = _json(capsys, "audit", "checkpoint")["head"]
    assert head == verification["head"]
    assert _run(capsys, "audit", "verify", "--head", head)[0] == 0
    code, _, error_output = _run(capsys, "audit", "verify", "--head", "nonsense")
    assert (code, "not a head of the audit log" in error_output) == (3, True)
    with sqlite3.connect(tmp_path / "home" / "restricted" / "ledger.sqlite") as connection:
        connection.execute("update account set display_name = 'x' where account_id = 'steward'")
    code, output, _ = _run(capsys, "audit", "verify", "--json")
    faulty_verification = json.loads(output)
    assert (code, faulty_verification["good"], len(faulty_verification["faults"])) == (1, False, 1)
    assert "Account steward is not as entry" in faulty_verification["faults"][0]["message"]
    assert "NOT whole" in _run(capsys, "audit", "verify")[1]


def test_every_command_has_help_and_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for group, name in ((account, "account"), (token, "token"), (audit, "audit")):
        for command in group.registered_commands:
            assert command.callback is not None
            command_name = command.name or command.callback.__name__
            assert f"`rti {name} {command_name}" in text, command_name
            code, output, _ = _run(capsys, name, command_name, "--help")
            assert (code, "--json" in output) == (0, True)
