"""The refusals of the ledger that do not depend on an act: an unknown account, no right to hand in, a return that is
not there for this account.

A return that an account neither sent nor works on is refused in the same words as one that does not exist. The rights
themselves are in `pipelines/ledger/permissions.py`.
"""

from __future__ import annotations

from pipelines.core.i18n import mark
from pipelines.ledger import permissions
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.ledger.permissions import Resource
from pipelines.submissions.accounts import accounts


def require_submitter(who: Identity | None, account: str) -> None:
    """Raise NotAllowedError unless an account may hand in for at least one office."""
    if who is None:
        raise accounts.unknown(account)
    if not permissions.pairs_for(who, "receive"):
        raise NotAllowedError(mark("{account} is not a submitter of any form; ask your steward."), account=account)


def require_known(who: Identity | None, account: str, submission_id: str, resource: Resource | None) -> Identity:
    """Return the identity of an account for which a return is there; `resource` None is a return that does not exist.

    Raises NotAllowedError for an account that may not act, and where the return is not there for it.
    """
    if who is None:
        raise accounts.unknown(account)
    if resource is None or not permissions.is_actionable_by(who, resource):
        raise unknown_submission(submission_id, account)
    return who


def unknown_submission(submission_id: str, account: str) -> NotAllowedError:
    """Return the one answer for a return that does not exist and for one on which an account may not act."""
    return NotAllowedError(
        mark("There is no submission {submission} that {account} can act on; see `rti status`."),
        submission=submission_id,
        account=account,
    )
