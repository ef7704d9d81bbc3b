"""Who may see which submission, and who may do what with it: asked before anything is read or written.

Belongs here: the one door from an id to a submission, and the questions of right.  Does not belong here: what an act
does.  The ledger asks again, inside its transaction; here is also asked what the ledger cannot know, such as that a
token may less than its account.

A submission belongs to the pairs (jurisdiction, instrument) of its blocks; a right must be held for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.desk.desk import Desk
from pipelines.intake import queries
from pipelines.intake.database import reading
from pipelines.intake.ledger import Block
from pipelines.intake.schema import BLOCK, EVENT
from pipelines.intake.transitions import ACCEPTED
from pipelines.locales import mark
from pipelines.people.identity import Identity, NotAllowedError, Role

if TYPE_CHECKING:
    from pipelines.intake.queries import Submission

Pair = tuple[str, str]
DRAFT = ("received", "checked", "refused")
"""States in which a return is its office's own affair: nobody sees it who cannot work on it."""
WORKING: tuple[Role, ...] = ("submitter", "approver", "steward")
"""Roles that work on a return of their office, and so see its drafts."""
_ID = re.compile(r"S[0-9a-f]{15}")


class NotThereError(NotAllowedError):
    """The one answer for a submission that is foreign and for one that does not exist."""


def not_there() -> NotThereError:
    """Says the same of what is not there and of what is not to be seen."""
    return NotThereError(
        mark(
            "There is no such submission, or it is not yours to see. Look at your returns, or ask the steward of the "
            "secretariat."
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
        if _visible(who, one, pairs_of(one, own), one.state in DRAFT or one.submission_id in drafts):
            out.append((one, own))
    return out


def _visible(who: Identity, one: Submission, pairs: Sequence[Pair], draft: bool) -> bool:
    own = one.sender == who.account
    if not pairs:
        return own and who.token is None
    if own and who.token is None and all(who.may_see(*pair) for pair in pairs):
        # Also a draft that he or she may not work on any more; nothing where every role in the office was taken away.
        return True
    if draft:
        return all(any(who.may(role, *pair) for role in WORKING) for pair in pairs)
    return all(who.may_see(*pair) for pair in pairs)


def pairs_of(one: Submission, blocks: Iterable[Block]) -> tuple[Pair, ...]:
    """Whose return it is; nobody's where no form was recognised."""
    pairs = {(b.jurisdiction, b.instrument) for b in blocks}
    if one.jurisdiction is not None and one.instrument is not None:
        pairs.add((one.jurisdiction, one.instrument))
    return tuple(sorted(pairs))


def may_all(who: Identity, role: Role, pairs: Sequence[Pair]) -> bool:
    """Whether a role is held for each of some pairs; of no pair nobody holds any."""
    return bool(pairs) and all(who.may(role, *pair) for pair in pairs)


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


# ----------------------------------------------------------------------------------------------------------------- acts


def may_justify(who: Identity, one: Submission, pairs: Sequence[Pair]) -> bool:
    """Its sender says why a warning is right, as long as it is a draft."""
    return one.state == "checked" and one.sender == who.account and may_all(who, "submitter", pairs)


def may_send(who: Identity, one: Submission, pairs: Sequence[Pair]) -> bool:
    """Its sender sends it, once it is checked."""
    return may_justify(who, one, pairs)


def may_approve(who: Identity, one: Submission, pairs: Sequence[Pair]) -> bool:
    """A second person of the same office accepts what was sent."""
    return one.state == "sent" and one.sender != who.account and may_all(who, "approver", pairs)


def may_override(who: Identity, one: Submission, pairs: Sequence[Pair]) -> bool:
    """A steward accepts in the office's stead, with a comment; never what he or she sent."""
    return one.state == "sent" and one.sender != who.account and may_all(who, "steward", pairs)


def may_give_back(who: Identity, one: Submission, pairs: Sequence[Pair]) -> bool:
    """Whoever may accept it may also give it back."""
    return may_approve(who, one, pairs) or may_override(who, one, pairs)


def may_withdraw(who: Identity, one: Submission, pairs: Sequence[Pair], askers: Collection[str] = ()) -> bool:
    """Of what does not count yet, its sender takes it back, or an approver or steward of its office does. Of what
    counts, an approver who neither sent it nor asked for it (`askers`)."""
    if one.state == "withdrawn":
        return False
    if one.state in ACCEPTED:
        return who.account != one.sender and who.account not in askers and may_all(who, "approver", pairs)
    if one.sender == who.account and (may_all(who, "submitter", pairs) or (not pairs and who.token is None)):
        return True
    return may_all(who, "approver", pairs) or may_all(who, "steward", pairs)


def may_override_withdrawal(who: Identity, one: Submission, pairs: Sequence[Pair], askers: Collection[str]) -> bool:
    """A steward takes back what counts in the office's stead; never what he or she sent, or asked for."""
    mine = who.account == one.sender or who.account in askers
    return one.state in ACCEPTED and not mine and may_all(who, "steward", pairs)


def may_ask_withdrawal(who: Identity, one: Submission, pairs: Sequence[Pair], askers: Collection[str]) -> bool:
    """Whoever sends or approves in its office may ask once that what counts be taken back."""
    if one.state not in ACCEPTED or who.account in askers:
        return False
    return may_all(who, "submitter", pairs) or may_all(who, "approver", pairs)
