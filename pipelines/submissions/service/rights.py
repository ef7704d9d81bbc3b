"""Look up submissions that an identity may see, and the facts about them on which permissions depend.

The permissions themselves are in `pipelines/ledger/permissions.py`. The desk checks them for the caller's identity,
which may have fewer rights than its account if it uses a token; the ledger checks the account again in its transaction.

A submission belongs to the pairs (jurisdiction, instrument) of its blocks; a role must be held for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core.i18n import mark
from pipelines.ledger import permissions, queries
from pipelines.ledger.acts import Block
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.ledger.permissions import Pair, Resource
from pipelines.ledger.schema import BLOCK, EVENT
from pipelines.ledger.transitions import DRAFT
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.ledger.queries import Submission

_ID = re.compile(r"S[0-9a-f]{15}")


class NotThereError(NotAllowedError):
    """A submission does not exist or may not be seen; the error is the same for both."""


def not_there() -> NotThereError:
    """Return the error for a submission that does not exist or may not be seen."""
    return NotThereError(
        mark(
            "This return does not exist, or you do not have access to it. Look at your returns, or ask the "
            "steward of the secretariat."
        )
    )


def get_visible(desk: Desk, who: Identity, submission_id: str) -> tuple[Submission, tuple[Block, ...]]:
    """Return a submission and its blocks by its full id. Raises NotAllowedError if it is missing or may not be seen."""
    if not isinstance(submission_id, str) or not _ID.fullmatch(submission_id):
        raise not_there()
    with open_read_transaction(desk.engine) as connection:
        visible = _select_visible(connection, who, queries.select_submissions(connection, [submission_id]))
    if not visible:
        raise not_there()
    return visible[0]


def may_see(desk: Desk, who: Identity, submissions: Sequence[Submission]) -> list[tuple[Submission, tuple[Block, ...]]]:
    """Return the submissions that an identity may see, with their blocks."""
    if not submissions:
        return []
    with open_read_transaction(desk.engine) as connection:
        return _select_visible(connection, who, submissions)


def _select_visible(
    connection: sa.Connection, who: Identity, submissions: Sequence[Submission]
) -> list[tuple[Submission, tuple[Block, ...]]]:
    blocks = _select_blocks(connection, [s.submission_id for s in submissions])
    drafts = _select_withdrawn_drafts(connection, [s.submission_id for s in submissions if s.state == "withdrawn"])
    visible = []
    for submission in submissions:
        own_blocks = blocks.get(submission.submission_id, ())
        is_draft = submission.state in DRAFT or submission.submission_id in drafts
        if permissions.is_visible_to(who, resource_of(submission, own_blocks), is_draft=is_draft):
            visible.append((submission, own_blocks))
    return visible


def pairs_of(submission: Submission, blocks: Iterable[Block]) -> tuple[Pair, ...]:
    """Return the pairs to which a submission belongs; empty if no form was recognised."""
    pairs = {(b.jurisdiction, b.instrument) for b in blocks}
    if submission.jurisdiction is not None and submission.instrument is not None:
        pairs.add((submission.jurisdiction, submission.instrument))
    return tuple(sorted(pairs))


def resource_of(submission: Submission, blocks: Iterable[Block], requesters: Collection[str] = ()) -> Resource:
    """Return the facts on which a permission for a submission depends; `requesters` asked for its withdrawal."""
    return Resource(submission.sender, submission.state, pairs_of(submission, blocks), requesters)


def blocks_of(desk: Desk, ids: Sequence[str]) -> Mapping[str, tuple[Block, ...]]:
    """Return the blocks of submissions by id."""
    with open_read_transaction(desk.engine) as connection:
        return _select_blocks(connection, ids)


_BLOCKS = sa.select(BLOCK).order_by(*BLOCK.primary_key.columns)
_WITHDRAWN_DRAFTS = sa.select(EVENT.c.submission_id).where(EVENT.c.action == "withdraw", EVENT.c.from_state.in_(DRAFT))


def _select_blocks(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[Block, ...]]:
    blocks: dict[str, list[Block]] = {}
    for row in queries.in_ids(connection, _BLOCKS, BLOCK.c.submission_id, ids):
        block = Block(row.jurisdiction, row.instrument, row.form, row.freq, row.period, row.rows, row.nil)
        blocks.setdefault(row.submission_id, []).append(block)
    return {identity: tuple(submission_blocks) for identity, submission_blocks in blocks.items()}


def withdrawn_drafts(desk: Desk, ids: Sequence[str]) -> set[str]:
    """Return the ids of the submissions that were withdrawn before they were sent."""
    if not ids:
        return set()
    with open_read_transaction(desk.engine) as connection:
        return _select_withdrawn_drafts(connection, ids)


def _select_withdrawn_drafts(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    rows = queries.in_ids(connection, _WITHDRAWN_DRAFTS, EVENT.c.submission_id, ids)
    return {row.submission_id for row in rows}
