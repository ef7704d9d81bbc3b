"""What is in the ledger, for those who may see it: lists, one submission, its events, its bytes.

Belongs here: `Entry`, a row of the ledger with what the one who looks may do with it.  Does not belong here: acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.desk import rights
from pipelines.desk.desk import Desk
from pipelines.desk.stored import read_stored
from pipelines.intake import queries
from pipelines.intake.database import reading
from pipelines.intake.schema import BLOCK, EVENT, SUBMISSION
from pipelines.intake.transitions import ACCEPTED
from pipelines.people.identity import EVERY

if TYPE_CHECKING:
    from pipelines.intake.ledger import Block
    from pipelines.intake.queries import Replacement, Submission
    from pipelines.intake.transitions import State
    from pipelines.people.identity import Identity


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked a second person to withdraw an accepted return, and why (`reason` of `revision_reason`)."""

    actor: str
    at: str
    reason: str
    comment: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission as one person sees it. `open_warnings` are (finding key, rule) that still ask for words.

    `last_comment` is the newest comment anybody left with an act, `last_action` and `last_at` the newest act.
    `replaces` says that it is not accepted and one of its blocks has an accepted predecessor: sending it asks for a
    reason. `replaced_by` are the later returns that count in its place, whole or for some of its periods.
    """

    row: Submission
    blocks: tuple[Block, ...]
    open_warnings: tuple[tuple[str, str], ...]
    last_comment: str | None
    last_action: str | None
    last_actor: str | None
    last_at: str | None
    replaces: bool
    replaced_by: tuple[Replacement, ...]
    mine: bool
    may_justify: bool
    may_send: bool
    may_approve: bool
    may_override: bool
    may_give_back: bool
    may_withdraw: bool
    may_override_withdrawal: bool
    may_ask_withdrawal: bool
    withdrawal_asked: tuple[Asked, ...]

    @property
    def submission_id(self) -> str:
        return self.row.submission_id

    @property
    def state(self) -> State:
        return self.row.state

    @property
    def is_replaced(self) -> bool:
        """Whether none of it counts any more because later returns do."""
        return bool(self.replaced_by) and sum(len(one.keys) for one in self.replaced_by) == len(self.blocks)

    @property
    def periods(self) -> tuple[str, ...]:
        """The periods it covers, in order."""
        return tuple(sorted({b.period for b in self.blocks}))


def submissions(desk: Desk, who: Identity, *, states: Iterable[str] | None = None, mine: bool = False) -> list[Entry]:
    """Every submission that may be seen, newest first; `mine` leaves those that this account sent."""
    query = sa.select(SUBMISSION).order_by(SUBMISSION.c.received_at.desc(), SUBMISSION.c.submission_id)
    if states is not None:
        query = query.where(SUBMISSION.c.state.in_(list(states)))
    own = SUBMISSION.c.sender == who.account
    query = query.where(own if mine else sa.or_(own, _near(who)))
    with reading(desk.engine) as connection:
        found = [queries.Submission(**row._mapping) for row in connection.execute(query)]
    return _entries(desk, who, rights.may_see(desk, who, found))


def submission(desk: Desk, who: Identity, submission_id: str) -> Entry:
    """One submission. Raises NotAllowedError where it is not there or not to be seen."""
    return _entries(desk, who, [rights.seen(desk, who, submission_id)])[0]


def events(desk: Desk, who: Identity, submission_id: str) -> list[dict[str, Any]]:
    """What happened to a submission, oldest first: the columns of the ledger's table `event`."""
    found, _ = rights.seen(desk, who, submission_id)
    return queries.events(desk.engine, found.submission_id)


def original(desk: Desk, who: Identity, submission_id: str) -> tuple[str, bytes]:
    """The file exactly as it came: its name and its bytes. Raises NotAllowedError, DamagedFileError."""
    found, _ = rights.seen(desk, who, submission_id)
    return found.filename, read_stored(desk.home, found)


def _near(who: Identity) -> sa.ColumnElement[bool]:
    """What may possibly be seen, so that not the whole ledger is read; `rights` has the last word."""
    wanted = {g.jurisdiction for g in who.grants}
    if EVERY in wanted:
        return sa.true()
    blocks = sa.select(BLOCK.c.submission_id).where(BLOCK.c.jurisdiction.in_(wanted))
    return sa.or_(SUBMISSION.c.jurisdiction.in_(wanted), SUBMISSION.c.submission_id.in_(blocks))


def _entries(desk: Desk, who: Identity, found: Sequence[tuple[Submission, tuple[Block, ...]]]) -> list[Entry]:
    ids = [one.submission_id for one, _ in found]
    comments, acts = _comments(desk, ids), _newest(desk, ids)
    standing = [one.submission_id for one, _ in found if one.state in ACCEPTED]
    asked, replaced = _asked(desk, standing), queries.replacements(desk.engine, standing)
    held = queries.accepted_blocks(desk.engine) if found else {}
    with reading(desk.engine) as connection:
        lacking = queries.open_warnings(connection, [i for (one, _), i in zip(found, ids, strict=True)])
    out = []
    for one, blocks in found:
        pairs = rights.pairs_of(one, blocks)
        still_open = tuple(lacking.get(one.submission_id, ())) if one.state == "checked" else ()
        act = acts.get(one.submission_id)
        asking = asked.get(one.submission_id, ())
        askers = {a.actor for a in asking}
        keys = [(b.jurisdiction, b.instrument, b.form, b.freq, b.period) for b in blocks]
        out.append(
            Entry(
                row=one,
                blocks=blocks,
                open_warnings=still_open,
                last_comment=comments.get(one.submission_id),
                last_action=act["action"] if act else None,
                last_actor=act["actor"] if act else None,
                last_at=act["at"] if act else None,
                replaces=one.state not in ACCEPTED and any(key in held for key in keys),
                replaced_by=replaced.get(one.submission_id, ()),
                mine=one.sender == who.account,
                may_justify=rights.may_justify(who, one, pairs),
                may_send=rights.may_send(who, one, pairs) and not still_open,
                may_approve=rights.may_approve(who, one, pairs),
                may_override=rights.may_override(who, one, pairs),
                may_give_back=rights.may_give_back(who, one, pairs),
                may_withdraw=rights.may_withdraw(who, one, pairs, askers),
                may_override_withdrawal=rights.may_override_withdrawal(who, one, pairs, askers),
                may_ask_withdrawal=rights.may_ask_withdrawal(who, one, pairs, askers),
                withdrawal_asked=asking,
            )
        )
    return out


def _asked(desk: Desk, ids: Sequence[str]) -> Mapping[str, tuple[Asked, ...]]:
    """Of accepted submissions, who asked for their withdrawal, oldest first."""
    if not ids:
        return {}
    query = sa.select(EVENT).where(EVENT.c.action == "ask_withdrawal").order_by(EVENT.c.event_id)
    out: dict[str, list[Asked]] = {}
    with reading(desk.engine) as connection:
        for row in queries.in_ids(connection, query, EVENT.c.submission_id, ids):
            one = Asked(row.actor, row.at, row.payload["reason"], row.comment)
            out.setdefault(row.submission_id, []).append(one)
    return {identity: tuple(found) for identity, found in out.items()}


def _comments(desk: Desk, ids: Sequence[str]) -> Mapping[str, str]:
    query = sa.select(EVENT.c.submission_id, EVENT.c.comment).where(EVENT.c.comment.is_not(None))
    with reading(desk.engine) as connection:
        rows = queries.in_ids(connection, query.order_by(EVENT.c.event_id), EVENT.c.submission_id, ids)
        return {row.submission_id: row.comment for row in rows}


def _newest(desk: Desk, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    newest = sa.select(sa.func.max(EVENT.c.event_id).label("event_id")).group_by(EVENT.c.submission_id).subquery()
    query = sa.select(EVENT).join(newest, newest.c.event_id == EVENT.c.event_id)
    with reading(desk.engine) as connection:
        rows = queries.in_ids(connection, query, EVENT.c.submission_id, ids)
        return {row.submission_id: dict(row._mapping) for row in rows}
