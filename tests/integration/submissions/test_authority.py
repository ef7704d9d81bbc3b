"""Who may do what in the ledger: every role against every act, foreign submissions, replacements, races."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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


@pytest.fixture
def desk(tmp_path: Path, database: str) -> Iterator[tuple[Home, sa.Engine]]:
    """The office of QQ and its people, and those of another office, RR."""
    home, engine = home_and_ledger(tmp_path)
    made = [
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
        accounts.create_many(engine, made, by=SYSTEM)
        accounts.disable_account(engine, "gone", by=SYSTEM)
    yield home, engine
    engine.dispose()


EVERYBODY = (
    *("office", "chief", "colleague", "viewer", "qq-steward", "qq-victims", "rr-office", "rr-chief", "rr-steward"),
    *("both", "nothing", "gone", "the-steward", "nobody"),
)


def _checked(engine: sa.Engine, name: str = "one", sender: str = "office", *blocks: Block, warned: bool = False) -> str:
    identity = intake.record_arrival(engine, make_arrival(name, sender=sender)).submission_id
    found = make_check_result(identity, *(blocks or (make_block(),)), warnings=WARNING if warned else ())
    intake.record_check(engine, found)
    return identity


def _sent(home: Home, engine: sa.Engine, name: str = "one", sender: str = "office", *blocks: Block) -> str:
    identity = _checked(engine, name, sender, *blocks)
    keep_values(home, identity, {("2025-Q4", "reported"): 3})
    decisions.send_submission(engine, Act(identity, sender, reason="late_data"))
    return identity


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except NotAllowedError:
        return "not allowed"
    except TransitionError:
        return "not now"
    return "done"


# --------------------------------------------------------------------------------------------------------------- matrix


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_a_submitter_hands_in(desk: tuple[Home, sa.Engine], who: str) -> None:
    _, engine = desk
    able = {"office", "colleague", "qq-victims", "rr-office", "both"}
    assert (_outcome(lambda: intake.record_arrival(engine, make_arrival("x", sender=who))) == "done") == (who in able)
    assert len(queries.list_submissions(engine)) == (who in able)


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_its_sender_justifies_and_sends(desk: tuple[Home, sa.Engine], who: str) -> None:
    _, engine = desk
    one = _checked(engine, warned=True)
    # A colleague may know of it, and is told whose it is; to all who work for nobody here it is not there.
    told = dict.fromkeys(("chief", "colleague", "qq-steward", "both", "the-steward"), "not now") | {"office": "done"}
    expected = told.get(who, "not allowed")
    assert (
        _outcome(lambda: decisions.justify_warnings(engine, Justification(one, "real_change", TEXT, who))) == expected
    )
    assert _outcome(lambda: decisions.send_submission(engine, Act(one, who))) == expected
    assert queries.find_submission(engine, one).state == ("sent" if who == "office" else "checked")


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("override", [False, True])
def test_who_approves(desk: tuple[Home, sa.Engine], who: str, override: bool) -> None:
    home, engine = desk
    one = _sent(home, engine)
    able = {"qq-steward", "the-steward"} if override else {"chief", "both"}
    act = Act(one, who, comment="the office's approver is away", override=override)
    outcome = _outcome(lambda: decisions.approve_submission(engine, home, act))
    assert outcome == ("done" if who in able else "not now" if who == "office" else "not allowed")
    assert queries.find_submission(engine, one).state == ("approved" if who in able else "sent")
    assert verify_ledger(engine).good


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_gives_back(desk: tuple[Home, sa.Engine], who: str) -> None:
    home, engine = desk
    one = _sent(home, engine)
    able = {"chief", "both", "qq-steward", "the-steward"}
    outcome = _outcome(lambda: decisions.give_back(engine, Act(one, who, comment="the table of victims is empty")))
    assert outcome == ("done" if who in able else "not now" if who == "office" else "not allowed")
    assert queries.find_submission(engine, one).state == ("checked" if who in able else "sent")


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_withdraws_what_does_not_count_yet(desk: tuple[Home, sa.Engine], who: str) -> None:
    home, engine = desk
    one = _sent(home, engine)
    able = {"office", "chief", "both", "qq-steward", "the-steward"}
    act = Act(one, who, comment="the wrong file", reason="wrong_return")
    assert _outcome(lambda: decisions.withdraw_submission(engine, act)) == ("done" if who in able else "not allowed")
    assert queries.find_submission(engine, one).state == ("withdrawn" if who in able else "sent")


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("state", ["approved", "published"])
def test_who_withdraws_what_counts(desk: tuple[Home, sa.Engine], who: str, override: bool, state: str) -> None:
    home, engine = desk
    one = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    if state == "published":
        release_log.record_publication(engine, [one], "2025-Q4")
    able = {"qq-steward", "the-steward"} if override else {"chief", "both", "secretariat"}
    act = Act(one, who, comment="the wrong file", reason="wrong_return", override=override)
    outcome = _outcome(lambda: decisions.withdraw_submission(engine, act))
    assert outcome == ("done" if who in able else "not now" if who == "office" else "not allowed")
    assert queries.find_submission(engine, one).state == ("withdrawn" if who in able else state)
    if who in able:
        told = {"reason": "wrong_return", **({"override": True} if override else {})}
        assert queries.list_events(engine, one)[-1]["payload"] == told
    assert verify_ledger(engine).good


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_asks_for_a_withdrawal(desk: tuple[Home, sa.Engine], who: str) -> None:
    home, engine = desk
    one = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    able = {"office", "colleague", "chief", "both", "secretariat"}
    before = supersession.accepted_blocks(engine)
    act = Act(one, who, comment="the wrong file", reason="wrong_return")
    assert _outcome(lambda: decisions.ask_withdrawal(engine, act)) == ("done" if who in able else "not allowed")
    assert (queries.find_submission(engine, one).state, supersession.accepted_blocks(engine)) == ("approved", before)
    assert [e["action"] for e in queries.list_events(engine, one)].count("ask_withdrawal") == (who in able)
    assert verify_ledger(engine).good


def test_who_asked_does_not_carry_it_out(desk: tuple[Home, sa.Engine]) -> None:
    """Also not by another of his or her roles; a second approver does, and the steward does by override."""
    home, engine = desk
    one = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    accounts.grant_role(engine, "chief", Grant("steward", "QQ"), by=SYSTEM)
    decisions.ask_withdrawal(engine, Act(one, "chief", comment="the wrong file", reason="wrong_return"))
    for override in (False, True):
        with pytest.raises(TransitionError, match="chief asked to withdraw"):
            decisions.withdraw_submission(
                engine, Act(one, "chief", comment="now", reason="wrong_return", override=override)
            )
    decisions.withdraw_submission(engine, Act(one, "both", comment="indeed the wrong file", reason="wrong_return"))
    assert [e["actor"] for e in queries.list_events(engine, one)][-2:] == ["chief", "both"]


def test_ask_withdrawal_twice_by_same_account_raises(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    one = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    act = Act(one, "office", comment="the wrong file", reason="wrong_return")
    decisions.ask_withdrawal(engine, act)
    with pytest.raises(TransitionError, match="office asked to withdraw"):
        decisions.ask_withdrawal(engine, act)
    decisions.ask_withdrawal(engine, Act(one, "colleague", comment="the wrong file", reason="wrong_return"))


def test_what_does_not_count_is_not_asked_for(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    one = _sent(home, engine)
    with pytest.raises(TransitionError, match="does not count yet"):
        decisions.ask_withdrawal(engine, Act(one, "office", comment="the wrong file", reason="wrong_return"))
    act = Act(one, "office", comment="the wrong file", reason="wrong_return")
    decisions.withdraw_submission(engine, act)
    with pytest.raises(TransitionError, match="it was taken back"):
        decisions.ask_withdrawal(engine, act)


# -------------------------------------------------------------------------------------------------------------- foreign


@pytest.mark.parametrize("who", ["rr-office", "rr-chief", "rr-steward", "viewer", "nothing", "qq-victims"])
@pytest.mark.parametrize("state", ["received", "checked", "sent", "approved"])
def test_what_is_foreign_is_told_like_what_is_not_there(desk: tuple[Home, sa.Engine], who: str, state: str) -> None:
    home, engine = desk
    if state == "received":
        one = intake.record_arrival(engine, make_arrival("one")).submission_id
    else:
        one = _checked(engine, warned=True) if state == "checked" else _sent(home, engine)
    if state == "approved":
        decisions.approve_submission(engine, home, Act(one, "chief"))
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
        words = []
        for identity in (one, "S" + "0" * 15):
            with pytest.raises(NotAllowedError) as told:
                act(identity)
            words.append(str(told.value).replace(identity, "ID"))
        assert words[0] == words[1]


def test_the_same_bytes_of_another_office_are_not_told(desk: tuple[Home, sa.Engine]) -> None:
    _, engine = desk
    first = _checked(engine, "one")
    foreign = Arrival(make_arrival("one").sha256, 100, "copy", "rr-office", time_at(1), demonstration=True)
    received = intake.record_arrival(engine, foreign)
    assert (received.new, received.same_file) == (True, ())
    own = Arrival(make_arrival("one").sha256, 100, "copy", "colleague", time_at(2), demonstration=True)
    told = intake.record_arrival(engine, own)
    assert (told.new, told.submission_id, told.same_file) == (False, first, ((first, "checked"),))


def test_a_return_of_two_offices_needs_the_role_for_both(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    both = (make_block(), make_block(jurisdiction="RR"))
    one = _checked(engine, "one", "office", *both)
    with pytest.raises(NotAllowedError, match="the role submitter for justice of RR, which office lacks"):
        decisions.send_submission(engine, Act(one, "office"))
    accounts.grant_role(engine, "office", Grant("submitter", "RR"), by=SYSTEM)
    keep_values(home, one, {("2025-Q4", "reported"): 3})
    decisions.send_submission(engine, Act(one, "office"))
    for half in ("chief", "rr-chief"):
        with pytest.raises(NotAllowedError):
            decisions.approve_submission(engine, home, Act(one, half))
    accounts.grant_role(engine, "chief", Grant("approver", "RR"), by=SYSTEM)
    decisions.approve_submission(engine, home, Act(one, "chief"))


def test_what_was_not_recognised_is_its_senders_alone(desk: tuple[Home, sa.Engine]) -> None:
    _, engine = desk
    one = intake.record_arrival(engine, make_arrival("one")).submission_id
    for other in ("colleague", "chief", "qq-steward", "the-steward"):
        with pytest.raises(NotAllowedError, match="There is no submission"):
            decisions.withdraw_submission(engine, Act(one, other, comment="not mine", reason="other"))
    decisions.withdraw_submission(engine, Act(one, "office", comment="the wrong file", reason="wrong_return"))


def test_a_right_that_was_taken_is_gone_at_the_next_act(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    one = _sent(home, engine)
    accounts.revoke_role(engine, "chief", Grant("approver", "QQ"), by=SYSTEM)
    with pytest.raises(NotAllowedError, match="There is no submission"):
        decisions.approve_submission(engine, home, Act(one, "chief"))
    accounts.revoke_role(engine, "office", Grant("submitter", "QQ"), by=SYSTEM)
    with pytest.raises(NotAllowedError, match="which office lacks"):
        decisions.withdraw_submission(engine, Act(one, "office", comment="mine", reason="other"))


# ----------------------------------------------------------------------------------------------------------------- acts


def test_what_is_given_back_can_be_sent_anew_and_keeps_its_comments(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    one = _sent(home, engine)
    with pytest.raises(TransitionError, match="Give a reason in a comment"):
        decisions.give_back(engine, Act(one, "chief", comment=" "))
    decisions.give_back(engine, Act(one, "chief", time_at(1), "the table of victims is empty"))
    with pytest.raises(TransitionError, match="can be sent"):
        decisions.approve_submission(engine, home, Act(one, "chief"))
    decisions.send_submission(engine, Act(one, "office", time_at(2), "it is empty: none were identified"))
    decisions.approve_submission(engine, home, Act(one, "chief", time_at(3)))
    told = [(e["action"], e["comment"]) for e in queries.list_events(engine, one)][2:]
    assert told == [
        ("send", None),
        ("give_back", "the table of victims is empty"),
        ("send", "it is empty: none were identified"),
        ("approve", None),
    ]


def test_an_override_is_shown_and_never_lifts_that_nobody_approves_his_own(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    accounts.grant_role(engine, "qq-steward", Grant("submitter", "QQ"), by=SYSTEM)
    own = _sent(home, engine, "own", "qq-steward")
    with pytest.raises(TransitionError, match="ask a second person"):
        decisions.approve_submission(engine, home, Act(own, "qq-steward", comment="in a hurry", override=True))
    one = _sent(home, engine, "one", "office", make_block("2025-Q3"))
    with pytest.raises(NotAllowedError, match="the role approver for justice of QQ, which qq-steward lacks"):
        decisions.approve_submission(engine, home, Act(one, "qq-steward", comment="in a hurry"))
    with pytest.raises(TransitionError, match="Give a reason in a comment"):
        decisions.approve_submission(engine, home, Act(one, "qq-steward", override=True))
    decisions.approve_submission(engine, home, Act(one, "qq-steward", comment="the approver is away", override=True))
    last = queries.list_events(engine, one)[-1]
    assert (last["payload"], last["comment"]) == ({"override": True}, "the approver is away")


def test_what_replaces_an_accepted_return_says_why(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    again = _checked(engine, "2")
    with pytest.raises(TransitionError, match=r"replaces what was accepted for 2025-Q4; say why"):
        decisions.send_submission(engine, Act(again, "office"))
    with pytest.raises(TransitionError, match=r"Give a reason that is one of late_data, .* not because"):
        decisions.send_submission(engine, Act(again, "office", reason="because"))
    decisions.send_submission(engine, Act(again, "office", reason="source_error"))
    assert queries.find_submission(engine, again).revision_reason == "source_error"
    # Given back, it is sent anew for the same reason.
    decisions.give_back(engine, Act(again, "chief", comment="look again"))
    decisions.send_submission(engine, Act(again, "office"))
    assert queries.find_submission(engine, again).revision_reason == "source_error"
    other = _checked(engine, "3", "office", make_block("2025-Q3"))
    decisions.send_submission(engine, Act(other, "office"))
    assert queries.find_submission(engine, other).revision_reason is None


def test_approve_with_clock_set_back_is_refused(desk: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    home, engine = desk
    monkeypatch.setenv("RTI_NOW", "2026-02-12T09:00:00Z")
    first = make_accepted_submission(home, engine, "1", {("2025-Q4", "reported"): 3}, days=1)
    again = _sent(home, engine, "2")
    key = ("QQ", "justice", "QQ-JUSTICE-OFFICE", "Q", "2025-Q4")
    monkeypatch.setenv("RTI_NOW", "2026-02-01T09:00:00Z")
    with pytest.raises(ClockSetBackError, match=r"says 2026-02-01T09:00:00Z, but .* entry of 2026-02-12T09:00:00Z"):
        decisions.approve_submission(engine, home, Act(again, "chief"))
    # Once the clock is declared right, nothing is accepted behind what it would replace all the same.
    accept_clock(engine, actor="the-steward", reason="the clock was ahead")
    with pytest.raises(TransitionError, match=r"accepted at 2026-02-11T09:00:00Z, and the clock"):
        decisions.approve_submission(engine, home, Act(again, "chief"))
    assert supersession.accepted_blocks(engine)[key] == first
    monkeypatch.setenv("RTI_NOW", "2026-02-12T09:00:00Z")
    decisions.approve_submission(engine, home, Act(again, "chief"))
    assert supersession.accepted_blocks(engine)[key] == again


def test_of_two_sent_at_once_the_second_is_not_accepted_without_a_reason(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    ids = [_checked(engine, name) for name in ("1", "2")]
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
def test_a_text_that_no_database_holds_is_refused_by_both(desk: tuple[Home, sa.Engine], text: str) -> None:
    home, engine = desk
    one = _sent(home, engine)
    with pytest.raises(TransitionError, match="a character that is not allowed"):
        decisions.give_back(engine, Act(one, "chief", comment=text))
    with pytest.raises(TransitionError, match="a character that is not allowed"):
        intake.record_arrival(engine, make_arrival(text, content="x"))
    warned = _checked(engine, "2", warned=True)
    with pytest.raises(TransitionError, match="a character that is not allowed"):
        decisions.justify_warnings(engine, Justification(warned, "real_change", text, "office"))


# ---------------------------------------------------------------------------------------------------------------- races


def _together(*acts: Callable[[], object]) -> list[str]:
    outcomes: list[str] = []
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        gate.wait()
        outcomes.append(_outcome(act))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.parametrize("attempt", range(3))
def test_approving_and_giving_back_at_once_leaves_one_of_both(desk: tuple[Home, sa.Engine], attempt: int) -> None:
    home, engine = desk
    one = _sent(home, engine)
    outcomes = _together(
        lambda: decisions.approve_submission(engine, home, Act(one, "chief")),
        lambda: decisions.give_back(engine, Act(one, "both", comment="look again")),
        lambda: decisions.approve_submission(engine, home, Act(one, "secretariat")),
    )
    assert outcomes == ["done", "not now", "not now"]
    last = queries.list_events(engine, one)[-1]
    assert (last["action"], queries.find_submission(engine, one).state) in [
        ("approve", "approved"),
        ("give_back", "checked"),
    ]
    assert verify_ledger(engine).good


@pytest.mark.parametrize("attempt", range(3))
def test_a_right_taken_while_it_is_used_is_either_before_or_after(desk: tuple[Home, sa.Engine], attempt: int) -> None:
    home, engine = desk
    one = _sent(home, engine)
    _together(
        lambda: decisions.approve_submission(engine, home, Act(one, "chief")),
        lambda: accounts.revoke_role(engine, "chief", Grant("approver", "QQ"), by=SYSTEM),
    )
    order = [
        e["action"] for e in audit_log.list_entries(engine) if e["action"] in ("submission.approve", "account.revoke")
    ]
    approved = queries.find_submission(engine, one).state == "approved"
    assert order == (["submission.approve", "account.revoke"] if approved else ["account.revoke"])


def test_rights_are_asked_once_a_transaction_however_many_act(desk: tuple[Home, sa.Engine]) -> None:
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


def test_nobody_acts_as_the_machine(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    one = _sent(home, engine)
    with pytest.raises(NotAllowedError, match="system is not an account"):
        intake.record_arrival(engine, make_arrival("two", sender=SYSTEM))
    acts: list[Callable[[], object]] = [
        lambda: decisions.approve_submission(engine, home, Act(one, SYSTEM)),
        lambda: decisions.approve_submission(engine, home, Act(one, SYSTEM, comment="in a hurry", override=True)),
        lambda: decisions.give_back(engine, Act(one, SYSTEM, comment="look again")),
        lambda: decisions.withdraw_submission(engine, Act(one, SYSTEM, comment="gone", reason="other")),
        lambda: decisions.send_submission(engine, Act(one, SYSTEM)),
        lambda: decisions.justify_warnings(engine, Justification(one, "other", TEXT, SYSTEM)),
    ]
    assert {_outcome(act) for act in acts} == {"not allowed"}
    assert set(permissions.MACHINE_ACTS) == {"check", "publish"}
    resource = permissions.Resource("office", "approved", (("QQ", "justice"),))
    with pytest.raises(ValueError, match="nobody's act"):
        permissions.require_role(accounts.get_identity(engine, "office"), "publish", resource, one)


# -------------------------------------------------------------------------------------------------------- demonstration


def test_a_demonstration_has_accounts_for_those_of_its_list(tmp_path: Path) -> None:
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
