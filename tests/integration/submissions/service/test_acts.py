"""Acts at the desk: many approvals at once, and refusals that name what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.cli import main
from pipelines.core import clock
from pipelines.ledger import queries
from pipelines.ledger.identity import Grant, NotAllowedError
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk
from pipelines.submissions.service.rights import NotThereError
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import (
    SENDER,
    get_identity,
    make_accepted_return,
    make_draft_with_warning,
    make_sent_return,
)
from tests.support.fakes.ledger_fakes import time_at


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk_fakes.install_fakes(monkeypatch)
    monkeypatch.setattr("pipelines.declarations.registry.load", lambda: desk_fakes.REGISTRY)
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    desk = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(desk.home.root))
    with clock.freeze_time(time_at(0)):
        yield desk


def _read_states(desk: Desk, *ids: str) -> list[str]:
    return [queries.find_submission(desk.engine, submission_id).state for submission_id in ids]


def test_approve_many_accepts_what_it_can_and_returns_other_refusals(desk: Desk) -> None:
    first, draft = make_sent_return(desk, period="2025-Q1"), make_draft_with_warning(desk, period="2025-Q2")
    foreign = make_sent_return(desk, "rr-sender", form="RR-JUSTICE-1", period="2025-Q1")
    second = make_sent_return(desk, period="2025-Q3")
    refused = door.approve_many(
        desk, get_identity(desk, "qq-approver"), [first, foreign, draft, second, "S0123456789abcde"]
    )
    assert set(refused) == {foreign, draft, "S0123456789abcde"}
    assert type(refused[foreign]) is type(refused["S0123456789abcde"]) is NotThereError
    assert str(refused[foreign]) == str(refused["S0123456789abcde"])
    assert isinstance(refused[draft], door.TransitionError)
    assert _read_states(desk, first, second, foreign, draft) == ["approved", "approved", "sent", "checked"]
    assert verify_ledger(desk.engine).faults == ()


@pytest.mark.parametrize("account", ["qq-viewer", "qq-second", "rr-approver", "nobody-yet", "the-steward", SENDER])
def test_approve_many_without_the_role_accepts_nothing(desk: Desk, account: str) -> None:
    ids = [make_sent_return(desk, period="2025-Q1"), make_sent_return(desk, period="2025-Q2")]
    refused = door.approve_many(desk, get_identity(desk, account), ids)
    assert set(refused) == set(ids) and all(isinstance(error, NotAllowedError) for error in refused.values())
    assert _read_states(desk, *ids) == ["sent", "sent"]


def test_approve_many_by_token_is_limited_to_its_grants(desk: Desk) -> None:
    ids = [make_sent_return(desk, period="2025-Q1")]
    accounts.grant_role(desk.engine, "qq-approver", Grant("viewer", "QQ"), by="the-steward")
    issued = tokens.issue_token(desk.engine, get_identity(desk, "qq-approver"), "t", grants=[Grant("viewer", "QQ")])
    assert set(door.approve_many(desk, tokens.verify_token(desk.engine, issued.text), ids)) == set(ids)
    assert _read_states(desk, *ids) == ["sent"]


def test_approve_many_is_one_transaction(desk: Desk) -> None:
    """Update the submissions once; only the check of the clock adds one query per return."""
    ids = [make_sent_return(desk, period=f"202{year}-Q{quarter}") for year in (2, 3) for quarter in (1, 2, 3, 4)]
    counts = []
    for group in (ids[:2], ids[2:]):
        statements: list[str] = []

        def record_verb(_c: Any, _cur: Any, statement: str, *_: Any, into: list[str] = statements) -> None:
            into.append(statement.split()[0].lower())

        sa.event.listen(desk.engine, "before_cursor_execute", record_verb)
        assert door.approve_many(desk, get_identity(desk, "qq-approver"), group) == {}
        sa.event.remove(desk.engine, "before_cursor_execute", record_verb)
        counts.append((statements.count("select"), statements.count("update")))
    (selects, updates), (more_selects, more_updates) = counts
    assert (updates, more_updates) == (1, 1) and more_selects - selects <= len(ids[2:]) - len(ids[:2])
    assert _read_states(desk, *ids) == ["approved"] * 8


# ----------------------------------------------------------------------------------------------------- the command line


def _run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.main(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_command_approves_many_and_names_each_refusal(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [make_sent_return(desk, period="2025-Q1"), make_sent_return(desk, period="2025-Q2")]
    foreign = make_sent_return(desk, "rr-sender", form="RR-JUSTICE-1", period="2025-Q1")
    code, output, err = _run_command(capsys, "approve", *ids, foreign, "--as", "qq-approver")
    lines = output.splitlines()
    assert (code, {line for line in lines if not line.startswith(" ")}) == (
        3,
        {f"{submission_id}: approved" for submission_id in ids},
    )
    assert [line for line in lines if line.startswith(" ")] == [
        "  Totals of 2025-Q1", "    Reported: 3", "  Totals of 2025-Q2", "    Reported: 3"
    ]  # fmt: skip
    assert err == f"rti: There is no submission {foreign} that qq-approver can act on; see `rti status`.\n"


def test_command_names_the_missing_role(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [make_sent_return(desk, period="2025-Q1"), make_sent_return(desk, period="2025-Q2")]
    lacks = "This needs the role approver for justice of QQ, which qq-viewer lacks; ask your steward."
    code, output, err = _run_command(capsys, "approve", *ids, "--as", "qq-viewer")
    assert (code, output) == (3, "")
    assert sorted(err.splitlines()) == sorted(f"rti: {submission_id}: {lacks}" for submission_id in ids)
    assert _run_command(capsys, "approve", ids[0], "--as", "qq-viewer") == (3, "", f"rti: {lacks}\n")
    why = ("--reason", "wrong_return", "--comment", "the wrong year")
    for command in (
        ("give-back", ids[0], "--comment", "look at the total again"),
        ("withdraw", ids[0], *why),
    ):
        code, output, err = _run_command(capsys, *command, "--as", "qq-viewer")
        assert (code, output, err) == (3, "", f"rti: {lacks}\n")
        code, output, err = _run_command(capsys, *command, "--as", "rr-approver")
        assert (code, output) == (3, "")
        assert err == f"rti: There is no submission {ids[0]} that rr-approver can act on; see `rti status`.\n"
    code, _, err = _run_command(
        capsys, "withdraw", make_accepted_return(desk, period="2024-Q1"), *why, "--override", "--as", "qq-approver"
    )
    assert (code, "the role steward for justice of QQ, which qq-approver lacks" in err) == (3, True)
    draft = make_draft_with_warning(desk, period="2024-Q2")
    code, _, err = _run_command(capsys, "send", draft, "--as", "qq-second")
    assert (code, err) == (
        3,
        f"rti: Only its sender, {SENDER}, may justify and send {draft}; you act as qq-second.\n",
    )
    assert _read_states(desk, *ids) == ["sent", "sent"]


@pytest.mark.parametrize("command", ["approve", "give-back", "withdraw", "send", "justify"])
def test_command_by_unknown_account_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str], command: str) -> None:
    identity = make_draft_with_warning(desk) if command in ("send", "justify") else make_sent_return(desk)
    more = {
        "give-back": ("--comment", "look at it"),
        "withdraw": ("--reason", "wrong_return", "--comment", "the wrong year"),
        "justify": ("--reason", "large_case", "--text", "one case of many persons"),
    }
    code, output, err = _run_command(capsys, command, identity, *more.get(command, ()), "--as", "nobody-at-all")
    assert (code, output) == (3, "") and "nobody-at-all" in err


def test_list_requested_withdrawals_is_for_deciding_accounts_only(desk: Desk) -> None:
    identity = make_accepted_return(desk, period="2025-Q1")
    foreign = make_accepted_return(desk, "rr-sender", "rr-approver", form="RR-JUSTICE-1", period="2025-Q1")
    for submission_id, account in ((identity, SENDER), (foreign, "rr-sender")):
        door.ask_withdrawal(desk, get_identity(desk, account), submission_id, "wrong_return", "It was the wrong file.")

    def list_requested(account: str) -> list[str]:
        return [entry.submission_id for entry in door.list_requested_withdrawals(desk, get_identity(desk, account))]

    assert list_requested("rr-approver") == [foreign]
    for account in ("qq-viewer", "nobody-yet", SENDER, "the-steward"):
        assert list_requested(account) == [], account
    deciding = [
        account for account in ("qq-approver", "qq-second", "both-approver") if identity in list_requested(account)
    ]
    assert "both-approver" in deciding
    assert all(foreign not in list_requested(account) for account in ("qq-approver", "qq-second"))
