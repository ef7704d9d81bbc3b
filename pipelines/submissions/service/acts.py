"""Send, approve, give back and withdraw submissions on behalf of a person.

Each function checks the permission of the caller's identity and then calls the ledger, which checks that of the
account again. `pipelines/submissions/decisions.py` has the effects on the ledger, `pipelines/submissions/receipts.py`
the signing of receipts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.ledger import permissions, queries
from pipelines.ledger.acts import Act, Refusals
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import ACCEPTED
from pipelines.submissions import decisions, receipts
from pipelines.submissions.receipts import SignedReceipt
from pipelines.submissions.service import reports, rights
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity


def send_submission(
    desk: Desk, who: Identity, submission_id: str, *, reason: str | None = None, comment: str | None = None
) -> SignedReceipt:
    """Send a checked return for approval and store its receipt in the same transaction.

    `reason` is a code of `revision_reason`, required if a block has an accepted predecessor. Raises NotAllowedError,
    TransitionError (open warnings, a state that does not allow it, a missing reason).
    """
    submission, blocks = rights.get_visible(desk, who, submission_id)
    permissions.require_role(who, "send", rights.resource_of(submission, blocks), submission_id)
    report = reports.current_report(desk, submission, blocks)
    act = Act(submission_id, who.account, clock.now(), comment, reason=reason)
    return receipts.send_with_receipt(desk.home, desk.engine, act, report)


def get_receipt(desk: Desk, who: Identity, submission_id: str) -> SignedReceipt | None:
    """Return the newest receipt of a submission, or None if it has none."""
    submission, _ = rights.get_visible(desk, who, submission_id)
    return receipts.find_newest_receipt(desk.engine, submission.submission_id)


def approve_submission(
    desk: Desk, who: Identity, submission_id: str, *, comment: str | None = None, override: bool = False
) -> None:
    """Accept a return, so that it counts from now on. `override` is for stewards and needs a comment.

    Raises NotAllowedError, TransitionError.
    """
    submission, blocks = rights.get_visible(desk, who, submission_id)
    permissions.require_role(who, "approve", rights.resource_of(submission, blocks), submission_id, override=override)
    # Without a time, the ledger uses that of its transaction and checks that the clock was not set back.
    decisions.approve_submission(
        desk.engine, desk.home, Act(submission_id, who.account, None, comment, override=override)
    )


def approve_many(
    desk: Desk, who: Identity, submission_ids: Sequence[str], *, comment: str | None = None, override: bool = False
) -> Refusals:
    """Accept all returns that can be accepted, in one transaction; return the errors of the others by id."""
    visible = {
        submission.submission_id: (submission, blocks)
        for submission, blocks in rights.may_see(desk, who, queries.list_submissions(desk.engine, ids=submission_ids))
    }
    refused: Refusals = {}
    acts = []
    for submission_id in submission_ids:
        try:
            if submission_id not in visible:
                raise rights.not_there()
            resource = rights.resource_of(*visible[submission_id])
            permissions.require_role(who, "approve", resource, submission_id, override=override)
        except NotAllowedError as error:
            refused[submission_id] = error
            continue
        acts.append(Act(submission_id, who.account, None, comment, override=override))
    return refused | decisions.approve_many(desk.engine, desk.home, acts)


def give_back(desk: Desk, who: Identity, submission_id: str, comment: str) -> None:
    """Give a sent return back to its sender, who reads the comment. Raises NotAllowedError, TransitionError."""
    submission, blocks = rights.get_visible(desk, who, submission_id)
    permissions.require_role(who, "give_back", rights.resource_of(submission, blocks), submission_id)
    decisions.give_back(desk.engine, Act(submission_id, who.account, clock.now(), comment))


def withdraw_submission(
    desk: Desk, who: Identity, submission_id: str, reason: str, comment: str, *, override: bool = False
) -> None:
    """Withdraw a return: it no longer counts, and the accepted one before it counts again.

    `reason` is a code of `revision_reason`. An accepted return is withdrawn by a second person: an approver who
    neither sent it nor asked for the withdrawal, or a steward with `override`. Raises NotAllowedError, TransitionError
    (for its sender, who may ask a second person).
    """
    submission, blocks = rights.get_visible(desk, who, submission_id)
    resource = rights.resource_of(submission, blocks)
    override = override and submission.state in ACCEPTED
    permissions.require_actor(who.account, "withdraw", resource, submission_id, override=override)
    permissions.require_role(who, "withdraw", resource, submission_id, override=override)
    decisions.withdraw_submission(
        desk.engine, Act(submission_id, who.account, clock.now(), comment, reason=reason, override=override)
    )


def ask_withdrawal(desk: Desk, who: Identity, submission_id: str, reason: str, comment: str) -> None:
    """Ask a second person of the office to withdraw an accepted return. Raises NotAllowedError, TransitionError."""
    submission, blocks = rights.get_visible(desk, who, submission_id)
    permissions.require_role(who, "ask_withdrawal", rights.resource_of(submission, blocks), submission_id)
    decisions.ask_withdrawal(desk.engine, Act(submission_id, who.account, clock.now(), comment, reason=reason))
