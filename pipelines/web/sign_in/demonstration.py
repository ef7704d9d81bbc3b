"""Give the accounts of a demonstration home one random password, which only the owner of the home can read."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import asides, rights
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.schema import ACCOUNT
from pipelines.submissions.accounts import accounts, passwords

if TYPE_CHECKING:
    from pipelines.core.home import Home

STEWARD = "steward"
"""The local steward, which every demonstration home has."""
_FILE = "demonstration-accounts.txt"


def accounts_file(home: Home) -> Path | None:
    """Return the file with the demonstration's accounts and their password; None if it does not exist."""
    path = home.restricted / _FILE
    return path if path.exists() else None


def give_passwords(home: Home, engine: sa.Engine) -> Path | None:
    """Give every account of a demonstration home without a password the home's password; return the file with it.

    A real home is left unchanged. Repeating it has no further effect.
    """
    if home.kind != "demonstration":
        return None
    path = home.restricted / _FILE
    password = _password(path) or secrets.token_urlsafe(12)
    everyone = accounts.all_accounts(engine)
    # Write the file first: if the process stops between the two, the password is in it, and the next start continues.
    _write(path, password, everyone)
    lacking = [
        account.account_id
        for account in everyone
        if not account.has_password and account.issuer is None and not account.disabled
    ]
    if lacking:
        # One hash for all, since they share one password: hashing each took ten seconds of the first start.
        fresh = passwords.hash_password(password)
        with open_write_transaction(engine) as connection:
            chosen = sa.update(ACCOUNT).where(ACCOUNT.c.account_id.in_(lacking), ACCOUNT.c.password_hash.is_(None))
            connection.execute(chosen.values(password_hash=fresh, must_change=False))
            accounts.record_change(connection, STEWARD, "password", lacking)
    return path


def _write(path: Path, password: str, everyone: Sequence[accounts.Account]) -> None:
    lines = [
        "Accounts of this demonstration home. They open invented data only.",
        f"password: {password}",
        "",
        *(f"{account.account_id:<24}{', '.join(sorted({g.role for g in account.grants}))}" for account in everyone),
    ]
    with asides.replace_file(path, mode=rights.choose_private_mode(path.parent), flush=True) as aside:
        aside.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _password(path: Path) -> str | None:
    if not path.exists():
        return None
    password_lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("password: ")]
    return password_lines[0].removeprefix("password: ") if password_lines else None
