"""Permissions in the ledger: each role against each act, foreign submissions, replacements, races."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.ledger import audit_log, permissions, queries, supersession
from pipelines.ledger.acts import Act, Arrival, Block, Justification
from pipelines.ledger.clock_guard import ClockSetBackError
from pipelines.ledger.identity import SYSTEM, Grant, NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import arrivals, decisions, intake, release_log
from pipelines.submissions.accounts import accounts
from pipelines.submissions.clock_acceptance import accept_clock
from tests.support.fakes.ledger_fakes import (
    create_people,
    home_and_ledger,
    keep_values,
    make_accepted_submission,
    make_arrival,
    make_block,
    make_check_result,
    time_at,
)
from tests.support.paths import SAMPLES

pytestmark = pytest.mark.usefixtures("database")
WARNING = (("a" * 16, "rule.one"),)
TEXT = "checked with the source"


def create_two_offices(engine: sa.Engine) -> None:
    """Create the accounts of office QQ and of another office, RR."""
    create_people(engine)
    new_accounts = [
        accounts.NewAccount("colleague", "x", (Grant("submitter", "QQ"),)),
        accounts.NewAccount("viewer", "x", (Grant("viewer", "QQ"),)),
        accounts.NewAccount("qq-steward", "x", (Grant("steward", "QQ"),)),
        accounts.NewAccount(
            "qq-victims", "x", (Grant("approver", "QQ", "victims"), Grant("submitter", "QQ", "victims"))
        ),
        accounts.NewAccount("rr-office", "x", (Grant("submitter", "RR"),)),
        accounts.NewAccount("rr-chief", "x", (Grant("approver", "RR"),)),
        accounts.NewAccount("rr-steward", "x", (Grant("steward", "RR"),)),
        accounts.NewAccount("both", "x", (Grant("submitter", "QQ"), Grant("approver", "QQ"))),
        accounts.NewAccount("nothing", "x"),
        accounts.NewAccount("gone", "x", (Grant("steward"), Grant("approver"), Grant("submitter"))),
    ]
    with clock.freeze_time(time_at(-30)):
        accounts.create_many(engine, new_accounts, by=SYSTEM)
        accounts.disable_account(engine, "gone", by=SYSTEM)


@pytest.fixture
def desk(tmp_path: Path, database: str) -> Iterator[tuple[Home, sa.Engine]]:
    """Ledger with the accounts of office QQ and of another office, RR."""
    home, engine = home_and_ledger(tmp_path, create_two_offices)
    yield home, engine
    engine.dispose()


EVERYBODY = (
    *("office", "chief", "colleague", "viewer", "qq-steward", "qq-victims", "rr-office", "rr-chief", "rr-steward"),
    *("both", "nothing", "gone", "the-steward", "nobody"),
)


def _group_accounts(able: Iterable[str]) -> list[tuple[str, ...]]:
    """Return each account that may do something alone, and all others, who try it in turn on one submission.

    What is refused changes nothing, so the next account finds the same submission.
    """
    return [*((who,) for who in able), tuple(who for who in EVERYBODY if who not in able)]


def _group_by_override(able: Mapping[bool, Sequence[str]]) -> list[tuple[bool, tuple[str, ...]]]:
    """Return the accounts that try an act without and with an override, grouped as by `_group_accounts`."""
    return [(override, people) for override, names in able.items() for people in _group_accounts(names)]


def _make_checked(
    engine: sa.Engine, name: str = "one", sender: str = "office", *blocks: Block, warned: bool = False
) -> str:
    identity = intake.record_arrival(engine, make_arrival(name, sender=sender)).submission_id
    check_result = make_check_result(identity, *(blocks or (make_block(),)), warnings=WARNING if warned else ())
    intake.record_check(engine, check_result)
    return identity


def _make_sent(home: Home, engine: sa.Engine, name: str = "one", sender: str = "office", *blocks: Block) -> str:
    identity = _make_checked(engine, name, sender, *blocks)
    keep_values(home, identity, {("2025-Q4", "reported"): 3})
    decisions.send_submission(engine, Act(identity, sender, reason="late_data"))
    return identity


def _try_act(act: Callable[[], object]) -> str:
    try:
        act()
    except NotAllowedError:
        return "not allowed"
    except TransitionError:
        return "not now"
    return "done"


# --------------------------------------------------------------------------------------------------------------- matrix


_REGISTRARS = ("office", "colleague", "qq-victims", "rr-office", "both")


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize("people", _group_accounts(_REGISTRARS))
def test_record_arrival_needs_role_submitter(desk: tuple[Home, sa.Engine], people: tuple[str, ...]) -> None:
    _, engine = desk
    for who in people:
        outcome = _try_act(partial(intake.record_arrival, engine, make_arrival("x", sender=who)))
        assert (outcome == "done") == (who in _REGISTRARS), who
    assert len(queries.list_submissions(engine)) == (people[0] in _REGISTRARS)


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize("people", _group_accounts(("office",)))
def test_only_the_sender_can_justify_and_send(desk: tuple[Home, sa.Engine], people: tuple[str, ...]) -> None:
    _, engine = desk
    identity = _make_checked(engine, warned=True)
    # Accounts with a role for this office get "not now"; for all others the submission does not exist.
    outcomes = dict.fromkeys(("chief", "colleague", "qq-steward", "both", "the-steward"), "not now") | {
        "office": "done"
    }
    for who in people:
        expected = outcomes.get(who, "not allowed")
        justification, act = Justification(identity, "real_change", TEXT, who), Act(identity, who)
        assert _try_act(partial(decisions.justify_warnings, engine, justification)) == expected, who
        assert _try_act(partial(decisions.send_submission, engine, act)) == expected, who
        assert queries.find_submission(engine, identity).state == ("sent" if who == "office" else "checked"), who


_APPROVERS = {False: ("chief", "both"), True: ("qq-steward", "the-steward")}


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize(("override", "people"), _group_by_override(_APPROVERS))
def test_approve_submission_for_each_account(
    desk: tuple[Home, sa.Engine], override: bool, people: tuple[str, ...]
) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    for who in people:
        is_able = who in _APPROVERS[override]
        act = Act(identity, who, comment="the office's approver is away", override=override)
        outcome = _try_act(partial(decisions.approve_submission, engine, home, act))
        assert outcome == ("done" if is_able else "not now" if who == "office" else "not allowed"), who
        assert queries.find_submission(engine, identity).state == ("approved" if is_able else "sent"), who
    assert verify_ledger(engine).good


_RETURNERS = ("chief", "both", "qq-steward", "the-steward")


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize("people", _group_accounts(_RETURNERS))
def test_give_back_for_each_account(desk: tuple[Home, sa.Engine], people: tuple[str, ...]) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    for who in people:
        is_able = who in _RETURNERS
        act = Act(identity, who, comment="the table of victims is empty")
        outcome = _try_act(partial(decisions.give_back, engine, act))
        assert outcome == ("done" if is_able else "not now" if who == "office" else "not allowed"), who
        assert queries.find_submission(engine, identity).state == ("checked" if is_able else "sent"), who


_TAKERS = ("office", "chief", "both", "qq-steward", "the-steward")


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize("people", _group_accounts(_TAKERS))
def test_withdraw_sent_submission_for_each_account(desk: tuple[Home, sa.Engine], people: tuple[str, ...]) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    for who in people:
        is_able = who in _TAKERS
        act = Act(identity, who, comment="the wrong file", reason="wrong_return")
        outcome = _try_act(partial(decisions.withdraw_submission, engine, act))
        assert outcome == ("done" if is_able else "not allowed"), who
        assert queries.find_submission(engine, identity).state == ("withdrawn" if is_able else "sent"), who


_WITHDRAWERS = {False: ("chief", "both", "secretariat"), True: ("qq-steward", "the-steward")}


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize(("override", "people"), _group_by_override(_WITHDRAWERS))
@pytest.mark.parametrize("state", ["approved", "published"])
def test_withdraw_accepted_submission_for_each_account(
    desk: tuple[Home, sa.Engine], override: bool, people: tuple[str, ...], state: str
) -> None:
    home, engine = desk
    identity = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    if state == "published":
        release_log.record_publication(engine, [identity], "2025-Q4")
    for who in people:
        is_able = who in _WITHDRAWERS[override]
        act = Act(identity, who, comment="the wrong file", reason="wrong_return", override=override)
        outcome = _try_act(partial(decisions.withdraw_submission, engine, act))
        assert outcome == ("done" if is_able else "not now" if who == "office" else "not allowed"), who
        assert queries.find_submission(engine, identity).state == ("withdrawn" if is_able else state), who
        if is_able:
            payload = {"reason": "wrong_return", **({"override": True} if override else {})}
            assert queries.list_events(engine, identity)[-1]["payload"] == payload
    assert verify_ledger(engine).good


_ASKERS = ("office", "colleague", "chief", "both", "secretariat")


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize("people", _group_accounts(_ASKERS))
def test_ask_withdrawal_for_each_account(desk: tuple[Home, sa.Engine], people: tuple[str, ...]) -> None:
    home, engine = desk
    identity = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    before = supersession.accepted_blocks(engine)
    for who in people:
        act = Act(identity, who, comment="the wrong file", reason="wrong_return")
        outcome = _try_act(partial(decisions.ask_withdrawal, engine, act))
        assert outcome == ("done" if who in _ASKERS else "not allowed"), who
        state = queries.find_submission(engine, identity).state
        assert (state, supersession.accepted_blocks(engine)) == ("approved", before), who
        n_asked = [event["action"] for event in queries.list_events(engine, identity)].count("ask_withdrawal")
        assert n_asked == (who in _ASKERS), who
    assert verify_ledger(engine).good


def test_withdraw_submission_by_account_that_asked_raises(desk: tuple[Home, sa.Engine]) -> None:
    """Refuse the withdrawal under a second role of the same account too; a second approver can withdraw."""
    home, engine = desk
    identity = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    accounts.grant_role(engine, "chief", Grant("steward", "QQ"), by=SYSTEM)
    decisions.ask_withdrawal(engine, Act(identity, "chief", comment="the wrong file", reason="wrong_return"))
    for override in (False, True):
        with pytest.raises(TransitionError, match="chief asked to withdraw"):
            decisions.withdraw_submission(
                engine, Act(identity, "chief", comment="now", reason="wrong_return", override=override)
            )
    decisions.withdraw_submission(engine, Act(identity, "both", comment="indeed the wrong file", reason="wrong_return"))
    assert [e["actor"] for e in queries.list_events(engine, identity)][-2:] == ["chief", "both"]


def test_ask_withdrawal_twice_by_same_account_raises(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    identity = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    act = Act(identity, "office", comment="the wrong file", reason="wrong_return")
    decisions.ask_withdrawal(engine, act)
    with pytest.raises(TransitionError, match="office asked to withdraw"):
        decisions.ask_withdrawal(engine, act)
    decisions.ask_withdrawal(engine, Act(identity, "colleague", comment="the wrong file", reason="wrong_return"))


def test_ask_withdrawal_of_submission_that_does_not_count_raises(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    with pytest.raises(TransitionError, match="does not count yet"):
        decisions.ask_withdrawal(engine, Act(identity, "office", comment="the wrong file", reason="wrong_return"))
    act = Act(identity, "office", comment="the wrong file", reason="wrong_return")
    decisions.withdraw_submission(engine, act)
    with pytest.raises(TransitionError, match="it was taken back"):
        decisions.ask_withdrawal(engine, act)


# -------------------------------------------------------------------------------------------------------------- foreign


@pytest.mark.sampled(of="database")
@pytest.mark.parametrize("who", ["rr-office", "rr-chief", "rr-steward", "viewer", "nothing", "qq-victims"])
@pytest.mark.parametrize("state", ["received", "checked", "sent", "approved"])
def test_acts_on_foreign_submission_raise_same_error_as_on_missing_one(
    desk: tuple[Home, sa.Engine], who: str, state: str
) -> None:
    home, engine = desk
    if state == "received":
        foreign = intake.record_arrival(engine, make_arrival("one")).submission_id
    else:
        foreign = _make_checked(engine, warned=True) if state == "checked" else _make_sent(home, engine)
    if state == "approved":
        decisions.approve_submission(engine, home, Act(foreign, "chief"))
    acts: list[Callable[[str], object]] = [
        lambda i: decisions.justify_warnings(engine, Justification(i, "real_change", TEXT, who, "f" * 16)),
        lambda i: decisions.justify_warnings(engine, Justification(i, "no reason", "", who)),
        lambda i: decisions.send_submission(engine, Act(i, who)),
        lambda i: decisions.send_submission(engine, Act(i, who, reason="no reason")),
        lambda i: decisions.approve_submission(engine, home, Act(i, who)),
        lambda i: decisions.approve_submission(engine, home, Act(i, who, override=True)),
        lambda i: decisions.give_back(engine, Act(i, who)),
        lambda i: decisions.withdraw_submission(engine, Act(i, who)),
        lambda i: decisions.withdraw_submission(engine, Act(i, who, override=True)),
        lambda i: decisions.ask_withdrawal(engine, Act(i, who)),
    ]
    for act in acts:
        messages = []
        for identity in (foreign, "S" + "0" * 15):
            with pytest.raises(NotAllowedError) as error:
                act(identity)
            messages.append(str(error.value).replace(identity, "ID"))
        assert messages[0] == messages[1]


def test_record_arrival_of_same_bytes_does_not_name_submission_of_another_office(desk: tuple[Home, sa.Engine]) -> None:
    _, engine = desk
    first = _make_checked(engine, "one")
    foreign = Arrival(make_arrival("one").sha256, 100, "copy", "rr-office", time_at(1), demonstration=True)
    foreign_arrival = intake.record_arrival(engine, foreign)
    assert (foreign_arrival.new, foreign_arrival.same_file) == (True, ())
    repeated = Arrival(make_arrival("one").sha256, 100, "copy", "colleague", time_at(2), demonstration=True)
    repeated_arrival = intake.record_arrival(engine, repeated)
    assert (repeated_arrival.new, repeated_arrival.submission_id, repeated_arrival.same_file) == (
        False,
        first,
        ((first, "checked"),),
    )


def test_return_of_two_offices_needs_role_for_both(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    blocks = (make_block(), make_block(jurisdiction="RR"))
    identity = _make_checked(engine, "one", "office", *blocks)
    with pytest.raises(NotAllowedError, match="the role submitter for justice of RR, which office lacks"):
        decisions.send_submission(engine, Act(identity, "office"))
    accounts.grant_role(engine, "office", Grant("submitter", "RR"), by=SYSTEM)
    keep_values(home, identity, {("2025-Q4", "reported"): 3})
    decisions.send_submission(engine, Act(identity, "office"))
    for account in ("chief", "rr-chief"):
        with pytest.raises(NotAllowedError):
            decisions.approve_submission(engine, home, Act(identity, account))
    accounts.grant_role(engine, "chief", Grant("approver", "RR"), by=SYSTEM)
    decisions.approve_submission(engine, home, Act(identity, "chief"))


def test_unrecognised_file_is_visible_to_its_sender_only(desk: tuple[Home, sa.Engine]) -> None:
    _, engine = desk
    identity = intake.record_arrival(engine, make_arrival("one")).submission_id
    for account in ("colleague", "chief", "qq-steward", "the-steward"):
        with pytest.raises(NotAllowedError, match="There is no submission"):
            decisions.withdraw_submission(engine, Act(identity, account, comment="not mine", reason="other"))
    decisions.withdraw_submission(engine, Act(identity, "office", comment="the wrong file", reason="wrong_return"))


def test_revoked_role_is_missing_at_next_act(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    accounts.revoke_role(engine, "chief", Grant("approver", "QQ"), by=SYSTEM)
    with pytest.raises(NotAllowedError, match="There is no submission"):
        decisions.approve_submission(engine, home, Act(identity, "chief"))
    accounts.revoke_role(engine, "office", Grant("submitter", "QQ"), by=SYSTEM)
    with pytest.raises(NotAllowedError, match="which office lacks"):
        decisions.withdraw_submission(engine, Act(identity, "office", comment="mine", reason="other"))


# ----------------------------------------------------------------------------------------------------------------- acts


def test_returned_submission_can_be_sent_again_and_keeps_its_comments(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    with pytest.raises(TransitionError, match="Give a reason in a comment"):
        decisions.give_back(engine, Act(identity, "chief", comment=" "))
    decisions.give_back(engine, Act(identity, "chief", time_at(1), "the table of victims is empty"))
    with pytest.raises(TransitionError, match="can be sent"):
        decisions.approve_submission(engine, home, Act(identity, "chief"))
    decisions.send_submission(engine, Act(identity, "office", time_at(2), "it is empty: none were identified"))
    decisions.approve_submission(engine, home, Act(identity, "chief", time_at(3)))
    comments = [(e["action"], e["comment"]) for e in queries.list_events(engine, identity)][2:]
    assert comments == [
        ("send", None),
        ("give_back", "the table of victims is empty"),
        ("send", "it is empty: none were identified"),
        ("approve", None),
    ]


def test_override_is_recorded_and_does_not_allow_approving_own_return(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    accounts.grant_role(engine, "qq-steward", Grant("submitter", "QQ"), by=SYSTEM)
    own_return = _make_sent(home, engine, "own", "qq-steward")
    with pytest.raises(TransitionError, match="ask a second person"):
        decisions.approve_submission(engine, home, Act(own_return, "qq-steward", comment="in a hurry", override=True))
    office_return = _make_sent(home, engine, "one", "office", make_block("2025-Q3"))
    with pytest.raises(NotAllowedError, match="the role approver for justice of QQ, which qq-steward lacks"):
        decisions.approve_submission(engine, home, Act(office_return, "qq-steward", comment="in a hurry"))
    with pytest.raises(TransitionError, match="Give a reason in a comment"):
        decisions.approve_submission(engine, home, Act(office_return, "qq-steward", override=True))
    decisions.approve_submission(
        engine, home, Act(office_return, "qq-steward", comment="the approver is away", override=True)
    )
    last = queries.list_events(engine, office_return)[-1]
    assert (last["payload"], last["comment"]) == ({"override": True}, "the approver is away")


def test_send_replacement_of_accepted_return_needs_reason(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    replacement = _make_checked(engine, "2")
    with pytest.raises(TransitionError, match=r"replaces what was accepted for 2025-Q4; say why"):
        decisions.send_submission(engine, Act(replacement, "office"))
    with pytest.raises(TransitionError, match=r"Give a reason that is one of late_data, .* not because"):
        decisions.send_submission(engine, Act(replacement, "office", reason="because"))
    decisions.send_submission(engine, Act(replacement, "office", reason="source_error"))
    assert queries.find_submission(engine, replacement).revision_reason == "source_error"
    # After it was given back, it is sent again with the same reason.
    decisions.give_back(engine, Act(replacement, "chief", comment="look again"))
    decisions.send_submission(engine, Act(replacement, "office"))
    assert queries.find_submission(engine, replacement).revision_reason == "source_error"
    first_return = _make_checked(engine, "3", "office", make_block("2025-Q3"))
    decisions.send_submission(engine, Act(first_return, "office"))
    assert queries.find_submission(engine, first_return).revision_reason is None


def test_approve_with_clock_set_back_is_refused(desk: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    home, engine = desk
    monkeypatch.setenv("RTI_NOW", "2026-02-12T09:00:00Z")
    first = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    again = _make_sent(home, engine, "2")
    key = ("QQ", "justice", "QQ-JUSTICE-OFFICE", "Q", "2025-Q4")
    monkeypatch.setenv("RTI_NOW", "2026-02-01T09:00:00Z")
    with pytest.raises(ClockSetBackError, match=r"says 2026-02-01T09:00:00Z, but .* entry of 2026-02-12T09:00:00Z"):
        decisions.approve_submission(engine, home, Act(again, "chief"))
    # Even after the clock is accepted, a return cannot be accepted before the one it replaces.
    accept_clock(engine, actor="the-steward", reason="the clock was ahead")
    with pytest.raises(TransitionError, match=r"accepted at 2026-02-11T09:00:00Z, and the clock"):
        decisions.approve_submission(engine, home, Act(again, "chief"))
    assert supersession.accepted_blocks(engine)[key] == first
    monkeypatch.setenv("RTI_NOW", "2026-02-12T09:00:00Z")
    decisions.approve_submission(engine, home, Act(again, "chief"))
    assert supersession.accepted_blocks(engine)[key] == again


def test_approve_many_refuses_second_return_of_period_without_reason(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    ids = [_make_checked(engine, name) for name in ("1", "2")]
    for identity in ids:
        keep_values(home, identity, {("2025-Q4", "reported"): 3})
        decisions.send_submission(engine, Act(identity, "office"))
    refused = decisions.approve_many(engine, home, [Act(i, "chief", time_at(n)) for n, i in enumerate(ids)])
    assert list(refused) == [ids[1]]
    assert "would replace what was accepted for 2025-Q4 after it was sent" in str(refused[ids[1]])
    assert [queries.find_submission(engine, i).state for i in ids] == ["approved", "sent"]
    decisions.give_back(engine, Act(ids[1], "chief", comment="why does it come again?"))
    decisions.send_submission(engine, Act(ids[1], "office", reason="late_data"))
    decisions.approve_submission(engine, home, Act(ids[1], "chief"))


@pytest.mark.parametrize("text", ["nothing\x00to see", "half a letter \ud800"])
def test_text_with_forbidden_character_is_refused_on_each_database(desk: tuple[Home, sa.Engine], text: str) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    with pytest.raises(TransitionError, match="a character that is not allowed"):
        decisions.give_back(engine, Act(identity, "chief", comment=text))
    with pytest.raises(TransitionError, match="a character that is not allowed"):
        intake.record_arrival(engine, make_arrival(text, content="x"))
    warned = _make_checked(engine, "2", warned=True)
    with pytest.raises(TransitionError, match="a character that is not allowed"):
        decisions.justify_warnings(engine, Justification(warned, "real_change", text, "office"))


# ---------------------------------------------------------------------------------------------------------------- races


def _run_together(*acts: Callable[[], object]) -> list[str]:
    outcomes: list[str] = []
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        outcomes.append(_try_act(act))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.parametrize("attempt", range(3))
def test_approve_and_give_back_at_same_time_apply_one_only(desk: tuple[Home, sa.Engine], attempt: int) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    outcomes = _run_together(
        lambda: decisions.approve_submission(engine, home, Act(identity, "chief")),
        lambda: decisions.give_back(engine, Act(identity, "both", comment="look again")),
        lambda: decisions.approve_submission(engine, home, Act(identity, "secretariat")),
    )
    assert outcomes == ["done", "not now", "not now"]
    last = queries.list_events(engine, identity)[-1]
    assert (last["action"], queries.find_submission(engine, identity).state) in [
        ("approve", "approved"),
        ("give_back", "checked"),
    ]
    assert verify_ledger(engine).good


@pytest.mark.parametrize("attempt", range(3))
def test_revoke_during_approval_is_ordered_before_or_after_it(desk: tuple[Home, sa.Engine], attempt: int) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    _run_together(
        lambda: decisions.approve_submission(engine, home, Act(identity, "chief")),
        lambda: accounts.revoke_role(engine, "chief", Grant("approver", "QQ"), by=SYSTEM),
    )
    order = [
        e["action"] for e in audit_log.list_entries(engine) if e["action"] in ("submission.approve", "account.revoke")
    ]
    approved = queries.find_submission(engine, identity).state == "approved"
    assert order == (["submission.approve", "account.revoke"] if approved else ["account.revoke"])


def test_send_many_reads_rights_once_per_transaction(desk: tuple[Home, sa.Engine]) -> None:
    _, engine = desk
    counts = []
    for size in (2, 40):
        ids = [r.submission_id for r in intake.receive_many(engine, [make_arrival(f"{size}-{n}") for n in range(size)])]
        intake.record_check_many(
            engine, [make_check_result(i, make_block(f"{2000 + n}-Q1")) for n, i in enumerate(ids)]
        )
        statements: list[str] = []
        listener = lambda *a: statements.append(str(a[2]))  # noqa: B023, E731
        sa.event.listen(engine, "before_cursor_execute", listener)
        assert not decisions.send_many(engine, [Act(i, "office") for i in ids])
        sa.event.remove(engine, "before_cursor_execute", listener)
        counts.append(len([s for s in statements if s.lower().lstrip().startswith("select")]))
    assert counts[0] == counts[1]


def test_acts_as_system_account_are_refused(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    identity = _make_sent(home, engine)
    with pytest.raises(NotAllowedError, match="system is not an account"):
        intake.record_arrival(engine, make_arrival("two", sender=SYSTEM))
    acts: list[Callable[[], object]] = [
        lambda: decisions.approve_submission(engine, home, Act(identity, SYSTEM)),
        lambda: decisions.approve_submission(engine, home, Act(identity, SYSTEM, comment="in a hurry", override=True)),
        lambda: decisions.give_back(engine, Act(identity, SYSTEM, comment="look again")),
        lambda: decisions.withdraw_submission(engine, Act(identity, SYSTEM, comment="gone", reason="other")),
        lambda: decisions.send_submission(engine, Act(identity, SYSTEM)),
        lambda: decisions.justify_warnings(engine, Justification(identity, "other", TEXT, SYSTEM)),
    ]
    assert {_try_act(act) for act in acts} == {"not allowed"}
    assert set(permissions.MACHINE_ACTS) == {"check", "publish"}
    resource = permissions.Resource("office", "approved", (("QQ", "justice"),))
    with pytest.raises(ValueError, match="nobody's act"):
        permissions.require_role(accounts.get_identity(engine, "office"), "publish", resource, identity)


# -------------------------------------------------------------------------------------------------------- demonstration


def test_ensure_accounts_creates_accounts_of_demonstration_list_once(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    folder = SAMPLES
    assert arrivals.ensure_accounts(engine, folder) > 3
    before = accounts.all_accounts(engine)
    assert arrivals.ensure_accounts(engine, folder) == 0
    assert accounts.all_accounts(engine) == before
    sender = accounts.get_identity(engine, "al-pp-sender")
    assert sender.grants == (Grant("submitter", "AL", "justice"),)
    for listed in arrivals.read_list(folder):
        assert accounts.get_identity(engine, listed.sender).has_role(
            "submitter", listed.jurisdiction, listed.instrument
        )
        assert accounts.get_identity(engine, listed.approver).has_role(
            "approver", listed.jurisdiction, listed.instrument
        )
        assert not accounts.get_identity(engine, listed.sender).has_role(
            "approver", listed.jurisdiction, listed.instrument
        )
    assert accounts.get_identity(engine, "steward").grants == (Grant("steward"),)
    assert not any(a.has_password for a in accounts.all_accounts(engine))
