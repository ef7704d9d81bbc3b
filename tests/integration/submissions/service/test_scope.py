"""Rights at the desk: every role, place and instrument against submissions in every state, function by function.

The expected rights are written here by hand, independently of `pipelines/ledger/permissions.py`.
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
from tests.support.fakes.desk_world import ACTS, DRAFTS, FORGED, LATER, LOOKS, World, copy_world, make_world

PLACES, INSTRUMENTS = ("QQ", "RR", "*"), ("justice", "victims", "*")
WORDS = "This return does not exist, or you do not have access to it."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        desk_fakes.install_fakes(patch)
        yield make_world(tmp_path_factory.mktemp("world"))


def _make_person(*grants: Grant, account: str = "somebody", token: str | None = None) -> Identity:
    return Identity(account, "Somebody", "en", grants, token)


# ------------------------------------------------------------------------------------------------------------- looking


def _is_seen(role: str, place: str, instrument: str, state: str) -> bool:
    """Return True if a role sees a return of QQ's justice in a state, by the rule of the secretariat."""
    covers = place in ("QQ", "*") and instrument in ("justice", "*")
    if state == "received":
        return False
    if state in DRAFTS:
        return covers and role != "viewer"
    return covers


def _read_all_pages(world: World, person: Identity) -> set[str]:
    """Return the ids that a person sees in pages of two."""
    ids, position = [], None
    while True:
        page = door.submission_page(world.desk, person, limit=2, older_than=position)
        ids += [entry.submission_id for entry in page.entries]
        if page.older is None:
            assert len(ids) == len(set(ids))
            return set(ids)
        position = page.older


@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "steward"])
def test_each_role_sees_returns_in_its_scope_only(world: World, role: Any) -> None:
    before = world.read_state()
    for place, instrument in product(PLACES, INSTRUMENTS):
        for token in (None, "t1"):
            person = _make_person(Grant(role, place, instrument), token=token)
            listed = {e.submission_id for e in door.list_submissions(world.desk, person)}
            assert _read_all_pages(world, person) == listed
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


def test_foreign_and_missing_submissions_raise_same_error(world: World) -> None:
    before = world.read_state()
    strangers = [
        _make_person(),
        _make_person(Grant("steward", "RR")),
        _make_person(Grant("approver", "QQ", "victims")),
        _make_person(account="rr-sender"),
        _make_person(Grant("submitter", "RR"), account="rr-sender", token="t1"),
    ]
    for person in strangers:
        errors = set()
        for identity in (*world.ids.values(), FORGED, "S", "", world.ids["sent"][:8], "S%", world.ids["sent"] + "\n"):
            for call in (*LOOKS.values(), *ACTS.values()):
                with pytest.raises(NotThereError) as error:
                    call(world.desk, person, identity)
                errors.add((type(error.value), str(error.value), error.value.localize_message("en")))
        assert len(errors) == 1
        assert door.list_submissions(world.desk, person) == []
    assert world.read_state() == before


def test_malformed_ids_raise_not_there(world: World) -> None:
    steward = _make_person(Grant("steward"))
    odd: tuple[Any, ...] = (
        None, 7, b"S0123456789abcde", ["S"], "s0123456789abcde", "S0123456789ABCDE", "%", "S_______________",
        "S0123456789abcde' or '1'='1", world.ids["sent"].upper(), f" {world.ids['sent']}",
    )  # fmt: skip
    for identity in odd:
        for call in (*LOOKS.values(), *ACTS.values()):
            with pytest.raises(NotThereError):
                call(world.desk, steward, identity)


def test_sender_sees_own_return_in_every_state_but_token_only_its_scope(world: World) -> None:
    for role in ("submitter", "viewer"):
        sender = _make_person(Grant(role, "QQ"), account=SENDER)
        for state in (*DRAFTS, *LATER):
            assert door.get_submission(world.desk, sender, world.ids[state]).mine
    narrow = _make_person(Grant("submitter", "RR"), account=SENDER, token="t1")
    assert door.list_submissions(world.desk, narrow) == []
    for state in (*DRAFTS, *LATER):
        with pytest.raises(NotThereError):
            door.get_submission(world.desk, narrow, world.ids[state])
    viewer_token = _make_person(Grant("viewer", "QQ"), account=SENDER, token="t1")
    visible = {e.submission_id for e in door.list_submissions(world.desk, viewer_token)}
    assert visible == {world.ids[state] for state in LATER}


def test_former_sender_sees_no_returns_of_the_office(world: World) -> None:
    for remaining in ((), (Grant("submitter", "RR"),), (Grant("submitter", "QQ", "victims"),)):
        former_sender = _make_person(*remaining, account=SENDER)
        assert {e.submission_id for e in door.list_submissions(world.desk, former_sender)} == {world.ids["received"]}
        for state in {*DRAFTS, *LATER} - {"received"}:
            for look in LOOKS.values():
                with pytest.raises(NotThereError):
                    look(world.desk, former_sender, world.ids[state])


def test_return_of_two_offices_needs_rights_for_both(world: World) -> None:
    identity = world.ids["both"]
    for grants, expected in (
        ((Grant("viewer", "QQ"),), False),
        ((Grant("viewer", "RR"),), False),
        ((Grant("viewer", "QQ"), Grant("approver", "RR")), True),
        ((Grant("viewer", "QQ", "justice"), Grant("viewer", "RR", "victims")), False),
        ((Grant("steward"),), True),
    ):
        person = _make_person(*grants)
        listed = {e.submission_id for e in door.list_submissions(world.desk, person)}
        assert (identity in listed) is expected, grants
        assert _read_all_pages(world, person) == listed
        if not expected:
            with pytest.raises(NotThereError):
                door.make_report(world.desk, person, identity)
    partial = _make_person(Grant("approver", "QQ"), Grant("viewer", "RR"))
    entry = door.get_submission(world.desk, partial, identity)
    assert (entry.may_approve, entry.may_give_back, entry.may_withdraw) == (False, False, False)
    with pytest.raises(NotAllowedError):
        door.approve_submission(world.desk, partial, identity)


# -------------------------------------------------------------------------------------------------------------- acting


def _is_allowed(act: str, person: Identity, state: str) -> bool:
    """Return True if a person may act on a return of QQ's justice, by the rule of the secretariat."""
    roles = {g.role for g in person.grants if g.jurisdiction in ("QQ", "*") and g.instrument in ("justice", "*")}
    is_own = person.account == SENDER
    if act in ("justify", "send"):
        return state == "checked" and is_own and "submitter" in roles
    if act == "approve":
        return state == "sent" and not is_own and "approver" in roles
    if act == "override":
        return state == "sent" and not is_own and "steward" in roles
    if act == "give_back":
        return state == "sent" and not is_own and bool(roles & {"approver", "steward"})
    counts = state in ("approved", "published")
    if act == "ask_withdrawal":
        return counts and bool(roles & {"submitter", "approver"})
    if act == "override_withdrawal":
        return counts and not is_own and "steward" in roles
    if counts:
        return not is_own and "approver" in roles
    if state.startswith("withdrawn"):
        return False
    if state == "received":
        return is_own
    return bool(roles & {"approver", "steward"}) or (is_own and "submitter" in roles)


@pytest.mark.parametrize("account", ["somebody", SENDER])
@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "steward"])
def test_forbidden_acts_are_refused_and_change_nothing(world: World, role: Any, account: str) -> None:
    """Try every forbidden act in every state, and compare with the `may_...` fields of the entry."""
    before = world.read_state()
    for place, instrument in product(PLACES, INSTRUMENTS):
        person = _make_person(Grant(role, place, instrument), account=account)
        for state in (*DRAFTS, *LATER):
            is_own = account == SENDER and _is_seen("submitter", place, instrument, state)
            is_visible = (
                _is_seen(role, place, instrument, state) or is_own or (account == SENDER and state == "received")
            )
            if not is_visible:
                for act in ACTS.values():
                    with pytest.raises(NotThereError):
                        act(world.desk, person, world.ids[state])
                continue
            entry = door.get_submission(world.desk, person, world.ids[state])
            for name, act in ACTS.items():
                expected = _is_allowed(name, person, state)
                if name == "override_withdrawal" and state not in ("approved", "published"):
                    continue  # before acceptance it is an ordinary withdrawal
                # The draft has an open warning, so `may_send` is false for everybody.
                is_offered = entry.may_justify if name == "send" else getattr(entry, f"may_{name}")
                assert is_offered is expected, (name, role, place, instrument, state, account)
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
def test_allowed_act_changes_state(
    world: World, tmp_path: Path, act: str, account: str, state: str, after: str
) -> None:
    changed = copy_world(world, tmp_path)
    ACTS[act](changed.desk, get_identity(changed.desk, account), changed.ids[state])
    assert queries.find_submission(changed.desk.engine, changed.ids[state]).state == after
    assert verify_ledger(changed.desk.engine).faults == ()


def test_ledger_refuses_acts_of_forged_identity(world: World) -> None:
    """Call the desk with a forged identity of a real account, which has no more rights than that account."""
    before = world.read_state()
    forged = replace(get_identity(world.desk, "qq-viewer"), grants=(Grant("approver"), Grant("steward")))
    for act in ("approve", "override", "give_back", "withdraw"):
        with pytest.raises(NotAllowedError):
            ACTS[act](world.desk, forged, world.ids["sent"])
    assert world.read_state() == before


def test_upload_needs_role_for_each_pair_of_the_file(world: World) -> None:
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
        person = _make_person(Grant("submitter", place, instrument), account=SENDER)
        for form in (f for f in desk_fakes.FORMS if f not in covers and (f, place) != (desk_fakes.BOTH, "*")):
            upload = door.upload_file(world.desk, person, make_file(form, value=55), "x.csv")
            assert (upload.submission_id, upload.same_file) == (None, ())
            assert door.RULES.keys() & {f.rule for f in upload.report.findings}
        for form in ("RR-JUSTICE-1", "NONE"):
            if form not in covers:
                with pytest.raises(NotAllowedError):
                    door.upload_nil(world.desk, person, form, ["2025-Q1"])
    assert (world.read_state(), sorted(world.desk.home.store.rglob("*"))) == (before, stored)
