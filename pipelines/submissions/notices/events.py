"""Who is told when something happens to a return.

| what happened | the sender | the approvers of the return's office |
|---|---|---|
| sent | `receipt` | `to_approve` |
| given back | `returned` | |
| approved | `approved` | |
| approved by a steward in the office's stead | `override` | `override` |
| a withdrawal is asked for | `to_withdraw` | `to_withdraw` |
| withdrawn after it was sent | `withdrawn` | `withdrawn` |

Whoever did it is not told of it; only a receipt goes to the person who sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.identity import EVERY, SYSTEM, Role
from pipelines.ledger.permissions import roles_for
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import ACCOUNT, ACCOUNT_GRANT, BLOCK, SUBMISSION
from pipelines.submissions.notices.queue import Kind, enqueue

NEWS = timedelta(days=7)
"""What happened longer ago is no news: a history that is entered afterwards mails nobody."""
_PLAN: dict[str, tuple[Kind | None, Kind | None]] = {
    # Action of the event: what its sender is told, what the approvers are told.
    "send": ("receipt", "to_approve"),
    "give_back": ("returned", None),
    "approve": ("approved", None),
    "override": ("override", "override"),
    "ask_withdrawal": ("to_withdraw", "to_withdraw"),
    "withdraw": ("withdrawn", "withdrawn"),
}


def on_events(connection: sa.Connection, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Enter the notices that events of the ledger ask for; returns their ids. The same few questions however many.

    An event has the columns of the table `event`; an approval whose payload says `override` is the steward's. Events
    that nobody is told of (a check, a draft taken back, a publication) enter nothing.
    """
    telling = [(event, action) for event in events if (action := _told_of(event)) is not None]
    if not telling:
        return []
    identities = sorted({str(event["submission_id"]) for event, _ in telling})
    rows = {
        row.submission_id: row
        for row in in_ids(connection, sa.select(SUBMISSION), SUBMISSION.c.submission_id, identities)
    }
    blocks: dict[str, list[Any]] = {}
    for block in in_ids(connection, sa.select(BLOCK), BLOCK.c.submission_id, identities):
        blocks.setdefault(block.submission_id, []).append(block)
    active, held = _active(connection), accounts_with_roles(connection, roles_for("approve", override=False))
    out = []
    for event, action in telling:
        row, own = rows[str(event["submission_id"])], blocks.get(str(event["submission_id"]), [])
        of_sender, of_approvers = _PLAN[action]
        told: dict[str, Kind] = {}
        if of_approvers is not None:
            told |= dict.fromkeys(_holding(held, {(b.jurisdiction, b.instrument) for b in own}), of_approvers)
        if of_sender is not None and row.sender in active:
            told[row.sender] = of_sender
        content = {
            # Which return it is, in codes: words are made when it is sent, in the language the person then has.
            "submission_id": row.submission_id,
            "jurisdiction": row.jurisdiction,
            "instrument": row.instrument,
            "periods": sorted({b.period for b in own}),
        }
        # Sent, given back and sent again within a day are two receipts: the event's time is part of what it is about.
        what, at = f"{row.submission_id} {action} {event['at']}", clock.parse(str(event["at"]))
        for account, kind in sorted(told.items()):
            if account != event["actor"] or kind == "receipt":
                done = enqueue(connection, account, kind, content, what=what, at=at)
                out += [done] if done is not None else []
    return out


def _told_of(event: Mapping[str, Any]) -> str | None:
    """The action under which an event is told, None where nobody is told of it."""
    action = str(event["action"])
    if action == "approve" and (event.get("payload") or {}).get("override"):
        action = "override"
    if action not in _PLAN or clock.now() - clock.parse(str(event["at"])) > NEWS:
        return None
    if action == "withdraw" and event["from_state"] not in ("sent", "approved", "published"):
        return None
    return action


_ACCOUNT = {"create": "created", "reset_password": "reset", "attempts": "attempts"}
"""Acts on accounts, as the audit log names them, of which the account is told."""


def on_account(connection: sa.Connection, action: str, account_ids: Iterable[str], by: str, **detail: Any) -> list[str]:
    """Enter what accounts are told of an act on them: made, given a new password, tried with many wrong ones; returns
    the notices' ids.

    Accounts that sign in elsewhere, and those that the machine itself makes, are not told that they were made. Of
    wrong passwords an account is told once a day, so that nobody can fill its box by them.
    """
    what = _ACCOUNT.get(action)
    if what is None or (what == "created" and by == SYSTEM):
        return []
    query = sa.select(ACCOUNT.c.account_id).where(
        ACCOUNT.c.account_id.in_(list(account_ids)), ACCOUNT.c.password_hash.is_not(None), ACCOUNT.c.disabled.is_(False)
    )
    content = {"what": what, **({"failed": detail["failed"]} if what == "attempts" else {})}
    out = []
    for row in connection.execute(query.order_by(ACCOUNT.c.account_id)):
        told_once = what if what == "attempts" else f"{what} {clock.stamp(clock.now())}"
        done = enqueue(connection, row.account_id, "account", content, what=told_once)
        out += [done] if done is not None else []
    return out


def accounts_with_roles(connection: sa.Connection, roles: Sequence[Role]) -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of jurisdiction and instrument for which each active account holds one of some roles."""
    grant = ACCOUNT_GRANT.c
    query = (
        sa.select(grant.account_id, grant.jurisdiction, grant.instrument)
        .join(ACCOUNT, ACCOUNT.c.account_id == grant.account_id)
        .where(grant.role.in_(roles), ACCOUNT.c.disabled.is_(False))
    )
    held: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(query):
        held.setdefault(row.account_id, []).append((row.jurisdiction, row.instrument))
    return held


def _holding(held: Mapping[str, Sequence[tuple[str, str]]], pairs: set[tuple[str, str]]) -> list[str]:
    """The accounts that hold the role for every one of some pairs; none where there is no pair."""
    return [
        account
        for account, grants in held.items()
        if pairs and all(any(j in (EVERY, place) and i in (EVERY, what) for j, i in grants) for place, what in pairs)
    ]


def _active(connection: sa.Connection) -> set[str]:
    query = sa.select(ACCOUNT.c.account_id).where(ACCOUNT.c.disabled.is_(False))
    return set(connection.execute(query).scalars())
