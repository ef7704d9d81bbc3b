"""Check a file without storing it, or upload it as a draft.

An upload is checked, stored, recorded as an arrival, and its check is recorded, in this order.
`pipelines/submissions/admission.py` decides which files are not stored. A crash before the arrival is recorded leaves
nothing that counts. After that, the next upload of the same bytes, the next view of the submission, or the next
`rti refresh` completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import permissions, queries, supersession
from pipelines.ledger.acts import Arrival
from pipelines.ledger.clock_guard import refuse_clock_set_back
from pipelines.ledger.database import open_read_transaction
from pipelines.submissions import admission, intake, receipts, store, waiting_checks
from pipelines.submissions.admission import SubmissionRefusedError
from pipelines.submissions.changes import refuse_words
from pipelines.submissions.checking import history as checking_history
from pipelines.submissions.checking import nil as nil_document
from pipelines.submissions.checking.check import CheckProgress
from pipelines.submissions.checking.check import check_file as check_return
from pipelines.submissions.service import reports, rights
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from expectations.judge import History
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.queries import Submission
    from pipelines.ledger.transitions import State
    from pipelines.submissions.checking.check import HistorySource
    from pipelines.submissions.checking.control_totals import ControlTotal
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.receipts import SignedReceipt

OnProgress = Callable[[CheckProgress], None]


@dataclass(frozen=True)
class UploadResult:
    """The outcome of an upload. `submission_id` and `state` are None if nothing was stored.

    `new` is False if the same bytes were uploaded before and this is that submission. `same_file` are earlier visible
    arrivals of the same bytes; `open_warnings` are (finding key, rule) that need a justification before sending.
    """

    filename: str
    sha256: str
    size: int
    submission_id: str | None
    state: State | None
    received_at: str | None
    new: bool
    same_file: tuple[tuple[str, State], ...]
    report: Report
    open_warnings: tuple[tuple[str, str], ...] = ()
    replaces: tuple[str, ...] = ()
    """Accepted periods that it replaces, if a reason for that is still missing."""
    signed: SignedReceipt | None = None
    """The signed receipt, if it was sent."""
    not_sent: str | None = None
    """Why it could not be sent although that was requested, in the caller's language."""
    control_totals: tuple[ControlTotal, ...] = ()
    """Totals next to those of an earlier period, for a return that a program handed in."""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON for portal, API and `rti submit`."""
        return {
            "file": {"name": self.filename, "sha256": self.sha256, "size": self.size},
            "submission_id": self.submission_id,
            "state": self.state,
            "received_at": self.received_at,
            "new": self.new,
            "same_file": [{"submission_id": i, "state": s} for i, s in self.same_file],
            "to_justify": [{"finding": key, "rule": rule} for key, rule in self.open_warnings],
            "replaces": list(self.replaces),
            "report": self.report.as_json(),
            "receipt": self.signed.as_json() if self.signed is not None else None,
            "not_sent": self.not_sent,
            "control_totals": [total.as_json() for total in self.control_totals],
        }


def check_file(
    desk: Desk,
    who: Identity,
    data: bytes,
    filename: str,
    *,
    form: str | None = None,
    kind: str | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Check a file without storing it. Raises NotAllowedError for an account without any role, UnknownFormError."""
    if not who.grants:
        raise permissions.make_missing_role_error()
    return _check_upload(desk, who, data, _clean_filename(filename), form, kind, None, on_progress)


def upload_file(
    desk: Desk,
    who: Identity,
    data: bytes,
    filename: str,
    *,
    form: str | None = None,
    kind: str | None = None,
    corrects: str | None = None,
    on_progress: OnProgress | None = None,
) -> UploadResult:
    """Check a file and store it as a draft (`checked`, or `refused` if it has errors) if the caller may submit it.

    Raises NotAllowedError (no submitter role at all; `corrects` may not be seen), SubmissionRefusedError,
    UnknownFormError, ClockSetBackError.
    """
    if not permissions.pairs_for(who, "receive"):
        raise permissions.make_missing_role_error()
    with open_read_transaction(desk.engine) as connection:
        refuse_clock_set_back(connection)  # before the file is checked and stored, as the ledger would refuse it later
    if corrects is not None:
        rights.get_visible(desk, who, corrects)
    name, sha256 = _clean_filename(filename), store.compute_digest(data)
    if (refused := admission.find_refusal(desk.home, sha256, name)) is not None:
        raise refused
    if (earlier := _find_earlier(desk, who, sha256)) and earlier[-1].state not in ("refused", "withdrawn"):
        return _report_earlier(desk, who, earlier, data, form)
    arrival = _make_arrival(desk, who, sha256, len(data), name, corrects, kind)
    report = _check_upload(desk, who, data, name, form, kind, arrival, on_progress)
    report = admission.admit_report(desk.registry, who, report, desk.kind)
    if not admission.is_kept(report):
        return UploadResult(name, sha256, len(data), None, None, None, False, _list_states(earlier), report)
    store.put_bytes(desk.home, data)
    received = intake.record_arrival(desk.engine, arrival)
    if not received.new:
        # It arrived during this check: the same request, repeated by the user or after a lost connection.
        now = [s for s in queries.same_file(desk.engine, sha256) if s.submission_id == received.submission_id]
        if now[0].sender == who.account or rights.may_see(desk, who, now):
            return _report_earlier(desk, who, now, data, form)
        # It belongs to others and must not be revealed: record both, and each office is responsible for its own.
        received = intake.record_arrival(desk.engine, arrival, again=True)
    store.ensure_bytes(desk.home, data)
    _record_report(desk, received.submission_id, report)
    submission, blocks = rights.get_visible(desk, who, received.submission_id)
    reports.cache_report(desk, submission, blocks, report)
    return _make_uploaded(desk, submission, report, _list_states(earlier), new=True)


def upload_nil(desk: Desk, who: Identity, form: str, periods: list[str], comment: str | None = None) -> UploadResult:
    """Declare that there was nothing to count in some periods. This makes a draft, which is sent like any other.

    Raises NotAllowedError (also for a form that is not declared), SubmissionRefusedError (no period, an invalid one, or
    one that the form does not cover), TransitionError (a comment that cannot be stored).
    """
    from pipelines.declarations.base import is_within
    from pipelines.model.periods import Period

    declared = desk.registry.forms.get(form)
    if declared is None or not permissions.has_role_for(who, "receive", declared.jurisdiction, declared.instrument):
        raise permissions.make_missing_role_error()
    requested_periods = sorted(set(periods))
    for text in requested_periods:
        try:
            period = Period.from_code(text)
        except ValueError:
            raise SubmissionRefusedError(
                mark("{period} is not a period; write 2024-Q3 or 2024"), period=repr(text)
            ) from None
        if period.freq != declared.freq or not is_within(text, declared.valid):
            raise SubmissionRefusedError(
                mark("{form} does not ask for {period}; choose another."), form=form, period=text
            )
    if not requested_periods:
        raise SubmissionRefusedError(mark("Name at least one period."))
    refuse_words(comment)
    data = nil_document.write_nil_document(nil_document.NilReturn(form, tuple(requested_periods), comment))
    return upload_file(desk, who, data, f"nil-{form}-{'-'.join(requested_periods)}.json")


# ------------------------------------------------------------------------------------------------------------- helpers


def _clean_filename(filename: str) -> str:
    """Return the last part of a file name from any system, without unprintable characters, at most 200 characters."""
    name = PurePath(filename.replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable()).strip()[:200] or "file"


def _check_upload(
    desk: Desk,
    who: Identity,
    data: bytes,
    name: str,
    form: str | None,
    kind: str | None,
    arrival: Arrival | None,
    on_progress: OnProgress | None,
) -> Report:
    arrival_options: dict[str, Any] = {}
    if arrival is not None:
        arrival_options = {"submission_id": arrival.submission_id, "received": arrival.received_at}
    return check_return(
        data,
        name,
        registry=desk.registry,
        history=_history_for(desk, who),
        form=form,
        kind="patch" if kind == "patch" else None,
        language=who.language,
        on_progress=on_progress,
        account=who.account,
        **arrival_options,
    )


def _history_for(desk: Desk, who: Identity) -> HistorySource:
    """Return the history that this person may see, because findings must not reveal figures of other offices."""

    def look_up_history(jurisdictions: Sequence[str]) -> History | None:
        import polars as pl

        readable = [j for j in jurisdictions if any(permissions.can_read(who, j, i) for i in _instruments(desk))]
        all_history = checking_history.gather_history(desk.home, desk.engine, readable) if readable else None
        if all_history is None:
            return None
        pairs = [(j, i) for j in readable for i in _instruments(desk) if permissions.can_read(who, j, i)]
        allowed = pl.DataFrame(pairs, schema=["jurisdiction", "instrument"], orient="row")
        series = [f.series for f in desk.registry.forms.values() if (f.jurisdiction, f.instrument) in pairs]
        return replace(
            all_history,
            observations=all_history.observations.join(allowed, on=["jurisdiction", "instrument"], how="semi"),
            events=all_history.events.filter(pl.col("form").is_in(series)),
        )

    return look_up_history


def _instruments(desk: Desk) -> list[str]:
    return sorted({form.instrument for form in desk.registry.forms.values()})


def _find_earlier(desk: Desk, who: Identity, sha256: str) -> list[Submission]:
    """Return earlier arrivals of the same bytes that this person may see."""
    return [submission for submission, _ in rights.may_see(desk, who, queries.same_file(desk.engine, sha256))]


def _make_arrival(
    desk: Desk, who: Identity, sha256: str, size: int, name: str, corrects: str | None, kind: str | None
) -> Arrival:
    """Return the arrival of a file, later than earlier arrivals of it in the same second, so that its id is new."""
    demonstration = desk.home.kind == "demonstration"
    arrival = Arrival(sha256, size, name, who.account, clock.now(), demonstration, corrects, kind=kind)
    taken_ids = {s.submission_id for s in queries.same_file(desk.engine, sha256)}
    while arrival.submission_id in taken_ids:
        arrival = replace(arrival, received_at=arrival.received_at + timedelta(seconds=1))
    return arrival


def _report_earlier(
    desk: Desk, who: Identity, earlier: Sequence[Submission], data: bytes, form: str | None
) -> UploadResult:
    """Return the outcome for bytes that were uploaded before, after completing what a crash left undone."""
    submission = earlier[-1]
    if submission.state == "received":
        arrival = Arrival(
            submission.sha256,
            submission.size,
            submission.filename,
            submission.sender,
            clock.parse_time(submission.received_at),
            submission.demonstration,
        )
        report = _check_upload(desk, who, data, submission.filename, form, submission.kind, arrival, None)
        report = admission.admit_report(desk.registry, who, report, desk.kind)
        _record_report(desk, submission.submission_id, report)
        if not admission.is_kept(report):
            return UploadResult(
                submission.filename, submission.sha256, submission.size, None, None, None, False, (), report
            )
        submission, _ = rights.get_visible(desk, who, submission.submission_id)
    else:
        submission, blocks = rights.get_visible(desk, who, submission.submission_id)
        report = replace(reports.current_report(desk, submission, blocks), language=who.language)
        submission, _ = rights.get_visible(desk, who, submission.submission_id)
    return _make_uploaded(desk, submission, report, _list_states(earlier), new=False)


def _record_report(desk: Desk, submission_id: str, report: Report) -> None:
    for error in waiting_checks.record_reports(desk.home, desk.engine, {submission_id: report}).values():
        raise error


def _list_states(submissions: Sequence[Submission]) -> tuple[tuple[str, State], ...]:
    return tuple((submission.submission_id, submission.state) for submission in submissions)


def _make_uploaded(
    desk: Desk, submission: Submission, report: Report, same_file: tuple[tuple[str, State], ...], *, new: bool
) -> UploadResult:
    draft = submission.state == "checked"
    unjustified = tuple(queries.list_unjustified(desk.engine, submission.submission_id)) if draft else ()
    replaced_keys = (
        supersession.find_replaced_keys(desk.engine, submission.submission_id)
        if draft and not submission.revision_reason
        else set()
    )
    return UploadResult(
        submission.filename,
        submission.sha256,
        submission.size,
        submission.submission_id,
        submission.state,
        submission.received_at,
        new,
        same_file,
        report,
        unjustified,
        tuple(sorted({key[4] for key in replaced_keys})),
        receipts.find_newest_receipt(desk.engine, submission.submission_id),
    )
