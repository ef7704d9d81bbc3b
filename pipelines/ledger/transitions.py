"""The states of a submission and the transitions allowed between them.

The code list `return_state` describes the states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark

State = Literal["received", "checked", "refused", "sent", "approved", "published", "withdrawn"]
Action = Literal["receive", "check", "justify", "send", "give_back", "approve", "publish", "ask_withdrawal", "withdraw"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A transition from one state to another by an action. `source` is None before the first state."""

    source: State | None
    action: Action
    target: State


ACCEPTED: tuple[State, ...] = ("approved", "published")
"""States in which a return counts."""
DRAFT: tuple[State, ...] = ("received", "checked", "refused")
"""States before a return is sent."""

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, "receive", "received"),
    # The result of a check decides between two targets. A return may be checked again until it is sent.
    Transition("received", "check", "checked"),
    Transition("received", "check", "refused"),
    Transition("checked", "check", "checked"),
    Transition("checked", "check", "refused"),
    Transition("refused", "check", "checked"),
    Transition("refused", "check", "refused"),
    # Newer rules add findings to old returns but never undo their acceptance.
    Transition("sent", "check", "sent"),
    Transition("approved", "check", "approved"),
    Transition("published", "check", "published"),
    Transition("checked", "justify", "checked"),
    Transition("checked", "send", "sent"),
    Transition("sent", "approve", "approved"),
    Transition("sent", "give_back", "checked"),
    Transition("approved", "publish", "published"),
    Transition("published", "publish", "published"),
    Transition("received", "withdraw", "withdrawn"),
    Transition("checked", "withdraw", "withdrawn"),
    Transition("refused", "withdraw", "withdrawn"),
    Transition("sent", "withdraw", "withdrawn"),
    Transition("approved", "ask_withdrawal", "approved"),
    Transition("published", "ask_withdrawal", "published"),
    Transition("approved", "withdraw", "withdrawn"),
    Transition("published", "withdraw", "withdrawn"),
)


class TransitionError(UserFacingError):
    """An action is refused because of the state, the actor, or missing input. The message says what to do."""


_PAST: dict[State, str] = {
    "received": mark("{submission}: it has arrived and is waiting to be checked."),
    "checked": mark("{submission}: it has been checked and can be sent for approval."),
    "refused": mark("{submission}: it has errors; correct the file and submit it again."),
    "sent": mark("{submission}: it is waiting for a second person's approval."),
    "approved": mark("{submission}: it has already been approved."),
    "published": mark("{submission}: it is already part of a published release."),
    "withdrawn": mark("{submission}: it was taken back; submit the file again if it should count."),
}


def possible_targets(source: State | None, action: Action) -> tuple[State, ...]:
    """Return the states that an action may lead to from a state; empty if the action is not possible."""
    return tuple(t.target for t in TRANSITIONS if t.source == source and t.action == action)


def not_there(submission_id: str) -> TransitionError:
    """Return the error for a submission that is not in the ledger."""
    return TransitionError(
        mark("There is no submission {submission} in the ledger; see `rti status`."), submission=submission_id
    )


def decide_target(submission_id: str, source: State | None, action: Action, outcome: State | None = None) -> State:
    """Return the state that `action` leads to; `outcome` chooses if several are possible.

    Raises TransitionError if the action is not possible from `source`, ValueError if several states are possible and
    `outcome` is missing.
    """
    possible = possible_targets(source, action)
    if not possible:
        if source is None:
            raise not_there(submission_id)
        if action == "ask_withdrawal" and source != "withdrawn":
            raise TransitionError(
                mark("{submission} does not count yet; its sender may withdraw it without asking anybody."),
                submission=submission_id,
            )
        raise TransitionError(_PAST[source], submission=submission_id)
    if outcome is not None and outcome in possible:
        return outcome
    if len(possible) == 1:
        return possible[0]
    raise ValueError(f"{action} of {submission_id} needs an outcome, one of {', '.join(possible)}")
