"""Roles, grants and identities: who acts, and which roles he or she holds.

Which act needs which role is the table in `permissions.py`; accounts and tokens are kept by `accounts.py` and
`tokens.py`.

Rights are of an office: a role in a jurisdiction for an instrument, `*` for every one.  There is no right to anything
that is not named by such a pair; a submission whose form was not recognised belongs to its sender alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from pipelines.core.errors import ToldError

Role = Literal["viewer", "submitter", "approver", "steward"]
"""`viewer` sees; `submitter` also sends; `approver` also decides, never on what he or she sent; `steward` sees all of
its scope, keeps accounts, and may override with a reason."""

ROLES: tuple[Role, ...] = get_args(Role)
EVERY = "*"
SYSTEM = "system"
"""The machine itself, on nobody's behalf."""


class NotAllowedError(ToldError):
    """Somebody asked for what is not his or hers. The text says what is missing and whom to ask, and never says whether
    a thing that may not be seen is there."""


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role in one jurisdiction for one instrument; `*` stands for every one."""

    role: Role
    jurisdiction: str = EVERY
    instrument: str = EVERY

    def covers(self, role: Role, jurisdiction: str, instrument: str) -> bool:
        """Whether this grant is that role (roles are not nested) for that pair; `*` asked needs `*` granted."""
        return (
            self.role == role and self.jurisdiction in (EVERY, jurisdiction) and self.instrument in (EVERY, instrument)
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """One person (or machine) who has proved who it is. `token` names the token by which, where it was one."""

    account: str
    name: str
    language: str
    grants: tuple[Grant, ...]
    token: str | None = None

    def may(self, role: Role, jurisdiction: str | None, instrument: str | None) -> bool:
        """Whether this identity holds a role for a pair. Nothing is granted for a pair that is not known (None)."""
        if jurisdiction is None or instrument is None:
            return False
        return any(g.covers(role, jurisdiction, instrument) for g in self.grants)

    def pairs(self, role: Role | None = None) -> tuple[tuple[str, str], ...]:
        """(jurisdiction, instrument) of every grant, of one role or of all, with `*` as it stands."""
        return tuple(sorted({(g.jurisdiction, g.instrument) for g in self.grants if role in (None, g.role)}))


def narrowed(grants: Iterable[Grant], to: Iterable[Grant]) -> tuple[Grant, ...]:
    """What is in both: the grants of a token are those of its account, cut to what the token was given."""
    out: set[Grant] = set()
    mine = tuple(grants)
    for wanted in to:
        for grant in mine:
            if grant.role != wanted.role:
                continue
            place = _both(grant.jurisdiction, wanted.jurisdiction)
            instrument = _both(grant.instrument, wanted.instrument)
            if place is not None and instrument is not None:
                out.add(Grant(grant.role, place, instrument))
    return tuple(sorted(out))


def _both(one: str, other: str) -> str | None:
    if one == EVERY:
        return other
    return one if other in (EVERY, one) else None
