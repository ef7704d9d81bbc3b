"""Acts of people on returns: justify, send, approve, give back, withdraw."""

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
from pipelines.ledger.queries import (
    BlockKey,
    block_keys,
    newest_accepted,
    open_warnings,
    previous_blocks,
    replaced_blocks,
    withdrawal_askers,
)
from pipelines.ledger.schema import JUSTIFICATION
from pipelines.ledger.transitions import ACCEPTED, Action, TransitionError
from pipelines.submissions import changes
from pipelines.submissions.changes import Book, Change, apply, opened, raise_first

if TYPE_CHECKING:
    from pipelines.core.home import Home

MINIMUM_TEXT = 10
"""Characters a written justification has at least: a word or two explains nothing to whoever approves it."""
_ALTERED = mark(
    "What was read from {submission} has changed on the disk since its check, so it cannot be approved. "
    "Have it withdrawn and submitted again."
)
_UNDONE = (TransitionError, NotAllowedError)


# -------------------------------------------------------------------------------------------------------------- justify


def justify(engine: sa.Engine, justification: Justification) -> int:
    """Justify one warning, or all that are open. Returns how many are still open.

    Raises TransitionError, NotAllowedError.
    """
    raise_first(justify_many(engine, [justification]))
    with engine.connect() as connection:
        return len(open_warnings(connection, [justification.submission_id]).get(justification.submission_id, []))


def justify_many(engine: sa.Engine, justifications: Sequence[Justification]) -> Refusals:
    """Justify warnings in one transaction. A warning justified anew keeps the newest words; the event log keeps all."""
    now = clock.now()
    refused: Refusals = {}
    ids = [j.submission_id for j in justifications]
    with opened(engine, ids, [j.actor for j in justifications]) as book:
        every, still_open = open_warnings(book.connection, ids, justified=True), open_warnings(book.connection, ids)
        wanted, rows = [], []
        for one in justifications:
            change = Change(one.submission_id, "justify", one.actor, one.at or now)
            try:
                # Asked before anything is said about the warnings: they may not be this person's to know of.
                changes.decided(book, change)
                keys = _keys_to_justify(one, every.get(one.submission_id, []), still_open.get(one.submission_id, []))
            except _UNDONE as error:
                refused[one.submission_id] = error
                continue
            if not keys:
                continue
            payload = {"reason": one.reason, "text": one.text, "findings": [key for key, _ in keys]}
            wanted.append(replace(change, payload=payload))
            rows += _justification_rows(one, keys, change.at)
        refused |= apply(book, wanted)
        _keep_justifications(book, [r for r in rows if r["submission_id"] not in refused])
    return refused


def _keys_to_justify(
    one: Justification, every: Sequence[tuple[str, str]], still_open: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    if one.reason not in codes.codes("justification_reason"):
        raise TransitionError(
            mark("{reason} is not a reason; use one of {known}."),
            reason=repr(one.reason),
            known=", ".join(codes.codes("justification_reason")),
        )
    if len(one.text.strip()) < MINIMUM_TEXT:
        raise TransitionError(
            mark("Write at least {n} characters that say why the warning is accepted."), n=MINIMUM_TEXT
        )
    changes.refuse_words(one.text)
    if one.finding_key is None:
        return list(still_open)
    keys = [pair for pair in every if pair[0] == one.finding_key]
    if not keys:
        raise TransitionError(
            mark("{submission} has no warning {finding}; its warnings are: {known}."),
            submission=one.submission_id,
            finding=one.finding_key,
            known=", ".join(f"{key} ({rule})" for key, rule in every) or "–",
        )
    return keys


def _justification_rows(one: Justification, keys: Sequence[tuple[str, str]], at: datetime) -> list[dict[str, Any]]:
    rows = []
    for key, rule in keys:
        memory_key, expires_at = one.memory.get(key, (None, None))
        rows.append(
            {
                "submission_id": one.submission_id,
                "finding_key": key,
                "rule": rule,
                "reason": one.reason,
                "text": one.text,
                "actor": one.actor,
                "at": clock.stamp(at),
                "memory_key": memory_key,
                "expires_at": expires_at,
            }
        )
    return rows


def _keep_justifications(book: Book, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    newest = {(r["submission_id"], r["finding_key"]): r for r in rows}
    gone = sa.delete(JUSTIFICATION).where(
        JUSTIFICATION.c.submission_id == sa.bindparam("b_id"), JUSTIFICATION.c.finding_key == sa.bindparam("b_key")
    )
    book.connection.execute(gone, [{"b_id": identity, "b_key": key} for identity, key in newest])
    book.connection.execute(sa.insert(JUSTIFICATION), list(newest.values()))


# ----------------------------------------------------------------------------------------------------------------- send


def send(engine: sa.Engine, act: Act, *, within: Within | None = None) -> None:
    """Send a checked return for approval. Raises TransitionError while a warning lacks its justification, or where it
    replaces an accepted return and `act.reason` does not say why; NotAllowedError."""
    raise_first(send_many(engine, [act], within=within))


def send_many(engine: sa.Engine, acts: Sequence[Act], *, within: Within | None = None) -> Refusals:
    """Send checked returns for approval, in one transaction; `within` is called in it for each that was sent, when its
    event is in the audit log already."""
    now = clock.now()
    refused: Refusals = {}
    ids = [a.submission_id for a in acts]
    with opened(engine, ids, [a.actor for a in acts]) as book:
        lacking = open_warnings(book.connection, ids)
        replaced = replaced_blocks(book.connection, ids)
        wanted = []
        for act in acts:
            values = {"revision_reason": act.reason} if act.reason is not None else {}
            payload = {"reason": act.reason} if act.reason is not None else None
            change = Change(act.submission_id, "send", act.actor, act.at or now, None, act.comment, payload, values)
            try:
                changes.decided(book, change)
                _all_justified(act, lacking.get(act.submission_id, []))
                _replacement_explained(book, act, replaced.get(act.submission_id, set()))
            except _UNDONE as error:
                refused[act.submission_id] = error
                continue
            wanted.append(change)
        refused |= apply(book, wanted)
        changes.seal(book)
        for act in acts:
            if within is not None and act.submission_id not in refused:
                within(book.connection, act)
    return refused


def _all_justified(act: Act, missing: Sequence[tuple[str, str]]) -> None:
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


def _replacement_explained(book: Book, act: Act, replaced: set[BlockKey]) -> None:
    """What replaces an accepted return says why, at the latest when it is sent."""
    if act.reason is not None:
        changes.needed_reason(act.reason)
    elif replaced and book.known[act.submission_id].revision_reason is None:
        raise TransitionError(
            mark(
                "{submission} replaces what was accepted for {periods}; say why with a reason that is one of {known} "
                "(`rti send {submission} --reason CODE`)."
            ),
            submission=act.submission_id,
            periods=_periods(replaced),
            known=", ".join(codes.codes("revision_reason")),
        )


def _periods(keys: set[BlockKey]) -> str:
    return ", ".join(sorted({key[4] for key in keys}))


# -------------------------------------------------------------------------------------------------------------- approve


def approve(engine: sa.Engine, home: Home, act: Act) -> None:
    """Accept a return: its facts are laid and it counts from now on. Raises TransitionError (never for its sender),
    NotAllowedError."""
    raise_first(approve_many(engine, home, [act]))


def approve_many(engine: sa.Engine, home: Home, acts: Sequence[Act]) -> Refusals:
    """Accept returns in the order of their times, in one transaction.

    The digests of the facts are recorded in the same transaction.
    Facts are written inside it and before the ledger says `approved`: a crash between leaves facts of a
    return that does not count, and the next approval writes the same bytes again.
    """
    now = clock.now()
    refused: Refusals = {}
    ordered = sorted(acts, key=lambda a: (a.at or now, a.submission_id))
    ids = [a.submission_id for a in ordered]
    with opened(engine, ids, [a.actor for a in ordered]) as book:
        keys, replaced = block_keys(book.connection, ids), replaced_blocks(book.connection, ids)
        altered = fact_digests.changed_readings(book.connection, home, ids)
        accepted: set[BlockKey] = set()
        approved: list[tuple[str, str, datetime]] = []
        waiting: list[Change] = []
        for act in ordered:
            change = _approval(act, now)
            own = keys.get(act.submission_id, set())
            try:
                changes.decided(book, change)
                changes.require_inputs(book, change)
                _still_explained(book, act, replaced.get(act.submission_id, set()) | (own & accepted))
                if act.at is None:
                    _after_what_it_replaces(book, act, change.at)
                if act.submission_id in altered:
                    raise facts.FactsError(_ALTERED, submission=act.submission_id)
                if book.known[act.submission_id].kind == "patch":
                    # A patch lies over what was accepted before it, so everything before must be in the ledger first.
                    refused |= apply(book, waiting)
                    waiting = []
                    previous = previous_blocks(book.connection, act.submission_id, clock.stamp(change.at))
                    facts.accept_patch(home, act.submission_id, previous)
                else:
                    facts.accept(home, act.submission_id)
            except _UNDONE as error:
                refused[act.submission_id] = error
                continue
            except facts.FactsError as error:
                refused[act.submission_id] = TransitionError(error.text, **error.params)
                continue
            waiting.append(change)
            accepted |= own
            approved.append((act.submission_id, act.actor, change.at))
        refused |= apply(book, waiting)
        changes.seal(book)
        fact_digests.record(book.connection, home, [one for one in approved if one[0] not in refused])
    return refused


def _approval(act: Act, now: datetime) -> Change:
    at = act.at or now
    return Change(
        act.submission_id,
        "approve",
        act.actor,
        at,
        comment=act.comment,
        payload={"override": True} if act.override else None,
        values={"accepted_at": clock.stamp(at)},
        override=act.override,
    )


def _still_explained(book: Book, act: Act, replaced: set[BlockKey]) -> None:
    """Another return may have been accepted since this one was sent."""
    if replaced and book.known[act.submission_id].revision_reason is None:
        raise TransitionError(
            mark(
                "{submission} would replace what was accepted for {periods} after it was sent, without a reason; "
                "give it back, so that its sender says why."
            ),
            submission=act.submission_id,
            periods=_periods(replaced),
        )


def _after_what_it_replaces(book: Book, act: Act, at: datetime) -> None:
    """The newest accepted return counts: accepted by a clock that was set back, this one would silently not."""
    newest = newest_accepted(book.connection, act.submission_id)
    if newest is not None and newest > clock.stamp(at):
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
    """Give a sent return back to its sender, with a comment; it can be sent anew. Raises TransitionError,
    NotAllowedError."""
    change = Change(act.submission_id, "give_back", act.actor, act.at or clock.now(), comment=act.comment)
    with opened(engine, [act.submission_id], [act.actor]) as book:
        changes.decided(book, change)
        changes.require_inputs(book, change)
        raise_first(apply(book, [change]))


def ask_withdrawal(engine: sa.Engine, act: Act) -> None:
    """Ask that an accepted return be taken back: it counts until a second person withdraws it. `act.reason` and
    `act.comment` say why. Raises TransitionError, NotAllowedError."""
    with opened(engine, [act.submission_id], [act.actor]) as book:
        _take_back(book, act, "ask_withdrawal", {"reason": act.reason})


def withdraw(engine: sa.Engine, act: Act) -> None:
    """Take a return back: it counts no longer, and the block before it counts again. `act.reason` (a code of
    `revision_reason`) and `act.comment` say why; `act.override` is the steward's, of what counts, in the stead of the
    office's approver. Raises TransitionError (what counts is never withdrawn by its sender, nor by whoever asked for
    it), NotAllowedError."""
    with opened(engine, [act.submission_id], [act.actor]) as book:
        there = book.known.get(act.submission_id)
        override = act.override and there is not None and there.state in ACCEPTED
        payload = {"reason": act.reason, **({"override": True} if override else {})}
        _take_back(book, act, "withdraw", payload, override)


def _take_back(book: Book, act: Act, action: Action, payload: dict[str, Any], override: bool = False) -> None:
    at = act.at or clock.now()
    change = Change(act.submission_id, action, act.actor, at, None, act.comment, payload, override=override)
    changes.decided(book, change)
    changes.require_inputs(book, change, reason=act.reason)
    (permission, *_) = permissions.find_permissions(action, book.known[act.submission_id].state, override=override)
    if permission.excludes_requester and act.actor in withdrawal_askers(book.connection, act.submission_id):
        raise TransitionError(
            mark("{actor} asked to withdraw {submission}; a second person of the office decides on it."),
            actor=act.actor,
            submission=act.submission_id,
        )
    raise_first(apply(book, [change]))
