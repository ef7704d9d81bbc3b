"""Record arrivals and check results in the ledger.

Each function is one transaction and has a `…_many` variant for a batch, which does everything that is allowed and
returns the errors of the rest; the single variant raises its error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.acts import Arrival, ArrivalOutcome, CheckResult, Refusals
from pipelines.ledger.fact_digests import READING
from pipelines.ledger.identity import SYSTEM
from pipelines.ledger.permissions import is_actionable_by
from pipelines.ledger.queries import find_submission, in_ids
from pipelines.ledger.schema import BLOCK, SUBMISSION
from pipelines.ledger.transitions import State, decide_target
from pipelines.submissions import authority
from pipelines.submissions.changes import (
    Book,
    SubmissionChange,
    SubmissionState,
    apply_changes,
    event_row,
    load_known,
    log_events,
    open_book,
    raise_first,
    refuse_unwritable,
)

# ------------------------------------------------------------------------------------------------------------- arrivals


def record_arrival(engine: sa.Engine, arrival: Arrival, *, again: bool = False) -> ArrivalOutcome:
    """Record one arrival; do nothing if the same file arrived before, unless that was refused or withdrawn.

    With `again`, the file is recorded in any case. Submissions that the sender may not see are not considered.
    Raises NotAllowedError if the sender is not an account that may submit anything.
    """
    return receive_many(engine, [arrival], again=again)[0]


def receive_many(engine: sa.Engine, arrivals: Sequence[Arrival], *, again: bool = False) -> list[ArrivalOutcome]:
    """Record arrivals in one transaction, in the given order; an arrival already recorded is skipped."""
    received: list[ArrivalOutcome] = []
    now = clock.now()
    with open_book(engine, (), [a.sender for a in arrivals]) as book:
        same_bytes = _find_same_files(book, sorted({a.sha256 for a in arrivals}))
        rows, events = [], []
        for arrival in arrivals:
            who = book.people.get(arrival.sender)
            authority.require_submitter(who, arrival.sender)
            assert who is not None
            refuse_unwritable(arrival.filename, arrival.comment)
            known_arrivals = same_bytes.setdefault(arrival.sha256, {})
            identity = arrival.submission_id
            if identity in known_arrivals:
                received.append(ArrivalOutcome(identity, new=False))
                continue
            visible = {i: k.state for i, k in known_arrivals.items() if is_actionable_by(who, k.resource)}
            countable = [i for i, state in visible.items() if state not in ("refused", "withdrawn")]
            if countable and not again:
                received.append(ArrivalOutcome(countable[-1], new=False, same_file=tuple(visible.items())))
                continue
            target = decide_target(identity, None, "receive")
            rows.append(_arrival_row(arrival, target))
            # Copies that arrive within one second are dated a second later so that their ids differ, but no entry may
            # be dated after the clock.
            entered_at = min(arrival.received_at, now)
            change = SubmissionChange(identity, "receive", arrival.sender, entered_at, comment=arrival.comment)
            events.append(event_row(change, None, target))
            received.append(ArrivalOutcome(identity, new=True, same_file=tuple(visible.items())))
            known_arrivals[identity] = SubmissionState(target, arrival.sender, arrival.kind, None, ())
        if rows:
            book.connection.execute(sa.insert(SUBMISSION), rows)
            log_events(book, events)
    return received


def _find_same_files(book: Book, digests: Sequence[str]) -> dict[str, dict[str, SubmissionState]]:
    """Return, by SHA-256, the submissions with these bytes that are in the ledger, in the order of arrival."""
    query = sa.select(SUBMISSION.c.sha256, SUBMISSION.c.submission_id).order_by(
        SUBMISSION.c.received_at, SUBMISSION.c.submission_id
    )
    rows = list(in_ids(book.connection, query, SUBMISSION.c.sha256, digests))
    submissions = load_known(book.connection, [row.submission_id for row in rows])
    by_digest: dict[str, dict[str, SubmissionState]] = {}
    for row in rows:
        by_digest.setdefault(row.sha256, {})[row.submission_id] = submissions[row.submission_id]
    return by_digest


def _arrival_row(arrival: Arrival, state: State) -> dict[str, Any]:
    return {
        "submission_id": arrival.submission_id,
        "sha256": arrival.sha256,
        "size": arrival.size,
        "filename": arrival.filename,
        "received_at": clock.format_timestamp(arrival.received_at),
        "sender": arrival.sender,
        "state": state,
        "corrects_submission_id": arrival.corrects,
        "territory": arrival.territory,
        "kind": arrival.kind,
        "demonstration": arrival.demonstration,
    }


# --------------------------------------------------------------------------------------------------------------- checks


def record_check(engine: sa.Engine, result: CheckResult) -> State:
    """Record a check result. Raises TransitionError if the submission does not exist or was withdrawn."""
    raise_first(record_check_many(engine, [result]))
    return find_submission(engine, result.submission_id).state


def record_check_many(engine: sa.Engine, results: Sequence[CheckResult]) -> Refusals:
    """Record check results in one transaction.

    Blocks are replaced until the return is sent; after that, a check with newer rules changes only the numbers of
    findings.
    """
    now = clock.now()
    with open_book(engine, [r.submission_id for r in results], ()) as book:
        changes, drafts = [], []
        for result in results:
            submission = book.known.get(result.submission_id)
            is_draft = submission is not None and submission.state in ("received", "checked", "refused")
            if is_draft:
                drafts.append(result)
            changes.append(_check_change(result, now, is_draft))
        refused = apply_changes(book, changes)
        _replace_blocks(book.connection, [r for r in drafts if r.submission_id not in refused])
    return refused


def _check_change(result: CheckResult, now: datetime, is_draft: bool) -> SubmissionChange:
    findings = {"errors": result.errors, "warnings": len(result.warnings), "informations": result.informations}
    values: dict[str, Any] = {**findings, "rules_version": result.rules_version}
    if is_draft:
        values |= {"format": result.format, "territory": result.territory, "form": result.form}
        values |= {"kind": result.kind, "declaration_hash": result.declaration_hash}
        values |= {"jurisdiction": result.jurisdiction, "instrument": result.instrument}
    payload: dict[str, Any] = {"hash": result.report_hash, "rules_version": result.rules_version, **findings}
    if result.reading is not None:
        payload[READING] = dict(result.reading)
    payload["justifiable"] = [list(pair) for pair in result.warnings]
    outcome: State = "refused" if result.errors else "checked"
    return SubmissionChange(result.submission_id, "check", SYSTEM, result.at or now, outcome, None, payload, values)


def _replace_blocks(connection: sa.Connection, results: Sequence[CheckResult]) -> None:
    if not results:
        return
    connection.execute(
        sa.delete(BLOCK).where(BLOCK.c.submission_id == sa.bindparam("b_id")),
        [{"b_id": r.submission_id} for r in results],
    )
    rows: list[Mapping[str, Any]] = [
        {
            "submission_id": r.submission_id,
            "jurisdiction": b.jurisdiction,
            "instrument": b.instrument,
            "form": b.form,
            "freq": b.freq,
            "period": b.period,
            "rows": b.rows,
            "nil": b.nil,
        }
        for r in results
        for b in r.blocks
    ]
    if rows:
        connection.execute(sa.insert(BLOCK), rows)
