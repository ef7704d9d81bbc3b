"""From an id to a submission that may be seen, and the facts about it on which a permission depends.

The permissions themselves are in `pipelines/ledger/permissions.py`. The desk asks them of the identity that came to it,
which by a token may do less than its account; the ledger asks again inside its transaction.

A submission belongs to the pairs (jurisdiction, instrument) of its blocks; a right must be held for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core.i18n import mark
from pipelines.ledger import permissions, queries
from pipelines.ledger.database import reading
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.ledger.permissions import Pair, Resource
from pipelines.ledger.schema import BLOCK, EVENT
from pipelines.ledger.transitions import DRAFT
from pipelines.submissions.ledger import Block
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.ledger.queries import Submission

_ID = re.compile(r"S[0-9a-f]{15}")


class NotThereError(NotAllowedError):
    """The one answer for a submission that is foreign and for one that does not exist."""


def not_there() -> NotThereError:
    """Says the same of what is not there and of what is not to be seen."""
    return NotThereError(
        mark(
            "This submission does not exist, or you do not have access to it. Look at your returns, or ask the "
            "steward of the secretariat."
        )
    )


def lacking() -> NotAllowedError:
    """The answer for an act on what may be seen, for which a role is missing."""
    return NotAllowedError(mark("You lack the role that this needs. Ask the steward of the secretariat for it."))


def seen(desk: Desk, who: Identity, submission_id: str) -> tuple[Submission, tuple[Block, ...]]:
    """A submission with its blocks, by its whole id. Raises NotAllowedError where it is not there or not to be seen."""
    if not isinstance(submission_id, str) or not _ID.fullmatch(submission_id):
        raise not_there()
    found = queries.submissions(desk.engine, ids=[submission_id])
    if visible := may_see(desk, who, found):
        return visible[0]
    raise not_there()


def may_see(desk: Desk, who: Identity, found: Sequence[Submission]) -> list[tuple[Submission, tuple[Block, ...]]]:
    """Those of some submissions that may be seen, with their blocks."""
    blocks = blocks_of(desk, [s.submission_id for s in found])
    drafts = withdrawn_drafts(desk, [s.submission_id for s in found if s.state == "withdrawn"])
    out = []
    for one in found:
        own = blocks.get(one.submission_id, ())
        is_draft = one.state in DRAFT or one.submission_id in drafts
        if permissions.is_visible_to(who, resource_of(one, own), is_draft=is_draft):
            out.append((one, own))
    return out


def pairs_of(one: Submission, blocks: Iterable[Block]) -> tuple[Pair, ...]:
    """Whose return it is; nobody's where no form was recognised."""
    pairs = {(b.jurisdiction, b.instrument) for b in blocks}
    if one.jurisdiction is not None and one.instrument is not None:
        pairs.add((one.jurisdiction, one.instrument))
    return tuple(sorted(pairs))


def resource_of(one: Submission, blocks: Iterable[Block], requesters: Collection[str] = ()) -> Resource:
    """Return what a permission for a submission depends on; `requesters` asked for its withdrawal."""
    return Resource(one.sender, one.state, pairs_of(one, blocks), requesters)


def blocks_of(desk: Desk, ids: Sequence[str]) -> Mapping[str, tuple[Block, ...]]:
    """The blocks of submissions, by id."""
    out: dict[str, list[Block]] = {}
    with reading(desk.engine) as connection:
        query = sa.select(BLOCK).order_by(*BLOCK.primary_key.columns)
        for row in queries.in_ids(connection, query, BLOCK.c.submission_id, ids):
            block = Block(row.jurisdiction, row.instrument, row.form, row.freq, row.period, row.rows, row.nil)
            out.setdefault(row.submission_id, []).append(block)
    return {identity: tuple(found) for identity, found in out.items()}


def withdrawn_drafts(desk: Desk, ids: Sequence[str]) -> set[str]:
    """Of withdrawn submissions, those that were taken back before they were sent."""
    if not ids:
        return set()
    query = sa.select(EVENT.c.submission_id).where(EVENT.c.action == "withdraw", EVENT.c.from_state.in_(DRAFT))
    with reading(desk.engine) as connection:
        return {row.submission_id for row in queries.in_ids(connection, query, EVENT.c.submission_id, ids)}
