"""Map a provider's claims to an account of this ledger.

An account is found by (issuer, subject), never by a name or a mail address that a provider may assign to somebody
else; only the built-in provider's subjects are account names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.submissions.accounts import accounts

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST_HOURS = 12
"""A sign-in older than a working day must be repeated: machines are shared, and cookies are kept for weeks."""


def identity_of_claims(engine: sa.Engine, claims: Mapping[str, Any], built_in_issuer: str) -> Identity | None:
    """Return who has signed in; None if the sign-in is too old, or the person is unknown or locked out.

    The account is looked up each time, so that one that is disabled, or whose password was changed since, is signed
    out at once.
    """
    issuer, subject = str(claims.get("iss") or ""), str(claims.get("sub") or "")
    since = claims.get("auth_time") or claims.get("iat")
    if not issuer or not subject or not isinstance(since, int | float):
        return None
    if clock.read_wall_clock() - since > LONGEST_HOURS * 3600:
        return None
    if built_in_issuer and issuer == built_in_issuer:
        if since < _password_since(engine, subject) <= clock.read_wall_clock():
            return None
        try:
            return accounts.get_identity(engine, subject)
        except NotAllowedError:
            return None
    return accounts.identity_of(engine, issuer, subject)


def _password_since(engine: sa.Engine, account_id: str) -> float:
    """Return when the account's password was last changed or reset, in seconds since 1970; older sign-ins are over."""
    import sqlalchemy as sa

    from pipelines.ledger.database import open_read_transaction
    from pipelines.ledger.schema import AUDIT

    query = sa.select(sa.func.max(AUDIT.c.at)).where(
        AUDIT.c.subject == account_id, AUDIT.c.action.in_(["account.password", "account.reset_password"])
    )
    with open_read_transaction(engine) as connection:
        last = connection.execute(query).scalar_one_or_none()
    return clock.parse_time(last).timestamp() if last else 0.0
