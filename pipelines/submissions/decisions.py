"""Record the decisions of people on returns: justify, send, approve, give back, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock, codes
from pipelines.core.i18n import mark
from pipelines.ledger import fact_digests, facts, permissions
from pipelines.ledger.acts import Act, Justification, Refusals, Within
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.queries import open_warnings, withdrawal_askers
from pipelines.ledger.schema import JUSTIFICATION
from pipelines.ledger.supersession import BlockKey, block_keys, newest_accepted, previous_blocks, replaced_blocks
from pipelines.ledger.transitions import ACCEPTED, Action, TransitionError
from pipelines.submissions import changes
from pipelines.submissions.changes import Book, SubmissionChange, apply_changes, open_book, raise_first

if TYPE_CHECKING:
    from pipelines.core.home import Home

MINIMUM_TEXT = 10
"""Minimum number of characters of a justification: one or two words explain nothing to the approver."""
_ALTERED = mark(
    "What was read from {submission} has changed on the disk since its check, so it cannot be approved. "
    "Have it withdrawn and submitted again."
)
_UNDONE = (TransitionError, NotAllowedError)


# -------------------------------------------------------------------------------------------------------------- justify


def justify_warnings(engine: sa.Engine, justification: Justification) -> int:
    """Justify one warning or all open ones, and return how many are still open.

    Raises TransitionError, NotAllowedError.
    """
    raise_first(justify_many(engine, [justification]))
    with engine.connect() as connection:
        return len(open_warnings(connection, [justification.submission_id]).get(justification.submission_id, []))


def justify_many(engine: sa.Engine, justifications: Sequence[Justification]) -> Refusals:
    """Justify warnings in one transaction and return the errors of those refused.

    A later justification of a warning replaces the earlier one; the event log keeps both.
    """
    now = clock.now()
    refused: Refusals = {}
    ids = [j.submission_id for j in justifications]
    with open_book(engine, ids, [j.actor for j in justifications]) as book:
        all_warnings, open_pairs = (
            open_warnings(book.connection, ids, justified=True),
            open_warnings(book.connection, ids),
        )
        allowed_changes, rows = [], []
        for justification in justifications:
            change = SubmissionChange(
                justification.submission_id, "justify", justification.actor, justification.at or now
            )
            try:
                # Check this first: an error about the warnings would reveal them to somebody who may not see them.
                changes.decide_change(book, change)
                keys = _keys_to_justify(
                    justification,
                    all_warnings.get(justification.submission_id, []),
                    open_pairs.get(justification.submission_id, []),
                )
            except _UNDONE as error:
                refused[justification.submission_id] = error
                continue
            if not keys:
                continue
            payload = {"reason": justification.reason, "text": justification.text, "findings": [key for key, _ in keys]}
            allowed_changes.append(replace(change, payload=payload))
            rows += _justification_rows(justification, keys, change.at)
        refused |= apply_changes(book, allowed_changes)
        _keep_justifications(book, [r for r in rows if r["submission_id"] not in refused])
    return refused


def _keys_to_justify(
    justification: Justification, all_warnings: Sequence[tuple[str, str]], open_pairs: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    if justification.reason not in codes.list_codes("justification_reason"):
        raise TransitionError(
            mark("{reason} is not a reason; use one of {known}."),
            reason=repr(justification.reason),
            known=", ".join(codes.list_codes("justification_reason")),
        )
    if len(justification.text.strip()) < MINIMUM_TEXT:
        raise TransitionError(
            mark("Write at least {n} characters that say why the warning is accepted."), n=MINIMUM_TEXT
        )
    changes.refuse_words(justification.text)
    if justification.finding_key is None:
        return list(open_pairs)
    finding_key = justification.finding_key
    requested_keys = {finding_key} if isinstance(finding_key, str) else set(finding_key)
    keys = [pair for pair in all_warnings if pair[0] in requested_keys]
    if missing := requested_keys - {key for key, _ in keys}:
        raise TransitionError(
            mark("{submission} has no warning {finding}; its warnings are: {known}."),
            submission=justification.submission_id,
            finding=", ".join(sorted(missing)),
            known=", ".join(f"{key} ({rule})" for key, rule in all_warnings) or "–",
        )
    return keys


def _justification_rows(
    justification: Justification, keys: Sequence[tuple[str, str]], at: datetime
) -> list[dict[str, Any]]:
    rows = []
    for key, rule in keys:
        memory_key, expires_at = justification.memory.get(key, (None, None))
        rows.append(
            {
                "submission_id": justification.submission_id,
                "finding_key": key,
                "rule": rule,
                "reason": justification.reason,
                "text": justification.text,
                "actor": justification.actor,
                "at": clock.format_timestamp(at),
                "memory_key": memory_key,
                "expires_at": expires_at,
            }
        )
    return rows


def _keep_justifications(book: Book, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    newest = {(r["submission_id"], r["finding_key"]): r for r in rows}
    deletion = sa.delete(JUSTIFICATION).where(
        JUSTIFICATION.c.submission_id == sa.bindparam("b_id"), JUSTIFICATION.c.finding_key == sa.bindparam("b_key")
    )
    book.connection.execute(deletion, [{"b_id": identity, "b_key": key} for identity, key in newest])
    book.connection.execute(sa.insert(JUSTIFICATION), list(newest.values()))


# ----------------------------------------------------------------------------------------------------------------- send


def send_submission(engine: sa.Engine, act: Act, *, within: Within | None = None) -> None:
    """Send a checked return for approval.

    Raises NotAllowedError, and TransitionError if a warning has no justification or if the return replaces an accepted
    one and `act.reason` is missing.
    """
    raise_first(send_many(engine, [act], within=within))


def send_many(engine: sa.Engine, acts: Sequence[Act], *, within: Within | None = None) -> Refusals:
    """Send checked returns for approval in one transaction and return the errors of those refused.

    `within` is called in the transaction for each return that was sent, after its event is in the audit log.
    """
    now = clock.now()
    refused: Refusals = {}
    ids = [a.submission_id for a in acts]
    with open_book(engine, ids, [a.actor for a in acts]) as book:
        unjustified = open_warnings(book.connection, ids)
        replaced = replaced_blocks(book.connection, ids)
        allowed_changes = []
        for act in acts:
            values = {"revision_reason": act.reason} if act.reason is not None else {}
            payload = {"reason": act.reason} if act.reason is not None else None
            change = SubmissionChange(
                act.submission_id, "send", act.actor, act.at or now, None, act.comment, payload, values
            )
            try:
                changes.decide_change(book, change)
                _require_justified(act, unjustified.get(act.submission_id, []))
                _require_revision_reason(book, act, replaced.get(act.submission_id, set()))
            except _UNDONE as error:
                refused[act.submission_id] = error
                continue
            allowed_changes.append(change)
        refused |= apply_changes(book, allowed_changes)
        changes.seal_book(book)
        for act in acts:
            if within is not None and act.submission_id not in refused:
                within(book.connection, act)
    return refused


def _require_justified(act: Act, missing: Sequence[tuple[str, str]]) -> None:
    if missing:
        raise TransitionError(
            mark(
                "{submission} has {n} warning(s) without a justification ({rules}); "
                "give a reason with `rti justify {submission}`."
            ),
            submission=act.submission_id,
            n=len(missing),
            rules=", ".join(sorted({rule for _, rule in missing})),
        )


def _require_revision_reason(book: Book, act: Act, replaced: set[BlockKey]) -> None:
    """Raise TransitionError if a return replaces an accepted one and has no revision reason by the time it is sent."""
    if act.reason is not None:
        changes.needed_reason(act.reason)
    elif replaced and book.known[act.submission_id].revision_reason is None:
        raise TransitionError(
            mark(
                "{submission} replaces what was accepted for {periods}; say why with a reason that is one of {known} "
                "(`rti send {submission} --reason CODE`)."
            ),
            submission=act.submission_id,
            periods=_list_periods(replaced),
            known=", ".join(codes.list_codes("revision_reason")),
        )


def _list_periods(keys: set[BlockKey]) -> str:
    return ", ".join(sorted({key[4] for key in keys}))


# -------------------------------------------------------------------------------------------------------------- approve


def approve_submission(engine: sa.Engine, home: Home, act: Act) -> None:
    """Accept a return: store its accepted facts, so that it counts from now on.

    Raises NotAllowedError, and TransitionError, also if the actor is its sender.
    """
    raise_first(approve_many(engine, home, [act]))


def approve_many(engine: sa.Engine, home: Home, acts: Sequence[Act]) -> Refusals:
    """Accept returns in the order of their times, in one transaction, and return the errors of those refused.

    The digests of the facts are recorded in the same transaction. Facts are written during it and before the state
    changes to `approved`: after a crash in between, the facts of a return that does not count remain, and the next
    approval writes the same bytes again.
    """
    now = clock.now()
    refused: Refusals = {}
    ordered = sorted(acts, key=lambda a: (a.at or now, a.submission_id))
    ids = [a.submission_id for a in ordered]
    with open_book(engine, ids, [a.actor for a in ordered]) as book:
        keys, replaced = block_keys(book.connection, ids), replaced_blocks(book.connection, ids)
        altered = fact_digests.changed_readings(book.connection, home, ids)
        accepted: set[BlockKey] = set()
        approved: list[tuple[str, str, datetime]] = []
        waiting: list[SubmissionChange] = []
        for act in ordered:
            change = _approval_change(act, now)
            own_keys = keys.get(act.submission_id, set())
            try:
                changes.decide_change(book, change)
                changes.require_inputs(book, change)
                _require_reason_at_approval(book, act, replaced.get(act.submission_id, set()) | (own_keys & accepted))
                if act.at is None:
                    _require_later_than_replaced(book, act, change.at)
                if act.submission_id in altered:
                    raise facts.FactsError(_ALTERED, submission=act.submission_id)
                if book.known[act.submission_id].kind == "patch":
                    # A patch applies to the blocks accepted before it, so record all earlier approvals first.
                    refused |= apply_changes(book, waiting)
                    waiting = []
                    previous = previous_blocks(book.connection, act.submission_id, clock.format_timestamp(change.at))
                    facts.accept_patch(home, act.submission_id, previous)
                else:
                    facts.accept_facts(home, act.submission_id)
            except _UNDONE as error:
                refused[act.submission_id] = error
                continue
            except facts.FactsError as error:
                refused[act.submission_id] = TransitionError(error.text, **error.params)
                continue
            waiting.append(change)
            accepted |= own_keys
            approved.append((act.submission_id, act.actor, change.at))
        refused |= apply_changes(book, waiting)
        changes.seal_book(book)
        fact_digests.record_facts(
            book.connection, home, [approval for approval in approved if approval[0] not in refused]
        )
    return refused


def _approval_change(act: Act, now: datetime) -> SubmissionChange:
    at = act.at or now
    return SubmissionChange(
        act.submission_id,
        "approve",
        act.actor,
        at,
        comment=act.comment,
        payload={"override": True} if act.override else None,
        values={"accepted_at": clock.format_timestamp(at)},
        override=act.override,
    )


def _require_reason_at_approval(book: Book, act: Act, replaced: set[BlockKey]) -> None:
    """Raise TransitionError if the return lacks a reason and replaces one that was accepted after it was sent."""
    if replaced and book.known[act.submission_id].revision_reason is None:
        raise TransitionError(
            mark(
                "{submission} would replace what was accepted for {periods} after it was sent, without a reason; "
                "give it back, so that its sender says why."
            ),
            submission=act.submission_id,
            periods=_list_periods(replaced),
        )


def _require_later_than_replaced(book: Book, act: Act, at: datetime) -> None:
    """Raise TransitionError if the return would be accepted before the one it replaces, because the clock is behind.

    The newest accepted return counts, so the approval would silently have no effect.
    """
    newest = newest_accepted(book.connection, act.submission_id)
    if newest is not None and newest > clock.format_timestamp(at):
        raise TransitionError(
            mark(
                "{submission} replaces what was accepted at {time}, and the clock of this machine says that it is "
                "earlier now; have the clock set right and approve it then."
            ),
            submission=act.submission_id,
            time=newest,
        )


# ------------------------------------------------------------------------------------------------------- back and away


def give_back(engine: sa.Engine, act: Act) -> None:
    """Give a sent return back to its sender with a comment, so that it can be sent again.

    Raises TransitionError, NotAllowedError.
    """
    change = SubmissionChange(act.submission_id, "give_back", act.actor, act.at or clock.now(), comment=act.comment)
    with open_book(engine, [act.submission_id], [act.actor]) as book:
        changes.decide_change(book, change)
        changes.require_inputs(book, change)
        raise_first(apply_changes(book, [change]))


def ask_withdrawal(engine: sa.Engine, act: Act) -> None:
    """Ask to withdraw an accepted return, which counts until a second person withdraws it.

    `act.reason` and `act.comment` are required. Raises TransitionError, NotAllowedError.
    """
    with open_book(engine, [act.submission_id], [act.actor]) as book:
        _withdraw_or_ask(book, act, "ask_withdrawal", {"reason": act.reason})


def withdraw_submission(engine: sa.Engine, act: Act) -> None:
    """Withdraw a return: it no longer counts, and the blocks before it count again.

    `act.reason` (a code of `revision_reason`) and `act.comment` are required. `act.override` is for a steward who
    withdraws an accepted return instead of the office's approver. Raises NotAllowedError, and TransitionError, also if
    an accepted return would be withdrawn by its sender or by the account that asked for the withdrawal.
    """
    with open_book(engine, [act.submission_id], [act.actor]) as book:
        submission = book.known.get(act.submission_id)
        override = act.override and submission is not None and submission.state in ACCEPTED
        payload = {"reason": act.reason, **({"override": True} if override else {})}
        _withdraw_or_ask(book, act, "withdraw", payload, override)


def _withdraw_or_ask(book: Book, act: Act, action: Action, payload: dict[str, Any], override: bool = False) -> None:
    at = act.at or clock.now()
    change = SubmissionChange(act.submission_id, action, act.actor, at, None, act.comment, payload, override=override)
    changes.decide_change(book, change)
    changes.require_inputs(book, change, reason=act.reason)
    (permission, *_) = permissions.find_permissions(action, book.known[act.submission_id].state, override=override)
    if permission.excludes_requester and act.actor in withdrawal_askers(book.connection, act.submission_id):
        raise TransitionError(
            mark("{actor} asked to withdraw {submission}; a second person of the office decides on it."),
            actor=act.actor,
            submission=act.submission_id,
        )
    raise_first(apply_changes(book, [change]))
