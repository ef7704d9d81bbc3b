"""The states of a submission and the only ways between them.

Belongs here: one table of (from, action, to, who may) and its reading.  Does not belong here: what else an action asks
for (justifications, facts, a role: `authority.py`) or how it is stored (`changes.py`).  The states' meanings are the
code list `return_state`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.locales import mark
from pipelines.told import ToldError

State = Literal["received", "checked", "refused", "sent", "approved", "published", "withdrawn"]
Action = Literal["receive", "check", "justify", "send", "give_back", "approve", "publish", "ask_withdrawal", "withdraw"]
Role = Literal["anyone", "sender", "another", "system"]
"""`sender`: who sent this return; `another`: anyone but its sender; `system`: the machine, on nobody's behalf.
Which role an account must hold besides, `authority.py` says."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state by one action to another, and who may do it. `source` None is before the first state."""

    source: State | None
    action: Action
    target: State
    who: Role


ACCEPTED: tuple[State, ...] = ("approved", "published")
"""States in which a return counts."""

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, "receive", "received", "anyone"),
    # The result of a check decides between two targets; until it is sent, a return may be checked again.
    Transition("received", "check", "checked", "system"),
    Transition("received", "check", "refused", "system"),
    Transition("checked", "check", "checked", "system"),
    Transition("checked", "check", "refused", "system"),
    Transition("refused", "check", "checked", "system"),
    Transition("refused", "check", "refused", "system"),
    # Newer rules add findings to old returns and never un-accept them.
    Transition("sent", "check", "sent", "system"),
    Transition("approved", "check", "approved", "system"),
    Transition("published", "check", "published", "system"),
    Transition("checked", "justify", "checked", "sender"),
    Transition("checked", "send", "sent", "sender"),
    Transition("sent", "approve", "approved", "another"),
    Transition("sent", "give_back", "checked", "another"),
    Transition("approved", "publish", "published", "system"),
    Transition("published", "publish", "published", "system"),
    Transition("received", "withdraw", "withdrawn", "anyone"),
    Transition("checked", "withdraw", "withdrawn", "anyone"),
    Transition("refused", "withdraw", "withdrawn", "anyone"),
    Transition("sent", "withdraw", "withdrawn", "anyone"),
    # What counts is taken back as it was accepted: by a second person. Its sender, or a colleague, may ask for it.
    Transition("approved", "ask_withdrawal", "approved", "anyone"),
    Transition("published", "ask_withdrawal", "published", "anyone"),
    Transition("approved", "withdraw", "withdrawn", "another"),
    Transition("published", "withdraw", "withdrawn", "another"),
)


class TransitionError(ToldError):
    """An action that the state, the actor, or what is missing does not allow. The text says what to do."""


_PAST: dict[State, str] = {
    "received": mark("{submission}: it has come in and waits for its check."),
    "checked": mark("{submission}: it is checked and waits to be sent for approval."),
    "refused": mark("{submission}: it has errors; mend the file and submit it anew."),
    "sent": mark("{submission}: it waits for a second person's approval."),
    "approved": mark("{submission}: it is approved already."),
    "published": mark("{submission}: it is part of a published release already."),
    "withdrawn": mark("{submission}: it was taken back; submit the file anew if it shall count."),
}


def targets(source: State | None, action: Action) -> dict[State, Role]:
    """The states an action may lead to from a state, and who may; empty where the action is not possible."""
    return {t.target: t.who for t in TRANSITIONS if t.source == source and t.action == action}


def not_there(submission_id: str) -> TransitionError:
    """A submission that the machine was told to change and that is not in the ledger."""
    return TransitionError(
        mark("There is no submission {submission} in the ledger; see `rti status`."), submission=submission_id
    )


def decide(
    submission_id: str, source: State | None, action: Action, actor: str, sender: str, outcome: State | None = None
) -> State:
    """The state that `action` by `actor` leads to; `outcome` chooses where several are possible.

    Raises TransitionError in words where the action is not possible from here or this actor may not.
    """
    possible = targets(source, action)
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
        target = outcome
    elif len(possible) == 1:
        target = next(iter(possible))
    else:
        raise ValueError(f"{action} of {submission_id} needs an outcome, one of {', '.join(possible)}")
    role = possible[target]
    if role == "another" and actor == sender and action == "withdraw":
        raise TransitionError(
            mark(
                "{submission} counts already, and nobody alone takes back what he or she sent; ask a second person of "
                "your office to withdraw it."
            ),
            submission=submission_id,
        )
    if role == "another" and actor == sender:
        raise TransitionError(
            mark("{submission} was sent by {sender}, and nobody approves what he or she sent; ask a second person."),
            submission=submission_id,
            sender=sender,
        )
    if role == "sender" and actor != sender:
        raise TransitionError(
            mark("Only its sender, {sender}, may justify and send {submission}; you act as {actor}."),
            submission=submission_id,
            sender=sender,
            actor=actor,
        )
    return target
