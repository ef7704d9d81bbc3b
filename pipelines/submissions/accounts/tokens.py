"""Issue, verify and revoke tokens, with which a machine acts for an account.

A token is `rti_<id>_<secret>`: the id is looked up and the secret of 256 bits is compared. Only the SHA-256 of the
secret is stored; a random secret needs no slow hash. The text is shown once and never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_digests, audit_log, permissions
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError, intersect_grants
from pipelines.ledger.schema import ACCOUNT_GRANT, TOKEN
from pipelines.submissions.accounts import accounts
from pipelines.submissions.accounts.model import LONGEST

LONGEST_DAYS = 366
USED_EVERY = timedelta(minutes=5)
"""Resolution of a token's last use: a write for every request would make readers wait for writers."""
_TEXT = re.compile(r"rti_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; `text` is available only here."""

    text: str
    token_id: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"IssuedToken(token_id={self.token_id!r}, expires_at={self.expires_at!r})"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it; times are text in the format of `clock.format_timestamp()`."""

    token_id: str
    account_id: str
    label: str
    grants: tuple[Grant, ...]
    created_at: str
    expires_at: str
    revoked_at: str | None
    used_at: str | None


def issue_token(
    engine: sa.Engine, who: Identity, label: str, *, grants: Iterable[Grant] | None = None, days: int = 90
) -> IssuedToken:
    """Issue a token for the caller's own account. `grants` narrows its permissions; the default is all of the account.

    Raises NotAllowedError if the caller was authenticated by a token or no grant would remain, AccountError for an
    invalid label or duration.
    """
    if who.token is not None:
        raise NotAllowedError(mark("You cannot create a token with a token; sign in."))
    if not 1 <= days <= LONGEST_DAYS:
        raise accounts.AccountError(mark("A token is good for 1 to {n} days."), n=LONGEST_DAYS)
    if not label.strip():
        raise accounts.AccountError(mark("Enter what the token is for; the name is shown in the list of tokens."))
    if len(label) > LONGEST or not label.isprintable():
        raise accounts.AccountError(mark("A name is one line of at most {n} characters."), n=LONGEST)
    token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    now = clock.now()
    expires = now + timedelta(days=days)
    with open_write_transaction(engine) as connection:
        holder = accounts.select_identities(connection, [who.account]).get(who.account)
        if holder is None:
            raise accounts.unknown_account(who.account)
        granted = intersect_grants(holder.grants, holder.grants if grants is None else grants)
        if not granted:
            raise NotAllowedError(
                mark("{account} does not have any of the rights that the token was to be given."), account=who.account
            )
        connection.execute(
            sa.insert(TOKEN).values(
                token_id=token_id,
                account_id=who.account,
                label=label.strip(),
                hash=_hash(secret),
                grants=audit_log.to_canonical_json([[g.role, g.jurisdiction, g.instrument] for g in granted]),
                created_at=clock.format_timestamp(now),
                expires_at=clock.format_timestamp(expires),
            )
        )
        _record(connection, who.account, "issue", token_id, who.account)
    return IssuedToken(f"rti_{token_id}_{secret}", token_id, expires)


def verify_token(engine: sa.Engine, text: str) -> Identity:
    """Return the identity of a token with its present grants. Raises NotAllowedError, always with the same message."""
    match = _TEXT.match(text.strip())
    if match is None:
        raise _invalid_token_error()
    token_id, secret = match.groups()
    now = clock.now()
    with open_read_transaction(engine) as connection:
        row = connection.execute(sa.select(TOKEN).where(TOKEN.c.token_id == token_id)).one_or_none()
        is_match = hmac.compare_digest(_hash(secret), row.hash if row is not None else "0" * 64)
        if row is None or not is_match or row.revoked_at is not None or clock.parse_time(row.expires_at) <= now:
            raise _invalid_token_error()
        holder = accounts.select_identities(connection, [row.account_id]).get(row.account_id)
    if holder is None:
        raise _invalid_token_error()
    if row.used_at is None or clock.parse_time(row.used_at) + USED_EVERY <= now:
        with open_write_transaction(engine) as connection:
            connection.execute(
                sa.update(TOKEN).where(TOKEN.c.token_id == token_id).values(used_at=clock.format_timestamp(now))
            )
    return Identity(
        holder.account,
        holder.name,
        holder.language,
        intersect_grants(holder.grants, _parse_grants(row.grants)),
        token_id,
    )


def revoke_token(engine: sa.Engine, who: Identity, token_id: str) -> None:
    """Revoke a token, for its own account or for a steward of that account. Raises NotAllowedError."""
    with open_write_transaction(engine) as connection:
        row = connection.execute(sa.select(TOKEN).where(TOKEN.c.token_id == token_id)).one_or_none()
        if row is None or (
            who.account not in (SYSTEM, row.account_id) and not _can_keep_account(connection, who, row.account_id)
        ):
            raise NotAllowedError(mark("You have no token {token}."), token=token_id)
        if row.revoked_at is None:
            at = clock.format_timestamp(clock.now())
            connection.execute(sa.update(TOKEN).where(TOKEN.c.token_id == token_id).values(revoked_at=at))
            _record(connection, who.account, "revoke", token_id, row.account_id)


def list_tokens(engine: sa.Engine, account_id: str | None) -> list[Token]:
    """Return the tokens of an account or of all, in the order of creation, including expired and revoked ones."""
    query = sa.select(TOKEN).order_by(TOKEN.c.created_at, TOKEN.c.token_id)
    if account_id is not None:
        query = query.where(TOKEN.c.account_id == account_id)
    names = [n for n in Token.__dataclass_fields__ if n != "grants"]
    with open_read_transaction(engine) as connection:
        return [
            Token(**{n: getattr(row, n) for n in names}, grants=_parse_grants(row.grants))
            for row in connection.execute(query)
        ]


def _can_keep_account(connection: sa.Connection, who: Identity, account_id: str) -> bool:
    """Return True if somebody is signed in without a token and is steward for all grants of an account."""
    grant_rows = connection.execute(sa.select(ACCOUNT_GRANT).where(ACCOUNT_GRANT.c.account_id == account_id))
    keeper = accounts.select_identities(connection, [who.account]).get(who.account)
    if keeper is None or who.token is not None:
        return False
    grants = [Grant(row.role, row.jurisdiction, row.instrument) for row in grant_rows]
    return bool(permissions.pairs_for(keeper, "keep_accounts")) and permissions.can_keep_accounts_of(keeper, grants)


def _record(connection: sa.Connection, by: str, action: str, token_id: str, account_id: str) -> None:
    detail: dict[str, Any] = {
        "account": account_id,
        "standing": audit_digests.digest_tokens(connection, [token_id])[token_id],
    }
    audit_log.append_entry(
        connection, at=clock.now(), actor=by, action=f"token.{action}", subject=token_id, detail=detail
    )


def _parse_grants(text: str) -> tuple[Grant, ...]:
    return tuple(Grant(role, jurisdiction, instrument) for role, jurisdiction, instrument in json.loads(text))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _invalid_token_error() -> NotAllowedError:
    return NotAllowedError(mark("The token is not known, has expired, or was revoked; ask for a new one."))
