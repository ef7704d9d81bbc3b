"""The ledger: what came in, what was found, who decided what and when.

Belongs here: the transition functions (`receive`, `record_check`, `justify`, `send`, `approve`, `publish`, `withdraw`),
each one transaction, each with a `…_many` that does the same for a batch.  Does not belong here: the table of states
(`transitions.py`), questions to the ledger (`queries.py`), the export for dbt (`export.py`).

A `…_many` does all that can be done and returns why the others could not be; the single form raises that error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines import clock, codes
from pipelines.intake import facts
from pipelines.intake.database import LedgerError, open_ledger, open_url, writing
from pipelines.intake.export import export
from pipelines.intake.queries import find, in_ids, open_warnings, previous_blocks
from pipelines.intake.schema import BLOCK, EVENT, JUSTIFICATION, SUBMISSION
from pipelines.intake.transitions import ACCEPTED, Action, State, TransitionError, decide

if TYPE_CHECKING:
    from pipelines.home import Home

__all__ = [
    "Act",
    "Arrival",
    "Block",
    "CheckResult",
    "Justification",
    "LedgerError",
    "Received",
    "TransitionError",
    "approve",
    "approve_many",
    "export",
    "justify",
    "justify_many",
    "open_ledger",
    "open_url",
    "publish",
    "receive",
    "receive_many",
    "record_check",
    "record_check_many",
    "send",
    "send_many",
    "withdraw",
]

SYSTEM = "system"
MINIMUM_TEXT = 10
"""Characters a written justification has at least: a word or two explains nothing to whoever approves it."""

Refusals = dict[str, TransitionError]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that has come in; its bytes lie in the store already.

    `territory` and `kind` are what the sender says of it, where anything is said; the check has the last word.
    """

    sha256: str
    size: int
    filename: str
    sender: str
    received_at: datetime
    demonstration: bool
    corrects: str | None = None
    comment: str | None = None
    territory: str | None = None
    kind: str | None = None

    @property
    def submission_id(self) -> str:
        """`S` and 15 hex digits of SHA-256 over file, time, sender and name: the same arrival has the same id."""
        text = "\n".join((self.sha256, clock.stamp(self.received_at), self.sender, self.filename))
        return "S" + hashlib.sha256(text.encode()).hexdigest()[:15]


@dataclass(frozen=True, slots=True)
class Received:
    """`new` is false where this arrival, or (unless it was refused or withdrawn) the same file, was there before."""

    submission_id: str
    new: bool
    same_file: tuple[tuple[str, State], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a submission, without the submission."""

    jurisdiction: str
    instrument: str
    form: str
    freq: str
    period: str
    rows: int
    nil: bool = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check tells the ledger. `warnings` are (finding key, rule) of those that ask for a justification."""

    submission_id: str
    format: str | None
    territory: str | None
    form: str | None
    kind: str | None
    blocks: tuple[Block, ...]
    errors: int
    warnings: tuple[tuple[str, str], ...]
    informations: int
    declaration_hash: str
    rules_version: str
    report_hash: str
    at: datetime | None = None
    jurisdiction: str | None = None
    instrument: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One person's decision about one submission. `at` None is now."""

    submission_id: str
    actor: str
    at: datetime | None = None
    comment: str | None = None
    reason: str | None = None
    override: bool = False


Within = Callable[[sa.Connection, Act], None]
"""What else is stored in the transaction of an act; what it raises undoes the act."""


@dataclass(frozen=True, slots=True)
class Justification:
    """Why a warning is accepted. `finding_key` None stands for every warning of the return still open."""

    submission_id: str
    reason: str
    text: str
    actor: str
    finding_key: str | None = None
    at: datetime | None = None
    memory: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By finding key, the key under which it is remembered, and until when (`pipelines/desk/memory.py`)."""


@dataclass(frozen=True, slots=True)
class _Change:
    submission_id: str
    action: Action
    actor: str
    at: datetime
    outcome: State | None = None
    comment: str | None = None
    payload: Any = None
    values: Mapping[str, Any] = field(default_factory=dict)


# --------------------------------------------------------------------------------------------------------------- acts


def receive(engine: sa.Engine, arrival: Arrival, *, again: bool = False) -> Received:
    """Enter one arrival. The same file counts once, unless the earlier was refused or withdrawn or `again` is set."""
    return receive_many(engine, [arrival], again=again)[0]


def receive_many(engine: sa.Engine, arrivals: Sequence[Arrival], *, again: bool = False) -> list[Received]:
    """Enter arrivals in one transaction; in the order given. Entering an arrival twice does nothing the second time."""
    out: list[Received] = []
    with writing(engine) as connection:
        known: dict[str, list[tuple[str, State]]] = {}
        wanted = sorted({a.sha256 for a in arrivals})
        query = sa.select(SUBMISSION.c.sha256, SUBMISSION.c.submission_id, SUBMISSION.c.state)
        for row in in_ids(connection, query.order_by(SUBMISSION.c.received_at), SUBMISSION.c.sha256, wanted):
            known.setdefault(row.sha256, []).append((row.submission_id, row.state))
        rows, events = [], []
        for arrival in arrivals:
            same = known.setdefault(arrival.sha256, [])
            identity = arrival.submission_id
            if any(identity == other for other, _ in same):
                out.append(Received(identity, new=False))
                continue
            living = [(other, state) for other, state in same if state not in ("refused", "withdrawn")]
            if living and not again:
                out.append(Received(living[-1][0], new=False, same_file=tuple(same)))
                continue
            target = decide(identity, None, "receive", arrival.sender, arrival.sender)
            rows.append(_arrival_row(arrival, target))
            events.append(
                _event(identity, "receive", arrival.sender, arrival.received_at, None, target, arrival.comment)
            )
            out.append(Received(identity, new=True, same_file=tuple(same)))
            same.append((identity, target))
        if rows:
            connection.execute(sa.insert(SUBMISSION), rows)
            connection.execute(sa.insert(EVENT), events)
    return out


def record_check(engine: sa.Engine, result: CheckResult) -> State:
    """Enter what a check found. Raises TransitionError for a submission that is not there or was withdrawn."""
    _raise_first(record_check_many(engine, [result]))
    return find(engine, result.submission_id).state


def record_check_many(engine: sa.Engine, results: Sequence[CheckResult]) -> Refusals:
    """Enter what checks found, in one transaction.

    Blocks are replaced as long as the return is not sent; afterwards a check with newer rules changes the numbers of
    findings and nothing else.
    """
    now = clock.now()
    with writing(engine) as connection:
        states = _states(connection, [r.submission_id for r in results])
        changes, fluid = [], []
        for result in results:
            state = states.get(result.submission_id, (None, ""))[0]
            findings = {"errors": result.errors, "warnings": len(result.warnings), "informations": result.informations}
            values: dict[str, Any] = {**findings, "rules_version": result.rules_version}
            if state in ("received", "checked", "refused"):
                fluid.append(result)
                values |= {"format": result.format, "territory": result.territory, "form": result.form}
                values |= {"kind": result.kind, "declaration_hash": result.declaration_hash}
                values |= {"jurisdiction": result.jurisdiction, "instrument": result.instrument}
            payload = {"hash": result.report_hash, "rules_version": result.rules_version, **findings}
            payload["justifiable"] = [list(pair) for pair in result.warnings]
            changes.append(
                _Change(
                    result.submission_id,
                    "check",
                    SYSTEM,
                    result.at or now,
                    outcome="refused" if result.errors else "checked",
                    payload=payload,
                    values=values,
                )
            )
        refused = _apply(connection, changes, states)
        _replace_blocks(connection, [r for r in fluid if r.submission_id not in refused], states)
    return refused


def justify(engine: sa.Engine, justification: Justification) -> int:
    """Justify one warning, or all that are open. Returns how many are still open. Raises TransitionError."""
    _raise_first(justify_many(engine, [justification]))
    with engine.connect() as connection:
        return len(open_warnings(connection, [justification.submission_id]).get(justification.submission_id, []))


def justify_many(engine: sa.Engine, justifications: Sequence[Justification]) -> Refusals:
    """Justify warnings in one transaction. A warning justified anew keeps the newest words; the event log keeps all."""
    now = clock.now()
    refused: Refusals = {}
    with writing(engine) as connection:
        ids = [j.submission_id for j in justifications]
        every, still_open = open_warnings(connection, ids, justified=True), open_warnings(connection, ids)
        changes, rows = [], []
        for one in justifications:
            try:
                keys = _keys_to_justify(one, every.get(one.submission_id, []), still_open.get(one.submission_id, []))
            except TransitionError as error:
                refused[one.submission_id] = error
                continue
            if not keys:
                continue
            payload = {"reason": one.reason, "text": one.text, "findings": [key for key, _ in keys]}
            at = one.at or now
            changes.append(_Change(one.submission_id, "justify", one.actor, at, payload=payload))
            base = {"reason": one.reason, "text": one.text, "actor": one.actor, "at": clock.stamp(at)}
            for k, rule in keys:
                memory_key, expires_at = one.memory.get(k, (None, None))
                row = {"submission_id": one.submission_id, "finding_key": k, "rule": rule, **base}
                rows.append({**row, "memory_key": memory_key, "expires_at": expires_at})
        refused |= _apply(connection, changes)
        rows = [r for r in rows if r["submission_id"] not in refused]
        if rows:
            keys_only = [{"b_id": r["submission_id"], "b_key": r["finding_key"]} for r in rows]
            gone = sa.delete(JUSTIFICATION).where(
                JUSTIFICATION.c.submission_id == sa.bindparam("b_id"),
                JUSTIFICATION.c.finding_key == sa.bindparam("b_key"),
            )
            connection.execute(gone, keys_only)
            connection.execute(
                sa.insert(JUSTIFICATION), list({(r["submission_id"], r["finding_key"]): r for r in rows}.values())
            )
    return refused


def send(engine: sa.Engine, act: Act, *, within: Within | None = None) -> None:
    """Send a checked return for approval. Raises TransitionError while a warning lacks its justification."""
    _raise_first(send_many(engine, [act], within=within))


def send_many(engine: sa.Engine, acts: Sequence[Act], *, within: Within | None = None) -> Refusals:
    """Send checked returns for approval, in one transaction; `within` is called in it for each that was sent."""
    now = clock.now()
    refused: Refusals = {}
    with writing(engine) as connection:
        lacking = open_warnings(connection, [a.submission_id for a in acts])
        states = _states(connection, [a.submission_id for a in acts])
        changes = []
        for act in acts:
            missing = lacking.get(act.submission_id, [])
            if missing and states.get(act.submission_id, (None, ""))[0] == "checked":
                rules = ", ".join(sorted({rule for _, rule in missing}))
                refused[act.submission_id] = TransitionError(
                    f"{act.submission_id} has {len(missing)} warning(s) without a justification ({rules}); "
                    f"give a reason with `rti justify {act.submission_id}`"
                )
                continue
            changes.append(_Change(act.submission_id, "send", act.actor, act.at or now, comment=act.comment))
        refused |= _apply(connection, changes, states)
        for act in acts:
            if within is not None and act.submission_id not in refused:
                within(connection, act)
    return refused


def approve(engine: sa.Engine, home: Home, act: Act) -> None:
    """Accept a return: its facts are laid and it counts from now on. Raises TransitionError; never for its sender."""
    _raise_first(approve_many(engine, home, [act]))


def approve_many(engine: sa.Engine, home: Home, acts: Sequence[Act]) -> Refusals:
    """Accept returns in the order of their times, in one transaction.

    Facts are written inside the transaction and before the ledger says `approved`: a crash between leaves facts of a
    return that does not count, and the next approval writes the same bytes again.
    """
    now = clock.now()
    refused: Refusals = {}
    ordered = sorted(acts, key=lambda a: (a.at or now, a.submission_id))
    with writing(engine) as connection:
        ids = [a.submission_id for a in ordered]
        states = _states(connection, ids)
        kinds = {
            row.submission_id: row.kind
            for row in in_ids(
                connection, sa.select(SUBMISSION.c.submission_id, SUBMISSION.c.kind), SUBMISSION.c.submission_id, ids
            )
        }
        waiting: list[_Change] = []
        for act in ordered:
            at = act.at or now
            change = _Change(
                act.submission_id,
                "approve",
                act.actor,
                at,
                comment=act.comment,
                values={"accepted_at": clock.stamp(at)},
            )
            try:
                state, sender = states.get(act.submission_id, (None, ""))
                decide(act.submission_id, state, "approve", act.actor, sender)
                if kinds[act.submission_id] == "patch":
                    # A patch lies over what was accepted before it, so everything before must be in the ledger first.
                    refused |= _apply(connection, waiting, states)
                    waiting = []
                    previous = previous_blocks(connection, act.submission_id, clock.stamp(at))
                    facts.accept_patch(home, act.submission_id, previous)
                else:
                    facts.accept(home, act.submission_id)
            except (TransitionError, facts.FactsError) as error:
                refused[act.submission_id] = (
                    error if isinstance(error, TransitionError) else TransitionError(str(error))
                )
                continue
            waiting.append(change)
        refused |= _apply(connection, waiting, states)
    return refused


def publish(engine: sa.Engine, submission_ids: Iterable[str], release: str, at: datetime | None = None) -> int:
    """Mark accepted returns as part of a release, in one transaction. Returns how many were marked."""
    ids = list(submission_ids)
    with writing(engine) as connection:
        states = _states(connection, ids)
        changes = [
            _Change(i, "publish", SYSTEM, at or clock.now(), payload={"release": release})
            for i in ids
            if states.get(i, (None, ""))[0] in ACCEPTED
        ]
        refused = _apply(connection, changes, states)
    return len(changes) - len(refused)


def withdraw(engine: sa.Engine, act: Act) -> None:
    """Take a return back: it counts no longer, and the block before it counts again. A comment says why."""
    if not (act.comment or "").strip():
        raise TransitionError(f"say why {act.submission_id} is withdrawn")
    with writing(engine) as connection:
        _raise_first(
            _apply(
                connection,
                [_Change(act.submission_id, "withdraw", act.actor, act.at or clock.now(), comment=act.comment)],
            )
        )


# ------------------------------------------------------------------------------------------------------------- the core


def _apply(
    connection: sa.Connection, changes: Sequence[_Change], states: dict[str, tuple[State, str]] | None = None
) -> Refusals:
    """Decide and store changes; returns those refused. `states` (id -> state, sender) is brought up to date."""
    if not changes:
        return {}
    if states is None:
        states = _states(connection, [c.submission_id for c in changes])
    refused: Refusals = {}
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    events = []
    for change in changes:
        state, sender = states.get(change.submission_id, (None, ""))
        try:
            if state is None:
                raise TransitionError(f"there is no submission {change.submission_id} in the ledger; see `rti status`")
            target = decide(change.submission_id, state, change.action, change.actor, sender, change.outcome or state)
        except TransitionError as error:
            refused[change.submission_id] = error
            continue
        states[change.submission_id] = (target, sender)
        row = {"b_id": change.submission_id, "b_from": state, "b_state": target}
        row |= {f"b_{name}": value for name, value in change.values.items()}
        updates.setdefault(tuple(change.values), []).append(row)
        events.append(
            _event(
                change.submission_id,
                change.action,
                change.actor,
                change.at,
                state,
                target,
                change.comment,
                change.payload,
            )
        )
    for names, rows in updates.items():
        statement = (
            sa.update(SUBMISSION)
            .where(SUBMISSION.c.submission_id == sa.bindparam("b_id"), SUBMISSION.c.state == sa.bindparam("b_from"))
            .values(state=sa.bindparam("b_state"), **{name: sa.bindparam(f"b_{name}") for name in names})
        )
        done = connection.execute(statement, rows)
        if done.rowcount != len(rows):
            raise TransitionError(
                "somebody else changed one of these submissions meanwhile; look at `rti status` and try again"
            )
    if events:
        connection.execute(sa.insert(EVENT), events)
    return refused


def _states(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[State, str]]:
    query = sa.select(SUBMISSION.c.submission_id, SUBMISSION.c.state, SUBMISSION.c.sender)
    return {
        row.submission_id: (row.state, row.sender) for row in in_ids(connection, query, SUBMISSION.c.submission_id, ids)
    }


def _event(
    identity: str,
    action: Action,
    actor: str,
    at: datetime,
    source: State | None,
    target: State,
    comment: str | None = None,
    payload: Any = None,
) -> dict[str, Any]:
    return {
        "submission_id": identity,
        "at": clock.stamp(at),
        "actor": actor,
        "action": action,
        "from_state": source,
        "to_state": target,
        "comment": comment,
        "payload": payload,
    }


def _arrival_row(arrival: Arrival, state: State) -> dict[str, Any]:
    return {
        "submission_id": arrival.submission_id,
        "sha256": arrival.sha256,
        "size": arrival.size,
        "filename": arrival.filename,
        "received_at": clock.stamp(arrival.received_at),
        "sender": arrival.sender,
        "state": state,
        "corrects_submission_id": arrival.corrects,
        "territory": arrival.territory,
        "kind": arrival.kind,
        "demonstration": arrival.demonstration,
    }


def _replace_blocks(
    connection: sa.Connection, results: Sequence[CheckResult], states: Mapping[str, tuple[State, str]]
) -> None:
    if not results:
        return
    connection.execute(
        sa.delete(BLOCK).where(BLOCK.c.submission_id == sa.bindparam("b_id")),
        [{"b_id": r.submission_id} for r in results],
    )
    rows = [
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


def _keys_to_justify(
    one: Justification, every: Sequence[tuple[str, str]], still_open: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    if one.reason not in codes.codes("justification_reason"):
        known = ", ".join(codes.codes("justification_reason"))
        raise TransitionError(f"{one.reason!r} is not a reason; take one of {known}")
    if len(one.text.strip()) < MINIMUM_TEXT:
        raise TransitionError(f"write at least {MINIMUM_TEXT} characters that say why the warning is accepted")
    if one.finding_key is None:
        return list(still_open)
    keys = [pair for pair in every if pair[0] == one.finding_key]
    if not keys:
        known = ", ".join(f"{key} ({rule})" for key, rule in every) or "none"
        raise TransitionError(f"{one.submission_id} has no warning {one.finding_key}; its warnings are: {known}")
    return keys


def _raise_first(refused: Refusals) -> None:
    for error in refused.values():
        raise error
