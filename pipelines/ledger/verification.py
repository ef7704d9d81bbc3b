"""Detect tampering: recompute the chain of the audit log and compare the rows of the ledger with it.

Somebody who can write to the database and knows this code can replace the whole chain. Only a head that was kept
outside the machine (in a receipt or a printed checkpoint) reveals that, hence `head` and the checkpoints.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core.i18n import mark
from pipelines.ledger import audit_digests, audit_log
from pipelines.ledger.audit_log import ZEROS, Head
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import AUDIT, EVENT

if TYPE_CHECKING:
    from pipelines.core.home import Home


@dataclass(frozen=True, slots=True)
class LedgerFault:
    """One sign of tampering: the entry `seq` where it shows, and a message `text` with its `params`."""

    seq: int
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def localize_message(self, language: str = "en") -> str:
        """Return the message in a language."""
        from pipelines.core.i18n import gettext

        return gettext(self.text, language).format(**self.params)


@dataclass(frozen=True, slots=True)
class LedgerVerification:
    """The result of a verification. Faults of the chain come first, then those of rows in the order of `seq`."""

    entries: int
    head: Head
    faults: tuple[LedgerFault, ...]

    @property
    def good(self) -> bool:
        """Return True if no tampering was found."""
        return not self.faults


@dataclass
class _VouchedDigests:
    """Digests in the chain as (seq, digest): by event, and the newest by kind and id of the row."""

    events: dict[int, tuple[int, str]] = field(default_factory=dict)
    standing: dict[str, dict[str, tuple[int, str]]] = field(
        default_factory=lambda: {"submission": {}, "account": {}, "token": {}, "receipt": {}, "facts": {}}
    )


def verify_ledger(engine: sa.Engine, *, head: str | None = None, home: Home | None = None) -> LedgerVerification:
    """Recompute the chain and compare the ledger with it.

    `head` is a head that was kept elsewhere (`seq:hash`, from a receipt). With `home`, its checkpoints are compared
    too. Raises ValueError for a malformed head or checkpoint.
    """
    heads = [audit_log.parse_head(head)] if head is not None else []
    heads += audit_log.read_checkpoints(home) if home is not None else []
    with open_read_transaction(engine) as connection:
        rows = connection.execute(sa.select(AUDIT).order_by(AUDIT.c.seq)).all()
        vouched = _VouchedDigests()
        faults = [*_check_chain(rows, vouched)][:1]
        faults += _check_heads(rows, heads)
        faults += sorted([*_check_events(connection, vouched), *_check_rows(connection, vouched)], key=lambda f: f.seq)
    last = (rows[-1].seq, rows[-1].hash) if rows else (0, ZEROS)
    return LedgerVerification(len(rows), last, tuple(faults))


def _check_chain(rows: Iterable[sa.Row[Any]], vouched: _VouchedDigests) -> Iterator[LedgerFault]:
    """Yield the faults of the chain itself and collect its digests in `vouched`.

    Only the first fault is meaningful, because every later hash depends on it.
    """
    seq, previous = 0, ZEROS
    for row in rows:
        seq += 1
        if row.seq != seq:
            yield LedgerFault(seq, mark("Entry {seq} of the audit log is missing: it was deleted."), {"seq": seq})
            seq = row.seq
        elif row.previous != previous:
            yield LedgerFault(
                seq,
                mark("Entry {seq} of the audit log does not follow entry {before}: one was put in or moved."),
                {"seq": seq, "before": seq - 1},
            )
        expected = audit_log.hash_entry(row.seq, row.at, row.actor, row.action, row.subject, row.detail, row.previous)
        if row.hash != expected:
            yield LedgerFault(seq, mark("Entry {seq} of the audit log was changed."), {"seq": seq})
        previous = row.hash
        _record_digests(row, vouched)


def _record_digests(row: sa.Row[Any], vouched: _VouchedDigests) -> None:
    try:
        detail = json.loads(row.detail)
    except ValueError:
        return  # the entry was changed; its hash has already revealed that
    if isinstance(detail.get("event"), int):
        vouched.events[detail["event"]] = (row.seq, str(detail.get("digest")))
    kind = row.action.partition(".")[0]
    if "standing" in detail and kind in vouched.standing:
        vouched.standing[kind][row.subject] = (row.seq, str(detail["standing"]))


def _check_heads(rows: Iterable[sa.Row[Any]], heads: Iterable[Head]) -> Iterator[LedgerFault]:
    """Yield a fault if the chain lacks a head kept elsewhere: its end was cut off, or all of it was rewritten."""
    hashes = {row.seq: row.hash for row in rows}
    last = max(hashes, default=0)
    for seq, hashed in sorted(set(heads)):
        if seq > last:
            yield LedgerFault(
                last + 1,
                mark("The audit log ends at entry {last}, and entry {seq} was there: its end was cut off."),
                {"last": last, "seq": seq},
            )
            return
        if hashes.get(seq) != hashed:
            yield LedgerFault(seq, mark("Entry {seq} is not the one that a receipt or checkpoint names."), {"seq": seq})
            return


def _check_events(connection: sa.Connection, vouched: _VouchedDigests) -> Iterator[LedgerFault]:
    waiting = dict(vouched.events)
    last = max((seq for seq, _ in vouched.events.values()), default=0)
    for row in connection.execute(sa.select(EVENT).order_by(EVENT.c.event_id)):
        vouched_digest = waiting.pop(row.event_id, None)
        params = {"event": row.event_id, "submission": row.submission_id}
        if vouched_digest is None:
            yield LedgerFault(
                last + 1, mark("Event {event} ({submission}) is in no entry of the audit log: it was put in."), params
            )
        elif audit_digests.digest_event(dict(row._mapping)) != vouched_digest[1]:
            yield LedgerFault(
                vouched_digest[0],
                mark("Event {event} ({submission}) is not as entry {seq} of the audit log has it: it was changed."),
                {**params, "seq": vouched_digest[0]},
            )
    for event, (seq, _) in waiting.items():
        yield LedgerFault(
            seq,
            mark("Event {event} of entry {seq} of the audit log is missing: it was deleted."),
            {"event": event, "seq": seq},
        )


_CHANGED = {
    "submission": mark("Submission {subject} is not as entry {seq} of the audit log left it: it, its blocks, or its "
                       "justifications were changed."),
    "account": mark("Account {subject} is not as entry {seq} of the audit log left it: it or its grants were changed."),
    "token": mark("Token {subject} is not as entry {seq} of the audit log left it: it was changed."),
    "receipt": mark("Receipt {subject} is not as entry {seq} of the audit log has it: it was changed."),
    "facts": mark("The recorded digests of the facts of {subject} are not those in entry {seq} of the audit log: they "
                  "were changed."),
}  # fmt: skip
_PUT_IN = {
    "submission": mark("Submission {subject} is in no entry of the audit log: it was put in."),
    "account": mark("Account {subject} is in no entry of the audit log: it was put in."),
    "token": mark("Token {subject} is in no entry of the audit log: it was put in."),
    "facts": mark("The recorded digests of the facts of {subject} are in no entry of the audit log: they were put in."),
}
_DELETED = {
    "submission": mark("Submission {subject} of entry {seq} of the audit log is missing: it was deleted."),
    "account": mark("Account {subject} of entry {seq} of the audit log is missing: it was deleted."),
    "token": mark("Token {subject} of entry {seq} of the audit log is missing: it was deleted."),
    "receipt": mark("Receipt {subject} of entry {seq} of the audit log is missing: it was deleted."),
    "facts": mark(
        "The recorded digests of the facts of {subject} are missing, and entry {seq} of the audit log names them: "
        "they were deleted."
    ),
}


def _check_rows(connection: sa.Connection, vouched: _VouchedDigests) -> Iterator[LedgerFault]:
    by_kind: dict[str, Callable[[sa.Connection], audit_digests.Digests]] = {
        "submission": audit_digests.digest_submissions,
        "account": audit_digests.digest_accounts,
        "token": audit_digests.digest_tokens,
        "receipt": audit_digests.digest_receipts,
        "facts": audit_digests.digest_facts,
    }
    for kind, digests in by_kind.items():
        vouched_digests = vouched.standing[kind]
        last = max((seq for seq, _ in vouched_digests.values()), default=0)
        present_digests = digests(connection)
        for subject in sorted(present_digests.keys() | vouched_digests.keys()):
            seq, expected = vouched_digests.get(subject, (last + 1, None))
            params = {"subject": subject, "seq": seq}
            if expected is None:
                # A forged receipt would need the signing key, and a real one may be older than the audit log.
                if kind in _PUT_IN:
                    yield LedgerFault(seq, _PUT_IN[kind], params)
            elif subject not in present_digests:
                yield LedgerFault(seq, _DELETED[kind], params)
            elif present_digests[subject] != expected:
                yield LedgerFault(seq, _CHANGED[kind], params)
