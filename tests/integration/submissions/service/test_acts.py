"""Acts at the desk: many approvals at once, and refusals that say what is missing."""

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


def _states(desk: Desk, *ids: str) -> list[str]:
    return [queries.find_submission(desk.engine, one).state for one in ids]


def test_approve_many_accepts_what_it_can_and_returns_other_refusals(desk: Desk) -> None:
    own, draft = make_sent_return(desk, period="2025-Q1"), make_draft_with_warning(desk, period="2025-Q2")
    foreign = make_sent_return(desk, "rr-sender", form="RR-JUSTICE-1", period="2025-Q1")
    other = make_sent_return(desk, period="2025-Q3")
    refused = door.approve_many(
        desk, get_identity(desk, "qq-approver"), [own, foreign, draft, other, "S0123456789abcde"]
    )
    assert set(refused) == {foreign, draft, "S0123456789abcde"}
    assert type(refused[foreign]) is type(refused["S0123456789abcde"]) is NotThereError
    assert str(refused[foreign]) == str(refused["S0123456789abcde"])
    assert isinstance(refused[draft], door.TransitionError)
    assert _states(desk, own, other, foreign, draft) == ["approved", "approved", "sent", "checked"]
    assert verify_ledger(desk.engine).faults == ()


@pytest.mark.parametrize("account", ["qq-viewer", "qq-second", "rr-approver", "nobody-yet", "the-steward", SENDER])
def test_approve_many_without_the_role_accepts_nothing(desk: Desk, account: str) -> None:
    ids = [make_sent_return(desk, period="2025-Q1"), make_sent_return(desk, period="2025-Q2")]
    refused = door.approve_many(desk, get_identity(desk, account), ids)
    assert set(refused) == set(ids) and all(isinstance(error, NotAllowedError) for error in refused.values())
    assert _states(desk, *ids) == ["sent", "sent"]


def test_approve_many_by_token_is_held_to_the_token(desk: Desk) -> None:
    ids = [make_sent_return(desk, period="2025-Q1")]
    accounts.grant_role(desk.engine, "qq-approver", Grant("viewer", "QQ"), by="the-steward")
    issued = tokens.issue_token(desk.engine, get_identity(desk, "qq-approver"), "t", grants=[Grant("viewer", "QQ")])
    assert set(door.approve_many(desk, tokens.verify_token(desk.engine, issued.text), ids)) == set(ids)
    assert _states(desk, *ids) == ["sent"]


def test_approve_many_is_one_transaction(desk: Desk) -> None:
    """The submissions are updated once. One question more for each return: whether the clock has gone back."""
    ids = [make_sent_return(desk, period=f"202{year}-Q{quarter}") for year in (2, 3) for quarter in (1, 2, 3, 4)]
    counts = []
    for group in (ids[:2], ids[2:]):
        statements: list[str] = []

        def listen(_c: Any, _cur: Any, statement: str, *_: Any, into: list[str] = statements) -> None:
            into.append(statement.split()[0].lower())

        sa.event.listen(desk.engine, "before_cursor_execute", listen)
        assert door.approve_many(desk, get_identity(desk, "qq-approver"), group) == {}
        sa.event.remove(desk.engine, "before_cursor_execute", listen)
        counts.append((statements.count("select"), statements.count("update")))
    (selects, updates), (more_selects, more_updates) = counts
    assert (updates, more_updates) == (1, 1) and more_selects - selects <= len(ids[2:]) - len(ids[:2])
    assert _states(desk, *ids) == ["approved"] * 8


# ----------------------------------------------------------------------------------------------------- the command line


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.main(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_command_approves_many_and_names_each_refusal(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [make_sent_return(desk, period="2025-Q1"), make_sent_return(desk, period="2025-Q2")]
    foreign = make_sent_return(desk, "rr-sender", form="RR-JUSTICE-1", period="2025-Q1")
    code, out, err = _run(capsys, "approve", *ids, foreign, "--as", "qq-approver")
    lines = out.splitlines()
    assert (code, {line for line in lines if not line.startswith(" ")}) == (3, {f"{one}: approved" for one in ids})
    assert [line for line in lines if line.startswith(" ")] == [
        "  Totals of 2025-Q1", "    Reported: 3", "  Totals of 2025-Q2", "    Reported: 3"
    ]  # fmt: skip
    assert err == f"rti: There is no submission {foreign} that qq-approver can act on; see `rti status`.\n"


def test_command_names_the_missing_role(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [make_sent_return(desk, period="2025-Q1"), make_sent_return(desk, period="2025-Q2")]
    lacks = "This needs the role approver for justice of QQ, which qq-viewer lacks; ask your steward."
    code, out, err = _run(capsys, "approve", *ids, "--as", "qq-viewer")
    assert (code, out) == (3, "")
    assert sorted(err.splitlines()) == sorted(f"rti: {one}: {lacks}" for one in ids)
    assert _run(capsys, "approve", ids[0], "--as", "qq-viewer") == (3, "", f"rti: {lacks}\n")
    why = ("--reason", "wrong_return", "--comment", "the wrong year")
    for command in (
        ("give-back", ids[0], "--comment", "look at the total again"),
        ("withdraw", ids[0], *why),
    ):
        code, out, err = _run(capsys, *command, "--as", "qq-viewer")
        assert (code, out, err) == (3, "", f"rti: {lacks}\n")
        code, out, err = _run(capsys, *command, "--as", "rr-approver")
        assert (code, out) == (3, "")
        assert err == f"rti: There is no submission {ids[0]} that rr-approver can act on; see `rti status`.\n"
    code, _, err = _run(
        capsys, "withdraw", make_accepted_return(desk, period="2024-Q1"), *why, "--override", "--as", "qq-approver"
    )
    assert (code, "the role steward for justice of QQ, which qq-approver lacks" in err) == (3, True)
    draft = make_draft_with_warning(desk, period="2024-Q2")
    code, _, err = _run(capsys, "send", draft, "--as", "qq-second")
    assert (code, err) == (
        3,
        f"rti: Only its sender, {SENDER}, may justify and send {draft}; you act as qq-second.\n",
    )
    assert _states(desk, *ids) == ["sent", "sent"]


@pytest.mark.parametrize("command", ["approve", "give-back", "withdraw", "send", "justify"])
def test_command_by_unknown_account_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str], command: str) -> None:
    one = make_draft_with_warning(desk) if command in ("send", "justify") else make_sent_return(desk)
    more = {
        "give-back": ("--comment", "look at it"),
        "withdraw": ("--reason", "wrong_return", "--comment", "the wrong year"),
        "justify": ("--reason", "large_case", "--text", "one case of many persons"),
    }
    code, out, err = _run(capsys, command, one, *more.get(command, ()), "--as", "nobody-at-all")
    assert (code, out) == (3, "") and "nobody-at-all" in err


def test_requested_withdrawals_are_listed_for_those_who_decide_and_nobody_else(desk: Desk) -> None:
    number = make_accepted_return(desk, period="2025-Q1")
    foreign = make_accepted_return(desk, "rr-sender", "rr-approver", form="RR-JUSTICE-1", period="2025-Q1")
    for submission_id, account in ((number, SENDER), (foreign, "rr-sender")):
        door.ask_withdrawal(desk, get_identity(desk, account), submission_id, "wrong_return", "It was the wrong file.")

    def listed(account: str) -> list[str]:
        return [entry.submission_id for entry in door.list_requested_withdrawals(desk, get_identity(desk, account))]

    assert listed("rr-approver") == [foreign]
    for account in ("qq-viewer", "nobody-yet", SENDER, "the-steward"):
        assert listed(account) == [], account
    deciding = [account for account in ("qq-approver", "qq-second", "both-approver") if number in listed(account)]
    assert "both-approver" in deciding
    assert all(foreign not in listed(account) for account in ("qq-approver", "qq-second"))
