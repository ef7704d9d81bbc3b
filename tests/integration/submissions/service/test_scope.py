"""Rights at the desk: every role, place and instrument against submissions in every state, function by function.

What is expected is a table written here by hand, and knows nothing of `pipelines/ledger/permissions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger import queries
from pipelines.ledger.identity import Grant, Identity, NotAllowedError
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import service as door
from pipelines.submissions.service.rights import NotThereError
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_file
from tests.support.fakes.desk_world import ACTS, DRAFTS, FORGED, LATER, LOOKS, World, make_world

PLACES, INSTRUMENTS = ("QQ", "RR", "*"), ("justice", "victims", "*")
WORDS = "This submission does not exist, or you do not have access to it."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        yield make_world(tmp_path_factory.mktemp("world"))


def _person(*grants: Grant, account: str = "somebody", token: str | None = None) -> Identity:
    return Identity(account, "Somebody", "en", grants, token)


# ------------------------------------------------------------------------------------------------------------- looking


def _is_seen(role: str, place: str, instrument: str, state: str) -> bool:
    """The rule as the secretariat states it."""
    covers = place in ("QQ", "*") and instrument in ("justice", "*")
    if state == "received":
        return False
    if state in DRAFTS:
        return covers and role != "viewer"
    return covers


def _paged(world: World, person: Identity) -> set[str]:
    """What somebody sees in pages of two."""
    ids, position = [], None
    while True:
        page = door.submission_page(world.desk, person, limit=2, older_than=position)
        ids += [entry.submission_id for entry in page.entries]
        if page.older is None:
            assert len(ids) == len(set(ids))
            return set(ids)
        position = page.older


@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "steward"])
def test_each_role_sees_what_is_its_own_and_nothing_else(world: World, role: Any) -> None:
    before = world.read_state()
    for place, instrument in product(PLACES, INSTRUMENTS):
        for token in (None, "t1"):
            person = _person(Grant(role, place, instrument), token=token)
            listed = {e.submission_id for e in door.list_submissions(world.desk, person)}
            assert _paged(world, person) == listed
            for state in (*DRAFTS, *LATER):
                expected = _is_seen(role, place, instrument, state)
                assert (world.ids[state] in listed) is expected, (role, place, instrument, state)
                for look in LOOKS.values():
                    if expected:
                        look(world.desk, person, world.ids[state])
                        continue
                    with pytest.raises(NotThereError, match=WORDS):
                        look(world.desk, person, world.ids[state])
    assert world.read_state() == before


def test_what_is_foreign_and_what_is_not_there_is_told_in_the_same_words(world: World) -> None:
    before = world.read_state()
    strangers = [
        _person(),
        _person(Grant("steward", "RR")),
        _person(Grant("approver", "QQ", "victims")),
        _person(account="rr-sender"),
        _person(Grant("submitter", "RR"), account="rr-sender", token="t1"),
    ]
    for person in strangers:
        told = set()
        for identity in (*world.ids.values(), FORGED, "S", "", world.ids["sent"][:8], "S%", world.ids["sent"] + "\n"):
            for do in (*LOOKS.values(), *ACTS.values()):
                with pytest.raises(NotThereError) as error:
                    do(world.desk, person, identity)
                told.add((type(error.value), str(error.value), error.value.localize_message("en")))
        assert len(told) == 1
        assert door.list_submissions(world.desk, person) == []
    assert world.read_state() == before


def test_odd_ids_are_no_ids(world: World) -> None:
    steward = _person(Grant("steward"))
    odd: tuple[Any, ...] = (
        None, 7, b"S0123456789abcde", ["S"], "s0123456789abcde", "S0123456789ABCDE", "%", "S_______________",
        "S0123456789abcde' or '1'='1", world.ids["sent"].upper(), f" {world.ids['sent']}",
    )  # fmt: skip
    for identity in odd:
        for do in (*LOOKS.values(), *ACTS.values()):
            with pytest.raises(NotThereError):
                do(world.desk, steward, identity)


def test_its_sender_sees_it_in_every_state_and_a_token_of_the_sender_only_what_it_may(world: World) -> None:
    for role in ("submitter", "viewer"):
        own = _person(Grant(role, "QQ"), account=SENDER)
        for state in (*DRAFTS, *LATER):
            assert door.get_submission(world.desk, own, world.ids[state]).mine
    narrow = _person(Grant("submitter", "RR"), account=SENDER, token="t1")
    assert door.list_submissions(world.desk, narrow) == []
    for state in (*DRAFTS, *LATER):
        with pytest.raises(NotThereError):
            door.get_submission(world.desk, narrow, world.ids[state])
    viewing = _person(Grant("viewer", "QQ"), account=SENDER, token="t1")
    seen = {e.submission_id for e in door.list_submissions(world.desk, viewing)}
    assert seen == {world.ids[state] for state in LATER}


def test_whose_roles_were_taken_away_sees_nothing_of_the_office_any_more(world: World) -> None:
    for left in ((), (Grant("submitter", "RR"),), (Grant("submitter", "QQ", "victims"),)):
        gone = _person(*left, account=SENDER)
        assert {e.submission_id for e in door.list_submissions(world.desk, gone)} == {world.ids["received"]}
        for state in {*DRAFTS, *LATER} - {"received"}:
            for look in LOOKS.values():
                with pytest.raises(NotThereError):
                    look(world.desk, gone, world.ids[state])


def test_a_return_of_two_offices_needs_both(world: World) -> None:
    both = world.ids["both"]
    for grants, expected in (
        ((Grant("viewer", "QQ"),), False),
        ((Grant("viewer", "RR"),), False),
        ((Grant("viewer", "QQ"), Grant("approver", "RR")), True),
        ((Grant("viewer", "QQ", "justice"), Grant("viewer", "RR", "victims")), False),
        ((Grant("steward"),), True),
    ):
        person = _person(*grants)
        listed = {e.submission_id for e in door.list_submissions(world.desk, person)}
        assert (both in listed) is expected, grants
        assert _paged(world, person) == listed
        if not expected:
            with pytest.raises(NotThereError):
                door.make_report(world.desk, person, both)
    half = _person(Grant("approver", "QQ"), Grant("viewer", "RR"))
    entry = door.get_submission(world.desk, half, both)
    assert (entry.may_approve, entry.may_give_back, entry.may_withdraw) == (False, False, False)
    with pytest.raises(NotAllowedError):
        door.approve_submission(world.desk, half, both)


# -------------------------------------------------------------------------------------------------------------- acting


def _may(act: str, person: Identity, state: str) -> bool:
    """What each role may do with a return of QQ's justice, as the secretariat states it."""
    roles = {g.role for g in person.grants if g.jurisdiction in ("QQ", "*") and g.instrument in ("justice", "*")}
    own = person.account == SENDER
    if act in ("justify", "send"):
        return state == "checked" and own and "submitter" in roles
    if act == "approve":
        return state == "sent" and not own and "approver" in roles
    if act == "override":
        return state == "sent" and not own and "steward" in roles
    if act == "give_back":
        return state == "sent" and not own and bool(roles & {"approver", "steward"})
    counts = state in ("approved", "published")
    if act == "ask_withdrawal":
        return counts and bool(roles & {"submitter", "approver"})
    if act == "override_withdrawal":
        return counts and not own and "steward" in roles
    if counts:
        return not own and "approver" in roles
    if state.startswith("withdrawn"):
        return False
    if state == "received":
        return own
    return bool(roles & {"approver", "steward"}) or (own and "submitter" in roles)


@pytest.mark.parametrize("account", ["somebody", SENDER])
@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "steward"])
def test_acts_are_refused_and_change_nothing(world: World, role: Any, account: str) -> None:
    """Every act that is not allowed, in every state; `may_...` of an entry says the same beforehand."""
    before = world.read_state()
    for place, instrument in product(PLACES, INSTRUMENTS):
        person = _person(Grant(role, place, instrument), account=account)
        for state in (*DRAFTS, *LATER):
            own = account == SENDER and _is_seen("submitter", place, instrument, state)
            seen = _is_seen(role, place, instrument, state) or own or (account == SENDER and state == "received")
            if not seen:
                for act in ACTS.values():
                    with pytest.raises(NotThereError):
                        act(world.desk, person, world.ids[state])
                continue
            entry = door.get_submission(world.desk, person, world.ids[state])
            for name, act in ACTS.items():
                expected = _may(name, person, state)
                if name == "override_withdrawal" and state not in ("approved", "published"):
                    continue  # of what does not count yet it is a withdrawal like any other
                # The draft has an open warning, so that `may_send` is false of it for everybody.
                said = entry.may_justify if name == "send" else getattr(entry, f"may_{name}")
                assert said is expected, (name, role, place, instrument, state, account)
                if expected:
                    continue
                with pytest.raises((NotAllowedError, door.TransitionError)):
                    act(world.desk, person, world.ids[state])
    assert world.read_state() == before


@pytest.mark.parametrize(
    ("act", "account", "state", "after"),
    [
        ("justify", SENDER, "checked", "checked"),
        ("approve", "qq-approver", "sent", "approved"),
        ("override", "the-steward", "sent", "approved"),
        ("give_back", "qq-approver", "sent", "checked"),
        ("give_back", "the-steward", "sent", "checked"),
        ("withdraw", SENDER, "checked", "withdrawn"),
        ("ask_withdrawal", SENDER, "approved", "approved"),
        ("withdraw", "qq-approver", "approved", "withdrawn"),
        ("withdraw", "qq-approver", "published", "withdrawn"),
        ("withdraw", "qq-approver", "sent", "withdrawn"),
        ("withdraw", "the-steward", "sent", "withdrawn"),
        ("override_withdrawal", "the-steward", "published", "withdrawn"),
    ],
)
def test_what_is_allowed_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str, account: str, state: str, after: str
) -> None:
    desk_fakes.install_fakes(monkeypatch)
    world = make_world(tmp_path)
    ACTS[act](world.desk, get_identity(world.desk, account), world.ids[state])
    assert queries.find_submission(world.desk.engine, world.ids[state]).state == after
    assert verify_ledger(world.desk.engine).faults == ()


def test_the_ledger_asks_again_of_an_identity_that_was_made_up(world: World) -> None:
    """Whoever calls the desk with a forged identity of a true account gets no further than that account may."""
    before = world.read_state()
    forged = replace(get_identity(world.desk, "qq-viewer"), grants=(Grant("approver"), Grant("steward")))
    for act in ("approve", "override", "give_back", "withdraw"):
        with pytest.raises(NotAllowedError):
            ACTS[act](world.desk, forged, world.ids["sent"])
    assert world.read_state() == before


def test_uploading_is_held_to_the_pairs_of_the_file(world: World) -> None:
    before = world.read_state()
    stored = sorted(world.desk.home.store.rglob("*"))
    for place, instrument in product(PLACES, INSTRUMENTS):
        covers = {
            form.id
            for form in desk_fakes.FORMS.values()
            if form.id != desk_fakes.BOTH
            and form.jurisdiction != "TT"
            and place in (form.jurisdiction, "*")
            and instrument in (form.instrument, "*")
        }
        person = _person(Grant("submitter", place, instrument), account=SENDER)
        for form in (f for f in desk_fakes.FORMS if f not in covers and (f, place) != (desk_fakes.BOTH, "*")):
            done = door.upload_file(world.desk, person, make_file(form, value=55), "x.csv")
            assert (done.submission_id, done.same_file) == (None, ())
            assert door.RULES.keys() & {f.rule for f in done.report.findings}
        for form in ("RR-JUSTICE-1", "NONE"):
            if form not in covers:
                with pytest.raises(NotAllowedError):
                    door.upload_nil(world.desk, person, form, ["2025-Q1"])
    assert (world.read_state(), sorted(world.desk.home.store.rglob("*"))) == (before, stored)
