"""Check the permission for acts that only a steward for everything may do: roll back a release, accept the clock."""

from __future__ import annotations

from pipelines.ledger.identity import EVERY, Identity
from pipelines.ledger.permissions import Act, has_role_for, missing_role, roles_for
from pipelines.submissions.accounts import accounts


def require_head_steward(who: Identity | None, account: str, act: Act) -> None:
    """Raise NotAllowedError unless an account holds the role that an act needs for everything."""
    if who is None:
        raise accounts.unknown_account(account)
    if not has_role_for(who, act, EVERY, EVERY):
        raise missing_role(account, roles_for(act)[0], EVERY, EVERY)
