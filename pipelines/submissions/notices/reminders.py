"""Remind submitters of the returns that their offices must send.

Each person gets one mail a day about everything that is due. If the machine was off on a day, the reminder follows on
the next days; so it does if no mail could be sent until the reminder was too old. Returns that have been sent are left
out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.permissions import roles_for
from pipelines.ledger.schema import ACCOUNT, ACCOUNT_GRANT
from pipelines.submissions.notices.queue import Notice, enqueue_notice, is_stale, of_kind_since
from pipelines.submissions.timetable.board import ExpectedReturn, build_board
from pipelines.submissions.timetable.deadlines import within_pairs

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

DAYS = (-14, -3, 1, 7)
"""Days relative to the end of the collection on which people are reminded of a return that is not in."""
CATCH_UP = 2
"""Days after such a day on which a missed reminder is still sent."""
_PERIODS = 4
_PAUSE = timedelta(days=CATCH_UP + 2)

Item = tuple[str, str, str, str, str, int]
"""Key of a reminder that a person gets once: the key of the deadline, and the day in `DAYS`."""


def enqueue_reminders(home: Home, engine: sa.Engine, registry: Registry, *, today: date | None = None) -> int:
    """Enqueue today's reminders and return how many people get one. Safe to run repeatedly or in two processes.

    Recipients are all enabled accounts with the role of a submitter for the office's returns.
    """
    day = today or clock.now().date()
    now = clock.now() if today is None else datetime.combine(day, time(6), UTC)
    due = [
        (cell, offset)
        for cell in _find_missing(engine, registry, day)
        if (offset := _due_offset(cell, day)) is not None
    ]
    if not due:
        return 0
    count = 0
    with open_write_transaction(engine) as connection:
        past = of_kind_since(connection, "reminder", now - _PAUSE)
        # A reminder that is too old to send has reminded nobody, so today's takes its place.
        reminded = _past_reminders([n for n in past if n.sent_at is not None or not is_stale(n, now)])
        for account, pairs in _select_submitters(connection).items():
            items = [
                _as_item(cell, offset)
                for cell, offset in due
                if within_pairs(cell.deadline.jurisdiction, cell.deadline.instrument, pairs)
                and (*cell.deadline.key, offset) not in reminded[account]
            ]
            if not items:
                continue
            items.sort(key=lambda item: (item["due"], item["jurisdiction"], item["instrument"], item["source"]))
            # The id depends only on person and day, so that there is never more than one mail a day.
            if enqueue_notice(connection, account, "reminder", {"items": items}, what="", at=now) is not None:
                count += 1
    return count


def _find_missing(engine: sa.Engine, registry: Registry, day: date) -> list[ExpectedReturn]:
    """Return the expected returns that are not in on a day, of the last periods and the current one."""
    # A collection may close less than 14 days after the period: its first reminder then falls within the period.
    cells: dict[tuple[str, ...], ExpectedReturn] = {}
    for moment in (day, day + timedelta(days=max(-d for d in DAYS))):
        timetable = build_board(engine, registry, [("*", "*")], today=moment, periods=_PERIODS)
        cells |= {cell.deadline.key: cell for row in timetable.rows for cell in row.cells}
    return [cell for cell in cells.values() if not cell.is_in]


def _due_offset(cell: ExpectedReturn, day: date) -> int | None:
    """Return the latest day in `DAYS` that was reached today or up to `CATCH_UP` days ago, or None."""
    past = (day - cell.deadline.collection).days
    reached = [offset for offset in DAYS if 0 <= past - offset <= CATCH_UP]
    return max(reached) if reached else None


def _as_item(cell: ExpectedReturn, offset: int) -> dict[str, Any]:
    deadline = cell.deadline
    return {
        "jurisdiction": deadline.jurisdiction,
        "territory": deadline.territory,
        "instrument": deadline.instrument,
        "source": deadline.source,
        "freq": deadline.freq,
        "period": deadline.period,
        "due": deadline.collection.isoformat(),
        "day": offset,
        "state": cell.state,
    }


def _past_reminders(notices: list[Notice]) -> Mapping[str, set[Item]]:
    reminded: dict[str, set[Item]] = defaultdict(set)
    for notice in notices:
        for item in notice.content["items"]:
            reminded[notice.account_id].add(
                (item["jurisdiction"], item["instrument"], item["source"], item["freq"], item["period"], item["day"])
            )
    return reminded


def _select_submitters(connection: sa.Connection) -> dict[str, list[tuple[str, str]]]:
    grant = ACCOUNT_GRANT.c
    query = (
        sa.select(grant.account_id, grant.jurisdiction, grant.instrument)
        .join(ACCOUNT, ACCOUNT.c.account_id == grant.account_id)
        .where(grant.role.in_(roles_for("receive")), ACCOUNT.c.disabled.is_(False))
        .order_by(grant.account_id)
    )
    pairs_by_account: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in connection.execute(query):
        pairs_by_account[row.account_id].append((row.jurisdiction, row.instrument))
    return pairs_by_account
