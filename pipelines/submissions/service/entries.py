"""What is in the ledger, for those who may see it: lists, one submission, its events, its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.ledger import queries
from pipelines.ledger.database import reading
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import can_act, draft_pairs
from pipelines.ledger.queries import Position
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.ledger.transitions import ACCEPTED, DRAFT
from pipelines.submissions.service import rights
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.stored import read_stored

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.queries import Replacement, Submission
    from pipelines.ledger.transitions import State
    from pipelines.submissions.ledger import Block


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


@dataclass(frozen=True, slots=True)
class Filter:
    """Which submissions to list. What is not given does not limit the list.

    `states` are states of the ledger. `shown` are those that people are shown: with `replaced`, which an accepted
    return is when none of it counts any more, and then it is neither `approved` nor `published`.
    """

    states: tuple[str, ...] | None = None
    shown: tuple[str, ...] | None = None
    mine: bool = False
    jurisdiction: str | None = None
    instrument: str | None = None
    series: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some submissions, newest first. `older` and `newer` are the positions to continue from, None at either end."""

    entries: list[Entry]
    older: Position | None = None
    newer: Position | None = None


def submissions(desk: Desk, who: Identity, *, states: Iterable[str] | None = None, mine: bool = False) -> list[Entry]:
    """Return every submission that may be seen, newest first; `mine` leaves those that this account sent.

    Grows with the history. Lists that people or programs ask for are read in pages (`submission_page`).
    """
    wanted = Filter(states=None if states is None else tuple(states), mine=mine)
    found = queries.submissions(desk.engine, states=wanted.states, where=sa.and_(*_conditions(who, wanted)))
    return _entries(desk, who, rights.may_see(desk, who, found[::-1]))


def submission_page(
    desk: Desk,
    who: Identity,
    wanted: Filter = Filter(),
    *,
    limit: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
) -> Page:
    """Return one page of the submissions that may be seen, newest first.

    The database limits and filters; `rights` has the last word on each row, and the page is filled up behind it.
    """
    visible: list[tuple[Submission, tuple[Block, ...]]] = []
    older, newer = older_than, newer_than
    conditions, states = _conditions(who, wanted), _ledger_states(wanted)
    while len(visible) <= limit:
        rows = queries.submission_page(
            desk.engine, *conditions, states=states, limit=limit + 1, older_than=older, newer_than=newer
        )
        part = rights.may_see(desk, who, rows)
        visible = [*part, *visible] if newer else [*visible, *part]
        if len(rows) <= limit:
            break
        older, newer = (None, Position.of(rows[0])) if newer else (Position.of(rows[-1]), None)
    has_more = len(visible) > limit
    if newer_than is not None and not has_more:
        # The newest page is always a whole one.
        return submission_page(desk, who, wanted, limit=limit)
    visible = visible[-limit:] if newer_than else visible[:limit]
    first, last = (Position.of(visible[0][0]), Position.of(visible[-1][0])) if visible else (None, None)
    return Page(
        _entries(desk, who, visible),
        older=last if has_more or newer_than else None,
        newer=first if newer_than or older_than else None,
    )


def reported_periods(desk: Desk, who: Identity) -> list[str]:
    """Return the periods of the returns that may be seen, newest first: what a filter by period offers.

    A draft counts for those who work in its office, as in the lists, and for its sender.
    """
    is_draft = sa.or_(SUBMISSION.c.state.in_(DRAFT), SUBMISSION.c.state == "withdrawn")
    drafts = sa.select(SUBMISSION.c.submission_id).where(is_draft, SUBMISSION.c.sender != who.account)
    query = sa.select(BLOCK.c.period).distinct()
    seen = sa.and_(_of_pairs(BLOCK, who.pairs()), BLOCK.c.submission_id.not_in(drafts))
    with reading(desk.engine) as connection:
        periods = connection.execute(query.where(sa.or_(_of_pairs(BLOCK, draft_pairs(who)), seen))).scalars()
        return sorted(periods, reverse=True)


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
    pairs = who.pairs()
    if (EVERY, EVERY) in pairs:
        return sa.true()
    return sa.or_(_of_pairs(SUBMISSION, pairs), _has_block(_of_pairs(BLOCK, pairs)))


def _of_pairs(table: sa.Table, pairs: Iterable[tuple[str, str]]) -> sa.ColumnElement[bool]:
    """Return the condition that a row belongs to one of some pairs (jurisdiction, instrument)."""
    any_of = [
        sa.and_(
            sa.true() if jurisdiction == EVERY else table.c.jurisdiction == jurisdiction,
            sa.true() if instrument == EVERY else table.c.instrument == instrument,
        )
        for jurisdiction, instrument in pairs
    ]
    return sa.or_(sa.false(), *any_of)


def _has_block(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(BLOCK.c.submission_id == SUBMISSION.c.submission_id, condition)


def _conditions(who: Identity, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    own = SUBMISSION.c.sender == who.account
    conditions = [own if wanted.mine else sa.or_(own, _near(who))]
    if wanted.jurisdiction is not None:
        of_block = _has_block(BLOCK.c.jurisdiction == wanted.jurisdiction)
        conditions.append(sa.or_(SUBMISSION.c.jurisdiction == wanted.jurisdiction, of_block))
    if wanted.instrument is not None:
        conditions.append(_has_block(BLOCK.c.instrument == wanted.instrument))
    if wanted.series is not None:
        conditions.append(_has_block(BLOCK.c.form == wanted.series))
    if wanted.period is not None:
        of_period = sa.select(BLOCK.c.submission_id).where(BLOCK.c.period == wanted.period)
        conditions.append(SUBMISSION.c.submission_id.in_(of_period))
    accepted = set(wanted.shown or ()) & {*ACCEPTED, "replaced"}
    if accepted and accepted != {*ACCEPTED, "replaced"}:
        current = [state for state in ACCEPTED if state in accepted]
        is_replaced = queries.is_replaced()
        fits = sa.or_(SUBMISSION.c.state.in_(current), is_replaced) if "replaced" in accepted else ~is_replaced
        conditions.append(sa.or_(SUBMISSION.c.state.not_in(ACCEPTED), fits))
    return conditions


def _ledger_states(wanted: Filter) -> tuple[str, ...] | None:
    """Return the states of the ledger that a filter takes, None for every one."""
    if not wanted.shown:
        return wanted.states
    shown = dict.fromkeys(state for state in wanted.shown if state != "replaced")
    if "replaced" in wanted.shown:
        shown |= dict.fromkeys(ACCEPTED)
    return tuple(state for state in shown if wanted.states is None or state in wanted.states)


def _entries(desk: Desk, who: Identity, found: Sequence[tuple[Submission, tuple[Block, ...]]]) -> list[Entry]:
    ids = [one.submission_id for one, _ in found]
    standing = [one.submission_id for one, _ in found if one.state in ACCEPTED]
    drafts = [one.submission_id for one, _ in found if one.state == "checked"]
    asked, replaced = _asked(desk, standing), queries.replacements(desk.engine, standing)
    with reading(desk.engine) as connection:
        comments, acts = _comments(connection, ids), _newest(connection, ids)
        held = queries.replaced_blocks(connection, [one.submission_id for one, _ in found if one.state not in ACCEPTED])
        lacking = queries.open_warnings(connection, drafts)
    out = []
    for one, blocks in found:
        still_open = tuple(lacking.get(one.submission_id, ()))
        act = acts.get(one.submission_id)
        asking = asked.get(one.submission_id, ())
        resource = rights.resource_of(one, blocks, {a.actor for a in asking})
        out.append(
            Entry(
                row=one,
                blocks=blocks,
                open_warnings=still_open,
                last_comment=comments.get(one.submission_id),
                last_action=act["action"] if act else None,
                last_actor=act["actor"] if act else None,
                last_at=act["at"] if act else None,
                replaces=one.submission_id in held,
                replaced_by=replaced.get(one.submission_id, ()),
                mine=one.sender == who.account,
                may_justify=can_act(who, "justify", resource),
                may_send=can_act(who, "send", resource) and not still_open,
                may_approve=can_act(who, "approve", resource),
                may_override=can_act(who, "approve", resource, override=True),
                may_give_back=can_act(who, "give_back", resource),
                may_withdraw=can_act(who, "withdraw", resource),
                may_override_withdrawal=can_act(who, "withdraw", resource, override=True),
                may_ask_withdrawal=can_act(who, "ask_withdrawal", resource),
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


def _comments(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, str]:
    query = sa.select(EVENT.c.submission_id, EVENT.c.comment).where(EVENT.c.comment.is_not(None))
    rows = queries.in_ids(connection, query.order_by(EVENT.c.event_id), EVENT.c.submission_id, ids)
    return {row.submission_id: row.comment for row in rows}


def _newest(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    return {row.submission_id: dict(row._mapping) for row in queries.newest_events(connection, ids)}
