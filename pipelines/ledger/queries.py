"""Read-only queries of the ledger: submissions, their events, blocks and justifications.

`supersession.py` finds which accepted block of a key counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import sqlalchemy as sa

from pipelines.core.i18n import mark
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import BLOCK, EVENT, JUSTIFICATION, SUBMISSION
from pipelines.ledger.transitions import ACCEPTED, State, TransitionError, not_there

_CHUNK = 1_000
"""Values in one `in (…)`: SQLite accepts 32,766 parameters, PostgreSQL's driver 65,535."""
_SUBMISSIONS = sa.select(SUBMISSION).order_by(SUBMISSION.c.received_at, SUBMISSION.c.submission_id)
_JUSTIFIED = sa.select(JUSTIFICATION.c.submission_id, JUSTIFICATION.c.finding_key)


@dataclass(frozen=True, slots=True)
class Submission:
    """One row of the table `submission`; times are text in the format of `clock.format_timestamp()`."""

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


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a submission in the list, newest first. Its text form is the cursor of the API."""

    received_at: str
    submission_id: str

    PATTERN: ClassVar[str] = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z~S[0-9a-f]{15}$"

    @classmethod
    def from_submission(cls, submission: Submission) -> Position:
        return cls(submission.received_at, submission.submission_id)

    @classmethod
    def parse_cursor(cls, text: str) -> Position | None:
        """Return the position that a cursor names, or None if the text is not a cursor."""
        return cls(*text.split("~")) if re.fullmatch(cls.PATTERN, text, re.ASCII) else None

    def __str__(self) -> str:
        return f"{self.received_at}~{self.submission_id}"


def list_submissions(
    engine: sa.Engine,
    *,
    states: Iterable[str] | None = None,
    territory: str | None = None,
    ids: Sequence[str] | None = None,
    where: sa.ColumnElement[bool] | None = None,
) -> list[Submission]:
    """Return submissions in the order of arrival, filtered by the arguments that are given.

    A filter by `territory` leaves out submissions whose form is not recognised yet.
    """
    query = _SUBMISSIONS
    if states is not None:
        query = query.where(SUBMISSION.c.state.in_(list(states)))
    if territory is not None:
        query = query.where(SUBMISSION.c.territory == territory)
    if where is not None:
        query = query.where(where)
    with open_read_transaction(engine) as connection:
        rows = connection.execute(query) if ids is None else in_ids(connection, query, SUBMISSION.c.submission_id, ids)
        return [Submission(**row._mapping) for row in rows]


def select_submissions(connection: sa.Connection, ids: Iterable[str]) -> list[Submission]:
    """Return the submissions with these ids in the order of arrival, within a transaction of the caller."""
    return [Submission(**row._mapping) for row in in_ids(connection, _SUBMISSIONS, SUBMISSION.c.submission_id, ids)]


def submission_page(
    engine: sa.Engine,
    *conditions: sa.ColumnElement[bool],
    limit: int,
    states: Iterable[str] | None = None,
    older_than: Position | None = None,
    newer_than: Position | None = None,
) -> list[Submission]:
    """Return at most `limit` submissions, newest first, older or newer than a position, or from the newest on.

    Reads an index in order and stops at the limit. Each state is queried separately, because with several states in
    one condition SQLite sorts all of their rows.
    """
    position, order = sa.tuple_(SUBMISSION.c.received_at, SUBMISSION.c.submission_id), sa.desc
    query = sa.select(SUBMISSION).where(*conditions)
    if older_than is not None:
        query = query.where(position < sa.tuple_(older_than.received_at, older_than.submission_id))
    if newer_than is not None:
        query, order = query.where(position > sa.tuple_(newer_than.received_at, newer_than.submission_id)), sa.asc
    separate_states = [None] if states is None else list(dict.fromkeys(states))
    rows: list[Submission] = []
    with open_read_transaction(engine) as connection:
        for state in separate_states:
            part = query if state is None else query.where(SUBMISSION.c.state == state)
            part = part.order_by(order(SUBMISSION.c.received_at), order(SUBMISSION.c.submission_id)).limit(limit)
            rows += [Submission(**row._mapping) for row in connection.execute(part)]
    rows.sort(key=lambda row: (row.received_at, row.submission_id), reverse=newer_than is None)
    return sorted(rows[:limit], key=lambda row: (row.received_at, row.submission_id), reverse=True)


def find_waiting(
    engine: sa.Engine,
    declaration_hash: str,
    rules_version: str,
    *,
    territory: str | None = None,
    only: Sequence[str] | None = None,
) -> list[Submission]:
    """Return the submissions to check: new ones, and unsent ones checked with other declarations or rules.

    They are in the order of arrival. A filter by `territory` includes submissions that are not recognised yet.
    """
    checked_so = sa.and_(SUBMISSION.c.declaration_hash == declaration_hash, SUBMISSION.c.rules_version == rules_version)
    # The comparison is null for a submission that was never checked; coalesce makes it false.
    condition = sa.or_(SUBMISSION.c.state == "received", sa.func.coalesce(checked_so, sa.false()).is_(sa.false()))
    if territory is not None:
        condition = sa.and_(condition, sa.or_(SUBMISSION.c.territory.is_(None), SUBMISSION.c.territory == territory))
    return list_submissions(engine, states=["received", "checked", "refused"], ids=only, where=condition)


def of_territory(territory: str) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a row of `submission` belongs to a territory."""
    return SUBMISSION.c.territory == territory


def count_submissions(engine: sa.Engine, *, states: Iterable[str] | None = None, territory: str | None = None) -> int:
    """Return the number of submissions, optionally of some states or of one territory."""
    query = sa.select(sa.func.count()).select_from(SUBMISSION)
    if states is not None:
        query = query.where(SUBMISSION.c.state.in_(list(states)))
    if territory is not None:
        query = query.where(SUBMISSION.c.territory == territory)
    with open_read_transaction(engine) as connection:
        return int(connection.execute(query).scalar_one())


def count_by_state(engine: sa.Engine) -> dict[str, int]:
    """Return the number of submissions by state; states without submissions are left out."""
    query = sa.select(SUBMISSION.c.state, sa.func.count().label("n")).group_by(SUBMISSION.c.state)
    with open_read_transaction(engine) as connection:
        return {row.state: row.n for row in connection.execute(query.order_by(SUBMISSION.c.state))}


def accepted_ids(engine: sa.Engine) -> set[str]:
    """Return the ids of all accepted submissions."""
    query = sa.select(SUBMISSION.c.submission_id).where(SUBMISSION.c.state.in_(ACCEPTED))
    with open_read_transaction(engine) as connection:
        return set(connection.execute(query).scalars())


def count_accepted(engine: sa.Engine) -> int:
    """Return the number of accepted submissions."""
    query = sa.select(sa.func.count()).where(SUBMISSION.c.state.in_(ACCEPTED))
    with open_read_transaction(engine) as connection:
        return int(connection.execute(query).scalar_one())


def known_ids(engine: sa.Engine, ids: Iterable[str]) -> set[str]:
    """Return the subset of `ids` that is in the ledger."""
    with open_read_transaction(engine) as connection:
        query = sa.select(SUBMISSION.c.submission_id)
        return {row.submission_id for row in in_ids(connection, query, SUBMISSION.c.submission_id, ids)}


def find_submission(engine: sa.Engine, text: str) -> Submission:
    """Return the submission with this id, or the only one whose id starts with it.

    Raises TransitionError if there is none or more than one.
    """
    query = sa.select(SUBMISSION).where(SUBMISSION.c.submission_id.startswith(text, autoescape=True)).limit(3)
    with open_read_transaction(engine) as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise not_there(text)
    if len(rows) > 1:
        raise TransitionError(mark("More than one submission id begins with {text}; enter more of it."), text=text)
    return Submission(**rows[0]._mapping)


def same_file(engine: sa.Engine, sha256: str) -> list[Submission]:
    """Return the submissions of a file with this SHA-256, in the order of arrival."""
    query = sa.select(SUBMISSION).where(SUBMISSION.c.sha256 == sha256)
    with open_read_transaction(engine) as connection:
        rows = connection.execute(query.order_by(SUBMISSION.c.received_at, SUBMISSION.c.submission_id)).all()
        return [Submission(**row._mapping) for row in rows]


def list_blocks(engine: sa.Engine, submission_id: str) -> list[dict[str, Any]]:
    """Return the blocks of one submission, sorted by key."""
    query = sa.select(BLOCK).where(BLOCK.c.submission_id == submission_id)
    with open_read_transaction(engine) as connection:
        return [dict(r._mapping) for r in connection.execute(query.order_by(*BLOCK.primary_key.columns))]


def list_events(engine: sa.Engine, submission_id: str | None = None, *, after: int = 0) -> list[dict[str, Any]]:
    """Return the events of one submission or of all, in order, starting after an event id (a sensor's cursor)."""
    query = sa.select(EVENT).where(EVENT.c.event_id > after).order_by(EVENT.c.event_id)
    if submission_id is not None:
        query = query.where(EVENT.c.submission_id == submission_id)
    with open_read_transaction(engine) as connection:
        return [dict(r._mapping) for r in connection.execute(query)]


def last_event_id(engine: sa.Engine) -> int:
    """Return the id of the newest event, or 0 if there is none."""
    with open_read_transaction(engine) as connection:
        return int(connection.execute(sa.select(sa.func.max(EVENT.c.event_id))).scalar() or 0)


def list_justifications(engine: sa.Engine, submission_id: str) -> list[dict[str, Any]]:
    """Return the justifications of one submission, sorted by finding."""
    query = sa.select(JUSTIFICATION).where(JUSTIFICATION.c.submission_id == submission_id)
    with open_read_transaction(engine) as connection:
        return [dict(r._mapping) for r in connection.execute(query.order_by(JUSTIFICATION.c.finding_key))]


def list_unjustified(engine: sa.Engine, submission_id: str) -> list[tuple[str, str]]:
    """Return (finding key, rule) of each warning of one submission that still needs a justification."""
    with open_read_transaction(engine) as connection:
        return open_warnings(connection, [submission_id]).get(submission_id, [])


def find_pairs(engine: sa.Engine, submission_id: str) -> tuple[tuple[str, str], ...]:
    """Return every (jurisdiction, instrument) that a submission covers; empty if its form is not recognised yet."""
    submission_pair = sa.select(SUBMISSION.c.jurisdiction, SUBMISSION.c.instrument).where(
        SUBMISSION.c.submission_id == submission_id
    )
    block_pairs = sa.select(BLOCK.c.jurisdiction, BLOCK.c.instrument).where(BLOCK.c.submission_id == submission_id)
    with open_read_transaction(engine) as connection:
        pairs_in_ledger = {
            (r.jurisdiction, r.instrument) for r in connection.execute(sa.union(submission_pair, block_pairs))
        }
    return tuple(sorted((j, i) for j, i in pairs_in_ledger if j is not None and i is not None))


def open_warnings(
    connection: sa.Connection, ids: Sequence[str], *, justified: bool = False
) -> dict[str, list[tuple[str, str]]]:
    """Return (finding key, rule) of the warnings in each submission's newest check.

    Warnings that are already justified are included only with `justified`.
    """
    warnings = {
        row.submission_id: [(key, rule) for key, rule in row.payload["justifiable"]]
        for row in newest_events(connection, ids, action="check")
    }
    if justified:
        return warnings
    justified_keys = {
        (r.submission_id, r.finding_key) for r in in_ids(connection, _JUSTIFIED, JUSTIFICATION.c.submission_id, ids)
    }
    return {
        i: open_pairs
        for i, pairs in warnings.items()
        if (open_pairs := [p for p in pairs if (i, p[0]) not in justified_keys])
    }


def withdrawal_askers(connection: sa.Connection, submission_id: str) -> set[str]:
    """Return the accounts that asked for a submission to be withdrawn."""
    query = sa.select(EVENT.c.actor).where(EVENT.c.submission_id == submission_id, EVENT.c.action == "ask_withdrawal")
    return set(connection.execute(query).scalars())


def newest_events(connection: sa.Connection, ids: Iterable[str], *, action: str | None = None) -> Iterator[sa.Row[Any]]:
    """Yield the newest event of each submission, optionally of one action; reads no other submission's events."""
    query = _select_newest_events(action)
    for chunk in split_into_chunks(ids):
        yield from connection.execute(query, {_IDS: chunk})


@lru_cache
def _select_newest_events(action: str | None) -> sa.Select[Any]:
    newest = sa.select(sa.func.max(EVENT.c.event_id)).group_by(EVENT.c.submission_id)
    if action is not None:
        newest = newest.where(EVENT.c.action == action)
    numbers = newest.where(EVENT.c.submission_id.in_(sa.bindparam(_IDS, expanding=True)))
    return sa.select(EVENT).where(EVENT.c.event_id.in_(numbers))


def in_ids(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], ids: Iterable[str]
) -> Iterator[sa.Row[Any]]:
    """Yield the rows of a query whose column is among the ids, in chunks small enough for every database.

    A query that is made once is also completed once: for one row, making a statement takes half of the time. For one
    id the condition is an equality, whose text SQLAlchemy need not complete with the number of ids at each execution.
    """
    for chunk in split_into_chunks(ids):
        if len(chunk) == 1:
            yield from connection.execute(_limit_to_id(query, column), {_ID: chunk[0]})
        else:
            yield from connection.execute(_limit_to_ids(query, column), {_IDS: chunk})


_ID, _IDS = "_id", "_ids"


@lru_cache
def _limit_to_id(query: sa.Select[Any], column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return query.where(column == sa.bindparam(_ID))


@lru_cache
def _limit_to_ids(query: sa.Select[Any], column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return query.where(column.in_(sa.bindparam(_IDS, expanding=True)))


def split_into_chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield the distinct ids in lists short enough for one condition in every database."""
    unique_ids = list(dict.fromkeys(ids))
    for start in range(0, len(unique_ids), _CHUNK):
        yield unique_ids[start : start + _CHUNK]
