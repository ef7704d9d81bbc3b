"""The table of states and ways."""

from itertools import product

import pytest

from pipelines.core import codes
from pipelines.ledger.permissions import Resource, require_actor
from pipelines.ledger.transitions import ACCEPTED, TRANSITIONS, TransitionError, decide_target, possible_targets

STATES = codes.list_codes("return_state")
ACTIONS = ("check", "justify", "send", "give_back", "approve", "publish", "withdraw", "ask_withdrawal")


def test_states_are_those_of_the_code_list() -> None:
    assert {t.target for t in TRANSITIONS} == set(STATES)
    assert {t.source for t in TRANSITIONS} == {None, *STATES} - {"withdrawn"}


@pytest.mark.parametrize(("state", "action"), list(product(STATES, ACTIONS)))
def test_every_pair_either_leads_somewhere_declared_or_is_refused_in_words(state: str, action: str) -> None:
    possible = possible_targets(state, action)  # type: ignore[arg-type]
    if possible:
        assert decide_target("S1", state, action, possible[0]) in possible  # type: ignore[arg-type]
    else:
        with pytest.raises(TransitionError, match=r"^S1(: it (has|is|waits|was)| does not count yet)"):
            decide_target("S1", state, action)  # type: ignore[arg-type]


def test_nothing_leaves_withdrawn_and_no_check_un_accepts() -> None:
    assert not [t for t in TRANSITIONS if t.source == "withdrawn"]
    assert all(t.target == t.source for t in TRANSITIONS if t.source in ACCEPTED and t.action == "check")


def _require_actor(account: str, action: str, state: str) -> None:
    """Act on a return that `office` sent."""
    resource = Resource("office", state, (("QQ", "justice"),))  # type: ignore[arg-type]
    require_actor(account, action, resource, "S1")  # type: ignore[arg-type]


def test_nobody_approves_what_he_or_she_sent() -> None:
    with pytest.raises(TransitionError, match="ask a second person"):
        _require_actor("office", "approve", "sent")


@pytest.mark.parametrize("state", STATES)
def test_nobody_takes_back_alone_what_counts(state: str) -> None:
    if state in ACCEPTED:
        with pytest.raises(TransitionError, match="already counts, so you cannot take it back alone"):
            _require_actor("office", "withdraw", state)
        _require_actor("other", "withdraw", state)
        assert decide_target("S1", state, "withdraw") == "withdrawn"  # type: ignore[arg-type]
        _require_actor("office", "ask_withdrawal", state)
        assert decide_target("S1", state, "ask_withdrawal") == state  # type: ignore[arg-type]
    elif state != "withdrawn":
        _require_actor("office", "withdraw", state)
        assert decide_target("S1", state, "withdraw") == "withdrawn"  # type: ignore[arg-type]


def test_only_the_sender_sends() -> None:
    with pytest.raises(TransitionError, match="Only its sender, office"):
        _require_actor("other", "send", "checked")


def test_a_check_needs_its_outcome() -> None:
    with pytest.raises(ValueError, match="needs an outcome"):
        decide_target("S1", "received", "check")
