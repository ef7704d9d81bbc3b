"""Decide who is notified when something happens to a return or an account.

| what happened | the sender | the approvers of the return's office |
|---|---|---|
| sent | `receipt` | `to_approve` |
| given back | `returned` | |
| approved | `approved` | |
| approved by a steward instead of the office | `override` | `override` |
| a withdrawal is asked for | `to_withdraw` | `to_withdraw` |
| withdrawn after it was sent | `withdrawn` | `withdrawn` |

The person who acted is not notified, except for the receipt, which goes to the sender.
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
from pipelines.submissions.notices.queue import Kind, enqueue_notice

NEWS = timedelta(days=7)
"""Maximum age of an event for a notice, so that recording an old history sends no mail."""
_RECIPIENTS: dict[str, tuple[Kind | None, Kind | None]] = {
    # Action of the event: kind of notice for the sender, kind for the approvers.
    "send": ("receipt", "to_approve"),
    "give_back": ("returned", None),
    "approve": ("approved", None),
    "override": ("override", "override"),
    "ask_withdrawal": ("to_withdraw", "to_withdraw"),
    "withdraw": ("withdrawn", "withdrawn"),
}


_SUBMISSIONS, _BLOCKS = sa.select(SUBMISSION), sa.select(BLOCK)


def on_events(connection: sa.Connection, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Enqueue the notices about events of the ledger and return their ids.

    The number of queries does not grow with that of the events. An event has the columns of the table `event`; an
    approval with `override` in its payload is by a steward. Other events (a check, a withdrawn draft, a publication)
    give no notice.
    """
    notifiable = [(event, action) for event in events if (action := _notifiable_action(event)) is not None]
    if not notifiable:
        return []
    identities = sorted({str(event["submission_id"]) for event, _ in notifiable})
    rows = {row.submission_id: row for row in in_ids(connection, _SUBMISSIONS, SUBMISSION.c.submission_id, identities)}
    blocks: dict[str, list[Any]] = {}
    for block in in_ids(connection, _BLOCKS, BLOCK.c.submission_id, identities):
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
            # The return in codes; its text is made when the notice is sent, in the person's language at that time.
            "submission_id": row.submission_id,
            "jurisdiction": row.jurisdiction,
            "instrument": row.instrument,
            "periods": sorted({b.period for b in own_blocks}),
        }
        # A return that is sent, given back and sent again within a day has two receipts, so the key has the time.
        key, at = f"{row.submission_id} {action} {event['at']}", clock.parse_time(str(event["at"]))
        for account, kind in sorted(recipients.items()):
            if account != event["actor"] or kind == "receipt":
                new_id = enqueue_notice(connection, account, kind, content, what=key, at=at)
                notice_ids += [new_id] if new_id is not None else []
    return notice_ids


def _notifiable_action(event: Mapping[str, Any]) -> str | None:
    """Return the action in `_RECIPIENTS` for an event, or None if nobody is notified."""
    action = str(event["action"])
    if action == "approve" and (event.get("payload") or {}).get("override"):
        action = "override"
    if action not in _RECIPIENTS or clock.now() - clock.parse_time(str(event["at"])) > NEWS:
        return None
    if action == "withdraw" and event["from_state"] not in ("sent", "approved", "published"):
        return None
    return action


_ACCOUNT_NEWS = {"create": "created", "reset_password": "reset", "attempts": "attempts"}
"""Acts on accounts, as named in the audit log, about which the account is notified."""


def on_account(connection: sa.Connection, action: str, account_ids: Iterable[str], by: str, **detail: Any) -> list[str]:
    """Enqueue notices to accounts that were created, got a new password, or had many wrong ones; return their ids.

    Accounts that sign in through a provider, and new ones created by the machine itself, get no notice. Wrong
    passwords give one notice a day, so that nobody can flood a mailbox with them.
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
        key = news if news == "attempts" else f"{news} {clock.format_timestamp(clock.now())}"
        new_id = enqueue_notice(connection, row.account_id, "account", content, what=key)
        notice_ids += [new_id] if new_id is not None else []
    return notice_ids


def accounts_with_roles(connection: sa.Connection, roles: Sequence[Role]) -> dict[str, list[tuple[str, str]]]:
    """Return, by active account, the pairs of jurisdiction and instrument for which it holds one of the roles."""
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
    """Return the accounts whose grants cover all of the pairs, or nothing without pairs."""
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
