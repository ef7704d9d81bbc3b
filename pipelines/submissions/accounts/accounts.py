"""Accounts: who there is, what each may, and the password of those that sign in here.

Who keeps accounts: a steward, within its own scope.  It may give and take what it is steward of, and change an account
only if all its grants lie there, so that nobody takes over an account that may more.  An account without any grant is
nobody's but its maker's and the steward's of everything: it may have been another office's.  `system` keeps every
account; it is used by the command line of a home that has no steward yet, and by demonstrations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_digests, audit_log, permissions
from pipelines.ledger.database import reading, writing
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import ACCOUNT, ACCOUNT_GRANT
from pipelines.submissions.accounts import passwords
from pipelines.submissions.accounts.model import (
    LOCAL,
    Account,
    AccountError,
    New,
    account_row,
    check,
    check_email,
    check_grant,
    check_language,
    grant_row,
)
from pipelines.submissions.notices.events import on_account

__all__ = [
    "LOCAL",
    "Account",
    "AccountError",
    "New",
    "all_accounts",
    "create",
    "create_many",
    "disable",
    "enable",
    "find",
    "grant",
    "has_head_steward",
    "identities",
    "identity",
    "identity_of",
    "keeps",
    "kept",
    "link",
    "record",
    "revoke",
    "set_email",
    "set_language",
    "unknown",
]


# -------------------------------------------------------------------------------------------------------------- making


def create(
    engine: sa.Engine,
    account_id: str,
    display_name: str,
    *,
    language: str = "en",
    email: str | None = None,
    grants: Iterable[Grant] = (),
    password: str | None = None,
    must_change: bool = True,
    issuer: str | None = None,
    subject: str | None = None,
    by: str,
) -> Account:
    """Make an account. Raises AccountError (the id is taken or odd), PasswordError, NotAllowedError (not `by`'s)."""
    new = New(account_id, display_name, tuple(grants), language, email, password, must_change, issuer, subject)
    if not create_many(engine, [new], by=by):
        raise AccountError(mark("There is an account {account} already."), account=account_id)
    return cast(Account, find(engine, account_id))


def create_many(engine: sa.Engine, accounts: Sequence[New], *, by: str) -> int:
    """Make those accounts that are not there yet, in one transaction; returns how many. Raises as `create`."""
    for one in accounts:
        check(one)
    hashes = {one.account_id: passwords.hashed(one.password) for one in accounts if one.password is not None}
    now = clock.stamp(clock.now())
    with writing(engine) as connection:
        known = {
            r.account_id
            for r in in_ids(
                connection, sa.select(ACCOUNT.c.account_id), ACCOUNT.c.account_id, [a.account_id for a in accounts]
            )
        }
        new = [one for one in {a.account_id: a for a in accounts}.values() if one.account_id not in known]
        # Asked first, so that nobody else learns which accounts there are.
        _keeper(connection, by, [grant for one in new for grant in one.grants])
        if not new:
            return 0
        _refuse_taken(connection, new)
        connection.execute(sa.insert(ACCOUNT), [account_row(one, hashes.get(one.account_id), now, by) for one in new])
        rows = [grant_row(one.account_id, grant, now, by) for one in new for grant in sorted(set(one.grants))]
        if rows:
            connection.execute(sa.insert(ACCOUNT_GRANT), rows)
        record(connection, by, "create", [one.account_id for one in new])
    return len(new)


# -------------------------------------------------------------------------------------------------------------- finding


def find(engine: sa.Engine, account_id: str) -> Account | None:
    """An account, disabled ones too; None where there is none."""
    with reading(engine) as connection:
        return next(iter(_accounts(connection, [account_id])), None)


def all_accounts(engine: sa.Engine) -> list[Account]:
    """Every account by its id."""
    with reading(engine) as connection:
        return _accounts(connection)


def identity(engine: sa.Engine, account_id: str) -> Identity:
    """Who an account is and what it may now. Raises NotAllowedError where it is unknown or disabled."""
    with reading(engine) as connection:
        found = identities(connection, [account_id]).get(account_id)
    if found is None:
        raise unknown(account_id)
    return found


def identity_of(engine: sa.Engine, issuer: str, subject: str) -> Identity | None:
    """The identity for which a provider vouches; None where no enabled account is linked to it."""
    if issuer == LOCAL:
        asked = sa.and_(ACCOUNT.c.account_id == subject, ACCOUNT.c.issuer.is_(None))
    else:
        asked = sa.and_(ACCOUNT.c.issuer == issuer, ACCOUNT.c.subject == subject)
    with reading(engine) as connection:
        account_id = connection.execute(sa.select(ACCOUNT.c.account_id).where(asked)).scalar_one_or_none()
        return identities(connection, [account_id]).get(account_id) if account_id is not None else None


def identities(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Identity]:
    """The identities of the enabled ones among some accounts, as a transaction sees them."""
    return {
        a.account_id: Identity(a.account_id, a.display_name, a.language, a.grants)
        for a in _accounts(connection, list(ids))
        if not a.disabled
    }


def unknown(account_id: str) -> NotAllowedError:
    """What is said of an account that is not there, is disabled, or is not the asker's to keep."""
    return NotAllowedError(
        mark(
            "{account} is not an account that can act here; ask your steward (`rti account list` shows the accounts)."
        ),
        account=account_id,
    )


# ------------------------------------------------------------------------------------------------------------ changing


def grant(engine: sa.Engine, account_id: str, given: Grant, *, by: str) -> bool:
    """Give an account a role; false where it had it. Raises NotAllowedError, AccountError."""
    check_grant(given)
    with writing(engine) as connection:
        found = kept(connection, account_id, by, [given])
        if given in found.grants:
            return False
        row = grant_row(account_id, given, clock.stamp(clock.now()), by)
        connection.execute(sa.insert(ACCOUNT_GRANT).values(**row))
        record(connection, by, "grant", [account_id], grant=_words(given))
    return True


def revoke(engine: sa.Engine, account_id: str, taken: Grant, *, by: str) -> bool:
    """Take a role from an account; false where it did not have it. Raises NotAllowedError."""
    with writing(engine) as connection:
        found = kept(connection, account_id, by, [taken], whole=False)
        if taken not in found.grants:
            return False
        columns = ACCOUNT_GRANT.c
        connection.execute(
            sa.delete(ACCOUNT_GRANT).where(
                columns.account_id == account_id,
                columns.role == taken.role,
                columns.jurisdiction == taken.jurisdiction,
                columns.instrument == taken.instrument,
            )
        )
        record(connection, by, "revoke", [account_id], grant=_words(taken))
    return True


def disable(engine: sa.Engine, account_id: str, *, by: str) -> None:
    """Let an account act and sign in no longer; what it did stays. Its tokens end with it."""
    _set(engine, account_id, by, "disable", disabled=True)


def enable(engine: sa.Engine, account_id: str, *, by: str) -> None:
    """Let a disabled account act again, and end its count of wrong passwords."""
    _set(engine, account_id, by, "enable", disabled=False, failed=0, locked_until=None)


def link(engine: sa.Engine, account_id: str, issuer: str, subject: str, *, by: str) -> None:
    """Let a provider of OpenID Connect vouch for an account; its password, if it had one, ends."""
    if not issuer.strip() or not subject.strip() or issuer == LOCAL:
        raise AccountError(mark("A provider is named by its issuer (an address) and its own name for the account."))
    try:
        _set(engine, account_id, by, "link", issuer=issuer, subject=subject, password_hash=None, must_change=False)
    except sa.exc.IntegrityError as error:
        raise _subject_taken() from error


def set_language(engine: sa.Engine, account_id: str, language: str, *, by: str) -> None:
    """The language an account is spoken to in. An account may set its own."""
    check_language(language)
    _set(engine, account_id, by, "language", language=language)


def set_email(engine: sa.Engine, account_id: str, email: str | None, *, by: str) -> None:
    """Where notices go; None for nowhere. An account may set its own."""
    check_email(email)
    _set(engine, account_id, by, "email", email=email)


def has_head_steward(engine: sa.Engine) -> bool:
    """Whether an enabled account is steward of everything; without one, the command line makes it."""
    return any(permissions.HEAD_STEWARD in a.grants for a in all_accounts(engine) if not a.disabled)


# ------------------------------------------------------------------------------------------------------------ the core


def _set(engine: sa.Engine, account_id: str, by: str, action: str, **values: Any) -> None:
    own = by == account_id and action in ("language", "email")
    with writing(engine) as connection:
        if own and account_id not in identities(connection, [account_id]):
            raise unknown(account_id)
        if not own:
            kept(connection, account_id, by)
        connection.execute(sa.update(ACCOUNT).where(ACCOUNT.c.account_id == account_id).values(**values))
        record(connection, by, action, [account_id])


def record(connection: sa.Connection, by: str, action: str, ids: Sequence[str], **detail: Any) -> None:
    """One audit entry an account, with the digest of how it stands now."""
    stand = audit_digests.accounts(connection, ids)
    now = clock.now()
    audit_log.append_many(
        connection,
        [audit_log.Entry(now, by, f"account.{action}", i, {**detail, "standing": stand[i]}) for i in ids],
    )
    on_account(connection, action, ids, by, **detail)


def kept(
    connection: sa.Connection, account_id: str, by: str, also: Sequence[Grant] = (), *, whole: bool = True
) -> Account:
    """An account that `by` may change. What is not there and what is not `by`'s is told in the same words."""
    found = next(iter(_accounts(connection, [account_id])), None)
    if found is None:
        if by != SYSTEM:
            _keeper(connection, by, also)
        raise unknown(account_id)
    _keeper(connection, by, also)
    who = identities(connection, [by]).get(by)
    if whole and by != SYSTEM and (who is None or not keeps(who, found)):
        raise unknown(account_id)
    return found


def keeps(who: Identity, account: Account) -> bool:
    """Whether somebody is steward of all that an account may; where it may nothing, its maker or steward of all."""
    if not account.grants:
        is_keeper = bool(permissions.pairs_for(who, "keep_accounts"))
        is_head = permissions.can_keep_accounts_of(who, [permissions.HEAD_STEWARD])
        return is_keeper and (account.created_by == who.account or is_head)
    return permissions.can_keep_accounts_of(who, account.grants)


def _keeper(connection: sa.Connection, by: str, grants: Iterable[Grant]) -> None:
    """Raise NotAllowedError unless `by` keeps accounts, and is steward of every pair of these grants."""
    if by == SYSTEM:
        return
    who = identities(connection, [by]).get(by)
    if who is None:
        raise unknown(by)
    if not permissions.pairs_for(who, "keep_accounts"):
        raise NotAllowedError(mark("Only stewards can manage accounts, and {account} is not one."), account=by)
    for one in grants:
        if not permissions.can_keep_accounts_of(who, [one]):
            raise NotAllowedError(
                mark("{account} is not a steward of {instrument} of {jurisdiction}; ask the steward who is."),
                account=by,
                instrument=one.instrument,
                jurisdiction=one.jurisdiction,
            )


def _accounts(connection: sa.Connection, ids: Sequence[str] | None = None) -> list[Account]:
    query = sa.select(ACCOUNT).order_by(ACCOUNT.c.account_id)
    held = sa.select(ACCOUNT_GRANT)
    rows = connection.execute(query) if ids is None else in_ids(connection, query, ACCOUNT.c.account_id, ids)
    found = list(rows)
    grants: dict[str, list[Grant]] = {}
    for row in connection.execute(held) if ids is None else in_ids(connection, held, ACCOUNT_GRANT.c.account_id, ids):
        grants.setdefault(row.account_id, []).append(Grant(row.role, row.jurisdiction, row.instrument))
    return [
        Account(
            **{n: getattr(row, n) for n in Account.__dataclass_fields__ if n not in ("has_password", "grants")},
            has_password=row.password_hash is not None,
            grants=tuple(sorted(grants.get(row.account_id, ()))),
        )
        for row in found
    ]


def _words(one: Grant) -> list[str]:
    return [one.role, one.jurisdiction, one.instrument]


def _refuse_taken(connection: sa.Connection, new: Sequence[New]) -> None:
    pairs = [(one.issuer, one.subject) for one in new if one.issuer is not None]
    for issuer, subject in pairs:
        there = sa.select(ACCOUNT.c.account_id).where(ACCOUNT.c.issuer == issuer, ACCOUNT.c.subject == subject)
        if pairs.count((issuer, subject)) > 1 or connection.execute(there).first() is not None:
            raise _subject_taken()


def _subject_taken() -> AccountError:
    return AccountError(mark("The provider's account is linked to another account already."))
