"""The table of states and ways."""

from itertools import product

import pytest

from pipelines import codes
from pipelines.intake.transitions import ACCEPTED, TRANSITIONS, TransitionError, decide, targets

STATES = codes.codes("return_state")
ACTIONS = ("check", "justify", "send", "give_back", "approve", "publish", "withdraw", "ask_withdrawal")


def test_states_are_those_of_the_code_list() -> None:
    assert {t.target for t in TRANSITIONS} == set(STATES)
    assert {t.source for t in TRANSITIONS} == {None, *STATES} - {"withdrawn"}


@pytest.mark.parametrize(("state", "action"), list(product(STATES, ACTIONS)))
def test_every_pair_either_leads_somewhere_declared_or_is_refused_in_words(state: str, action: str) -> None:
    possible = targets(state, action)  # type: ignore[arg-type]
    if possible:
        actor = "other" if "another" in possible.values() else "office"
        assert decide("S1", state, action, actor, "office", next(iter(possible))) in possible  # type: ignore[arg-type]
    else:
        with pytest.raises(TransitionError, match=r"^S1(: it (has|is|waits|was)| does not count yet)"):
            decide("S1", state, action, "office", "office")  # type: ignore[arg-type]


def test_nothing_leaves_withdrawn_and_no_check_un_accepts() -> None:
    assert not [t for t in TRANSITIONS if t.source == "withdrawn"]
    assert all(t.target == t.source for t in TRANSITIONS if t.source in ACCEPTED and t.action == "check")


def test_nobody_approves_what_he_or_she_sent() -> None:
    with pytest.raises(TransitionError, match="ask a second person"):
        decide("S1", "sent", "approve", "office", "office")


@pytest.mark.parametrize("state", STATES)
def test_nobody_takes_back_alone_what_counts(state: str) -> None:
    if state in ACCEPTED:
        with pytest.raises(TransitionError, match="counts already, and nobody alone takes back"):
            decide("S1", state, "withdraw", "office", "office")  # type: ignore[arg-type]
        assert decide("S1", state, "withdraw", "other", "office") == "withdrawn"  # type: ignore[arg-type]
        assert decide("S1", state, "ask_withdrawal", "office", "office") == state  # type: ignore[arg-type]
    elif state != "withdrawn":
        assert decide("S1", state, "withdraw", "office", "office") == "withdrawn"  # type: ignore[arg-type]


def test_only_the_sender_sends() -> None:
    with pytest.raises(TransitionError, match="Only its sender, office"):
        decide("S1", "checked", "send", "other", "office")


def test_a_check_needs_its_outcome() -> None:
    with pytest.raises(ValueError, match="needs an outcome"):
        decide("S1", "received", "check", "system", "office")
