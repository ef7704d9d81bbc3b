"""Changes of submissions within one transaction: decided, stored, logged, and chained into the audit log.

A `Book` holds what a transaction needs to know, asked once: the submissions with their pairs, and the rights of all
who act.  Each event gets one entry in the audit log, with digests of the event and of the submission as it stands at
the end of the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock, codes
from pipelines.core.i18n import mark
from pipelines.ledger import audit_digests, audit_log, clock_guard, permissions
from pipelines.ledger.acts import Refusals
from pipelines.ledger.database import writing
from pipelines.ledger.identity import SYSTEM, Identity, NotAllowedError
from pipelines.ledger.permissions import Pair, Resource
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.ledger.transitions import Action, State, TransitionError, decide, not_there
from pipelines.reading.privacy.numbers import scheme_in
from pipelines.submissions import authority
from pipelines.submissions.accounts import accounts
from pipelines.submissions.notices.events import on_events

LONGEST_TEXT = 4_000
"""Characters of a comment or justification at most: about two pages."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a transaction knows of one submission."""

    state: State
    sender: str
    kind: str | None
    revision_reason: str | None
    pairs: tuple[Pair, ...]

    @property
    def resource(self) -> Resource:
        """What a permission depends on."""
        return Resource(self.sender, self.state, self.pairs)


@dataclass(frozen=True, slots=True)
class Change:
    """One change to be made; `values` are columns of the submission that change with it."""

    submission_id: str
    action: Action
    actor: str
    at: datetime
    outcome: State | None = None
    comment: str | None = None
    payload: Mapping[str, Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    override: bool = False


@dataclass
class Book:
    """One transaction: its submissions, its people, and the events not yet chained."""

    connection: sa.Connection
    known: dict[str, Known]
    people: dict[str, Identity]
    pending: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def opened(engine: sa.Engine, ids: Iterable[str], actors: Iterable[str]) -> Iterator[Book]:
    """A writing transaction with its book; at its end every event is chained into the audit log.

    Raises ClockSetBackError while the clock is behind the newest entry of that log.
    """
    with writing(engine) as connection:
        clock_guard.refuse_clock_set_back(connection)
        people = accounts.identities(connection, sorted({a for a in actors if a != SYSTEM}))
        book = Book(connection, known(connection, list(ids)), people)
        yield book
        seal(book)


def decided(book: Book, change: Change) -> State:
    """The state that a change leads to. Raises NotAllowedError, TransitionError; nothing is stored."""
    there = book.known.get(change.submission_id)
    if change.actor == SYSTEM and change.action in permissions.MACHINE_ACTS:
        if there is None:
            raise not_there(change.submission_id)
        return _target(there, change)
    resource = there.resource if there is not None else None
    who = authority.require_known(book.people.get(change.actor), change.actor, change.submission_id, resource)
    assert there is not None and resource is not None
    target = _target(there, change)
    asked = (change.action, resource, change.submission_id)
    permissions.require_actor(change.actor, *asked, override=change.override)
    permissions.require_role(who, *asked, override=change.override)
    refuse_words(change.comment)
    return target


def apply(book: Book, changes: Sequence[Change]) -> Refusals:
    """Decide and store changes; returns why the others could not be. The book is brought up to date."""
    refused: Refusals = {}
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    events = []
    for change in changes:
        try:
            target = decided(book, change)
        except (TransitionError, NotAllowedError) as error:
            refused[change.submission_id] = error
            continue
        before = book.known[change.submission_id]
        reason = change.values.get("revision_reason", before.revision_reason)
        book.known[change.submission_id] = replace(before, state=target, revision_reason=reason)
        row = {"b_id": change.submission_id, "b_from": before.state, "b_state": target}
        row |= {f"b_{name}": value for name, value in change.values.items()}
        updates.setdefault(tuple(change.values), []).append(row)
        events.append(event_row(change, before.state, target))
    for names, rows in updates.items():
        statement = (
            sa.update(SUBMISSION)
            .where(SUBMISSION.c.submission_id == sa.bindparam("b_id"), SUBMISSION.c.state == sa.bindparam("b_from"))
            .values(state=sa.bindparam("b_state"), **{name: sa.bindparam(f"b_{name}") for name in names})
        )
        if book.connection.execute(statement, rows).rowcount != len(rows):
            raise TransitionError(
                mark("Somebody else changed one of these submissions meanwhile; look at `rti status` and try again.")
            )
    log(book, events)
    return refused


def log(book: Book, events: Sequence[Mapping[str, Any]]) -> None:
    """Enter events; they are chained when the transaction is sealed."""
    if not events:
        return
    entered = sa.insert(EVENT).returning(EVENT.c.event_id, sort_by_parameter_order=True)
    ids = book.connection.execute(entered, list(events)).scalars().all()
    book.pending += [{**event, "event_id": event_id} for event, event_id in zip(events, ids, strict=True)]
    on_events(book.connection, events)


def seal(book: Book) -> None:
    """Chain the events that are not yet, with the digests of how their submissions stand now."""
    if not book.pending:
        return
    stand = audit_digests.submissions(book.connection, [e["submission_id"] for e in book.pending])
    audit_log.append_many(book.connection, [audit_digests.entry(e, stand[e["submission_id"]]) for e in book.pending])
    book.pending.clear()


def event_row(change: Change, source: State | None, target: State) -> dict[str, Any]:
    """An event as its table holds it, without its id."""
    return {
        "submission_id": change.submission_id,
        "at": clock.stamp(change.at),
        "actor": change.actor,
        "action": change.action,
        "from_state": source,
        "to_state": target,
        "comment": change.comment,
        "payload": dict(change.payload) if change.payload is not None else None,
    }


def refuse_unwritable(*texts: str | None) -> None:
    """Raise TransitionError for a text that PostgreSQL could not hold, so that both databases refuse the same."""
    if any("\x00" in text or _has_surrogate(text) for text in texts if text):
        raise TransitionError(mark("The text has a character that is not allowed; write it again."))


def refuse_words(words: str | None) -> None:
    """Raise TransitionError for words of a person that are not to be kept: unwritable, without measure, or with a
    person's number. What is entered stays for ever."""
    refuse_unwritable(words)
    if words is not None and len(words) > LONGEST_TEXT:
        raise TransitionError(mark("The text has more than {n} characters; make it shorter."), n=LONGEST_TEXT)
    if words is not None and (kind := scheme_in(words)) is not None:
        raise TransitionError(
            mark("The text holds what looks like the number of a person ({kind}); write it without."), kind=kind
        )


def require_inputs(book: Book, change: Change, *, reason: str | None = None) -> None:
    """Raise TransitionError where a reason or comment is missing that the act of a change needs."""
    state = book.known[change.submission_id].state
    for permission in permissions.find_permissions(change.action, state, override=change.override)[:1]:
        if "reason" in permission.inputs:
            needed_reason(reason)
        if "comment" in permission.inputs and not (change.comment or "").strip():
            raise TransitionError(mark("Give a reason in a comment. It is kept with the return."))


def needed_reason(reason: str | None) -> None:
    """Raise TransitionError for a reason that is not in the code list `revision_reason`, or is missing."""
    listed = codes.codes("revision_reason")
    if reason not in listed:
        raise TransitionError(
            mark("Give a reason that is one of {known}, not {reason}."), known=", ".join(listed), reason=reason or "–"
        )


def raise_first(refused: Refusals) -> None:
    """Raise the first refusal, if there is one."""
    for error in refused.values():
        raise error


def _target(there: Known, change: Change) -> State:
    return decide(change.submission_id, there.state, change.action, change.outcome or there.state)


def known(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Known]:
    """What there is to know of some submissions, by id; those that are not there are left out."""
    columns = SUBMISSION.c
    query = sa.select(
        columns.submission_id,
        columns.state,
        columns.sender,
        columns.kind,
        columns.revision_reason,
        columns.jurisdiction,
        columns.instrument,
    )
    paired = sa.select(BLOCK.c.submission_id, BLOCK.c.jurisdiction, BLOCK.c.instrument).distinct()
    pairs: dict[str, set[Pair]] = {}
    for row in in_ids(connection, paired, BLOCK.c.submission_id, ids):
        pairs.setdefault(row.submission_id, set()).add((row.jurisdiction, row.instrument))
    out = {}
    for row in in_ids(connection, query, columns.submission_id, ids):
        own = pairs.get(row.submission_id, set())
        if row.jurisdiction is not None and row.instrument is not None:
            own = own | {(row.jurisdiction, row.instrument)}
        out[row.submission_id] = Known(row.state, row.sender, row.kind, row.revision_reason, tuple(sorted(own)))
    return out


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)
