"""Sending, approving, giving back, withdrawing: a person's acts on one submission.

Belongs here: the right to each act, asked before it, and the receipt that sending gives.  Does not belong here: what an
act does to the ledger (`pipelines/intake/ledger.py`) and how a receipt is signed (`pipelines/intake/receipts.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines import clock
from pipelines.desk import reports, rights
from pipelines.desk.desk import Desk
from pipelines.intake import ledger, receipts
from pipelines.intake.ledger import Act
from pipelines.intake.receipts import SignedReceipt
from pipelines.intake.transitions import ACCEPTED

if TYPE_CHECKING:
    from pipelines.people.identity import Identity, Role


def send(
    desk: Desk, who: Identity, submission_id: str, *, reason: str | None = None, comment: str | None = None
) -> SignedReceipt:
    """Send a checked return for approval; the receipt is kept in the same transaction.

    `reason` is a code of `revision_reason`, asked for where a block has an accepted predecessor. Raises
    NotAllowedError, TransitionError (open warnings, a state that does not allow it, a missing reason).
    """
    found, blocks = rights.seen(desk, who, submission_id)
    if found.sender != who.account or not rights.may_all(who, "submitter", rights.pairs_of(found, blocks)):
        raise rights.lacking()
    report = reports.current(desk, found, blocks)
    act = Act(submission_id, who.account, clock.now(), comment, reason=reason)
    return receipts.send(desk.home, desk.engine, act, report)


def receipt(desk: Desk, who: Identity, submission_id: str) -> SignedReceipt | None:
    """The newest receipt of a submission; None where it was never sent with one."""
    found, _ = rights.seen(desk, who, submission_id)
    return receipts.newest(desk.engine, found.submission_id)


def approve(
    desk: Desk, who: Identity, submission_id: str, *, comment: str | None = None, override: bool = False
) -> None:
    """Accept a return: it counts from now on. `override` is the steward's, with a comment.

    Raises NotAllowedError, TransitionError.
    """
    found, blocks = rights.seen(desk, who, submission_id)
    role: Role = "steward" if override else "approver"
    if not rights.may_all(who, role, rights.pairs_of(found, blocks)):
        raise rights.lacking()
    # Now, as the ledger's transaction takes it: it looks whether the clock has gone back.
    ledger.approve(desk.engine, desk.home, Act(submission_id, who.account, None, comment, override=override))


def give_back(desk: Desk, who: Identity, submission_id: str, comment: str) -> None:
    """Give a sent return back to its sender, who reads the comment. Raises NotAllowedError, TransitionError."""
    found, blocks = rights.seen(desk, who, submission_id)
    pairs = rights.pairs_of(found, blocks)
    if not rights.may_all(who, "approver", pairs) and not rights.may_all(who, "steward", pairs):
        raise rights.lacking()
    ledger.give_back(desk.engine, Act(submission_id, who.account, clock.now(), comment))


def withdraw(
    desk: Desk, who: Identity, submission_id: str, reason: str, comment: str, *, override: bool = False
) -> None:
    """Take a return back: it counts no longer, and the accepted one before it counts again.

    `reason` is a code of `revision_reason`. What counts already is taken back by a second person: an approver who
    neither sent it nor asked for it, or a steward with `override`. Raises NotAllowedError, TransitionError.
    """
    found, blocks = rights.seen(desk, who, submission_id)
    pairs = rights.pairs_of(found, blocks)
    if found.state in ACCEPTED:
        # Whose it is and who asked, the ledger says, in words.
        allowed = rights.may_all(who, "steward" if override else "approver", pairs) or found.sender == who.account
    else:
        allowed = found.state == "withdrawn" or rights.may_withdraw(who, found, pairs)
    if not allowed:
        raise rights.lacking()
    ledger.withdraw(
        desk.engine, Act(submission_id, who.account, clock.now(), comment, reason=reason, override=override)
    )


def ask_withdrawal(desk: Desk, who: Identity, submission_id: str, reason: str, comment: str) -> None:
    """Ask a second person of the office to take back what counts. Raises NotAllowedError, TransitionError."""
    found, blocks = rights.seen(desk, who, submission_id)
    pairs = rights.pairs_of(found, blocks)
    if not rights.may_all(who, "submitter", pairs) and not rights.may_all(who, "approver", pairs):
        raise rights.lacking()
    ledger.ask_withdrawal(desk.engine, Act(submission_id, who.account, clock.now(), comment, reason=reason))
