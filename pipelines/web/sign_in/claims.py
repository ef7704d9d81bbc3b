"""Map a provider's claims to an account of this ledger.

An account is found by (issuer, subject), never by a name or a mail address that a provider may assign to somebody
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import Identity
from pipelines.submissions.accounts import accounts
from pipelines.web.sign_in.sessions import LONGEST_HOURS

if TYPE_CHECKING:
    import sqlalchemy as sa


def sign_in_with_claims(engine: sa.Engine, claims: Mapping[str, Any]) -> tuple[Identity, int] | None:
    """Record that the person of a provider's claims has signed in; return who it is, and the audit entry's number.

    Return None if the sign-in at the provider is too old, or the person is unknown here or the account disabled.
    """
    issuer, subject, since = str(claims.get("iss") or ""), str(claims.get("sub") or ""), time_of_sign_in(claims)
    # `local` is how the ledger names accounts without a provider; no provider may vouch for those.
    if not issuer or not subject or issuer == accounts.LOCAL or since is None:
        return None
    if clock.read_wall_clock() - since > LONGEST_HOURS * 3600:
        return None
    with open_write_transaction(engine) as connection:
        identity = accounts.select_linked(connection, issuer, subject)
        return (identity, accounts.record_sign_in(connection, identity.account)) if identity is not None else None


def time_of_sign_in(claims: Mapping[str, Any]) -> float | None:
    """Return when the person signed in at the provider, in seconds since 1970; None if the claims do not say it."""
    since = claims.get("auth_time") or claims.get("iat")
    return float(since) if isinstance(since, int | float) else None
