"""Tokens: how a machine proves that it acts for an account.

A token is `rti_<id>_<secret>`: the id is looked up, the secret of 256 bits compared.  Only SHA-256 of the secret is
kept; a secret that is drawn and not chosen needs no slow hash.  Its text is shown once and is never logged.
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
from pipelines.ledger.database import reading, writing
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError, narrowed
from pipelines.ledger.schema import ACCOUNT_GRANT, TOKEN
from pipelines.submissions.accounts import accounts
from pipelines.submissions.accounts.model import LONGEST

LONGEST_DAYS = 366
USED_EVERY = timedelta(minutes=5)
"""How exactly the last use of a token is kept: a write for every request would make readers wait for writers."""
_TEXT = re.compile(r"rti_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token; its `text` is shown this once."""

    text: str
    token_id: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Issued(token_id={self.token_id!r}, expires_at={self.expires_at!r})"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it; times are texts as `clock.stamp()` writes them."""

    token_id: str
    account_id: str
    label: str
    grants: tuple[Grant, ...]
    created_at: str
    expires_at: str
    revoked_at: str | None
    used_at: str | None


def issue(
    engine: sa.Engine, who: Identity, label: str, *, grants: Iterable[Grant] | None = None, days: int = 90
) -> Issued:
    """A token for an account, by itself. `grants` narrows what it may; by default all that the account may.

    Raises NotAllowedError where the caller came with a token, or nothing would be left that it may.
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
    with writing(engine) as connection:
        found = accounts.identities(connection, [who.account]).get(who.account)
        if found is None:
            raise accounts.unknown(who.account)
        given = narrowed(found.grants, found.grants if grants is None else grants)
        if not given:
            raise NotAllowedError(
                mark("{account} does not have any of the rights that the token was to be given."), account=who.account
            )
        connection.execute(
            sa.insert(TOKEN).values(
                token_id=token_id,
                account_id=who.account,
                label=label.strip(),
                hash=_hash(secret),
                grants=audit_log.canonical([[g.role, g.jurisdiction, g.instrument] for g in given]),
                created_at=clock.stamp(now),
                expires_at=clock.stamp(expires),
            )
        )
        _record(connection, who.account, "issue", token_id, who.account)
    return Issued(f"rti_{token_id}_{secret}", token_id, expires)


def identity(engine: sa.Engine, text: str) -> Identity:
    """Whom a token stands for, and what it may now. Raises NotAllowedError, in the same words for every reason."""
    matched = _TEXT.match(text.strip())
    if matched is None:
        raise _no_token()
    token_id, secret = matched.groups()
    now = clock.now()
    with reading(engine) as connection:
        row = connection.execute(sa.select(TOKEN).where(TOKEN.c.token_id == token_id)).one_or_none()
        right = hmac.compare_digest(_hash(secret), row.hash if row is not None else "0" * 64)
        if row is None or not right or row.revoked_at is not None or clock.parse(row.expires_at) <= now:
            raise _no_token()
        found = accounts.identities(connection, [row.account_id]).get(row.account_id)
    if found is None:
        raise _no_token()
    if row.used_at is None or clock.parse(row.used_at) + USED_EVERY <= now:
        with writing(engine) as connection:
            connection.execute(sa.update(TOKEN).where(TOKEN.c.token_id == token_id).values(used_at=clock.stamp(now)))
    return Identity(found.account, found.name, found.language, narrowed(found.grants, _grants(row.grants)), token_id)


def revoke(engine: sa.Engine, who: Identity, token_id: str) -> None:
    """End a token: by its account, or by a steward who keeps that account. Raises NotAllowedError."""
    with writing(engine) as connection:
        row = connection.execute(sa.select(TOKEN).where(TOKEN.c.token_id == token_id)).one_or_none()
        if row is None or (who.account not in (SYSTEM, row.account_id) and not _keeps(connection, who, row.account_id)):
            raise NotAllowedError(mark("You have no token {token}."), token=token_id)
        if row.revoked_at is None:
            at = clock.stamp(clock.now())
            connection.execute(sa.update(TOKEN).where(TOKEN.c.token_id == token_id).values(revoked_at=at))
            _record(connection, who.account, "revoke", token_id, row.account_id)


def of(engine: sa.Engine, account_id: str | None) -> list[Token]:
    """The tokens of an account, or of all, by when they were made; ended ones too."""
    query = sa.select(TOKEN).order_by(TOKEN.c.created_at, TOKEN.c.token_id)
    if account_id is not None:
        query = query.where(TOKEN.c.account_id == account_id)
    names = [n for n in Token.__dataclass_fields__ if n != "grants"]
    with reading(engine) as connection:
        return [
            Token(**{n: getattr(row, n) for n in names}, grants=_grants(row.grants))
            for row in connection.execute(query)
        ]


def _keeps(connection: sa.Connection, who: Identity, account_id: str) -> bool:
    """Whether somebody is steward of all that an account may."""
    held = connection.execute(sa.select(ACCOUNT_GRANT).where(ACCOUNT_GRANT.c.account_id == account_id))
    found = accounts.identities(connection, [who.account]).get(who.account)
    if found is None or who.token is not None:
        return False
    grants = [Grant(row.role, row.jurisdiction, row.instrument) for row in held]
    return bool(permissions.pairs_for(found, "keep_accounts")) and permissions.can_keep_accounts_of(found, grants)


def _record(connection: sa.Connection, by: str, action: str, token_id: str, account_id: str) -> None:
    detail: dict[str, Any] = {"account": account_id, "standing": audit_digests.tokens(connection, [token_id])[token_id]}
    audit_log.append(connection, at=clock.now(), actor=by, action=f"token.{action}", subject=token_id, detail=detail)


def _grants(text: str) -> tuple[Grant, ...]:
    return tuple(Grant(role, jurisdiction, instrument) for role, jurisdiction, instrument in json.loads(text))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _no_token() -> NotAllowedError:
    return NotAllowedError(mark("The token is not known, has expired, or was revoked; ask for a new one."))
