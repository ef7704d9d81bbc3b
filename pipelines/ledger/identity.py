"""Roles, grants and identities: who acts, and which roles they hold.

Which act needs which role is defined in `permissions.py`; accounts and tokens are stored by `accounts.py` and
`tokens.py`.

A grant is a role in a jurisdiction for an instrument, `*` for all. Nothing is permitted outside such pairs; a
submission whose form was not recognised is visible to its sender alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from pipelines.core.errors import UserFacingError

Role = Literal["viewer", "submitter", "approver", "steward"]
"""`viewer` sees; `submitter` also sends; `approver` also decides, but never on their own returns; `steward` sees
everything in its scope, manages accounts, and may override with a reason."""

ROLES: tuple[Role, ...] = get_args(Role)
EVERY = "*"
SYSTEM = "system"
"""The account of the machine itself, when it acts for nobody."""


class NotAllowedError(UserFacingError):
    """An account lacks the permission for a request.

    The message says what is missing and whom to ask. It never reveals whether something the account may not see
    exists.
    """


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role in one jurisdiction for one instrument; `*` means all."""

    role: Role
    jurisdiction: str = EVERY
    instrument: str = EVERY

    def gives_role(self, role: Role, jurisdiction: str, instrument: str) -> bool:
        """Return True if this grant gives exactly this role (roles are not nested) for this pair.

        A request for `*` needs a grant of `*`.
        """
        return (
            self.role == role and self.jurisdiction in (EVERY, jurisdiction) and self.instrument in (EVERY, instrument)
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated person or machine. `token` is the id of the token used to authenticate, if any."""

    account: str
    name: str
    language: str
    grants: tuple[Grant, ...]
    token: str | None = None

    def has_role(self, role: Role, jurisdiction: str | None, instrument: str | None) -> bool:
        """Return True if this identity holds a role for a pair; False if either part of the pair is None."""
        if jurisdiction is None or instrument is None:
            return False
        return any(g.gives_role(role, jurisdiction, instrument) for g in self.grants)

    def list_pairs(self, role: Role | None = None) -> tuple[tuple[str, str], ...]:
        """Return (jurisdiction, instrument) of the grants of one role or of all; `*` is not expanded."""
        return tuple(sorted({(g.jurisdiction, g.instrument) for g in self.grants if role in (None, g.role)}))


def intersect_grants(grants: Iterable[Grant], to: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return the intersection of two sets of grants, such as those of an account and of one of its tokens."""
    common_grants: set[Grant] = set()
    own_grants = tuple(grants)
    for limit in to:
        for grant in own_grants:
            if grant.role != limit.role:
                continue
            place = _intersect_scope(grant.jurisdiction, limit.jurisdiction)
            instrument = _intersect_scope(grant.instrument, limit.instrument)
            if place is not None and instrument is not None:
                common_grants.add(Grant(grant.role, place, instrument))
    return tuple(sorted(common_grants))


def _intersect_scope(first: str, second: str) -> str | None:
    if first == EVERY:
        return second
    return first if second in (EVERY, first) else None
