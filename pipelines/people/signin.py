"""Signing in by a password kept here: the only place where one is compared.

Belongs here: sign-in, change and reset of passwords, lock-out.  Does not belong here: what a password must be
(`passwords.py`), sessions (the provider of OpenID Connect, `pipelines/service/`).

An attempt is counted before the password is looked at, so that many at once get no more tries than one after another;
the right password takes the count back.  An account that is not there, or has no password, takes as long as one that
is: its password is hashed once all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from pipelines import clock
from pipelines.intake.database import writing
from pipelines.intake.schema import ACCOUNT
from pipelines.locales import mark
from pipelines.people import accounts, passwords
from pipelines.people.identity import Identity, NotAllowedError
from pipelines.people.passwords import PasswordError

Outcome = Literal["ok", "wrong", "locked", "must_change", "disabled"]


@dataclass(frozen=True, slots=True)
class SignIn:
    """What became of an attempt. `identity` only with `ok`; `must_change`: right, and a new password comes first."""

    outcome: Outcome
    identity: Identity | None = None
    locked_until: datetime | None = None


def sign_in(engine: sa.Engine, account_id: str, password: str) -> SignIn:
    """Compare a password. `disabled` and `must_change` are told to whoever knows the password only."""
    stored, locked = _attempt(engine, account_id)
    right = passwords.matches(stored, password)
    if locked is not None and not (right and stored is not None and locked.counted):
        return SignIn("locked", locked_until=locked.until)
    if not right or stored is None:
        return SignIn("wrong")
    return _right(engine, account_id, stored, password)


def change_password(engine: sa.Engine, account_id: str, old: str, new: str) -> None:
    """Replace a password by its owner. Raises NotAllowedError (old one wrong, or locked), PasswordError (new one)."""
    attempt = sign_in(engine, account_id, old)
    if attempt.outcome not in ("ok", "must_change"):
        raise NotAllowedError(mark("The present password is not right, or the account is locked for a while."))
    if new == old:
        raise PasswordError(mark("The new password is the old one; take another."))
    found = accounts.find(engine, account_id)
    passwords.check(new, account_id, found.display_name if found else "")
    fresh = passwords.hashed(new)
    with writing(engine) as connection:
        _update(connection, account_id, password_hash=fresh, must_change=False)
        accounts.record(connection, account_id, "password", [account_id])


def reset_password(engine: sa.Engine, account_id: str, *, by: str) -> str:
    """Give an account a password for one use, to be changed at the first sign-in; its lock ends. Returns it once."""
    secret = passwords.one_time()
    fresh = passwords.hashed(secret)
    with writing(engine) as connection:
        accounts.kept(connection, account_id, by)
        _update(
            connection, account_id, password_hash=fresh, must_change=True, failed=0, locked_until=None,
            issuer=None, subject=None,
        )  # fmt: skip
        accounts.record(connection, by, "reset_password", [account_id])
    return secret


@dataclass(frozen=True, slots=True)
class _Lock:
    until: datetime
    counted: bool  # it was this attempt that locked, and it may still prove right


def _attempt(engine: sa.Engine, account_id: str) -> tuple[str | None, _Lock | None]:
    """Count an attempt; returns the stored hash and the lock, whichever there is."""
    now = clock.now()
    with writing(engine) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.account_id == account_id)).one_or_none()
        if row is None or row.password_hash is None:
            return None, None
        if row.locked_until is not None and clock.parse(row.locked_until) > now:
            return row.password_hash, _Lock(clock.parse(row.locked_until), counted=False)
        length = passwords.lock_after(row.failed + 1)
        until = now + length if length is not None else None
        _update(
            connection,
            account_id,
            failed=row.failed + 1,
            locked_until=clock.stamp(until) if until is not None else None,
        )
        if until is not None:
            accounts.record(connection, account_id, "lock", [account_id], until=clock.stamp(until))
    return row.password_hash, _Lock(until, counted=True) if until is not None else None


def _right(engine: sa.Engine, account_id: str, stored: str, password: str) -> SignIn:
    """The password was right: end the count, renew an old hash, and say who it is."""
    fresh = passwords.hashed(password) if passwords.outdated(stored) else None
    with writing(engine) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.account_id == account_id)).one()
        if row.password_hash != stored:
            return SignIn("wrong")
        values: dict[str, Any] = {"failed": 0, "locked_until": None}
        if row.disabled:
            _update(connection, account_id, **values)
            return SignIn("disabled")
        if fresh is not None:
            values["password_hash"] = fresh
        _update(connection, account_id, **values, signed_in_at=clock.stamp(clock.now()))
        accounts.record(connection, account_id, "sign_in", [account_id])
        if row.must_change:
            return SignIn("must_change")
        return SignIn("ok", accounts.identities(connection, [account_id])[account_id])


def _update(connection: sa.Connection, account_id: str, **values: Any) -> None:
    connection.execute(sa.update(ACCOUNT).where(ACCOUNT.c.account_id == account_id).values(**values))
