"""Reminders: of what is due of an office, to those who submit for it.

One mail a person a day over all that is due.  A day on which the machine stood still is made up for on the next ones.
What has been sent is not asked for again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import writing
from pipelines.ledger.permissions import roles_for
from pipelines.ledger.schema import ACCOUNT, ACCOUNT_GRANT
from pipelines.submissions.notices.queue import Notice, enqueue, of_kind_since
from pipelines.submissions.timetable.board import Cell, board
from pipelines.submissions.timetable.deadlines import within_pairs

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

DAYS = (-14, -3, 1, 7)
"""Days from the end of the collection on which a return that is not in is asked for."""
CATCH_UP = 2
"""Days after such a day on which it is made up for, where nothing was sent on it."""
_PERIODS = 4
_PAUSE = timedelta(days=CATCH_UP + 2)

Item = tuple[str, str, str, str, str, int]
"""What a person is reminded of once: the key of the deadline, and the day of `DAYS`."""


def remind(home: Home, engine: sa.Engine, registry: Registry, *, today: date | None = None) -> int:
    """Enter today's reminders; returns how many people get one. Twice a day, or in two processes, changes nothing.

    Reminded is whoever has the role of a submitter of the office's returns and is not disabled.
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
    with writing(engine) as connection:
        reminded = _past_reminders(of_kind_since(connection, "reminder", now - _PAUSE))
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
            # The id is of person and day alone, so that whatever happens there is one mail a day.
            if enqueue(connection, account, "reminder", {"items": items}, what="", at=now) is not None:
                count += 1
    return count


def _find_missing(engine: sa.Engine, registry: Registry, day: date) -> list[Cell]:
    """Returns not in on a day, of the last periods and the running one."""
    # A collection may close less than 14 days after the period: its first reminder then falls within the period.
    cells: dict[tuple[str, ...], Cell] = {}
    for moment in (day, day + timedelta(days=max(-d for d in DAYS))):
        timetable = board(engine, registry, [("*", "*")], today=moment, periods=_PERIODS)
        cells |= {cell.deadline.key: cell for row in timetable.rows for cell in row.cells}
    return [cell for cell in cells.values() if not cell.is_in]


def _due_offset(cell: Cell, day: date) -> int | None:
    """The newest day of `DAYS` that has come, where it came today or shortly before."""
    past = (day - cell.deadline.collection).days
    reached = [offset for offset in DAYS if 0 <= past - offset <= CATCH_UP]
    return max(reached) if reached else None


def _as_item(cell: Cell, offset: int) -> dict[str, Any]:
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
