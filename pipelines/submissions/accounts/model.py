"""What an account is, and which ones can be: the records and their rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pipelines.core import codes
from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.ledger.identity import EVERY, ROLES, SYSTEM, Grant
from pipelines.submissions.accounts import passwords

LOCAL = "local"
"""The issuer of accounts that no other provider vouches for; their subject is the account's id."""
LONGEST = 254
"""Characters of a name or address; no address of mail is longer (RFC 5321)."""
_ID = re.compile(r"[a-z0-9][a-z0-9._@-]{1,62}[a-z0-9]\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?\Z")
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\Z")


class AccountError(ToldError):
    """An account or a grant that cannot be as it was asked for. The text says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account with its grants, without its password; times are texts as `clock.stamp()` writes them."""

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
class New:
    """An account to be made."""

    account_id: str
    display_name: str
    grants: tuple[Grant, ...] = ()
    language: str = "en"
    email: str | None = None
    password: str | None = None
    must_change: bool = True
    issuer: str | None = None
    subject: str | None = None


def check(one: New) -> None:
    """Raise AccountError or PasswordError for an account that cannot be made."""
    if not _ID.match(one.account_id) or one.account_id == SYSTEM:
        raise AccountError(
            mark("{account} is not a valid account name; use 3 to 64 of a-z, 0-9, dot, hyphen, underscore."),
            account=repr(one.account_id),
        )
    if not one.display_name.strip():
        raise AccountError(mark("Enter the account's name that people will see: the office's role."))
    if len(one.display_name) > LONGEST or not one.display_name.isprintable():
        raise AccountError(mark("A name is one line of at most {n} characters."), n=LONGEST)
    if (one.issuer is None) != (one.subject is None) or one.issuer == LOCAL:
        raise AccountError(mark("A provider is named by its issuer (an address) and its own name for the account."))
    check_language(one.language)
    check_email(one.email)
    for given in one.grants:
        check_grant(given)
    if one.password is not None:
        passwords.check(one.password, one.account_id, one.display_name, one.email)


def check_language(language: str) -> None:
    """Raise AccountError for what is no language code."""
    if not _LANGUAGE.match(language):
        raise AccountError(mark("{language} is not a language code, such as en or sq."), language=repr(language))


def check_email(email: str | None) -> None:
    """Raise AccountError for what mail cannot be sent to."""
    if email is not None and (len(email) > LONGEST or not _EMAIL.match(email)):
        raise AccountError(mark("{email} is not an email address."), email=repr(email))


def check_grant(given: Grant) -> None:
    """Raise AccountError for a role or an instrument that there is none of."""
    if given.role not in ROLES:
        raise AccountError(
            mark("{role} is not a role. Available: {known}."), role=repr(given.role), known=", ".join(ROLES)
        )
    if given.instrument not in (EVERY, *codes.codes("instrument")):
        raise AccountError(
            mark("{instrument} is not an instrument. Available: {known}."),
            instrument=repr(given.instrument),
            known=", ".join(codes.codes("instrument")),
        )
    if not given.jurisdiction.strip():
        raise AccountError(mark("A role is held in a jurisdiction, or in * for every one."))


def account_row(one: New, password_hash: str | None, now: str, by: str) -> dict[str, Any]:
    """A new account as its table holds it."""
    return {
        "account_id": one.account_id,
        "display_name": one.display_name.strip(),
        "email": one.email,
        "language": one.language,
        "password_hash": password_hash,
        "must_change": one.must_change and password_hash is not None,
        "failed": 0,
        "locked_until": None,
        "disabled": False,
        "issuer": one.issuer,
        "subject": one.subject,
        "created_at": now,
        "created_by": by,
        "signed_in_at": None,
    }


def grant_row(account_id: str, given: Grant, now: str, by: str) -> dict[str, Any]:
    """A new grant as its table holds it."""
    named = {"role": given.role, "jurisdiction": given.jurisdiction, "instrument": given.instrument}
    return {"account_id": account_id, **named, "granted_at": now, "granted_by": by}
