"""Find which accepted block of each key counts, and which later return replaced an earlier one.

The newest accepted block of a key counts. `export.py` applies the same rule to a history with withdrawals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.queries import in_ids, split_into_chunks
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.ledger.transitions import ACCEPTED

BlockKey = tuple[str, str, str, str, str]
_KEY = ("jurisdiction", "instrument", "form", "freq", "period")
_BLOCKS = sa.select(BLOCK)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
"""Submissions of a statement. Statements are made once: making one took longer than reading its rows."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A later accepted return that has replaced an earlier one since `since`, for the blocks in `keys`."""

    submission_id: str
    since: str
    keys: tuple[BlockKey, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the replacement as the command line and the API show it."""
        return {
            "submission_id": self.submission_id,
            "since": self.since,
            "periods": sorted({period for *_, period in self.keys}),
        }


def find_replaced_keys(engine: sa.Engine, submission_id: str) -> set[BlockKey]:
    """Return the block keys of one submission for which another submission is accepted."""
    with open_read_transaction(engine) as connection:
        return replaced_blocks(connection, [submission_id]).get(submission_id, set())


def accepted_blocks(
    engine: sa.Engine, *, before: str | None = None, jurisdictions: Iterable[str] | None = None
) -> dict[BlockKey, str]:
    """Return, by block key, the submission with the newest accepted block, now or before a given time."""
    values: dict[str, Any] = {} if before is None else {"before": before}
    if jurisdictions is not None:
        values["areas"] = sorted(set(jurisdictions))
    with open_read_transaction(engine) as connection:
        rows = connection.execute(_select_current_blocks(frozenset(values)), values)
        return {_block_key(row): row.submission_id for row in rows}


@cache
def _select_current_blocks(parameters: frozenset[str]) -> sa.Select[Any]:
    """Return the query of the blocks that count, with conditions for the parameters that it will be given."""
    conditions = []
    if "before" in parameters:
        conditions.append(SUBMISSION.c.accepted_at < sa.bindparam("before"))
    if "areas" in parameters:
        conditions.append(BLOCK.c.jurisdiction.in_(sa.bindparam("areas", expanding=True)))
    accepted = _acceptances(*conditions)
    return sa.select(accepted).where(accepted.c.next_submission_id.is_(None))


def previous_blocks(connection: sa.Connection, submission_id: str, accepted_at: str) -> dict[BlockKey, str | None]:
    """Return, for each block of a submission about to be accepted, the submission with the previous accepted block.

    A block without a predecessor maps to None.
    """
    values = {"before": accepted_at, "own": submission_id, "ids": [submission_id]}
    own_blocks = connection.execute(sa.select(BLOCK).where(BLOCK.c.submission_id == submission_id)).all()
    holders: dict[BlockKey, str | None] = {_block_key(row): None for row in own_blocks}
    return holders | {
        _block_key(row): row.submission_id for row in connection.execute(_select_previous_blocks(), values)
    }


@cache
def _select_previous_blocks() -> sa.Select[Any]:
    accepted = _acceptances(
        SUBMISSION.c.accepted_at <= sa.bindparam("before"), SUBMISSION.c.submission_id != sa.bindparam("own"), ids=_IDS
    )
    return sa.select(accepted).where(accepted.c.next_submission_id.is_(None))


def find_replacements(engine: sa.Engine, ids: Sequence[str]) -> dict[str, tuple[Replacement, ...]]:
    """Return the later returns that replaced each accepted one, oldest first; returns still current are left out.

    The successor of a block is the next block that is still accepted: if that is withdrawn, the block counts again.
    """
    keys_by_successor: dict[str, dict[tuple[str, str], list[BlockKey]]] = {}
    with open_read_transaction(engine) as connection:
        for chunk in split_into_chunks(ids):
            for row in connection.execute(_select_successors(), {"ids": chunk}):
                successor = (row.next_accepted_at, row.next_submission_id)
                keys_by_successor.setdefault(row.submission_id, {}).setdefault(successor, []).append(_block_key(row))
    return {
        identity: tuple(Replacement(by, since, tuple(sorted(keys))) for (since, by), keys in sorted(groups.items()))
        for identity, groups in keys_by_successor.items()
    }


@cache
def _select_successors() -> sa.Select[Any]:
    """Return the query of the accepted blocks of some submissions that have a successor."""
    # Earlier acceptances cannot be successors. For the newest returns this leaves very few rows to read.
    oldest = sa.select(sa.func.min(SUBMISSION.c.accepted_at)).where(SUBMISSION.c.submission_id.in_(_IDS))
    accepted = _acceptances(SUBMISSION.c.accepted_at >= oldest.correlate(None).scalar_subquery(), ids=_IDS)
    return sa.select(accepted).where(accepted.c.submission_id.in_(_IDS), accepted.c.next_submission_id.is_not(None))


def is_replaced() -> sa.ColumnElement[bool]:
    """Return the SQL condition that a row of `submission` is accepted but all of its blocks were replaced."""
    own_block, later_block, later = BLOCK.alias("own"), BLOCK.alias("other"), SUBMISSION.alias("later")
    order, next_order = EVENT.alias("own_order"), EVENT.alias("next_order")
    is_later = sa.or_(
        later.c.accepted_at > SUBMISSION.c.accepted_at,
        sa.and_(later.c.accepted_at == SUBMISSION.c.accepted_at, next_order.c.event_id > order.c.event_id),
    )
    has_successor = (
        sa.select(sa.literal(1))
        .select_from(later_block)
        .join(later, later.c.submission_id == later_block.c.submission_id)
        .join(next_order, _is_approval_of(next_order, later))
        .where(_same_key(own_block, later_block), later.c.state.in_(ACCEPTED), is_later)
        .correlate(own_block, order, SUBMISSION)
        .exists()
    )
    blocks_of = (
        sa.select(sa.literal(1)).select_from(own_block).where(own_block.c.submission_id == SUBMISSION.c.submission_id)
    )
    current = (
        sa.select(sa.literal(1))
        .select_from(own_block)
        .join(order, _is_approval_of(order, own_block))
        .where(own_block.c.submission_id == SUBMISSION.c.submission_id, ~has_successor)
    )
    return sa.and_(
        SUBMISSION.c.state.in_(ACCEPTED),
        blocks_of.correlate(SUBMISSION).exists(),
        ~current.correlate(SUBMISSION).exists(),
    )


def block_keys(connection: sa.Connection, ids: Sequence[str]) -> dict[str, set[BlockKey]]:
    """Return the block keys of each submission."""
    keys_by_submission: dict[str, set[BlockKey]] = {}
    for row in in_ids(connection, _BLOCKS, BLOCK.c.submission_id, ids):
        keys_by_submission.setdefault(row.submission_id, set()).add(_block_key(row))
    return keys_by_submission


def find_newest_arrivals(
    connection: sa.Connection, territory: str, instruments: Iterable[str], periods: Iterable[str] | None = None
) -> set[tuple[str, str]]:
    """Return submission and period of each block of a territory that no later arrival has, in any state.

    Files that were not read yet and withdrawn returns are left out. `periods` limits the blocks. The database compares
    the arrivals, so that as many rows are read as there are blocks, however often each was sent.
    """
    order = [SUBMISSION.c.received_at.desc(), SUBMISSION.c.submission_id.desc()]
    place = sa.func.row_number().over(partition_by=[BLOCK.c[name] for name in _KEY], order_by=order)
    query = (
        sa.select(SUBMISSION.c.submission_id, BLOCK.c.period, place.label("place"))
        .join(BLOCK, BLOCK.c.submission_id == SUBMISSION.c.submission_id)
        .where(
            SUBMISSION.c.territory == territory,
            SUBMISSION.c.instrument.in_(list(instruments)),
            SUBMISSION.c.state.not_in(["received", "withdrawn"]),
        )
    )
    if periods is not None:
        query = query.where(BLOCK.c.period.in_(list(periods)))
    arrivals = query.subquery()
    newest = sa.select(arrivals.c.submission_id, arrivals.c.period).where(arrivals.c.place == 1)
    return {(row.submission_id, row.period) for row in connection.execute(newest)}


def replaced_blocks(connection: sa.Connection, ids: Sequence[str]) -> dict[str, set[BlockKey]]:
    """Return, by submission, the block keys for which another submission is accepted; others are left out."""
    query, own_id = _select_replaced_blocks()
    keys: dict[str, set[BlockKey]] = {}
    for row in in_ids(connection, query, own_id, ids):
        keys.setdefault(row.submission_id, set()).add(_block_key(row))
    return keys


@cache
def _select_replaced_blocks() -> tuple[sa.Select[Any], sa.ColumnElement[Any]]:
    """Return the query of blocks for which another submission is accepted, and its column of submissions."""
    own_block, other_block = BLOCK.alias("mine"), BLOCK.alias("other")
    accepted_elsewhere = (
        sa.select(sa.literal(1))
        .select_from(other_block)
        .join(SUBMISSION, SUBMISSION.c.submission_id == other_block.c.submission_id)
        .where(
            _same_key(own_block, other_block),
            other_block.c.submission_id != own_block.c.submission_id,
            SUBMISSION.c.state.in_(ACCEPTED),
        )
        .exists()
    )
    return sa.select(own_block).where(accepted_elsewhere), own_block.c.submission_id


def newest_accepted(connection: sa.Connection, submission_id: str) -> str | None:
    """Return when the newest other accepted return that shares a block key was accepted, or None."""
    own_block, other_block = BLOCK.alias("mine"), BLOCK.alias("other")
    query = (
        sa.select(sa.func.max(SUBMISSION.c.accepted_at))
        .select_from(own_block)
        .join(
            other_block,
            sa.and_(_same_key(own_block, other_block), other_block.c.submission_id != own_block.c.submission_id),
        )
        .join(SUBMISSION, SUBMISSION.c.submission_id == other_block.c.submission_id)
        .where(own_block.c.submission_id == submission_id, SUBMISSION.c.state.in_(ACCEPTED))
    )
    newest: str | None = connection.execute(query).scalar_one()
    return newest


def _block_key(row: sa.Row[Any]) -> BlockKey:
    return (row.jurisdiction, row.instrument, row.form, row.freq, row.period)


def _same_key(first: sa.FromClause, second: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*(first.c[name] == second.c[name] for name in _KEY))


def _is_approval_of(event: sa.FromClause, submission: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the SQL condition that an event accepted a submission.

    There is at most one such event, because an accepted submission is never sent again.
    """
    return sa.and_(event.c.submission_id == submission.c.submission_id, event.c.action == "approve")


def _acceptances(*conditions: sa.ColumnElement[bool], ids: sa.BindParameter[Any] | None = None) -> sa.Subquery:
    """Return the blocks of accepted submissions, each with its successor: the next accepted block of the same key.

    `next_submission_id` is null for the current block of a key. Acceptances in the same second are ordered by their
    events. `ids` limits the keys to those of some submissions. `export.py` applies the same rule to a history with
    withdrawals; here, withdrawn blocks are ignored.
    """
    key = [BLOCK.c[name] for name in _KEY]
    order = (SUBMISSION.c.accepted_at, EVENT.c.event_id)
    window: dict[str, Any] = {"partition_by": key, "order_by": order}
    query = (
        sa.select(
            *key,
            BLOCK.c.submission_id,
            sa.func.lead(BLOCK.c.submission_id).over(**window).label("next_submission_id"),
            sa.func.lead(SUBMISSION.c.accepted_at).over(**window).label("next_accepted_at"),
        )
        .join(SUBMISSION, SUBMISSION.c.submission_id == BLOCK.c.submission_id)
        .join(EVENT, _is_approval_of(EVENT, SUBMISSION))
        .where(SUBMISSION.c.state.in_(ACCEPTED), *conditions)
    )
    if ids is not None:
        own_block = BLOCK.alias("own")
        keys = (
            sa.select(*(own_block.c[name] for name in _KEY))
            .where(own_block.c.submission_id.in_(ids))
            .distinct()
            .subquery()
        )
        query = query.join(keys, sa.and_(*(keys.c[name] == BLOCK.c[name] for name in _KEY)))
    return query.subquery()
