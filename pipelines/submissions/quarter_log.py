"""Carry out the acts of a quarter's round that need no person, once each, and record them in the audit log.

The ledger knows what was done, not the orchestrator: an act is entered in one transaction with its notices, so that two
processes, or one that was killed, never send them twice or lose them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log, clock_guard
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import SYSTEM
from pipelines.ledger.schema import AUDIT
from pipelines.submissions.notices.queue import enqueue_notice

QuarterAct = Literal["open_collection", "close_collection", "open_queries", "ask_signatures"]
QUARTER_ACTS: tuple[QuarterAct, ...] = get_args(QuarterAct)
_PREFIX = "quarter."
"""The action of an entry is this and the act; its subject is the quarter."""


@dataclass(frozen=True, slots=True)
class QuarterNotice:
    """A notice of an act to one account; `content` has codes and days only."""

    account_id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act that was carried out. `key` is what it was for, such as the digest of a draft; empty if once a quarter."""

    act: QuarterAct
    quarter: str
    key: str
    at: str


def carry_out(
    engine: sa.Engine, act: QuarterAct, quarter: str, notices: Sequence[QuarterNotice], *, key: str = ""
) -> int | None:
    """Record an act and enqueue its notices. Return their number, or None if it was carried out before.

    Raises ClockSetBackError.
    """
    with open_write_transaction(engine) as connection:
        if any(entry.act == act and entry.key == key for entry in _select_acts(connection, quarter)):
            return None
        clock_guard.refuse_clock_set_back(connection)
        now = clock.now()
        entered = [
            enqueue_notice(connection, notice.account_id, "quarter", notice.content, what=f"{act} {quarter}", at=now)
            for notice in notices
        ]
        sent = sum(notice is not None for notice in entered)
        audit_log.append_entry(
            connection,
            at=now,
            actor=SYSTEM,
            action=f"{_PREFIX}{act}",
            subject=quarter,
            detail={"key": key, "notices": sent},
        )
    return sent


def read_quarter_acts(engine: sa.Engine, quarter: str) -> list[RecordedAct]:
    """Return the acts of a quarter that were carried out, oldest first."""
    with open_read_transaction(engine) as connection:
        return _select_acts(connection, quarter)


def _select_acts(connection: sa.Connection, quarter: str) -> list[RecordedAct]:
    actions = {f"{_PREFIX}{act}": act for act in QUARTER_ACTS}
    query = sa.select(AUDIT).where(AUDIT.c.subject == quarter, AUDIT.c.action.in_(list(actions)))
    return [
        RecordedAct(actions[row.action], row.subject, json.loads(row.detail)["key"], row.at)
        for row in connection.execute(query.order_by(AUDIT.c.seq))
    ]
