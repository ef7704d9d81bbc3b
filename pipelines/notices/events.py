"""Who is told when something happens to a return.

Belongs here: one function, called inside the transaction that enters the event.  Does not belong here: words, sending.

| what happened | the sender | the approvers of the return's office |
|---|---|---|
| sent | `receipt` | `to_approve` |
| given back | `returned` | |
| approved | `approved` | |
| approved by a steward in the office's stead | `override` | `override` |
| withdrawn after it was sent | `withdrawn` | `withdrawn` |

Whoever did it is not told of it; only a receipt goes to the person who sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pipelines import clock
from pipelines.intake.schema import ACCOUNT, ACCOUNT_GRANT, BLOCK, SUBMISSION
from pipelines.notices.queue import Kind, enqueue
from pipelines.people.identity import EVERY, SYSTEM, Role

NEWS = timedelta(days=7)
"""What happened longer ago is no news: a history that is entered afterwards mails nobody."""
_PLAN: dict[str, tuple[Kind | None, Kind | None]] = {
    # Action of the event: what its sender is told, what the approvers are told.
    "send": ("receipt", "to_approve"),
    "give_back": ("returned", None),
    "approve": ("approved", None),
    "override": ("override", "override"),
    "withdraw": ("withdrawn", "withdrawn"),
}


def on_event(connection: sa.Connection, event: Mapping[str, Any]) -> list[str]:
    """Enter the notices that an event of the ledger asks for; returns their ids.

    `event` has the columns of the table `event`; an approval whose payload says `override` is the steward's. Events
    that nobody is told of (a check, a draft taken back, a publication) enter nothing.
    """
    action = str(event["action"])
    payload = event.get("payload") or {}
    if action == "approve" and payload.get("override"):
        action = "override"
    of_sender, of_approvers = _PLAN.get(action, (None, None))
    at = clock.parse(str(event["at"]))
    if (of_sender, of_approvers) == (None, None) or clock.now() - at > NEWS:
        return []
    if action == "withdraw" and event["from_state"] not in ("sent", "approved", "published"):
        return []
    identity, actor = str(event["submission_id"]), str(event["actor"])
    row = connection.execute(sa.select(SUBMISSION).where(SUBMISSION.c.submission_id == identity)).one()
    told: dict[str, Kind] = {}
    if of_approvers is not None:
        pairs = _pairs(connection, identity)
        told |= dict.fromkeys(holders(connection, "approver", pairs), of_approvers)
    if of_sender is not None and _is_active(connection, row.sender):
        told[row.sender] = of_sender
    content = _content(connection, row)
    out = []
    for account, kind in sorted(told.items()):
        if account == actor and kind != "receipt":
            continue
        # Sent, given back and sent again within a day are two receipts: the event's time is part of what it is about.
        done = enqueue(connection, account, kind, content, what=f"{identity} {action} {event['at']}", at=at)
        out += [done] if done is not None else []
    return out


_ACCOUNT = {"create": "created", "reset_password": "reset", "lock": "locked"}
"""Acts on accounts, as the audit log names them, of which the account is told."""


def on_account(connection: sa.Connection, action: str, account_ids: Iterable[str], by: str, **detail: Any) -> list[str]:
    """Enter what accounts are told of an act on them: made, given a new password, locked; returns the notices' ids.

    Accounts that sign in elsewhere, and those that the machine itself makes, are not told that they were made. Of a
    lock an account is told once a day, so that nobody can fill its box by wrong passwords.
    """
    what = _ACCOUNT.get(action)
    if what is None or (what == "created" and by == SYSTEM):
        return []
    query = sa.select(ACCOUNT.c.account_id).where(
        ACCOUNT.c.account_id.in_(list(account_ids)), ACCOUNT.c.password_hash.is_not(None), ACCOUNT.c.disabled.is_(False)
    )
    content = {"what": what, **({"until": detail["until"]} if what == "locked" else {})}
    out = []
    for row in connection.execute(query.order_by(ACCOUNT.c.account_id)):
        told_once = what if what == "locked" else f"{what} {clock.stamp(clock.now())}"
        done = enqueue(connection, row.account_id, "account", content, what=told_once)
        out += [done] if done is not None else []
    return out


def holders(connection: sa.Connection, role: Role, pairs: set[tuple[str, str]]) -> list[str]:
    """Active accounts that hold a role for every one of some pairs."""
    if not pairs:
        return []
    grant = ACCOUNT_GRANT.c
    query = (
        sa.select(grant.account_id, grant.jurisdiction, grant.instrument)
        .join(ACCOUNT, ACCOUNT.c.account_id == grant.account_id)
        .where(grant.role == role, ACCOUNT.c.disabled.is_(False))
    )
    held: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(query):
        held.setdefault(row.account_id, []).append((row.jurisdiction, row.instrument))
    return sorted(
        account
        for account, grants in held.items()
        if all(any(j in (EVERY, place) and i in (EVERY, what) for j, i in grants) for place, what in pairs)
    )


def _is_active(connection: sa.Connection, account_id: str) -> bool:
    query = sa.select(ACCOUNT.c.account_id).where(ACCOUNT.c.account_id == account_id, ACCOUNT.c.disabled.is_(False))
    return connection.execute(query).first() is not None


def _pairs(connection: sa.Connection, submission_id: str) -> set[tuple[str, str]]:
    query = sa.select(BLOCK.c.jurisdiction, BLOCK.c.instrument).where(BLOCK.c.submission_id == submission_id).distinct()
    return {(row.jurisdiction, row.instrument) for row in connection.execute(query)}


def _content(connection: sa.Connection, row: Any) -> dict[str, Any]:
    """Which return it is, in codes: words are made when it is sent, in the language the person then has."""
    query = sa.select(BLOCK.c.period).where(BLOCK.c.submission_id == row.submission_id).distinct()
    periods = sorted(r.period for r in connection.execute(query))
    return {
        "submission_id": row.submission_id,
        "jurisdiction": row.jurisdiction,
        "instrument": row.instrument,
        "periods": periods,
    }
