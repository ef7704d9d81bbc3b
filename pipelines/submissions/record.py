"""From reports to the ledger: keep what was read, record what was found, and go through what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.ledger import fact_digests, facts, queries
from pipelines.ledger.database import reading
from pipelines.submissions import admission, ledger, store
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking import history
from pipelines.submissions.checking.check import CheckJob, check_many, rules_version
from pipelines.submissions.checking.report import Report
from pipelines.submissions.ledger import CheckResult, Refusals

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

_NOT_SENT = ("received", "checked", "refused", "withdrawn")
BATCH = 1_000
"""Submissions checked and recorded together: what a crash can cost, and what is held in memory."""


def as_result(submission_id: str, report: Report, at: datetime | None = None) -> CheckResult:
    """What the ledger keeps of a report."""
    return CheckResult(
        submission_id=submission_id,
        format=report.format,
        territory=report.territory,
        form=report.form,
        kind=report.kind,
        blocks=report.blocks,
        errors=report.count("error"),
        warnings=tuple(dict.fromkeys((f.key, f.rule) for f in report.findings if f.severity == "warning")),
        informations=report.count("information"),
        declaration_hash=report.declaration_hash,
        rules_version=report.rules_version,
        report_hash=report.hash,
        at=at,
        jurisdiction=report.jurisdiction,
        instrument=report.instrument,
    )


def record(
    home: Home, engine: sa.Engine, reports: Mapping[str, Report], at: Mapping[str, datetime] | None = None
) -> Refusals:
    """Keep the readings of checked submissions (id -> report) and record their checks, in one transaction.

    Readings are written first: a crash leaves files that the next check replaces. The bytes of what was only pointed at
    are kept now; those of what names persons, and of what its sender may not hand in, are removed.
    """
    from pipelines.model import long_tables

    reports = {i: admission.disowned(r) if admission.is_turned_away(r) else r for i, r in reports.items()}
    _keep(home, engine, queries.submissions(engine, ids=list(reports)), reports)
    for identity, report in reports.items():
        if report.reading is not None:
            facts.keep_reading(home, identity, report.reading.observations, report.reading.events, report.findings)
        else:
            nothing = long_tables.empty(long_tables.OBSERVATION), long_tables.empty(long_tables.CASE_EVENT)
            facts.keep_reading(home, identity, *nothing, report.findings)
    times = at or {}
    results = [
        replace(as_result(i, r, times.get(i)), reading=fact_digests.reading_digests(home, i))
        for i, r in reports.items()
    ]
    refused = ledger.record_check_many(engine, results)
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
    """Check every submission that waits for it, by arrival; all, those of a territory, or `only` some.

    That is: what has come in, and what was checked or refused by other declarations or rules and is not sent yet.
    `after` is for a demonstration, whose returns arrived long before they are checked together: the time of the check
    is so much after the arrival, and each return is judged beside those that arrived before it. Submissions
    whose territory is not known yet are part of every territory's work. What came in and was never checked is held
    against what its sender may hand in, as at the desk. Returns the reports by submission.
    """
    _drop_unkept(home, engine)
    waiting = [
        s
        for s in queries.waiting(engine, registry.digest, rules_version(), territory=territory, only=only)
        if not (s.state != "received" and store.is_not_kept(home, s.sha256))
    ]
    out: dict[str, Report] = {}
    for start in range(0, len(waiting), BATCH):
        part = waiting[start : start + BATCH]
        reports = check_many(
            _jobs(home, part),
            registry=registry,
            history=history.source(home, engine),
            language=language,
            progress=progress,
            in_order=after is not None,
        )
        reports = _admitted(engine, registry, part, reports)
        times = None
        if after is not None:
            now = clock.now()
            times = {s.submission_id: min(clock.parse(s.received_at) + after, now) for s in part}
        record(home, engine, reports, times)
        out |= reports
    return out


def _admitted(
    engine: sa.Engine, registry: Registry, part: Sequence[queries.Submission], reports: Mapping[str, Report]
) -> dict[str, Report]:
    """The reports as their senders are told them. A draft that was taken once is not turned away later: only its
    sender can send it, and the ledger asks for the right then."""
    new = {s.submission_id: s.sender for s in part if s.state == "received"}
    with reading(engine) as connection:
        people = accounts.identities(connection, sorted(set(new.values())))
    return {
        i: admission.admitted(registry, people[new[i]], report) if new.get(i) in people else report
        for i, report in reports.items()
    }


def _keep(home: Home, engine: sa.Engine, part: Sequence[queries.Submission], reports: Mapping[str, Report]) -> None:
    """Keep the bytes of what was checked, and mark what is not to be kept, before the ledger speaks of either.

    What newer rules find in a file that was sent already stays: what was accepted is never un-accepted by rules. The
    bytes of what one sender may not hand in stay where another arrival of them is there.
    """
    for one in part:
        report = reports[one.submission_id]
        if admission.names_persons(report):
            if all(s.state in _NOT_SENT for s in queries.same_file(engine, one.sha256)):
                store.mark_not_kept(home, one.sha256)
        elif admission.is_turned_away(report):
            if all(s.submission_id == one.submission_id for s in queries.same_file(engine, one.sha256)):
                store.mark_not_kept(home, one.sha256)
        else:
            store.keep(home, one.sha256)


def _drop_unkept(home: Home, engine: sa.Engine) -> None:
    """Remove the bytes of marked files whose refusal is recorded; what a crash left over goes with the next check."""
    for sha256 in store.marked(home):
        if all(s.state != "received" for s in queries.same_file(engine, sha256)):
            store.drop_not_kept(home, sha256)


def _jobs(home: Home, part: Sequence[queries.Submission]) -> Iterator[CheckJob]:
    for one in part:
        data = store.get(home, one.sha256)
        kind = "patch" if one.kind == "patch" else None
        received = clock.parse(one.received_at)
        yield CheckJob(one.submission_id, data, one.filename, one.submission_id, None, kind, received)
