"""The table of permissions, which decides every right.

`tests/integration/ledger/test_permission_callers.py` checks that no other module compares roles.
"""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from pipelines.ledger import permissions
from pipelines.ledger.identity import ROLES, Grant, Identity
from pipelines.ledger.permissions import PERMISSIONS, Resource, can_act
from pipelines.ledger.transitions import TRANSITIONS, Action, State, possible_targets


def test_table_has_every_action_and_no_row_twice() -> None:
    assert {p.act for p in PERMISSIONS} == {
        *get_args(Action),
        *("keep_accounts", "remove_unknown_files", "roll_back", "accept_clock"),
        *("schedule_release", "approve_release", "publish_notice", "grant_preview", "sign_off_release"),
        "keep_survey",
        *("draft_statement", "clear_statement", "return_statement", "withdraw_statement"),
        *("look_up_experts", "keep_experts", "export_expert", "read_expert_log"),
        *("propose_law", "approve_law", "reject_law", "withdraw_law"),
    }
    keys = [(p.act, p.actor, p.stage, p.override) for p in PERMISSIONS]
    assert len(keys) == len(set(keys))
    assert all(bool(p.roles) == (p.actor != "machine") for p in PERMISSIONS)


def test_every_transition_has_somebody_who_may_make_it() -> None:
    for transition in TRANSITIONS:
        if transition.source is not None:
            assert permissions.find_permissions(transition.action, transition.source), transition


@pytest.mark.parametrize(
    ("own", "others", "may_know"),
    [
        (("BA_BRC",), ("BA_STATE",), True), (("AL",), ("AL", "MK"), True), (("AL",), ("MK",), False),
        ((), ("MK",), False), (("AL",), (), False), (("AL",), ("*",), True), (("*",), ("MK",), True),
    ],
)  # fmt: skip
def test_name_of_an_account_is_known_in_its_territories(
    own: tuple[str, ...], others: tuple[str, ...], may_know: bool
) -> None:
    who = Identity("reader", "Reader", "en", tuple(Grant("viewer", place) for place in own))
    grants = [Grant("submitter", place) for place in others]
    assert permissions.can_know_name(who, "writer", grants) is may_know
    assert permissions.can_know_name(who, "reader", grants), "everybody knows the own name"


MAY = {
    # By act and override: states, then the roles of its sender, and of another account of the office.
    ("justify", False): ("checked", "submitter", ""),
    ("send", False): ("checked", "submitter", ""),
    ("approve", False): ("sent", "", "approver"),
    ("approve", True): ("sent", "", "steward"),
    ("give_back", False): ("sent", "", "approver steward"),
    ("withdraw", False): ("received checked refused sent", "submitter approver steward", "approver steward"),
    ("withdraw", True): ("approved published", "", "steward"),
    ("ask_withdrawal", False): ("approved published", "submitter approver", "submitter approver"),
}
"""Written by hand; the withdrawal of what counts without override is in the test."""


@pytest.mark.parametrize("state", get_args(State))
def test_can_act_for_every_role_and_state(state: Any) -> None:
    pairs = (("QQ", "justice"), ("RR", "justice"))
    for role, is_sender, (act, override) in product(ROLES, (True, False), MAY):
        states, sender_roles, other_roles = MAY[act, override]
        expected = state in states.split() and role in (sender_roles if is_sender else other_roles).split()
        if (act, override) == ("withdraw", False) and state in ("approved", "published"):
            expected = not is_sender and role == "approver"
        resource = Resource("office" if is_sender else "somebody", state, pairs)
        action: Any = act
        for grants, holds in (
            ((Grant(role),), True),
            ((Grant(role, "QQ"), Grant(role, "RR", "justice")), True),
            ((Grant(role, "QQ"),), False),
            ((Grant(role, "QQ"), Grant(role, "RR", "victims")), False),
        ):
            who = Identity("office", "x", "en", grants)
            assert can_act(who, action, resource, override=override) is (expected and holds), (role, is_sender, act)
        asker = Resource(resource.sender, state, pairs, {"office"})
        after_asking = expected and state not in ("approved", "published")
        assert can_act(Identity("office", "x", "en", (Grant(role),)), action, asker, override=override) is after_asking


def test_unrecognised_return_is_its_senders_alone_and_not_a_tokens() -> None:
    resource = Resource("office", "received", ())
    everything = tuple(Grant(role) for role in ROLES)
    for account, token, expected in (("office", None, True), ("office", "t1", False), ("somebody", None, False)):
        who = Identity(account, "x", "en", everything, token)
        assert permissions.is_visible_to(who, resource, is_draft=True) is expected
        assert can_act(who, "withdraw", resource) is expected
        assert not any(can_act(who, act, resource) for act in get_args(Action) if act != "withdraw")


def test_can_act_denies_acts_without_a_transition() -> None:
    resource_of = {state: Resource("office", state, (("QQ", "justice"),)) for state in get_args(State)}
    everything = tuple(Grant(role) for role in ROLES)
    for (state, resource), act in product(resource_of.items(), get_args(Action)):
        if not possible_targets(state, act):
            assert not can_act(Identity("somebody", "x", "en", everything), act, resource)
            assert not can_act(Identity("office", "x", "en", everything), act, resource)
