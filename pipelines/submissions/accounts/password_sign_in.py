"""Signing in by a password kept here: the only place where one is compared.

How often somebody may try is decided in front of it (`throttle.py`, by address and browser). Here wrong passwords in a
row are only counted, for the owner and the steward; no count refuses the right password, so that nobody can lock
another's account. An account that is not there, or has no password, takes as long as one that is: its password is
hashed once all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger.database import writing
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.ledger.schema import ACCOUNT
from pipelines.submissions.accounts import accounts, passwords
from pipelines.submissions.accounts.passwords import PasswordError

TOLD_AFTER = 10
"""Wrong passwords in a row after which the account's owner is told and the log has an entry, once."""
Outcome = Literal["ok", "wrong", "must_change", "disabled"]


@dataclass(frozen=True, slots=True)
class SignIn:
    """What became of an attempt. `identity` only with `ok`; `must_change`: right, and a new password comes first."""

    outcome: Outcome
    identity: Identity | None = None


def sign_in(engine: sa.Engine, account_id: str, password: str) -> SignIn:
    """Compare a password. `disabled` and `must_change` are told to whoever knows the password only."""
    stored = _attempt(engine, account_id)
    if not passwords.matches(stored, password) or stored is None:
        return SignIn("wrong")
    return _right(engine, account_id, stored, password)


def change_password(engine: sa.Engine, account_id: str, old: str, new: str) -> None:
    """Replace a password by its owner. Raises NotAllowedError (old one wrong), PasswordError (new one)."""
    attempt = sign_in(engine, account_id, old)
    if attempt.outcome not in ("ok", "must_change"):
        raise NotAllowedError(mark("The current password is wrong."))
    if new == old:
        raise PasswordError(mark("The new password is the same as the old one; choose another."))
    found = accounts.find(engine, account_id)
    passwords.check(new, account_id, found.display_name if found else "", found.email if found else None)
    fresh = passwords.hashed(new)
    with writing(engine) as connection:
        _update(connection, account_id, password_hash=fresh, must_change=False)
        accounts.record(connection, account_id, "password", [account_id])


def reset_password(engine: sa.Engine, account_id: str, *, by: str) -> str:
    """Give an account a password for one use, to be changed at the first sign-in. Returns it once."""
    secret = passwords.one_time()
    fresh = passwords.hashed(secret)
    with writing(engine) as connection:
        accounts.kept(connection, account_id, by)
        _update(connection, account_id, password_hash=fresh, must_change=True, failed=0, issuer=None, subject=None)
        accounts.record(connection, by, "reset_password", [account_id])
    return secret


def _attempt(engine: sa.Engine, account_id: str) -> str | None:
    """Count an attempt; return the stored hash, None if there is none."""
    with writing(engine) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.account_id == account_id)).one_or_none()
        if row is None or row.password_hash is None:
            return None
        _update(connection, account_id, failed=row.failed + 1)
        if row.failed + 1 == TOLD_AFTER:
            accounts.record(connection, account_id, "attempts", [account_id], failed=TOLD_AFTER)
        stored: str = row.password_hash
    return stored


def _right(engine: sa.Engine, account_id: str, stored: str, password: str) -> SignIn:
    """The password was right: end the count, renew an old hash, and say who it is."""
    fresh = passwords.hashed(password) if passwords.outdated(stored) else None
    with writing(engine) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.account_id == account_id)).one()
        if row.password_hash != stored:
            return SignIn("wrong")
        values: dict[str, Any] = {"failed": 0}
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
