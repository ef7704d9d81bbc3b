"""Check the preconditions of every act: the account exists, may submit, and may know of the return.

A return that an account neither sent nor works on is refused with the same message as one that does not exist. The
permissions themselves are in `pipelines/ledger/permissions.py`.
"""

from __future__ import annotations

from pipelines.core.i18n import mark
from pipelines.ledger import permissions
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.ledger.permissions import Resource
from pipelines.submissions.accounts import accounts


def require_submitter(who: Identity | None, account: str) -> None:
    """Raise NotAllowedError unless an account may submit returns for at least one office."""
    if who is None:
        raise accounts.unknown_account(account)
    if not permissions.pairs_for(who, "receive"):
        raise NotAllowedError(mark("{account} is not a submitter of any form; ask your steward."), account=account)


def require_known(who: Identity | None, account: str, submission_id: str, resource: Resource | None) -> Identity:
    """Return the identity of an account that may know of a return; `resource` is None if the return does not exist.

    Raises NotAllowedError if the account is unknown or may not know of the return.
    """
    if who is None:
        raise accounts.unknown_account(account)
    if resource is None or not permissions.is_actionable_by(who, resource):
        raise unknown_submission(submission_id, account)
    return who


def unknown_submission(submission_id: str, account: str) -> NotAllowedError:
    """Return the same error for a return that does not exist and for one on which an account may not act."""
    return NotAllowedError(
        mark("There is no submission {submission} that {account} can act on; see `rti status`."),
        submission=submission_id,
        account=account,
    )
