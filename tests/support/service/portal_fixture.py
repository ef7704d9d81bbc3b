"""Accounts for a copied home and files to upload, shared by the tests of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from pipelines.ledger.identity import Grant
from tests.support.paths import SAMPLES

if TYPE_CHECKING:
    import sqlalchemy as sa

ISSUER = "https://provider.example"
ACCOUNTS: Mapping[str, tuple[str, tuple[Grant, ...]]] = {
    "al-sender": ("Prosecution service: sender", (Grant("submitter", "AL", "justice"),)),
    "al-approver": ("Prosecution service: approver", (Grant("approver", "AL", "justice"),)),
    "mk-sender": ("Statistical office: sender", (Grant("submitter", "MK"), Grant("approver", "MK"))),
    "mk-approver": ("Statistical office: approver", (Grant("approver", "MK"),)),
    "hr-sender": ("Ministry of justice: sender", (Grant("submitter", "HR", "register"),)),
    "xk-viewer": ("Prosecutorial Council: viewer", (Grant("viewer", "XK"),)),
    "ba-brc-sender": ("Brčko District: sender", (Grant("submitter", "BA_BRC"),)),
    "secretariat": ("Secretariat: steward", (Grant("steward"),)),
    "nobody": ("An account without a role", ()),
}
"""Account -> its display name and grants; each signs in with the provider under its own name."""


def make_accounts(engine: sa.Engine, language: str = "en") -> None:
    """Create the accounts above unless they exist already."""
    from pipelines.submissions.accounts import accounts

    new = [
        accounts.NewAccount(
            account, name, grants, language=language, must_change=False, issuer=ISSUER, subject=f"subject of {account}"
        )
        for account, (name, grants) in ACCOUNTS.items()
    ]
    accounts.create_many(engine, new, by="system")


# ---------------------------------------------------------------------------------------------------------------- files

RETURN = SAMPLES / "AL" / "justice" / "PP_Trafikimi_2026_T3.xlsx"
"""The newest return of the prosecution service, accepted in the demonstration."""
SHEET = "Tremujori III"


def make_workbook(changes: Mapping[str, str | int], sheet: str = SHEET) -> bytes:
    """Return the return with some cells of its last sheet changed, as its office might send it next.

    The same changes give the same bytes.
    """
    return _write_workbook(tuple(changes.items()), sheet)


@cache
def _write_workbook(changes: tuple[tuple[str, str | int], ...], sheet: str) -> bytes:
    from openpyxl import load_workbook

    book = load_workbook(RETURN)
    for cell, value in changes:
        book[sheet][cell] = value
    output = BytesIO()
    book.save(output)
    return output.getvalue()


BROKEN: Mapping[str, str | int] = {"A12": "128/b – Trafikimi i të mitureve", "C9": "dhjetë"}
"""A label that no form declares, and a number written as a word."""
UNUSUAL: Mapping[str, int] = {"C9": 90, "D9": 89, "C8": 136, "D8": 127, "E33": 83, "E32": 101}
"""Eighty more men of 25 to 34 reported under article 110/a, with matching totals: no error, but a jump."""


REGISTER = SAMPLES / "HR" / "register" / "registar_2026_2tr.csv"
"""A quarter of the court register, accepted in the demonstration."""


def register_lines() -> list[str]:
    """Return the lines of the register's quarter, starting with its three heading lines."""
    return REGISTER.read_text(encoding="windows-1250").splitlines()


def register_without(lines: int) -> bytes:
    """Return the quarter without its last lines, as its court register might send it next."""
    return ("\r\n".join(register_lines()[:-lines]) + "\r\n").encode("windows-1250")
