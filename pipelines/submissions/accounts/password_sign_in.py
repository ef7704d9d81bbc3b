"""Sign in with a password stored here. This is the only module that compares passwords.

Callers limit attempts first (`throttle.py`, by address and browser). This module only counts wrong passwords in a row,
for the owner and the steward. The count never blocks the correct password, so nobody can lock the account of another.
An attempt on an account that does not exist or has no password takes as long as any other, because one hash is
computed anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.core.i18n import mark
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.ledger.schema import ACCOUNT
from pipelines.submissions.accounts import accounts, passwords
from pipelines.submissions.accounts.passwords import PasswordError

TOLD_AFTER = 10
"""Wrong passwords in a row after which the owner is notified and the audit log gets an entry, once."""
Outcome = Literal["ok", "wrong", "must_change", "disabled"]


@dataclass(frozen=True, slots=True)
class SignInOutcome:
    """The outcome of an attempt. `identity` is set only with `ok`, and `seq` is then the audit entry of the sign-in.

    `must_change` means that the password is correct but must be replaced first.
    """

    outcome: Outcome
    identity: Identity | None = None
    seq: int = 0


def sign_in(engine: sa.Engine, account_id: str, password: str) -> SignInOutcome:
    """Sign in with a password. The outcomes `disabled` and `must_change` require the correct password."""
    stored = _count_attempt(engine, account_id)
    if not passwords.matches_hash(stored, password) or stored is None:
        return SignInOutcome("wrong")
    return _complete_sign_in(engine, account_id, stored, password)


def change_password(engine: sa.Engine, account_id: str, old: str, new: str) -> int:
    """Change a password for its owner; return the number of the audit entry.

    Raises NotAllowedError if the old password is wrong, PasswordError if the new one is not accepted.
    """
    attempt = sign_in(engine, account_id, old)
    if attempt.outcome not in ("ok", "must_change"):
        raise NotAllowedError(mark("The current password is wrong."))
    if new == old:
        raise PasswordError(mark("The new password is the same as the old one; choose another."))
    account = accounts.find_account(engine, account_id)
    passwords.check_password(
        new, account_id, account.display_name if account else "", account.email if account else None
    )
    fresh = passwords.hash_password(new)
    with open_write_transaction(engine) as connection:
        _update(connection, account_id, password_hash=fresh, must_change=False)
        return accounts.record_change(connection, account_id, "password", [account_id])


def reset_password(engine: sa.Engine, account_id: str, *, by: str) -> str:
    """Set and return a one-time password, which must be changed at the next sign-in. Raises NotAllowedError."""
    secret = passwords.one_time()
    fresh = passwords.hash_password(secret)
    with open_write_transaction(engine) as connection:
        accounts.require_changeable(connection, account_id, by)
        _update(connection, account_id, password_hash=fresh, must_change=True, failed=0, issuer=None, subject=None)
        accounts.record_change(connection, by, "reset_password", [account_id])
    return secret


def _count_attempt(engine: sa.Engine, account_id: str) -> str | None:
    """Count an attempt and return the stored hash, or None if there is none."""
    with open_write_transaction(engine) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.account_id == account_id)).one_or_none()
        if row is None or row.password_hash is None:
            return None
        _update(connection, account_id, failed=row.failed + 1)
        if row.failed + 1 == TOLD_AFTER:
            accounts.record_change(connection, account_id, "attempts", [account_id], failed=TOLD_AFTER)
        stored: str = row.password_hash
    return stored


def _complete_sign_in(engine: sa.Engine, account_id: str, stored: str, password: str) -> SignInOutcome:
    """Reset the count after a correct password, renew an outdated hash, and return the outcome."""
    fresh = passwords.hash_password(password) if passwords.needs_rehash(stored) else None
    with open_write_transaction(engine) as connection:
        row = connection.execute(sa.select(ACCOUNT).where(ACCOUNT.c.account_id == account_id)).one()
        if row.password_hash != stored:
            return SignInOutcome("wrong")
        values: dict[str, Any] = {"failed": 0}
        if row.disabled:
            _update(connection, account_id, **values)
            return SignInOutcome("disabled")
        if fresh is not None:
            values["password_hash"] = fresh
        _update(connection, account_id, **values)
        seq = accounts.record_sign_in(connection, account_id)
        if row.must_change:
            return SignInOutcome("must_change")
        return SignInOutcome("ok", accounts.select_identities(connection, [account_id])[account_id], seq)


def _update(connection: sa.Connection, account_id: str, **values: Any) -> None:
    connection.execute(sa.update(ACCOUNT).where(ACCOUNT.c.account_id == account_id).values(**values))
