"""Make the report of a stored submission from its bytes, and read the figures that it is compared with.

An accepted return is judged against what was accepted before it, never against itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import facts, queries, supersession
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.permissions import can_read
from pipelines.ledger.schema import BLOCK, EVENT
from pipelines.ledger.transitions import ACCEPTED, DRAFT
from pipelines.submissions import waiting_checks
from pipelines.submissions.checking.check import check_file, rules_version
from pipelines.submissions.checking.control_totals import compare_control_totals as make_control_totals
from pipelines.submissions.service import rights
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.entries import SubmissionEntry, get_submission
from pipelines.submissions.service.stored import read_stored

if TYPE_CHECKING:
    import polars as pl

    from expectations.judge import History
    from pipelines.ledger.acts import Block
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.queries import Submission
    from pipelines.ledger.supersession import BlockKey
    from pipelines.submissions.checking.control_totals import ControlTotal
    from pipelines.submissions.checking.report import Report

PERIODS = 12
"""Number of past periods of a series shown next to a value."""
_COMPARED_PERIODS = 5
"""Past periods read for control totals, with the same quarter of the year before for totals from January on."""


def make_report(desk: Desk, who: Identity, submission_id: str) -> Report:
    """Return the report of a submission, with its reading, in the reader's language.

    A submission left unchecked by a crash or by newer rules is checked and recorded first, so that the report has the
    same warnings as the ledger. Raises NotAllowedError, DamagedFileError.
    """
    submission, blocks = rights.get_visible(desk, who, submission_id)
    return replace(current_report(desk, submission, blocks), language=who.language)


def current_report(desk: Desk, submission: Submission, blocks: Sequence[Block]) -> Report:
    """Return the report of a visible submission; record it again if the ledger has other warnings for a draft."""
    validation_report = desk.reports.get_or_make(
        key_of(desk, submission, blocks), lambda: _make_report(desk, submission)
    )
    if submission.state in DRAFT and _is_outdated(desk, submission, validation_report):
        waiting_checks.record_reports(desk.home, desk.engine, {submission.submission_id: validation_report})
    return validation_report


def cache_report(desk: Desk, submission: Submission, blocks: Sequence[Block], validation_report: Report) -> None:
    """Cache a report that was made when the file was uploaded."""
    desk.reports.add_result(key_of(desk, submission, blocks), validation_report)


def key_of(desk: Desk, submission: Submission, blocks: Sequence[Block]) -> Hashable:
    """Return a cache key of everything that a report depends on, except the reader's language."""
    jurisdictions = {pair[0] for pair in rights.pairs_of(submission, blocks)}
    accepted = _newest_decision(desk.engine, sorted(jurisdictions))
    before = submission.accepted_at if submission.state in ACCEPTED else None
    submission_parts = (submission.submission_id, submission.sha256, submission.kind, before)
    return (*submission_parts, desk.registry.digest, rules_version(), accepted)


def _make_report(desk: Desk, submission: Submission) -> Report:
    data = read_stored(desk.home, submission)
    before = submission.accepted_at if submission.state in ACCEPTED else None

    def history_before(jurisdictions: Sequence[str]) -> History | None:
        return _history_before(desk, jurisdictions, before)

    def check_with_form(form: str | None) -> Report:
        return check_file(
            data,
            submission.filename,
            registry=desk.registry,
            history=history_before,
            form=form,
            submission_id=submission.submission_id,
            kind="patch" if submission.kind == "patch" else None,
            received=clock.parse_time(submission.received_at),
        )

    validation_report = check_with_form(None)
    if (
        submission.form is not None
        and validation_report.form != submission.form
        and submission.form in desk.registry.forms
    ):
        # The sender named the form, because it could not be recognised from the file alone.
        return check_with_form(submission.form)
    return validation_report


def _is_outdated(desk: Desk, submission: Submission, validation_report: Report) -> bool:
    """Return True if the check recorded for a draft differs from its present report."""
    with open_read_transaction(desk.engine) as connection:
        recorded_warnings = queries.open_warnings(connection, [submission.submission_id], justified=True).get(
            submission.submission_id
        )
    new = waiting_checks.make_check_result(submission.submission_id, validation_report)
    recorded = (submission.declaration_hash, submission.rules_version, submission.errors)
    return (
        recorded_warnings is None
        or recorded != (new.declaration_hash, new.rules_version, new.errors)
        or {*recorded_warnings} != {*new.warnings}
    )


def _newest_decision(engine: sa.Engine, jurisdictions: Sequence[str]) -> int:
    """Return the id of the newest approval or withdrawal in some jurisdictions, or 0."""
    concerned = sa.select(BLOCK.c.submission_id).where(BLOCK.c.jurisdiction.in_(jurisdictions))
    query = sa.select(sa.func.max(EVENT.c.event_id)).where(
        EVENT.c.action.in_(("approve", "withdraw")), EVENT.c.submission_id.in_(concerned)
    )
    with open_read_transaction(engine) as connection:
        return int(connection.execute(query).scalar() or 0)


# ----------------------------------------------------------------------------------------------------- earlier figures


def read_previous_figures(desk: Desk, who: Identity, submission_id: str) -> pl.DataFrame:
    """Return the newest accepted observations of a submission's blocks (schema OBSERVATION), without its own."""
    return _read_observations(desk, _previous_holders(desk, who, submission_id))


def find_replaced_returns(desk: Desk, who: Identity, submission_id: str) -> list[SubmissionEntry]:
    """Return the accepted returns that hold the blocks of a submission, and that it replaces once it is approved."""
    holders = dict.fromkeys(_previous_holders(desk, who, submission_id).values())
    return [get_submission(desk, who, holder) for holder in holders]


def previous_events(desk: Desk, who: Identity, submission_id: str) -> pl.DataFrame:
    """Return the newest accepted case events of a submission's blocks (schema CASE_EVENT), without its own.

    They contain the office's pseudonyms, so show only counts of them (`answers.register_changes`).
    """
    return _read_events(desk, _previous_holders(desk, who, submission_id))


def read_history(desk: Desk, who: Identity, submission_id: str, periods: int = PERIODS) -> pl.DataFrame:
    """Return the accepted observations of a submission's series in the last periods, up to its own (OBSERVATION).

    These are at most `periods` periods of each frequency, none later than the newest of the submission, and none of
    its own observations.
    """
    submission, blocks = rights.get_visible(desk, who, submission_id)
    return _read_observations(desk, _series_holders(desk, submission, blocks, periods))


def compare_control_totals(desk: Desk, who: Identity, submission_id: str) -> tuple[ControlTotal, ...]:
    """Return six to ten totals of the newest period of a submission next to those of the period accepted before it.

    A patch is laid over the return that it corrects first. Empty for a file that could not be read. Raises
    NotAllowedError, DamagedFileError.
    """
    from pipelines.model import long_tables

    submission, blocks = rights.get_visible(desk, who, submission_id)
    reading = current_report(desk, submission, blocks).reading
    if reading is None or not reading.periods:
        return ()
    observations, events = reading.observations, reading.events
    if submission.kind == "patch":
        previous = _previous_holders(desk, who, submission_id)
        observations = facts.lay_patch(observations, _read_observations(desk, previous), submission_id=submission_id)
        key = (*long_tables.CASE_EVENT_KEY, "freq", "period", "form")
        events = facts.lay_patch(events, _read_events(desk, previous), key, submission_id=submission_id)
    holders = _series_holders(desk, submission, blocks, _COMPARED_PERIODS)
    return make_control_totals(
        max(period.code for period in reading.periods),
        observations,
        events,
        _read_observations(desk, holders),
        _read_events(desk, holders),
        is_nil=reading.nil,
    )


def read_last_totals(desk: Desk, who: Identity, form_id: str, period: str) -> tuple[ControlTotal, ...]:
    """Return the totals accepted last before a period, next to the zeros that a nil return of the period would give.

    Raises NotAllowedError like `read_accepted_figures`.
    """
    holders = _find_form_holders(desk, who, form_id)
    newest = sorted({key[4] for key in holders if key[4] < period})[-_COMPARED_PERIODS:]
    chosen = {key: holder for key, holder in holders.items() if key[4] in newest}
    earlier_observations, earlier_events = _read_observations(desk, chosen), _read_events(desk, chosen)
    return make_control_totals(
        period,
        earlier_observations.clear(),
        earlier_events.clear(),
        earlier_observations,
        earlier_events,
        is_nil=True,
    )


def _series_holders(desk: Desk, submission: Submission, blocks: Sequence[Block], periods: int) -> dict[BlockKey, str]:
    """Return the other submissions that hold the last blocks of a submission's series, up to its newest period."""
    newest: dict[tuple[str, str, str, str], str] = {}
    for block in blocks:
        series = (block.jurisdiction, block.instrument, block.form, block.freq)
        newest[series] = max(newest.get(series, block.period), block.period)
    chosen: dict[tuple[str, str, str, str], list[str]] = {}
    holders = _accepted_holders(desk, submission, blocks)
    for *key, period in holders:
        series = (key[0], key[1], key[2], key[3])
        if series in newest and period <= newest[series]:
            chosen.setdefault(series, []).append(period)
    last_keys = {
        (*series, period)
        for series, periods_of_series in chosen.items()
        for period in sorted(periods_of_series)[-periods:]
    }
    return {key: holder for key, holder in holders.items() if key in last_keys}


def read_accepted_figures(desk: Desk, who: Identity, form_id: str) -> pl.DataFrame:
    """Return the newest accepted observations of a form's series (schema OBSERVATION), for its templates.

    Raises NotAllowedError for a form that is not declared, or whose returns may not be seen.
    """
    return _read_observations(desk, _find_form_holders(desk, who, form_id))


def _find_form_holders(desk: Desk, who: Identity, form_id: str) -> dict[BlockKey, str]:
    """Return the submissions that hold the accepted blocks of a form's series. Raises NotAllowedError."""
    form = desk.registry.forms.get(form_id)
    if form is None or not can_read(who, form.jurisdiction, form.instrument):
        raise rights.NotThereError(
            mark(
                "This form does not exist, or you do not have access to it. Look at the forms of your returns, or "
                "ask your steward."
            )
        )
    holders = supersession.accepted_blocks(desk.engine, jurisdictions=[form.jurisdiction])
    series = (form.jurisdiction, form.instrument, form.series)
    return {key: holder for key, holder in holders.items() if key[:3] == series}


def _previous_holders(desk: Desk, who: Identity, submission_id: str) -> dict[BlockKey, str]:
    """Return the other submissions that hold the blocks of one. Raises NotAllowedError if it may not be seen."""
    submission, blocks = rights.get_visible(desk, who, submission_id)
    wanted_keys = {(b.jurisdiction, b.instrument, b.form, b.freq, b.period) for b in blocks}
    return {key: holder for key, holder in _accepted_holders(desk, submission, blocks).items() if key in wanted_keys}


def _accepted_holders(desk: Desk, submission: Submission, blocks: Sequence[Block]) -> dict[BlockKey, str]:
    before = submission.accepted_at if submission.state in ACCEPTED else None
    holders = supersession.accepted_blocks(desk.engine, before=before, jurisdictions={b.jurisdiction for b in blocks})
    return {key: holder for key, holder in holders.items() if holder != submission.submission_id}


def _history_before(desk: Desk, jurisdictions: Sequence[str], before: str | None) -> History | None:
    """Gather the history as `pipelines.submissions.checking.history` does, but as accepted before a given time."""
    from expectations.judge import History

    holders = supersession.accepted_blocks(desk.engine, before=before, jurisdictions=jurisdictions)
    if not holders:
        return None
    return History(
        observations=_read_observations(desk, holders),
        events=_read_events(desk, holders),
        as_of=clock.now() if before is None else clock.parse_time(before),
    )


def _read_observations(desk: Desk, holders: dict[BlockKey, str]) -> pl.DataFrame:
    from pipelines.model import long_tables

    return _read_rows(desk, "observation", long_tables.OBSERVATION, holders)


def _read_events(desk: Desk, holders: dict[BlockKey, str]) -> pl.DataFrame:
    from pipelines.model import long_tables

    return _read_rows(desk, "case_event", long_tables.CASE_EVENT, holders)


def _read_rows(desk: Desk, table: str, schema: dict[str, pl.DataType], holders: dict[BlockKey, str]) -> pl.DataFrame:
    """Return the rows of each submission that belong to a block it holds."""
    import polars as pl

    paths = [p for s in sorted(set(holders.values())) if (p := facts.path_of(desk.home, table, s)).exists()]
    if not paths:
        return pl.DataFrame(schema=schema)
    names = ["jurisdiction", "form", "freq", "period", "submission_id"]
    rows = [(key[0], key[2], key[3], key[4], holder) for key, holder in holders.items()]
    return facts.read_rows(paths, schema).join(pl.DataFrame(rows, schema=names, orient="row"), on=names, how="semi")
