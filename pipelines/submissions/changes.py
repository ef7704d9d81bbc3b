"""Apply changes to submissions in one transaction: decide, store and log them, and append to the audit log.

A `Book` holds the data that a transaction needs, read once: the submissions with their pairs, and the grants of all
actors. Each event gets one entry in the audit log, with digests of the event and of the submission at the end of the
transaction.
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
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Identity, NotAllowedError
from pipelines.ledger.permissions import Pair, Resource
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.ledger.transitions import Action, State, TransitionError, decide_target, not_there
from pipelines.reading.privacy.numbers import scheme_in
from pipelines.submissions import authority
from pipelines.submissions.accounts import accounts
from pipelines.submissions.notices.events import on_events

LONGEST_TEXT = 4_000
"""Maximum number of characters of a comment or justification: about two pages."""


@dataclass(frozen=True, slots=True)
class SubmissionState:
    """The columns and pairs of one submission that a transaction needs."""

    state: State
    sender: str
    kind: str | None
    revision_reason: str | None
    pairs: tuple[Pair, ...]

    @property
    def resource(self) -> Resource:
        """Return the facts on which a permission depends."""
        return Resource(self.sender, self.state, self.pairs)


@dataclass(frozen=True, slots=True)
class SubmissionChange:
    """One change to make; `values` are other columns of the submission to update."""

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
    """One transaction: its submissions, its people, and the events not yet in the audit log."""

    connection: sa.Connection
    known: dict[str, SubmissionState]
    people: dict[str, Identity]
    pending: list[dict[str, Any]] = field(default_factory=list)


def require_book_role(book: Book, actor: str, act: permissions.Act, pair: Pair, *, override: bool = False) -> None:
    """Refuse an act that the actor has no role for; `pair` is jurisdiction and instrument. Raises NotAllowedError."""
    who = book.people.get(actor)
    if who is None:
        raise accounts.unknown_account(actor)
    if not permissions.has_role_for(who, act, *pair, override=override):
        raise permissions.missing_role(actor, permissions.roles_for(act, override=override)[0], *pair)


@contextmanager
def open_book(engine: sa.Engine, ids: Iterable[str], actors: Iterable[str]) -> Iterator[Book]:
    """Open a write transaction and yield its book; at its end every event is appended to the audit log.

    Raises ClockSetBackError while the clock is behind the newest entry of that log.
    """
    with open_write_transaction(engine) as connection:
        clock_guard.refuse_clock_set_back(connection)
        people = accounts.select_identities(connection, sorted({a for a in actors if a != SYSTEM}))
        book = Book(connection, load_known(connection, list(ids)), people)
        yield book
        seal_book(book)


def decide_change(book: Book, change: SubmissionChange) -> State:
    """Return the state that a change leads to, without storing it. Raises NotAllowedError, TransitionError."""
    submission = book.known.get(change.submission_id)
    if change.actor == SYSTEM and change.action in permissions.MACHINE_ACTS:
        if submission is None:
            raise not_there(change.submission_id)
        return _decide_target(submission, change)
    resource = submission.resource if submission is not None else None
    who = authority.require_known(book.people.get(change.actor), change.actor, change.submission_id, resource)
    assert submission is not None and resource is not None
    target = _decide_target(submission, change)
    request = (change.action, resource, change.submission_id)
    permissions.require_actor(change.actor, *request, override=change.override)
    permissions.require_role(who, *request, override=change.override)
    refuse_words(change.comment)
    return target


def apply_changes(book: Book, changes: Sequence[SubmissionChange]) -> Refusals:
    """Store the changes that are allowed, update the book, and return the errors of the others."""
    refused: Refusals = {}
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    events = []
    for change in changes:
        try:
            target = decide_change(book, change)
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
    log_events(book, events)
    return refused


def log_events(book: Book, events: Sequence[Mapping[str, Any]]) -> None:
    """Insert events; `seal` appends them to the audit log."""
    if not events:
        return
    entered = sa.insert(EVENT).returning(EVENT.c.event_id, sort_by_parameter_order=True)
    ids = book.connection.execute(entered, list(events)).scalars().all()
    book.pending += [{**event, "event_id": event_id} for event, event_id in zip(events, ids, strict=True)]
    on_events(book.connection, events)


def seal_book(book: Book) -> None:
    """Append the pending events to the audit log, with the present digests of their submissions."""
    if not book.pending:
        return
    stand = audit_digests.digest_submissions(book.connection, [e["submission_id"] for e in book.pending])
    audit_log.append_many(
        book.connection, [audit_digests.make_entry(e, stand[e["submission_id"]]) for e in book.pending]
    )
    book.pending.clear()


def event_row(change: SubmissionChange, source: State | None, target: State) -> dict[str, Any]:
    """Return the row of an event, without its id."""
    return {
        "submission_id": change.submission_id,
        "at": clock.format_timestamp(change.at),
        "actor": change.actor,
        "action": change.action,
        "from_state": source,
        "to_state": target,
        "comment": change.comment,
        "payload": dict(change.payload) if change.payload is not None else None,
    }


def refuse_unwritable(*texts: str | None) -> None:
    """Raise TransitionError for a text that PostgreSQL cannot store, so that both databases refuse the same texts."""
    if any("\x00" in text or _has_surrogate(text) for text in texts if text):
        raise TransitionError(mark("The text has a character that is not allowed; write it again."))


def refuse_words(words: str | None) -> None:
    """Raise TransitionError for text that must not be stored: unwritable, too long, or with a personal number.

    Stored text can never be removed.
    """
    refuse_unwritable(words)
    if words is not None and len(words) > LONGEST_TEXT:
        raise TransitionError(mark("The text has more than {n} characters; make it shorter."), n=LONGEST_TEXT)
    if words is not None and (kind := scheme_in(words)) is not None:
        raise TransitionError(
            mark("The text holds what looks like the number of a person ({kind}); write it without."), kind=kind
        )


def require_inputs(book: Book, change: SubmissionChange, *, reason: str | None = None) -> None:
    """Raise TransitionError if a change lacks the reason or comment that its act needs."""
    state = book.known[change.submission_id].state
    for permission in permissions.find_permissions(change.action, state, override=change.override)[:1]:
        if "reason" in permission.inputs:
            needed_reason(reason)
        if "comment" in permission.inputs and not (change.comment or "").strip():
            raise TransitionError(mark("Give a reason in a comment. It is kept with the return."))


def needed_reason(reason: str | None) -> None:
    """Raise TransitionError if a reason is missing or not in the code list `revision_reason`."""
    listed = codes.list_codes("revision_reason")
    if reason not in listed:
        raise TransitionError(
            mark("Give a reason that is one of {known}, not {reason}."), known=", ".join(listed), reason=reason or "–"
        )


def raise_first(refused: Refusals) -> None:
    """Raise the first error, if there is one."""
    for error in refused.values():
        raise error


def _decide_target(submission: SubmissionState, change: SubmissionChange) -> State:
    return decide_target(change.submission_id, submission.state, change.action, change.outcome or submission.state)


_STATES = sa.select(
    SUBMISSION.c.submission_id,
    SUBMISSION.c.state,
    SUBMISSION.c.sender,
    SUBMISSION.c.kind,
    SUBMISSION.c.revision_reason,
    SUBMISSION.c.jurisdiction,
    SUBMISSION.c.instrument,
)
_BLOCK_PAIRS = sa.select(BLOCK.c.submission_id, BLOCK.c.jurisdiction, BLOCK.c.instrument).distinct()


def load_known(connection: sa.Connection, ids: Sequence[str]) -> dict[str, SubmissionState]:
    """Return the data of the submissions by id; ids that do not exist are left out."""
    pairs: dict[str, set[Pair]] = {}
    for row in in_ids(connection, _BLOCK_PAIRS, BLOCK.c.submission_id, ids):
        pairs.setdefault(row.submission_id, set()).add((row.jurisdiction, row.instrument))
    submissions = {}
    for row in in_ids(connection, _STATES, SUBMISSION.c.submission_id, ids):
        own_pairs = pairs.get(row.submission_id, set())
        if row.jurisdiction is not None and row.instrument is not None:
            own_pairs = own_pairs | {(row.jurisdiction, row.instrument)}
        submissions[row.submission_id] = SubmissionState(
            row.state, row.sender, row.kind, row.revision_reason, tuple(sorted(own_pairs))
        )
    return submissions


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)
