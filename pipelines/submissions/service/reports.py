"""The report of a stored submission, made again from its bytes, and the figures it is held against.

An accepted return is judged beside what was accepted before it, never beside itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import facts, queries
from pipelines.ledger.database import reading
from pipelines.ledger.permissions import can_read
from pipelines.ledger.schema import BLOCK, EVENT
from pipelines.ledger.transitions import ACCEPTED, DRAFT
from pipelines.submissions import record
from pipelines.submissions.checking.check import check, rules_version
from pipelines.submissions.service import rights
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.stored import read_stored

if TYPE_CHECKING:
    import polars as pl

    from expectations.judge import History
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.queries import BlockKey, Submission
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.ledger import Block

PERIODS = 12
"""How many of the last periods of a series are shown beside a value."""


def report(desk: Desk, who: Identity, submission_id: str) -> Report:
    """The report of a submission, with its reading, in the reader's language.

    What a crash or newer rules have left unchecked is checked and recorded on the way, so that the warnings told are
    those that the ledger asks to justify. Raises NotAllowedError, DamagedFileError.
    """
    found, blocks = rights.seen(desk, who, submission_id)
    return replace(current(desk, found, blocks), language=who.language)


def current(desk: Desk, found: Submission, blocks: Sequence[Block]) -> Report:
    """The report of a submission that may be seen; recorded anew where the ledger knows other warnings of a draft."""
    made = desk.reports.get(key_of(desk, found, blocks), lambda: _made(desk, found))
    if found.state in DRAFT and _outdated(desk, found, made):
        record.record(desk.home, desk.engine, {found.submission_id: made})
    return made


def remember(desk: Desk, found: Submission, blocks: Sequence[Block], made: Report) -> None:
    """Keep a report that was made when the file was handed in."""
    desk.reports.put(key_of(desk, found, blocks), made)


def key_of(desk: Desk, found: Submission, blocks: Sequence[Block]) -> Hashable:
    """All that a report depends on, except the reader's language."""
    jurisdictions = {pair[0] for pair in rights.pairs_of(found, blocks)}
    accepted = _decisions(desk.engine, sorted(jurisdictions))
    before = found.accepted_at if found.state in ACCEPTED else None
    own = (found.submission_id, found.sha256, found.kind, before)
    return (*own, desk.registry.digest, rules_version(), accepted)


def _made(desk: Desk, found: Submission) -> Report:
    data = read_stored(desk.home, found)
    before = found.accepted_at if found.state in ACCEPTED else None

    def known(jurisdictions: Sequence[str]) -> History | None:
        return _known(desk, jurisdictions, before)

    def one(form: str | None) -> Report:
        return check(
            data,
            found.filename,
            registry=desk.registry,
            history=known,
            form=form,
            submission_id=found.submission_id,
            kind="patch" if found.kind == "patch" else None,
            received=clock.parse(found.received_at),
        )

    made = one(None)
    if found.form is not None and made.form != found.form and found.form in desk.registry.forms:
        # Its sender named the form, because the file alone did not say it.
        return one(found.form)
    return made


def _outdated(desk: Desk, found: Submission, made: Report) -> bool:
    """Whether the ledger holds something else of a draft than its report says now."""
    with reading(desk.engine) as connection:
        told = queries.open_warnings(connection, [found.submission_id], justified=True).get(found.submission_id)
    new = record.as_result(found.submission_id, made)
    recorded = (found.declaration_hash, found.rules_version, found.errors)
    return (
        told is None or recorded != (new.declaration_hash, new.rules_version, new.errors) or {*told} != {*new.warnings}
    )


def _decisions(engine: sa.Engine, jurisdictions: Sequence[str]) -> int:
    """The newest event by which a return of some jurisdictions began or ceased to count; 0 where there is none."""
    concerned = sa.select(BLOCK.c.submission_id).where(BLOCK.c.jurisdiction.in_(jurisdictions))
    query = sa.select(sa.func.max(EVENT.c.event_id)).where(
        EVENT.c.action.in_(("approve", "withdraw")), EVENT.c.submission_id.in_(concerned)
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar() or 0)


# --------------------------------------------------------------------------------------------------- figures beside it


def previous(desk: Desk, who: Identity, submission_id: str) -> pl.DataFrame:
    """The newest accepted observations of a submission's blocks (schema OBSERVATION), without its own."""
    return _observations(desk, _before(desk, who, submission_id))


def previous_events(desk: Desk, who: Identity, submission_id: str) -> pl.DataFrame:
    """The newest accepted case events of a submission's blocks (schema CASE_EVENT), without its own.

    They hold the office's pseudonyms: what is shown of them is counts (`answers.register_changes`).
    """
    return _events(desk, _before(desk, who, submission_id))


def history(desk: Desk, who: Identity, submission_id: str, periods: int = PERIODS) -> pl.DataFrame:
    """The accepted observations of a submission's series in the last periods before and with its own.

    Schema OBSERVATION; at most `periods` periods of each frequency, none later than the submission's newest, and none
    of its own.
    """
    found, blocks = rights.seen(desk, who, submission_id)
    newest: dict[tuple[str, str, str, str], str] = {}
    for b in blocks:
        series = (b.jurisdiction, b.instrument, b.form, b.freq)
        newest[series] = max(newest.get(series, b.period), b.period)
    chosen: dict[tuple[str, str, str, str], list[str]] = {}
    holders = _holders(desk, found, blocks)
    for *key, period in holders:
        series = (key[0], key[1], key[2], key[3])
        if series in newest and period <= newest[series]:
            chosen.setdefault(series, []).append(period)
    kept = {(*series, period) for series, found_in in chosen.items() for period in sorted(found_in)[-periods:]}
    return _observations(desk, {key: holder for key, holder in holders.items() if key in kept})


def accepted(desk: Desk, who: Identity, form_id: str) -> pl.DataFrame:
    """The newest accepted observations of a form's series (schema OBSERVATION), for its templates.

    Raises NotAllowedError for a form that is not declared, or whose returns are not to be seen.
    """
    form = desk.registry.forms.get(form_id)
    if form is None or not can_read(who, form.jurisdiction, form.instrument):
        raise rights.NotThereError(
            mark(
                "This form does not exist, or you do not have access to it. Look at the forms of your returns, or "
                "ask your steward."
            )
        )
    every = queries.accepted_blocks(desk.engine, jurisdictions=[form.jurisdiction])
    wanted = (form.jurisdiction, form.instrument, form.series)
    return _observations(desk, {key: holder for key, holder in every.items() if key[:3] == wanted})


def _before(desk: Desk, who: Identity, submission_id: str) -> dict[BlockKey, str]:
    """Who holds the blocks of a submission beside it. Raises NotAllowedError where it is not to be seen."""
    found, blocks = rights.seen(desk, who, submission_id)
    wanted = {(b.jurisdiction, b.instrument, b.form, b.freq, b.period) for b in blocks}
    return {key: holder for key, holder in _holders(desk, found, blocks).items() if key in wanted}


def _holders(desk: Desk, found: Submission, blocks: Sequence[Block]) -> dict[BlockKey, str]:
    before = found.accepted_at if found.state in ACCEPTED else None
    every = queries.accepted_blocks(desk.engine, before=before, jurisdictions={b.jurisdiction for b in blocks})
    return {key: holder for key, holder in every.items() if holder != found.submission_id}


def _known(desk: Desk, jurisdictions: Sequence[str], before: str | None) -> History | None:
    """As `pipelines.submissions.checking.history.gather`, at a moment: what was accepted before it."""
    from expectations.judge import History

    held = queries.accepted_blocks(desk.engine, before=before, jurisdictions=jurisdictions)
    if not held:
        return None
    return History(
        observations=_observations(desk, held),
        events=_events(desk, held),
        as_of=clock.now() if before is None else clock.parse(before),
    )


def _observations(desk: Desk, holders: dict[BlockKey, str]) -> pl.DataFrame:
    from pipelines.model import long_tables

    return _rows(desk, "observation", long_tables.OBSERVATION, holders)


def _events(desk: Desk, holders: dict[BlockKey, str]) -> pl.DataFrame:
    from pipelines.model import long_tables

    return _rows(desk, "case_event", long_tables.CASE_EVENT, holders)


def _rows(desk: Desk, table: str, schema: dict[str, pl.DataType], holders: dict[BlockKey, str]) -> pl.DataFrame:
    """The rows of each submission that belong to a block it holds."""
    import polars as pl

    paths = [p for s in sorted(set(holders.values())) if (p := facts.path_of(desk.home, table, s)).exists()]
    if not paths:
        return pl.DataFrame(schema=schema)
    names = ["jurisdiction", "form", "freq", "period", "submission_id"]
    rows = [(key[0], key[2], key[3], key[4], holder) for key, holder in holders.items()]
    return pl.read_parquet(paths).join(pl.DataFrame(rows, schema=names, orient="row"), on=names, how="semi")
