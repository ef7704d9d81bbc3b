"""Create, find and change accounts and their grants.

Stewards manage accounts within their own scope. They may grant and revoke roles there, and may change an account only
if all its grants are in their scope, so that nobody can take over an account with wider access. An account without
grants may have belonged to another office, so only its creator and the steward for everything may change it. `system`
may change every account; it is used on the command line of a home that has no steward yet, and by demonstrations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_digests, audit_log, permissions
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import ACCOUNT, ACCOUNT_GRANT
from pipelines.submissions.accounts import passwords
from pipelines.submissions.accounts.model import (
    LOCAL,
    Account,
    AccountError,
    NewAccount,
    account_row,
    check_account,
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
    "NewAccount",
    "all_accounts",
    "can_change_account",
    "create_account",
    "create_many",
    "disable_account",
    "enable_account",
    "find_account",
    "get_identity",
    "grant_role",
    "has_head_steward",
    "identity_of",
    "link_provider",
    "record_change",
    "record_sign_in",
    "require_changeable",
    "revoke_role",
    "select_identities",
    "select_linked",
    "set_email",
    "set_language",
    "unknown_account",
]


# ------------------------------------------------------------------------------------------------------------ creating


def create_account(
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
    """Create an account.

    Raises AccountError if the id is taken or invalid, PasswordError, and NotAllowedError if `by` may not create it.
    """
    new = NewAccount(account_id, display_name, tuple(grants), language, email, password, must_change, issuer, subject)
    if not create_many(engine, [new], by=by):
        raise AccountError(mark("There is an account {account} already."), account=account_id).at_field("account")
    return cast(Account, find_account(engine, account_id))


def create_many(engine: sa.Engine, accounts: Sequence[NewAccount], *, by: str) -> int:
    """Create the missing accounts in one transaction and return their number. Raises like `create_account`."""
    for account in accounts:
        check_account(account)
    hashes = {
        account.account_id: passwords.hash_password(account.password)
        for account in accounts
        if account.password is not None
    }
    now = clock.format_timestamp(clock.now())
    with open_write_transaction(engine) as connection:
        known_ids = {
            r.account_id
            for r in in_ids(
                connection, sa.select(ACCOUNT.c.account_id), ACCOUNT.c.account_id, [a.account_id for a in accounts]
            )
        }
        new = [
            account for account in {a.account_id: a for a in accounts}.values() if account.account_id not in known_ids
        ]
        # Check the permission first, so that others cannot find out which accounts exist.
        _require_keeper(connection, by, [grant for account in new for grant in account.grants])
        if not new:
            return 0
        _refuse_linked(connection, new)
        connection.execute(
            sa.insert(ACCOUNT), [account_row(account, hashes.get(account.account_id), now, by) for account in new]
        )
        rows = [
            grant_row(account.account_id, grant, now, by) for account in new for grant in sorted(set(account.grants))
        ]
        if rows:
            connection.execute(sa.insert(ACCOUNT_GRANT), rows)
        record_change(connection, by, "create", [account.account_id for account in new])
    return len(new)


# -------------------------------------------------------------------------------------------------------------- finding


def find_account(engine: sa.Engine, account_id: str) -> Account | None:
    """Return an account, even if it is disabled, or None if it does not exist."""
    with open_read_transaction(engine) as connection:
        return next(iter(_select_accounts(connection, [account_id])), None)


def all_accounts(engine: sa.Engine) -> list[Account]:
    """Return all accounts, sorted by id."""
    with open_read_transaction(engine) as connection:
        return _select_accounts(connection)


def get_identity(engine: sa.Engine, account_id: str) -> Identity:
    """Return the identity of an account with its present grants. Raises NotAllowedError if unknown or disabled."""
    with open_read_transaction(engine) as connection:
        holder = select_identities(connection, [account_id]).get(account_id)
    if holder is None:
        raise unknown_account(account_id)
    return holder


def identity_of(engine: sa.Engine, issuer: str, subject: str) -> Identity | None:
    """Return the identity linked to a provider's account, or None if no enabled account is linked to it."""
    with open_read_transaction(engine) as connection:
        return select_linked(connection, issuer, subject)


def select_linked(connection: sa.Connection, issuer: str, subject: str) -> Identity | None:
    """Return the identity linked to a provider's account within a transaction; see `identity_of`."""
    if issuer == LOCAL:
        condition = sa.and_(ACCOUNT.c.account_id == subject, ACCOUNT.c.issuer.is_(None))
    else:
        condition = sa.and_(ACCOUNT.c.issuer == issuer, ACCOUNT.c.subject == subject)
    account_id = connection.execute(sa.select(ACCOUNT.c.account_id).where(condition)).scalar_one_or_none()
    return select_identities(connection, [account_id]).get(account_id) if account_id is not None else None


def select_identities(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Identity]:
    """Return the identities of the accounts that exist and are enabled, by id, within a transaction."""
    return {
        a.account_id: Identity(a.account_id, a.display_name, a.language, a.grants)
        for a in _select_accounts(connection, list(ids))
        if not a.disabled
    }


def unknown_account(account_id: str) -> NotAllowedError:
    """Return the error for an account that does not exist, is disabled, or may not be changed by the caller."""
    return NotAllowedError(
        mark(
            "{account} is not an account that can act here; ask your steward (`rti account list` shows the accounts)."
        ),
        account=account_id,
    )


# ------------------------------------------------------------------------------------------------------------ changing


def grant_role(engine: sa.Engine, account_id: str, role_grant: Grant, *, by: str) -> bool:
    """Grant a role to an account; return False if it already had it. Raises NotAllowedError, AccountError."""
    check_grant(role_grant)
    with open_write_transaction(engine) as connection:
        account = require_changeable(connection, account_id, by, [role_grant])
        if role_grant in account.grants:
            return False
        row = grant_row(account_id, role_grant, clock.format_timestamp(clock.now()), by)
        connection.execute(sa.insert(ACCOUNT_GRANT).values(**row))
        record_change(connection, by, "grant", [account_id], grant=_grant_as_list(role_grant))
    return True


def revoke_role(engine: sa.Engine, account_id: str, revoked_grant: Grant, *, by: str) -> bool:
    """Revoke a role of an account; return False if it did not have it. Raises NotAllowedError."""
    with open_write_transaction(engine) as connection:
        account = require_changeable(connection, account_id, by, [revoked_grant], whole=False)
        if revoked_grant not in account.grants:
            return False
        columns = ACCOUNT_GRANT.c
        connection.execute(
            sa.delete(ACCOUNT_GRANT).where(
                columns.account_id == account_id,
                columns.role == revoked_grant.role,
                columns.jurisdiction == revoked_grant.jurisdiction,
                columns.instrument == revoked_grant.instrument,
            )
        )
        record_change(connection, by, "revoke", [account_id], grant=_grant_as_list(revoked_grant))
    return True


def disable_account(engine: sa.Engine, account_id: str, *, by: str) -> None:
    """Disable an account and with it its tokens. What it did remains recorded."""
    _update_account(engine, account_id, by, "disable", disabled=True)


def enable_account(engine: sa.Engine, account_id: str, *, by: str) -> None:
    """Enable a disabled account and reset its count of wrong passwords."""
    _update_account(engine, account_id, by, "enable", disabled=False, failed=0, locked_until=None)


def link_provider(engine: sa.Engine, account_id: str, issuer: str, subject: str, *, by: str) -> None:
    """Link an account to an OpenID Connect provider and remove its password.

    Raises AccountError for an invalid provider or if its account is already linked, and NotAllowedError.
    """
    if not issuer.strip() or not subject.strip() or issuer == LOCAL:
        raise AccountError(mark("A provider is named by its issuer (an address) and its own name for the account."))
    try:
        _update_account(
            engine, account_id, by, "link", issuer=issuer, subject=subject, password_hash=None, must_change=False
        )
    except sa.exc.IntegrityError as error:
        raise _already_linked_error() from error


def set_language(engine: sa.Engine, account_id: str, language: str, *, by: str) -> None:
    """Set the language of an account. Every account may set its own."""
    check_language(language)
    _update_account(engine, account_id, by, "language", language=language)


def set_email(engine: sa.Engine, account_id: str, email: str | None, *, by: str) -> None:
    """Set the mail address for notices, or None for no mail. Every account may set its own."""
    check_email(email)
    _update_account(engine, account_id, by, "email", email=email)


def has_head_steward(engine: sa.Engine) -> bool:
    """Return True if an enabled account is steward for everything; if not, the command line may create one."""
    return any(permissions.HEAD_STEWARD in a.grants for a in all_accounts(engine) if not a.disabled)


# ------------------------------------------------------------------------------------------------------------- helpers


def _update_account(engine: sa.Engine, account_id: str, by: str, action: str, **values: Any) -> None:
    is_own_setting = by == account_id and action in ("language", "email")
    with open_write_transaction(engine) as connection:
        if is_own_setting and account_id not in select_identities(connection, [account_id]):
            raise unknown_account(account_id)
        if not is_own_setting:
            require_changeable(connection, account_id, by)
        connection.execute(sa.update(ACCOUNT).where(ACCOUNT.c.account_id == account_id).values(**values))
        record_change(connection, by, action, [account_id])


def record_change(connection: sa.Connection, by: str, action: str, ids: Sequence[str], **detail: Any) -> int:
    """Append one audit entry per account, with its present digest, and enqueue notices about it.

    Return the number of the last entry.
    """
    standing = audit_digests.digest_accounts(connection, ids)
    now = clock.now()
    seq, _ = audit_log.append_many(
        connection,
        [audit_log.AuditEntry(now, by, f"account.{action}", i, {**detail, "standing": standing[i]}) for i in ids],
    )
    on_account(connection, action, ids, by, **detail)
    return seq


def record_sign_in(connection: sa.Connection, account_id: str) -> int:
    """Store the time of a sign-in, within a write transaction; return the number of its audit entry."""
    values = {"signed_in_at": clock.format_timestamp(clock.now())}
    connection.execute(sa.update(ACCOUNT).where(ACCOUNT.c.account_id == account_id).values(**values))
    return record_change(connection, account_id, "sign_in", [account_id])


def require_changeable(
    connection: sa.Connection, account_id: str, by: str, also: Sequence[Grant] = (), *, whole: bool = True
) -> Account:
    """Return an account that `by` may change.

    Raises NotAllowedError, with the same message if the account does not exist and if `by` may not change it.
    """
    account = next(iter(_select_accounts(connection, [account_id])), None)
    if account is None:
        if by != SYSTEM:
            _require_keeper(connection, by, also)
        raise unknown_account(account_id)
    _require_keeper(connection, by, also)
    who = select_identities(connection, [by]).get(by)
    if whole and by != SYSTEM and (who is None or not can_change_account(who, account)):
        raise unknown_account(account_id)
    return account


def can_change_account(who: Identity, account: Account) -> bool:
    """Return True if somebody may change an account: as steward for all its grants.

    An account without grants may be changed by its creator, if that is still a steward, and by the steward for
    everything.
    """
    if not account.grants:
        is_keeper = bool(permissions.pairs_for(who, "keep_accounts"))
        is_head = permissions.can_keep_accounts_of(who, [permissions.HEAD_STEWARD])
        return is_keeper and (account.created_by == who.account or is_head)
    return permissions.can_keep_accounts_of(who, account.grants)


def _require_keeper(connection: sa.Connection, by: str, grants: Iterable[Grant]) -> None:
    """Raise NotAllowedError unless `by` is a steward, and for every pair of these grants."""
    if by == SYSTEM:
        return
    who = select_identities(connection, [by]).get(by)
    if who is None:
        raise unknown_account(by)
    if not permissions.pairs_for(who, "keep_accounts"):
        raise NotAllowedError(mark("Only stewards can manage accounts, and {account} is not one."), account=by)
    for role_grant in grants:
        if not permissions.can_keep_accounts_of(who, [role_grant]):
            raise NotAllowedError(
                mark("{account} is not a steward of {instrument} of {jurisdiction}; ask the steward who is."),
                account=by,
                instrument=role_grant.instrument,
                jurisdiction=role_grant.jurisdiction,
            )


_ACCOUNTS = sa.select(ACCOUNT).order_by(ACCOUNT.c.account_id)
_GRANTS = sa.select(ACCOUNT_GRANT)


def _select_accounts(connection: sa.Connection, ids: Sequence[str] | None = None) -> list[Account]:
    rows = connection.execute(_ACCOUNTS) if ids is None else in_ids(connection, _ACCOUNTS, ACCOUNT.c.account_id, ids)
    account_rows = list(rows)
    grants: dict[str, list[Grant]] = {}
    for row in (
        connection.execute(_GRANTS) if ids is None else in_ids(connection, _GRANTS, ACCOUNT_GRANT.c.account_id, ids)
    ):
        grants.setdefault(row.account_id, []).append(Grant(row.role, row.jurisdiction, row.instrument))
    return [
        Account(
            **{n: getattr(row, n) for n in Account.__dataclass_fields__ if n not in ("has_password", "grants")},
            has_password=row.password_hash is not None,
            grants=tuple(sorted(grants.get(row.account_id, ()))),
        )
        for row in account_rows
    ]


def _grant_as_list(role_grant: Grant) -> list[str]:
    return [role_grant.role, role_grant.jurisdiction, role_grant.instrument]


def _refuse_linked(connection: sa.Connection, new: Sequence[NewAccount]) -> None:
    pairs = [(account.issuer, account.subject) for account in new if account.issuer is not None]
    for issuer, subject in pairs:
        linked_account = sa.select(ACCOUNT.c.account_id).where(ACCOUNT.c.issuer == issuer, ACCOUNT.c.subject == subject)
        if pairs.count((issuer, subject)) > 1 or connection.execute(linked_account).first() is not None:
            raise _already_linked_error()


def _already_linked_error() -> AccountError:
    return AccountError(mark("The provider's account is linked to another account already.")).at_field("subject")
