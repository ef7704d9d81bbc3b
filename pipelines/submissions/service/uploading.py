"""Handing in: a check that keeps nothing, and an upload that keeps what is whole and one's own.

Checked first, then kept, then entered, then recorded.  What is not kept, `pipelines/submissions/admission.py` says.
A crash before it is entered leaves nothing that counts; after it, the next upload of the same bytes, the next look at
it, or the next `rti refresh` finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import permissions, queries
from pipelines.ledger.clock_guard import refuse_clock_set_back
from pipelines.ledger.database import reading
from pipelines.submissions import admission, ledger, receipts, record, store
from pipelines.submissions.admission import SubmissionRefusedError
from pipelines.submissions.changes import refuse_words
from pipelines.submissions.checking import history as known
from pipelines.submissions.checking import nil as document
from pipelines.submissions.checking.check import Step
from pipelines.submissions.checking.check import check as check_file
from pipelines.submissions.service import reports, rights
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from expectations.judge import History
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.queries import Submission
    from pipelines.ledger.transitions import State
    from pipelines.submissions.checking.check import HistorySource
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.receipts import SignedReceipt

OnStep = Callable[[Step], None]


@dataclass(frozen=True)
class Uploaded:
    """What became of an upload. `submission_id` and `state` are None where nothing was kept.

    `new` is false where the same bytes came before and are told once. `same_file` are earlier arrivals of the same
    bytes that may be seen; `open_warnings` are (finding key, rule) that ask for a justification before it can be sent.
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
    """Periods accepted before that it replaces, as long as a reason for that is still to be given."""
    signed: SignedReceipt | None = None
    """The signed receipt, where it was sent."""
    not_sent: str | None = None
    """Why it was not sent, where that was asked for, in the language of whoever asked."""

    def as_json(self) -> dict[str, Any]:
        """The JSON of portal, API and `rti submit`."""
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
        }


def check(
    desk: Desk,
    who: Identity,
    data: bytes,
    filename: str,
    *,
    form: str | None = None,
    kind: str | None = None,
    on_step: OnStep | None = None,
) -> Report:
    """Check a file and keep nothing. Raises NotAllowedError for an account without any role, UnknownFormError."""
    if not who.grants:
        raise rights.lacking()
    return _checked(desk, who, data, _name(filename), form, kind, None, on_step)


def upload(
    desk: Desk,
    who: Identity,
    data: bytes,
    filename: str,
    *,
    form: str | None = None,
    kind: str | None = None,
    corrects: str | None = None,
    on_step: OnStep | None = None,
) -> Uploaded:
    """Check a file and keep it as a draft (state `checked`, or `refused` for its errors) if it is one's own.

    Raises NotAllowedError (no submitter of anything; `corrects` not to be seen), SubmissionRefusedError,
    UnknownFormError, ClockSetBackError.
    """
    if not permissions.pairs_for(who, "receive"):
        raise rights.lacking()
    with reading(desk.engine) as connection:
        refuse_clock_set_back(connection)  # before the file is checked and kept; the ledger would refuse it after
    if corrects is not None:
        rights.seen(desk, who, corrects)
    name, sha256 = _name(filename), store.digest(data)
    if (refused := admission.refusal(desk.home, sha256, name)) is not None:
        raise refused
    if (before := _before(desk, who, sha256)) and before[-1].state not in ("refused", "withdrawn"):
        return _told(desk, who, before, data, form)
    arrival = _arrival(desk, who, sha256, len(data), name, corrects, kind)
    report = _checked(desk, who, data, name, form, kind, arrival, on_step)
    report = admission.admitted(desk.registry, who, report, desk.kind)
    if not admission.is_kept(report):
        return Uploaded(name, sha256, len(data), None, None, None, False, _states(before), report)
    store.put(desk.home, data)
    received = ledger.receive(desk.engine, arrival)
    if not received.new:
        # It came while this was checked: the same request, repeated by an impatient hand or after a broken line.
        now = [s for s in queries.same_file(desk.engine, sha256) if s.submission_id == received.submission_id]
        if now[0].sender == who.account or rights.may_see(desk, who, now):
            return _told(desk, who, now, data, form)
        # Somebody else's, of whom this person is told nothing: both are kept, and each office answers for its own.
        received = ledger.receive(desk.engine, arrival, again=True)
    _recorded(desk, received.submission_id, report)
    found, blocks = rights.seen(desk, who, received.submission_id)
    reports.remember(desk, found, blocks, report)
    return _uploaded(desk, found, report, _states(before), new=True)


def nil(desk: Desk, who: Identity, form: str, periods: list[str], comment: str | None = None) -> Uploaded:
    """Declare that there was nothing to count in some periods: a draft, to be sent like any other.

    Raises NotAllowedError (also for a form that is not declared), SubmissionRefusedError (a period that is none, or not
    one of the form's), TransitionError (a comment that cannot be kept).
    """
    from pipelines.declarations.base import within
    from pipelines.model.periods import Period

    declared = desk.registry.forms.get(form)
    if declared is None or not permissions.has_role_for(who, "receive", declared.jurisdiction, declared.instrument):
        raise rights.lacking()
    asked = sorted(set(periods))
    for text in asked:
        try:
            period = Period.of(text)
        except ValueError:
            raise SubmissionRefusedError(
                mark("{period} is not a period; write 2024-Q3 or 2024"), period=repr(text)
            ) from None
        if period.freq != declared.freq or not within(text, declared.valid):
            raise SubmissionRefusedError(
                mark("{form} does not ask for {period}; choose another."), form=form, period=text
            )
    if not asked:
        raise SubmissionRefusedError(mark("Name at least one period."))
    refuse_words(comment)
    data = document.document(document.NilReturn(form, tuple(asked), comment))
    return upload(desk, who, data, f"nil-{form}-{'-'.join(asked)}.json")


# ------------------------------------------------------------------------------------------------------------ the parts


def _name(filename: str) -> str:
    """The last part of a name, whatever system it came from; nothing that could be a path or would hide in a list."""
    name = PurePath(filename.replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable()).strip()[:200] or "file"


def _checked(
    desk: Desk,
    who: Identity,
    data: bytes,
    name: str,
    form: str | None,
    kind: str | None,
    arrival: ledger.Arrival | None,
    on_step: OnStep | None,
) -> Report:
    named: dict[str, Any] = {}
    if arrival is not None:
        named = {"submission_id": arrival.submission_id, "received": arrival.received_at}
    return check_file(
        data,
        name,
        registry=desk.registry,
        history=_history_for(desk, who),
        form=form,
        kind="patch" if kind == "patch" else None,
        language=who.language,
        on_step=on_step,
        account=who.account,
        **named,
    )


def _history_for(desk: Desk, who: Identity) -> HistorySource:
    """The history that this person may see: a finding must not tell a foreign office's earlier figures."""

    def history(jurisdictions: Sequence[str]) -> History | None:
        import polars as pl

        near = [j for j in jurisdictions if any(permissions.can_read(who, j, i) for i in _instruments(desk))]
        found = known.gather(desk.home, desk.engine, near) if near else None
        if found is None:
            return None
        pairs = [(j, i) for j in near for i in _instruments(desk) if permissions.can_read(who, j, i)]
        allowed = pl.DataFrame(pairs, schema=["jurisdiction", "instrument"], orient="row")
        records = [j for j, i in pairs if i == "register"]
        return replace(
            found,
            observations=found.observations.join(allowed, on=["jurisdiction", "instrument"], how="semi"),
            events=found.events.filter(pl.col("jurisdiction").is_in(records)),
        )

    return history


def _instruments(desk: Desk) -> list[str]:
    return sorted({form.instrument for form in desk.registry.forms.values()})


def _before(desk: Desk, who: Identity, sha256: str) -> list[Submission]:
    """Earlier arrivals of the same bytes, as far as this person may know of them."""
    return [one for one, _ in rights.may_see(desk, who, queries.same_file(desk.engine, sha256))]


def _arrival(
    desk: Desk, who: Identity, sha256: str, size: int, name: str, corrects: str | None, kind: str | None
) -> ledger.Arrival:
    """The arrival of a file, at a time at which the same file has not come already (and was refused or withdrawn)."""
    demonstration = desk.home.kind == "demonstration"
    arrival = ledger.Arrival(sha256, size, name, who.account, clock.now(), demonstration, corrects, kind=kind)
    taken = {s.submission_id for s in queries.same_file(desk.engine, sha256)}
    while arrival.submission_id in taken:
        arrival = replace(arrival, received_at=arrival.received_at + timedelta(seconds=1))
    return arrival


def _told(desk: Desk, who: Identity, before: Sequence[Submission], data: bytes, form: str | None) -> Uploaded:
    """Bytes that came before: what a crash has left undone of them is done now, and the sender is told the rest."""
    found = before[-1]
    if found.state == "received":
        arrival = ledger.Arrival(
            found.sha256, found.size, found.filename, found.sender, clock.parse(found.received_at), found.demonstration
        )
        report = _checked(desk, who, data, found.filename, form, found.kind, arrival, None)
        report = admission.admitted(desk.registry, who, report, desk.kind)
        _recorded(desk, found.submission_id, report)
        if not admission.is_kept(report):
            return Uploaded(found.filename, found.sha256, found.size, None, None, None, False, (), report)
        found, _ = rights.seen(desk, who, found.submission_id)
    else:
        found, blocks = rights.seen(desk, who, found.submission_id)
        report = replace(reports.current(desk, found, blocks), language=who.language)
        found, _ = rights.seen(desk, who, found.submission_id)
    return _uploaded(desk, found, report, _states(before), new=False)


def _recorded(desk: Desk, submission_id: str, report: Report) -> None:
    for error in record.record(desk.home, desk.engine, {submission_id: report}).values():
        raise error


def _states(found: Sequence[Submission]) -> tuple[tuple[str, State], ...]:
    return tuple((one.submission_id, one.state) for one in found)


def _uploaded(
    desk: Desk, found: Submission, report: Report, same_file: tuple[tuple[str, State], ...], *, new: bool
) -> Uploaded:
    draft = found.state == "checked"
    lacking = tuple(queries.unjustified(desk.engine, found.submission_id)) if draft else ()
    asked = queries.replaced(desk.engine, found.submission_id) if draft and not found.revision_reason else set()
    return Uploaded(
        found.filename,
        found.sha256,
        found.size,
        found.submission_id,
        found.state,
        found.received_at,
        new,
        same_file,
        report,
        lacking,
        tuple(sorted({key[4] for key in asked})),
        receipts.newest(desk.engine, found.submission_id),
    )
