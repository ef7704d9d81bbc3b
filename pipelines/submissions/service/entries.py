"""List and look up submissions for the people who may see them: pages, single submissions, events, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.ledger import queries, supersession
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import can_act, draft_pairs
from pipelines.ledger.queries import Position
from pipelines.ledger.schema import BLOCK, EVENT, SUBMISSION
from pipelines.ledger.transitions import ACCEPTED, DRAFT
from pipelines.submissions.service import rights
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.stored import read_stored

if TYPE_CHECKING:
    from pipelines.ledger.acts import Block
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.queries import Submission
    from pipelines.ledger.supersession import Replacement
    from pipelines.ledger.transitions import State


@dataclass(frozen=True, slots=True)
class WithdrawalRequest:
    """A request that a second person withdraws an accepted return. `reason` is a code of `revision_reason`."""

    actor: str
    at: str
    reason: str
    comment: str


@dataclass(frozen=True, slots=True)
class SubmissionEntry:
    """One submission as one person sees it. `open_warnings` are (finding key, rule) that still need a justification.

    `last_comment` is the newest comment of any act; `last_action` and `last_at` are of the newest act. `replaces` is
    True if the submission is not accepted and one of its blocks has an accepted predecessor, so that sending it needs
    a reason. `replaced_by` are the later returns that count instead of it, for all or some of its periods.
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
    withdrawal_asked: tuple[WithdrawalRequest, ...]

    @property
    def submission_id(self) -> str:
        return self.row.submission_id

    @property
    def state(self) -> State:
        return self.row.state

    @property
    def is_replaced(self) -> bool:
        """Return True if later returns have replaced all of its blocks."""
        return bool(self.replaced_by) and sum(len(replacement.keys) for replacement in self.replaced_by) == len(
            self.blocks
        )

    @property
    def periods(self) -> tuple[str, ...]:
        """Return the periods that it covers, sorted."""
        return tuple(sorted({b.period for b in self.blocks}))


@dataclass(frozen=True, slots=True)
class SubmissionFilter:
    """Criteria for a list of submissions; those left at their default do not limit it.

    `states` are states of the ledger. `shown` are states as displayed: an accepted return that is completely replaced
    has the state `replaced` there, and neither `approved` nor `published`.
    """

    states: tuple[str, ...] | None = None
    shown: tuple[str, ...] | None = None
    mine: bool = False
    jurisdiction: str | None = None
    instrument: str | None = None
    series: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """One page of submissions, newest first. `older` and `newer` are the positions to continue from, or None."""

    entries: list[SubmissionEntry]
    older: Position | None = None
    newer: Position | None = None


def list_submissions(
    desk: Desk, who: Identity, *, states: Iterable[str] | None = None, mine: bool = False
) -> list[SubmissionEntry]:
    """Return all submissions that an identity may see, newest first; with `mine`, only those that it sent.

    The result grows with the history; use `submission_page` for lists that people or programs request.
    """
    criteria = SubmissionFilter(states=None if states is None else tuple(states), mine=mine)
    rows = queries.list_submissions(desk.engine, states=criteria.states, where=sa.and_(*_conditions(who, criteria)))
    return _make_entries(desk, who, rights.may_see(desk, who, rows[::-1]))


def list_requested_withdrawals(desk: Desk, who: Identity) -> list[SubmissionEntry]:
    """Return the accepted returns whose withdrawal was requested and can be decided by an identity, newest first.

    A steward who may withdraw by override only does not decide: the office does.
    """
    is_requested = sa.exists().where(
        EVENT.c.submission_id == SUBMISSION.c.submission_id, EVENT.c.action == "ask_withdrawal"
    )
    conditions = (*_conditions(who, SubmissionFilter()), is_requested)
    rows = queries.list_submissions(desk.engine, states=ACCEPTED, where=sa.and_(*conditions))
    return [entry for entry in _make_entries(desk, who, rights.may_see(desk, who, rows[::-1])) if entry.may_withdraw]


def submission_page(
    desk: Desk,
    who: Identity,
    wanted: SubmissionFilter = SubmissionFilter(),
    *,
    limit: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
) -> SubmissionPage:
    """Return one page of the submissions that an identity may see, newest first.

    The database limits and filters, and `rights` then decides on each row. More rows are read until the page is full.
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
        older, newer = (
            (None, Position.from_submission(rows[0])) if newer else (Position.from_submission(rows[-1]), None)
        )
    has_more = len(visible) > limit
    if newer_than is not None and not has_more:
        # The newest page is always full.
        return submission_page(desk, who, wanted, limit=limit)
    visible = visible[-limit:] if newer_than else visible[:limit]
    first, last = (
        (Position.from_submission(visible[0][0]), Position.from_submission(visible[-1][0])) if visible else (None, None)
    )
    return SubmissionPage(
        _make_entries(desk, who, visible),
        older=last if has_more or newer_than else None,
        newer=first if newer_than or older_than else None,
    )


def reported_periods(desk: Desk, who: Identity) -> list[str]:
    """Return the periods of the returns that an identity may see, newest first, as options for a filter.

    As in the lists, drafts are included for those who work in their office and for their senders.
    """
    is_draft = sa.or_(SUBMISSION.c.state.in_(DRAFT), SUBMISSION.c.state == "withdrawn")
    drafts = sa.select(SUBMISSION.c.submission_id).where(is_draft, SUBMISSION.c.sender != who.account)
    query = sa.select(BLOCK.c.period).distinct()
    visible = sa.and_(_is_of_pairs(BLOCK, who.list_pairs()), BLOCK.c.submission_id.not_in(drafts))
    with open_read_transaction(desk.engine) as connection:
        periods = connection.execute(query.where(sa.or_(_is_of_pairs(BLOCK, draft_pairs(who)), visible))).scalars()
        return sorted(periods, reverse=True)


def get_submission(desk: Desk, who: Identity, submission_id: str) -> SubmissionEntry:
    """Return one submission. Raises NotAllowedError if it does not exist or may not be seen."""
    return _make_entries(desk, who, [rights.get_visible(desk, who, submission_id)])[0]


def list_events(desk: Desk, who: Identity, submission_id: str) -> list[dict[str, Any]]:
    """Return the events of a submission, oldest first, with the columns of the ledger's table `event`."""
    row, _ = rights.get_visible(desk, who, submission_id)
    return queries.list_events(desk.engine, row.submission_id)


def read_original(desk: Desk, who: Identity, submission_id: str) -> tuple[str, bytes]:
    """Return name and bytes of the uploaded file, unchanged. Raises NotAllowedError, DamagedFileError."""
    row, _ = rights.get_visible(desk, who, submission_id)
    return row.filename, read_stored(desk.home, row)


def _possibly_visible(who: Identity) -> sa.ColumnElement[bool]:
    """Return a condition that limits the rows read to those that may be visible; `rights` decides on each."""
    pairs = who.list_pairs()
    if (EVERY, EVERY) in pairs:
        return sa.true()
    return sa.or_(_is_of_pairs(SUBMISSION, pairs), _has_block(_is_of_pairs(BLOCK, pairs)))


def _is_of_pairs(table: sa.Table, pairs: Iterable[tuple[str, str]]) -> sa.ColumnElement[bool]:
    """Return the condition that a row belongs to one of the pairs (jurisdiction, instrument)."""
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


def _conditions(who: Identity, criteria: SubmissionFilter) -> list[sa.ColumnElement[bool]]:
    is_own = SUBMISSION.c.sender == who.account
    conditions = [is_own if criteria.mine else sa.or_(is_own, _possibly_visible(who))]
    if criteria.jurisdiction is not None:
        of_block = _has_block(BLOCK.c.jurisdiction == criteria.jurisdiction)
        conditions.append(sa.or_(SUBMISSION.c.jurisdiction == criteria.jurisdiction, of_block))
    if criteria.instrument is not None:
        conditions.append(_has_block(BLOCK.c.instrument == criteria.instrument))
    if criteria.series is not None:
        conditions.append(_has_block(BLOCK.c.form == criteria.series))
    if criteria.period is not None:
        of_period = sa.select(BLOCK.c.submission_id).where(BLOCK.c.period == criteria.period)
        conditions.append(SUBMISSION.c.submission_id.in_(of_period))
    accepted = set(criteria.shown or ()) & {*ACCEPTED, "replaced"}
    if accepted and accepted != {*ACCEPTED, "replaced"}:
        current = [state for state in ACCEPTED if state in accepted]
        is_replaced = supersession.is_replaced()
        is_shown = sa.or_(SUBMISSION.c.state.in_(current), is_replaced) if "replaced" in accepted else ~is_replaced
        conditions.append(sa.or_(SUBMISSION.c.state.not_in(ACCEPTED), is_shown))
    return conditions


def _ledger_states(criteria: SubmissionFilter) -> tuple[str, ...] | None:
    """Return the ledger states that match a filter, or None for all."""
    if not criteria.shown:
        return criteria.states
    states = dict.fromkeys(state for state in criteria.shown if state != "replaced")
    if "replaced" in criteria.shown:
        states |= dict.fromkeys(ACCEPTED)
    return tuple(state for state in states if criteria.states is None or state in criteria.states)


def _make_entries(
    desk: Desk, who: Identity, visible: Sequence[tuple[Submission, tuple[Block, ...]]]
) -> list[SubmissionEntry]:
    ids = [row.submission_id for row, _ in visible]
    accepted_ids = [row.submission_id for row, _ in visible if row.state in ACCEPTED]
    draft_ids = [row.submission_id for row, _ in visible if row.state == "checked"]
    requests_by_id, replacements = (
        _withdrawal_requests(desk, accepted_ids),
        supersession.find_replacements(desk.engine, accepted_ids),
    )
    with open_read_transaction(desk.engine) as connection:
        comments, acts = _newest_comments(connection, ids), _newest_acts(connection, ids)
        replacing = supersession.replaced_blocks(
            connection, [row.submission_id for row, _ in visible if row.state not in ACCEPTED]
        )
        unjustified = queries.open_warnings(connection, draft_ids)
    entries = []
    for row, blocks in visible:
        open_warnings = tuple(unjustified.get(row.submission_id, ()))
        act = acts.get(row.submission_id)
        requests = requests_by_id.get(row.submission_id, ())
        resource = rights.resource_of(row, blocks, {a.actor for a in requests})
        entries.append(
            SubmissionEntry(
                row=row,
                blocks=blocks,
                open_warnings=open_warnings,
                last_comment=comments.get(row.submission_id),
                last_action=act["action"] if act else None,
                last_actor=act["actor"] if act else None,
                last_at=act["at"] if act else None,
                replaces=row.submission_id in replacing,
                replaced_by=replacements.get(row.submission_id, ()),
                mine=row.sender == who.account,
                may_justify=can_act(who, "justify", resource),
                may_send=can_act(who, "send", resource) and not open_warnings,
                may_approve=can_act(who, "approve", resource),
                may_override=can_act(who, "approve", resource, override=True),
                may_give_back=can_act(who, "give_back", resource),
                may_withdraw=can_act(who, "withdraw", resource),
                may_override_withdrawal=can_act(who, "withdraw", resource, override=True),
                may_ask_withdrawal=can_act(who, "ask_withdrawal", resource),
                withdrawal_asked=requests,
            )
        )
    return entries


_WITHDRAWAL_REQUESTS = sa.select(EVENT).where(EVENT.c.action == "ask_withdrawal").order_by(EVENT.c.event_id)
_COMMENTS = (
    sa.select(EVENT.c.submission_id, EVENT.c.comment).where(EVENT.c.comment.is_not(None)).order_by(EVENT.c.event_id)
)


def _withdrawal_requests(desk: Desk, ids: Sequence[str]) -> Mapping[str, tuple[WithdrawalRequest, ...]]:
    """Return the requests to withdraw each accepted submission, oldest first."""
    if not ids:
        return {}
    requests: dict[str, list[WithdrawalRequest]] = {}
    with open_read_transaction(desk.engine) as connection:
        for row in queries.in_ids(connection, _WITHDRAWAL_REQUESTS, EVENT.c.submission_id, ids):
            request = WithdrawalRequest(row.actor, row.at, row.payload["reason"], row.comment)
            requests.setdefault(row.submission_id, []).append(request)
    return {identity: tuple(submission_requests) for identity, submission_requests in requests.items()}


def _newest_comments(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, str]:
    rows = queries.in_ids(connection, _COMMENTS, EVENT.c.submission_id, ids)
    return {row.submission_id: row.comment for row in rows}


def _newest_acts(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    return {row.submission_id: dict(row._mapping) for row in queries.newest_events(connection, ids)}
