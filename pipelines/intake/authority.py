"""Who may do what in the ledger, asked inside the transaction that does it.

Belongs here: the role each act needs for the pairs of a submission.  Does not belong here: what a role is
(`pipelines/people/identity.py`), which states allow an act (`transitions.py`).

    receive         an enabled account that is submitter of anything
    justify, send   its sender, submitter of every pair of its blocks
    approve         not its sender; approver of every pair.  With `override`: steward of every pair, and a comment
    give_back       not its sender; approver or steward of every pair, and a comment
    withdraw        of what does not count yet: its sender (submitter of every pair), an approver or a steward of every
                    pair.  Of what counts: not its sender, nobody who asked for it; approver of every pair, or, with
                    `override`, steward of every pair.  Always a reason and a comment
    ask_withdrawal  submitter or approver of every pair; a reason and a comment

A submission whose form was not recognised has no pair: it is its sender's alone.  To whoever neither sent it nor holds
a role in all of its pairs a submission is not there, in the same words as one that was never made.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.intake.transitions import Action
from pipelines.locales import mark
from pipelines.people import accounts
from pipelines.people.identity import Identity, NotAllowedError, Role

Pair = tuple[str, str]
"""(jurisdiction, instrument)"""
_WORKING: tuple[Role, ...] = ("submitter", "approver", "steward")


def may_all(who: Identity, role: Role, pairs: Sequence[Pair]) -> bool:
    """Whether a role is held for each of some pairs; of no pair nobody holds any."""
    return bool(pairs) and all(who.may(role, *pair) for pair in pairs)


def knows_of(who: Identity, sender: str, pairs: Sequence[Pair]) -> bool:
    """Whether a submission is there for somebody: he or she sent it, or works on all its pairs."""
    if who.account == sender:
        return True
    return bool(pairs) and all(any(who.may(role, *pair) for role in _WORKING) for pair in pairs)


def may_receive(who: Identity | None, account: str) -> None:
    """Raise NotAllowedError unless somebody may hand in anything at all."""
    if who is None:
        raise accounts.unknown(account)
    if not who.pairs("submitter"):
        raise NotAllowedError(mark("{account} is no submitter of anything; ask your steward."), account=account)


def may_know(
    who: Identity | None, account: str, submission_id: str, sender: str | None, pairs: Sequence[Pair]
) -> Identity:
    """Raise NotAllowedError for an account that may not act, and where a submission is not there for it.

    `sender` None is a submission that is in fact not there.
    """
    if who is None:
        raise accounts.unknown(account)
    if sender is None or not knows_of(who, sender, pairs):
        raise NotAllowedError(
            mark("There is no submission {submission} on which {account} may act; see `rti status`."),
            submission=submission_id,
            account=account,
        )
    return who


def may_act(
    who: Identity, action: Action, sender: str, pairs: Sequence[Pair], *, override: bool = False, counts: bool = False
) -> None:
    """Raise NotAllowedError where somebody who may know of a submission lacks the role that an act needs.

    `counts` says that the submission is accepted.
    """
    if action == "withdraw" and who.account == sender and not pairs:
        return
    roles = _roles(action, own=who.account == sender, override=override, counts=counts)
    if any(may_all(who, role, pairs) for role in roles):
        return
    jurisdiction, instrument = next((p for p in pairs if not who.may(roles[0], *p)), ("*", "*"))
    raise NotAllowedError(
        mark("This needs the role {role} for {instrument} of {jurisdiction}, which {account} lacks; ask your steward."),
        role=roles[0],
        instrument=instrument,
        jurisdiction=jurisdiction,
        account=who.account,
    )


def _roles(action: Action, *, own: bool, override: bool, counts: bool) -> tuple[Role, ...]:
    """The roles of which one must be held for every pair."""
    if action in ("justify", "send"):
        return ("submitter",)
    if action == "ask_withdrawal":
        return ("submitter", "approver")
    if action == "approve" or (action == "withdraw" and counts):
        return ("steward",) if override else ("approver",)
    if action == "give_back":
        return ("approver", "steward")
    if action == "withdraw":
        return ("submitter", "approver", "steward") if own else ("approver", "steward")
    raise ValueError(f"{action} is nobody's act")
