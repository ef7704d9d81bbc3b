"""Questions to the ledger; nothing here writes.

Belongs here: every SQL select on the ledger that more than one part asks.  Does not belong here: the export as Parquet
(`export.py`), the transition functions (`ledger.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.intake.database import reading
from pipelines.intake.schema import BLOCK, EVENT, JUSTIFICATION, SUBMISSION
from pipelines.intake.transitions import ACCEPTED, State, TransitionError, not_there
from pipelines.locales import mark

_CHUNK = 1_000
"""Values in one `in (…)`: SQLite takes 32,766 parameters, PostgreSQL's driver 65,535."""

BlockKey = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A later accepted return in whose place an earlier one counted until `since`, for some of its blocks."""

    submission_id: str
    since: str
    keys: tuple[BlockKey, ...]

    def as_json(self) -> dict[str, Any]:
        """What the command line and the API say of it."""
        return {
            "submission_id": self.submission_id,
            "since": self.since,
            "periods": sorted({period for *_, period in self.keys}),
        }


@dataclass(frozen=True, slots=True)
class Submission:
    """One row of the ledger; times are texts as `clock.stamp()` writes them."""

    submission_id: str
    sha256: str
    size: int
    filename: str
    format: str | None
    territory: str | None
    form: str | None
    kind: str | None
    received_at: str
    sender: str
    state: State
    accepted_at: str | None
    declaration_hash: str | None
    rules_version: str | None
    errors: int | None
    warnings: int | None
    informations: int | None
    corrects_submission_id: str | None
    demonstration: bool
    jurisdiction: str | None = None
    instrument: str | None = None
    revision_reason: str | None = None


def submissions(
    engine: sa.Engine,
    *,
    states: Iterable[str] | None = None,
    territory: str | None = None,
    ids: Sequence[str] | None = None,
) -> list[Submission]:
    """Submissions by arrival, all or those asked for. `territory` leaves out those not yet recognised."""
    query = sa.select(SUBMISSION).order_by(SUBMISSION.c.received_at, SUBMISSION.c.submission_id)
    if states is not None:
        query = query.where(SUBMISSION.c.state.in_(list(states)))
    if territory is not None:
        query = query.where(SUBMISSION.c.territory == territory)
    with reading(engine) as connection:
        rows = connection.execute(query) if ids is None else in_ids(connection, query, SUBMISSION.c.submission_id, ids)
        return [Submission(**row._mapping) for row in rows]


def find(engine: sa.Engine, text: str) -> Submission:
    """The submission with this id, or the only one whose id begins so. Raises TransitionError in words."""
    query = sa.select(SUBMISSION).where(SUBMISSION.c.submission_id.startswith(text, autoescape=True)).limit(3)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise not_there(text)
    if len(rows) > 1:
        raise TransitionError(mark("{text} begins more than one submission's id; write more of it."), text=text)
    return Submission(**rows[0]._mapping)


def same_file(engine: sa.Engine, sha256: str) -> list[Submission]:
    """Submissions of the same bytes, by arrival."""
    query = sa.select(SUBMISSION).where(SUBMISSION.c.sha256 == sha256)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(SUBMISSION.c.received_at, SUBMISSION.c.submission_id)).all()
        return [Submission(**row._mapping) for row in rows]


def blocks(engine: sa.Engine, submission_id: str) -> list[dict[str, Any]]:
    """The blocks of one submission, by key."""
    query = sa.select(BLOCK).where(BLOCK.c.submission_id == submission_id)
    with reading(engine) as connection:
        return [dict(r._mapping) for r in connection.execute(query.order_by(*BLOCK.primary_key.columns))]


def events(engine: sa.Engine, submission_id: str | None = None, *, after: int = 0) -> list[dict[str, Any]]:
    """Events in order, of one submission or of all, from behind an event id (a sensor's cursor)."""
    query = sa.select(EVENT).where(EVENT.c.event_id > after).order_by(EVENT.c.event_id)
    if submission_id is not None:
        query = query.where(EVENT.c.submission_id == submission_id)
    with reading(engine) as connection:
        return [dict(r._mapping) for r in connection.execute(query)]


def last_event_id(engine: sa.Engine) -> int:
    """Return the id of the newest event, 0 if there is none."""
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.max(EVENT.c.event_id))).scalar() or 0)


def justifications(engine: sa.Engine, submission_id: str) -> list[dict[str, Any]]:
    """The justifications of one submission, by finding."""
    query = sa.select(JUSTIFICATION).where(JUSTIFICATION.c.submission_id == submission_id)
    with reading(engine) as connection:
        return [dict(r._mapping) for r in connection.execute(query.order_by(JUSTIFICATION.c.finding_key))]


def unjustified(engine: sa.Engine, submission_id: str) -> list[tuple[str, str]]:
    """(finding key, rule) of each warning of one submission that lacks its justification."""
    with reading(engine) as connection:
        return open_warnings(connection, [submission_id]).get(submission_id, [])


def replaced(engine: sa.Engine, submission_id: str) -> set[BlockKey]:
    """The keys of one submission for which another one is accepted."""
    with reading(engine) as connection:
        return replaced_blocks(connection, [submission_id]).get(submission_id, set())


def pairs(engine: sa.Engine, submission_id: str) -> tuple[tuple[str, str], ...]:
    """(jurisdiction, instrument) of all that one submission is about; nothing as long as no form is recognised."""
    own = sa.select(SUBMISSION.c.jurisdiction, SUBMISSION.c.instrument).where(
        SUBMISSION.c.submission_id == submission_id
    )
    blocks_of = sa.select(BLOCK.c.jurisdiction, BLOCK.c.instrument).where(BLOCK.c.submission_id == submission_id)
    with reading(engine) as connection:
        found = {(r.jurisdiction, r.instrument) for r in connection.execute(sa.union(own, blocks_of))}
    return tuple(sorted((j, i) for j, i in found if j is not None and i is not None))


def accepted_blocks(engine: sa.Engine, *, before: str | None = None) -> dict[BlockKey, str]:
    """For each block key the submission whose block is the newest accepted one, at a moment or now."""
    order = _acceptance_order()
    query = (
        sa.select(BLOCK, SUBMISSION.c.accepted_at, order.c.event_id)
        .join(SUBMISSION, SUBMISSION.c.submission_id == BLOCK.c.submission_id)
        .join(order, order.c.submission_id == BLOCK.c.submission_id)
        .where(SUBMISSION.c.state.in_(ACCEPTED))
        .order_by(SUBMISSION.c.accepted_at, order.c.event_id)
    )
    if before is not None:
        query = query.where(SUBMISSION.c.accepted_at < before)
    with reading(engine) as connection:
        return {
            (r.jurisdiction, r.instrument, r.form, r.freq, r.period): r.submission_id for r in connection.execute(query)
        }


def previous_blocks(connection: sa.Connection, submission_id: str, accepted_at: str) -> dict[BlockKey, str | None]:
    """For each block of a submission about to be accepted, the submission that holds the newest accepted one before.

    Raises nothing; a block without a predecessor has None.
    """
    mine, other = BLOCK.alias("mine"), BLOCK.alias("other")
    order = _acceptance_order()
    same = sa.and_(
        *(mine.c[n] == other.c[n] for n in ("jurisdiction", "instrument", "form", "freq", "period")),
        other.c.submission_id != submission_id,
    )
    query = (
        sa.select(other, order.c.event_id)
        .select_from(mine)
        .join(other, same)
        .join(SUBMISSION, SUBMISSION.c.submission_id == other.c.submission_id)
        .join(order, order.c.submission_id == other.c.submission_id)
        .where(
            mine.c.submission_id == submission_id,
            SUBMISSION.c.state.in_(ACCEPTED),
            SUBMISSION.c.accepted_at <= accepted_at,
        )
        .order_by(SUBMISSION.c.accepted_at, order.c.event_id)
    )
    own = connection.execute(sa.select(BLOCK).where(BLOCK.c.submission_id == submission_id)).all()
    out: dict[BlockKey, str | None] = {(r.jurisdiction, r.instrument, r.form, r.freq, r.period): None for r in own}
    for r in connection.execute(query):
        out[r.jurisdiction, r.instrument, r.form, r.freq, r.period] = r.submission_id
    return out


def replacements(engine: sa.Engine, ids: Sequence[str]) -> dict[str, tuple[Replacement, ...]]:
    """Of accepted submissions those that took their place, oldest first; those that stand are left out.

    Of each block it is the next accepted one that still is: where that was withdrawn, the block counted again.
    """
    mine, other = BLOCK.alias("mine"), BLOCK.alias("other")
    accepted, later = SUBMISSION.alias("accepted"), SUBMISSION.alias("later")
    order, next_order = _acceptance_order().alias("mine_order"), _acceptance_order().alias("other_order")
    key = ("jurisdiction", "instrument", "form", "freq", "period")
    query = (
        sa.select(mine, other.c.submission_id.label("by"), later.c.accepted_at.label("since"))
        .select_from(mine)
        .join(other, sa.and_(*(mine.c[n] == other.c[n] for n in key), other.c.submission_id != mine.c.submission_id))
        .join(accepted, accepted.c.submission_id == mine.c.submission_id)
        .join(later, later.c.submission_id == other.c.submission_id)
        .join(order, order.c.submission_id == mine.c.submission_id)
        .join(next_order, next_order.c.submission_id == other.c.submission_id)
        .where(
            accepted.c.state.in_(ACCEPTED),
            later.c.state.in_(ACCEPTED),
            sa.or_(
                later.c.accepted_at > accepted.c.accepted_at,
                sa.and_(
                    later.c.accepted_at == accepted.c.accepted_at,
                    next_order.c.event_id > order.c.event_id,
                ),
            ),
        )
        .order_by(later.c.accepted_at, next_order.c.event_id)
    )
    first: dict[tuple[str, BlockKey], tuple[str, str]] = {}
    with reading(engine) as connection:
        for r in in_ids(connection, query, mine.c.submission_id, ids):
            block = (r.jurisdiction, r.instrument, r.form, r.freq, r.period)
            first.setdefault((r.submission_id, block), (r.since, r.by))
    found: dict[str, dict[tuple[str, str], list[BlockKey]]] = {}
    for (identity, block), by in first.items():
        found.setdefault(identity, {}).setdefault(by, []).append(block)
    return {
        identity: tuple(Replacement(by, since, tuple(sorted(keys))) for (since, by), keys in sorted(groups.items()))
        for identity, groups in found.items()
    }


def block_keys(connection: sa.Connection, ids: Sequence[str]) -> dict[str, set[BlockKey]]:
    """The keys of the blocks of submissions."""
    out: dict[str, set[BlockKey]] = {}
    for r in in_ids(connection, sa.select(BLOCK), BLOCK.c.submission_id, ids):
        out.setdefault(r.submission_id, set()).add((r.jurisdiction, r.instrument, r.form, r.freq, r.period))
    return out


def replaced_blocks(connection: sa.Connection, ids: Sequence[str]) -> dict[str, set[BlockKey]]:
    """Of some submissions the keys for which another one is accepted; those that replace nothing are left out."""
    mine, other = BLOCK.alias("mine"), BLOCK.alias("other")
    query = (
        sa.select(mine)
        .distinct()
        .join(
            other,
            sa.and_(
                *(mine.c[n] == other.c[n] for n in ("jurisdiction", "instrument", "form", "freq", "period")),
                other.c.submission_id != mine.c.submission_id,
            ),
        )
        .join(SUBMISSION, SUBMISSION.c.submission_id == other.c.submission_id)
        .where(SUBMISSION.c.state.in_(ACCEPTED))
    )
    out: dict[str, set[BlockKey]] = {}
    for r in in_ids(connection, query, mine.c.submission_id, ids):
        out.setdefault(r.submission_id, set()).add((r.jurisdiction, r.instrument, r.form, r.freq, r.period))
    return out


def newest_accepted(connection: sa.Connection, submission_id: str) -> str | None:
    """When the newest accepted return that holds a key of this one was accepted; None where there is none."""
    mine, other = BLOCK.alias("mine"), BLOCK.alias("other")
    query = (
        sa.select(sa.func.max(SUBMISSION.c.accepted_at))
        .select_from(mine)
        .join(
            other,
            sa.and_(
                *(mine.c[n] == other.c[n] for n in ("jurisdiction", "instrument", "form", "freq", "period")),
                other.c.submission_id != mine.c.submission_id,
            ),
        )
        .join(SUBMISSION, SUBMISSION.c.submission_id == other.c.submission_id)
        .where(mine.c.submission_id == submission_id, SUBMISSION.c.state.in_(ACCEPTED))
    )
    found: str | None = connection.execute(query).scalar_one()
    return found


def open_warnings(
    connection: sa.Connection, ids: Sequence[str], *, justified: bool = False
) -> dict[str, list[tuple[str, str]]]:
    """(finding key, rule) of the warnings of each submission's newest check; those justified only if asked for."""
    newest = (
        sa.select(sa.func.max(EVENT.c.event_id).label("event_id"), EVENT.c.submission_id)
        .where(EVENT.c.action == "check")
        .group_by(EVENT.c.submission_id)
        .subquery()
    )
    query = sa.select(EVENT.c.submission_id, EVENT.c.payload).join(newest, newest.c.event_id == EVENT.c.event_id)
    found = {
        row.submission_id: [(key, rule) for key, rule in row.payload["justifiable"]]
        for row in in_ids(connection, query, EVENT.c.submission_id, ids)
    }
    if justified:
        return found
    done_query = sa.select(JUSTIFICATION.c.submission_id, JUSTIFICATION.c.finding_key)
    done = {
        (r.submission_id, r.finding_key) for r in in_ids(connection, done_query, JUSTIFICATION.c.submission_id, ids)
    }
    return {i: rest for i, pairs in found.items() if (rest := [p for p in pairs if (i, p[0]) not in done])}


def in_ids(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], ids: Iterable[str]
) -> Iterator[sa.Row[Any]]:
    """Rows of a query whose column is among the ids, asked for in parts that every database takes."""
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), _CHUNK):
        yield from connection.execute(query.where(column.in_(every[start : start + _CHUNK])))


def _acceptance_order() -> sa.Subquery:
    """The event by which each submission was accepted: it orders acceptances of the same second."""
    return (
        sa.select(EVENT.c.submission_id, sa.func.max(EVENT.c.event_id).label("event_id"))
        .where(EVENT.c.action == "approve")
        .group_by(EVENT.c.submission_id)
        .subquery()
    )


def withdrawal_askers(connection: sa.Connection, submission_id: str) -> set[str]:
    """The accounts that asked for a submission to be withdrawn."""
    query = sa.select(EVENT.c.actor).where(EVENT.c.submission_id == submission_id, EVENT.c.action == "ask_withdrawal")
    return set(connection.execute(query).scalars())
