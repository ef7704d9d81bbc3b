"""Sign-in of a demonstration home: its accounts get one password, made by chance, which only the owner can read.

Belongs here: that password.  Does not belong here: the accounts themselves (`pipelines/intake/arrivals.py`), and
anything of a real home, which has no account that a person did not make.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.people import accounts, signin

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.home import Home

STEWARD = "steward"
"""The local steward, whom every demonstration home has."""
_FILE = "demonstration-accounts.txt"


def accounts_file(home: Home) -> Path | None:
    """The file that names the demonstration's accounts and their password; None where there is none."""
    path = home.restricted / _FILE
    return path if path.exists() else None


def give_passwords(home: Home, engine: sa.Engine) -> Path | None:
    """Give every account of a demonstration home that has none the home's password; returns the file that says it.

    A real home is left alone. Doing it again does nothing new.
    """
    if home.kind != "demonstration":
        return None
    path = home.restricted / _FILE
    password = _password(path) or secrets.token_urlsafe(12)
    everyone = accounts.all_accounts(engine)
    for one in everyone:
        if not one.has_password and one.issuer is None and not one.disabled:
            first = signin.reset_password(engine, one.account_id, by=STEWARD)
            signin.change_password(engine, one.account_id, first, password)
    lines = [
        "Accounts of this demonstration home. They open invented data only.",
        f"password: {password}",
        "",
        *(f"{one.account_id:<24}{', '.join(sorted({g.role for g in one.grants}))}" for one in everyone),
    ]
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _password(path: Path) -> str | None:
    if not path.exists():
        return None
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("password: ")]
    return found[0].removeprefix("password: ") if found else None
