"""What tests of the portal share: accounts of a copied home, who has signed in, and files to hand in.

Belongs here: making them.  Does not belong here: what is asserted.  Nobody signs in with a provider here: claims are
given in the process (`portal_layout.ask_for_claims`), as a provider of the name `ISSUER` would give them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.people.identity import Grant

if TYPE_CHECKING:
    import sqlalchemy as sa

ISSUER = "https://provider.example"
ACCOUNTS: Mapping[str, tuple[str, tuple[Grant, ...]]] = {
    "al-sender": ("Prosecution service: sender", (Grant("submitter", "AL", "justice"),)),
    "al-approver": ("Prosecution service: approver", (Grant("approver", "AL", "justice"),)),
    "mk-sender": ("Statistical office: sender", (Grant("submitter", "MK"), Grant("approver", "MK"))),
    "mk-approver": ("Statistical office: approver", (Grant("approver", "MK"),)),
    "xk-viewer": ("Prosecutorial Council: viewer", (Grant("viewer", "XK"),)),
    "ba-brc-sender": ("Brčko District: sender", (Grant("submitter", "BA_BRC"),)),
    "steward": ("Secretariat: steward", (Grant("steward"),)),
    "nobody": ("An account without a role", ()),
}
"""Account -> its name and what it may; each signs in with the provider under its own name."""


def make_accounts(engine: sa.Engine, language: str = "en") -> None:
    """Make the accounts above where they are not there yet."""
    from pipelines.people import accounts

    new = [
        accounts.New(
            account, name, grants, language=language, must_change=False, issuer=ISSUER, subject=f"subject of {account}"
        )
        for account, (name, grants) in ACCOUNTS.items()
    ]
    accounts.create_many(engine, new, by="system")


def claims(account: str) -> dict[str, Any]:
    """What a provider says of somebody who has just signed in."""
    return {"iss": ISSUER, "sub": f"subject of {account}", "auth_time": time.time(), "email": f"{account}@example.org"}
