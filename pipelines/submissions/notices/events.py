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
_RECIPIENTS: dict[str, tuple[Kind | None, Kind | None]] = {
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
    notifiable = [(event, action) for event in events if (action := _notifiable_action(event)) is not None]
    if not notifiable:
        return []
    identities = sorted({str(event["submission_id"]) for event, _ in notifiable})
    rows = {
        row.submission_id: row
        for row in in_ids(connection, sa.select(SUBMISSION), SUBMISSION.c.submission_id, identities)
    }
    blocks: dict[str, list[Any]] = {}
    for block in in_ids(connection, sa.select(BLOCK), BLOCK.c.submission_id, identities):
        blocks.setdefault(block.submission_id, []).append(block)
    active, grants_by_account = (
        _select_active(connection),
        accounts_with_roles(connection, roles_for("approve", override=False)),
    )
    notice_ids = []
    for event, action in notifiable:
        row, own_blocks = rows[str(event["submission_id"])], blocks.get(str(event["submission_id"]), [])
        sender_kind, approver_kind = _RECIPIENTS[action]
        recipients: dict[str, Kind] = {}
        if approver_kind is not None:
            recipients |= dict.fromkeys(
                _accounts_for_all(grants_by_account, {(b.jurisdiction, b.instrument) for b in own_blocks}),
                approver_kind,
            )
        if sender_kind is not None and row.sender in active:
            recipients[row.sender] = sender_kind
        content = {
            # Which return it is, in codes: words are made when it is sent, in the language the person then has.
            "submission_id": row.submission_id,
            "jurisdiction": row.jurisdiction,
            "instrument": row.instrument,
            "periods": sorted({b.period for b in own_blocks}),
        }
        # Sent, given back and sent again within a day are two receipts: the event's time is part of what it is about.
        key, at = f"{row.submission_id} {action} {event['at']}", clock.parse(str(event["at"]))
        for account, kind in sorted(recipients.items()):
            if account != event["actor"] or kind == "receipt":
                new_id = enqueue(connection, account, kind, content, what=key, at=at)
                notice_ids += [new_id] if new_id is not None else []
    return notice_ids


def _notifiable_action(event: Mapping[str, Any]) -> str | None:
    """The action under which an event is told, None where nobody is told of it."""
    action = str(event["action"])
    if action == "approve" and (event.get("payload") or {}).get("override"):
        action = "override"
    if action not in _RECIPIENTS or clock.now() - clock.parse(str(event["at"])) > NEWS:
        return None
    if action == "withdraw" and event["from_state"] not in ("sent", "approved", "published"):
        return None
    return action


_ACCOUNT_NEWS = {"create": "created", "reset_password": "reset", "attempts": "attempts"}
"""Acts on accounts, as the audit log names them, of which the account is told."""


def on_account(connection: sa.Connection, action: str, account_ids: Iterable[str], by: str, **detail: Any) -> list[str]:
    """Enter what accounts are told of an act on them: made, given a new password, tried with many wrong ones; returns
    the notices' ids.

    Accounts that sign in elsewhere, and those that the machine itself makes, are not told that they were made. Of
    wrong passwords an account is told once a day, so that nobody can fill its box by them.
    """
    news = _ACCOUNT_NEWS.get(action)
    if news is None or (news == "created" and by == SYSTEM):
        return []
    query = sa.select(ACCOUNT.c.account_id).where(
        ACCOUNT.c.account_id.in_(list(account_ids)), ACCOUNT.c.password_hash.is_not(None), ACCOUNT.c.disabled.is_(False)
    )
    content = {"what": news, **({"failed": detail["failed"]} if news == "attempts" else {})}
    notice_ids = []
    for row in connection.execute(query.order_by(ACCOUNT.c.account_id)):
        key = news if news == "attempts" else f"{news} {clock.stamp(clock.now())}"
        new_id = enqueue(connection, row.account_id, "account", content, what=key)
        notice_ids += [new_id] if new_id is not None else []
    return notice_ids


def accounts_with_roles(connection: sa.Connection, roles: Sequence[Role]) -> dict[str, list[tuple[str, str]]]:
    """Return the pairs of jurisdiction and instrument for which each active account holds one of some roles."""
    grant = ACCOUNT_GRANT.c
    query = (
        sa.select(grant.account_id, grant.jurisdiction, grant.instrument)
        .join(ACCOUNT, ACCOUNT.c.account_id == grant.account_id)
        .where(grant.role.in_(roles), ACCOUNT.c.disabled.is_(False))
    )
    pairs_by_account: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(query):
        pairs_by_account.setdefault(row.account_id, []).append((row.jurisdiction, row.instrument))
    return pairs_by_account


def _accounts_for_all(
    grants_by_account: Mapping[str, Sequence[tuple[str, str]]], pairs: set[tuple[str, str]]
) -> list[str]:
    """The accounts that hold the role for every one of some pairs; none where there is no pair."""
    return [
        account
        for account, grants in grants_by_account.items()
        if pairs
        and all(
            any(j in (EVERY, jurisdiction) and i in (EVERY, instrument) for j, i in grants)
            for jurisdiction, instrument in pairs
        )
    ]


def _select_active(connection: sa.Connection) -> set[str]:
    query = sa.select(ACCOUNT.c.account_id).where(ACCOUNT.c.disabled.is_(False))
    return set(connection.execute(query).scalars())
