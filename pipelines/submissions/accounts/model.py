"""Data model of accounts and the validation of new accounts and grants."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipelines.core import codes
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.ledger.identity import EVERY, ROLES, SYSTEM, Grant
from pipelines.submissions.accounts import passwords

LOCAL = "local"
"""The issuer of accounts without an external provider; their subject is the account's id."""
LONGEST = 254
"""Maximum number of characters of a name or address; no mail address is longer (RFC 5321)."""
_ID = re.compile(r"[a-z0-9][a-z0-9._@-]{1,62}[a-z0-9]\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?\Z")
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\Z")


class AccountError(UserFacingError):
    """An account or a grant is not valid. The message says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account with its grants, without its password; times are text in the format of `clock.format_timestamp()`."""

    account_id: str
    display_name: str
    email: str | None
    language: str
    must_change: bool
    failed: int
    disabled: bool
    issuer: str | None
    subject: str | None
    created_at: str
    created_by: str
    signed_in_at: str | None
    has_password: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to create."""

    account_id: str
    display_name: str
    grants: tuple[Grant, ...] = ()
    language: str = "en"
    email: str | None = None
    password: str | None = None
    must_change: bool = True
    issuer: str | None = None
    subject: str | None = None


def check_account(new_account: NewAccount) -> None:
    """Raise the first AccountError or PasswordError for which an account cannot be created."""
    for error in list_account_errors(new_account):
        raise error


def list_account_errors(new_account: NewAccount) -> list[UserFacingError]:
    """Return everything for which an account cannot be created, in the order of its fields."""
    checks: list[Callable[[], None]] = [
        partial(_check_id, new_account.account_id),
        partial(_check_name, new_account.display_name),
        partial(_check_provider, new_account.issuer, new_account.subject),
        partial(check_language, new_account.language),
        partial(check_email, new_account.email),
        *(partial(check_grant, grant) for grant in new_account.grants),
    ]
    if new_account.password is not None:
        names = (new_account.account_id, new_account.display_name, new_account.email)
        checks.append(partial(passwords.check_password, new_account.password, *names))
    errors = []
    for check in checks:
        try:
            check()
        except UserFacingError as error:
            errors.append(error)
    return errors


def _check_id(account_id: str) -> None:
    if not _ID.match(account_id) or account_id == SYSTEM:
        raise AccountError(
            mark("{account} is not a valid account name; use 3 to 64 of a-z, 0-9, dot, hyphen, underscore."),
            account=repr(account_id),
        ).at_field("account")


def _check_name(display_name: str) -> None:
    if not display_name.strip():
        raise AccountError(mark("Enter the account's name that people will see: the office's role.")).at_field("name")
    if len(display_name) > LONGEST or not display_name.isprintable():
        raise AccountError(mark("A name is one line of at most {n} characters."), n=LONGEST).at_field("name")


def _check_provider(issuer: str | None, subject: str | None) -> None:
    if (issuer is None) != (subject is None) or issuer == LOCAL:
        raise AccountError(
            mark("A provider is named by its issuer (an address) and its own name for the account.")
        ).at_field("issuer" if issuer in (None, LOCAL) else "subject")


def check_language(language: str) -> None:
    """Raise AccountError if the text is not a language code."""
    if not _LANGUAGE.match(language):
        raise AccountError(
            mark("{language} is not a language code, such as en or sq."), language=repr(language)
        ).at_field("language")


def check_email(email: str | None) -> None:
    """Raise AccountError if the text is not a mail address."""
    if email is not None and (len(email) > LONGEST or not _EMAIL.match(email)):
        raise AccountError(mark("{email} is not an email address."), email=repr(email)).at_field("email")


def check_grant(role_grant: Grant) -> None:
    """Raise AccountError if the role or instrument of a grant does not exist, or its jurisdiction is blank."""
    if role_grant.role not in ROLES:
        raise AccountError(
            mark("{role} is not a role. Available: {known}."), role=repr(role_grant.role), known=", ".join(ROLES)
        )
    if role_grant.instrument not in (EVERY, *codes.list_codes("instrument")):
        raise AccountError(
            mark("{instrument} is not an instrument. Available: {known}."),
            instrument=repr(role_grant.instrument),
            known=", ".join(codes.list_codes("instrument")),
        )
    if not role_grant.jurisdiction.strip():
        raise AccountError(mark("A role is held in a jurisdiction, or in * for every one."))


def account_row(new_account: NewAccount, password_hash: str | None, now: str, by: str) -> dict[str, Any]:
    """Return the table row of a new account."""
    return {
        "account_id": new_account.account_id,
        "display_name": new_account.display_name.strip(),
        "email": new_account.email,
        "language": new_account.language,
        "password_hash": password_hash,
        "must_change": new_account.must_change and password_hash is not None,
        "failed": 0,
        "locked_until": None,
        "disabled": False,
        "issuer": new_account.issuer,
        "subject": new_account.subject,
        "created_at": now,
        "created_by": by,
        "signed_in_at": None,
    }


def grant_row(account_id: str, role_grant: Grant, now: str, by: str) -> dict[str, Any]:
    """Return the table row of a new grant."""
    columns = {"role": role_grant.role, "jurisdiction": role_grant.jurisdiction, "instrument": role_grant.instrument}
    return {"account_id": account_id, **columns, "granted_at": now, "granted_by": by}
