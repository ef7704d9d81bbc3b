"""Check waiting submissions, store the facts that were read, and record the results in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.ledger import fact_digests, facts, queries
from pipelines.ledger.acts import CheckResult, Refusals
from pipelines.ledger.database import open_read_transaction
from pipelines.submissions import admission, intake, store
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking import history
from pipelines.submissions.checking.check import CheckJob, check_many, rules_version
from pipelines.submissions.checking.report import Report

if TYPE_CHECKING:
    import sqlalchemy as sa

    from expectations.judge import History
    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

_NOT_SENT = ("received", "checked", "refused", "withdrawn")
FEW = 20
"""Returns that are validated one by one for Data Docs."""
BATCH = 1_000
"""Submissions checked and recorded together. Limits the work lost in a crash, and the memory used."""


def make_check_result(submission_id: str, report: Report, at: datetime | None = None) -> CheckResult:
    """Convert a report to the check result that the ledger records."""
    return CheckResult(
        submission_id=submission_id,
        format=report.format,
        territory=report.territory,
        form=report.form,
        kind=report.kind,
        blocks=report.blocks,
        errors=report.count_findings("error"),
        warnings=tuple(dict.fromkeys((f.key, f.rule) for f in report.findings if f.severity == "warning")),
        informations=report.count_findings("information"),
        declaration_hash=report.declaration_hash,
        rules_version=report.rules_version,
        report_hash=report.hash,
        at=at,
        jurisdiction=report.jurisdiction,
        instrument=report.instrument,
    )


def record_reports(
    home: Home, engine: sa.Engine, reports: Mapping[str, Report], at: Mapping[str, datetime] | None = None
) -> Refusals:
    """Store the facts of checked submissions (id -> report) and record their checks in one transaction.

    Facts are written first: after a crash the next check replaces them. The bytes of files that the store only pointed
    at are now kept. Files that name persons, or that their senders may not submit, are removed.
    """
    from pipelines.model import long_tables

    reports = {i: admission.remove_office(r) if admission.is_turned_away(r) else r for i, r in reports.items()}
    _keep_bytes(home, engine, queries.list_submissions(engine, ids=list(reports)), reports)
    for identity, report in reports.items():
        if report.reading is not None:
            facts.keep_reading(home, identity, report.reading.observations, report.reading.events, report.findings)
        else:
            nothing = long_tables.empty_table(long_tables.OBSERVATION), long_tables.empty_table(long_tables.CASE_EVENT)
            facts.keep_reading(home, identity, *nothing, report.findings)
    times = at or {}
    results = [
        replace(make_check_result(i, r, times.get(i)), reading=fact_digests.reading_digests(home, i))
        for i, r in reports.items()
    ]
    refused = intake.record_check_many(engine, results)
    _drop_unkept(home, engine)
    return refused


def check_waiting(
    home: Home,
    engine: sa.Engine,
    registry: Registry,
    *,
    territory: str | None = None,
    only: Sequence[str] | None = None,
    language: str = "en",
    after: timedelta | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Report]:
    """Check all waiting submissions, those of a territory, or `only` some; return the reports by submission.

    The reports are returned without the rows that were read.

    Waiting submissions are new ones, and unsent ones that were checked with other declarations or rules; they are
    checked in the order of arrival. A filter by `territory` includes submissions whose territory is not known yet. New
    ones are also checked against the sender's roles, as in the portal. `after` is for a demonstration, whose returns
    arrived long before they are checked together: each check is dated `after` the arrival, and each return is compared
    with those that arrived before it.
    """
    _drop_unkept(home, engine)
    waiting = [
        s
        for s in queries.find_waiting(engine, registry.digest, rules_version(), territory=territory, only=only)
        if not (s.state != "received" and store.is_not_kept(home, s.sha256))
    ]
    checked: dict[str, Report] = {}
    for start in range(0, len(waiting), BATCH):
        part = waiting[start : start + BATCH]
        reports = check_many(
            _make_jobs(home, part),
            registry=registry,
            history=history.make_history_source(home, engine),
            language=language,
            on_read=progress,
            in_order=after is not None,
        )
        reports = _admit_reports(engine, registry, part, reports)
        times = None
        if after is not None:
            now = clock.now()
            times = {s.submission_id: min(clock.parse_time(s.received_at) + after, now) for s in part}
        record_reports(home, engine, reports, times)
        # The facts are on the disk now: kept for all returns, their rows would grow with the history.
        checked |= {identity: replace(report, reading=None) for identity, report in reports.items()}
    return checked


def validate_again(home: Home, engine: sa.Engine, registry: Registry, ids: Sequence[str]) -> None:
    """Check sent returns again without recording anything, so that the results of their validations are stored.

    Each is compared with the accepted figures of other returns. Up to FEW are validated one by one, which gives each a
    page with its id in Data Docs; more share one validation.
    """
    submissions = queries.list_submissions(engine, ids=list(ids)) if ids else []
    # A file that is missing or damaged is named by `rti audit verify`; it must not stop a refresh that has its facts.
    stored = [s for s in submissions if store.find_problem(home, s.sha256) is None]
    for part in [[submission] for submission in stored] if len(stored) <= FEW else [stored]:
        own_ids = [submission.submission_id for submission in part]

        def look_up_others(jurisdictions: Sequence[str], own_ids: Sequence[str] = own_ids) -> History | None:
            accepted = history.gather_history(home, engine, jurisdictions)
            return accepted and accepted.leave_out(own_ids)

        check_many(_make_jobs(home, part), registry=registry, history=look_up_others, in_order=True)


def _admit_reports(
    engine: sa.Engine, registry: Registry, part: Sequence[queries.Submission], reports: Mapping[str, Report]
) -> dict[str, Report]:
    """Return the reports with an error added to new submissions that their senders may not submit.

    Drafts that were admitted once are not turned away later: only their sender can send them, and the ledger checks
    the role at that point.
    """
    new = {s.submission_id: s.sender for s in part if s.state == "received"}
    with open_read_transaction(engine) as connection:
        people = accounts.select_identities(connection, sorted(set(new.values())))
    return {
        i: admission.admit_report(registry, people[new[i]], report) if new.get(i) in people else report
        for i, report in reports.items()
    }


def _keep_bytes(
    home: Home, engine: sa.Engine, part: Sequence[queries.Submission], reports: Mapping[str, Report]
) -> None:
    """Store the bytes of admitted files, and mark those to be removed, before the ledger records the checks.

    A file that was sent already stays, even if newer rules find persons in it, because rules never undo an
    acceptance. A file that one sender may not submit stays if it also arrived otherwise.
    """
    for submission in part:
        report = reports[submission.submission_id]
        if admission.names_persons(report):
            if all(s.state in _NOT_SENT for s in queries.same_file(engine, submission.sha256)):
                store.mark_not_kept(home, submission.sha256)
        elif admission.is_turned_away(report):
            if all(s.submission_id == submission.submission_id for s in queries.same_file(engine, submission.sha256)):
                store.mark_not_kept(home, submission.sha256)
        else:
            store.keep_pointed(home, submission.sha256)


def _drop_unkept(home: Home, engine: sa.Engine) -> None:
    """Remove the bytes of marked files whose refusal is recorded; the next check removes what a crash left over."""
    for sha256 in store.list_marked(home):
        if all(s.state != "received" for s in queries.same_file(engine, sha256)):
            store.drop_not_kept(home, sha256)


def _make_jobs(home: Home, part: Sequence[queries.Submission]) -> Iterator[CheckJob]:
    for submission in part:
        data = store.get_bytes(home, submission.sha256)
        kind = "patch" if submission.kind == "patch" else None
        received_at = clock.parse_time(submission.received_at)
        yield CheckJob(
            submission.submission_id, data, submission.filename, submission.submission_id, None, kind, received_at
        )
