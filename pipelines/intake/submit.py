"""Handing in a return: one call from bytes to a receipt.

Belongs here: the order of the steps, and what a home refuses to take.  Does not belong here: the steps themselves.

First the file is looked at, then kept, then entered, then its check is recorded.  What cannot be read, and what names
persons, is refused before anything is kept.  A crash before it is entered leaves nothing that counts; after it, the
submission stands as `received` and the next `rti refresh` checks it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import clock
from pipelines.intake import authority, history, ledger, queries, receipts, record, store
from pipelines.intake.check import check
from pipelines.intake.receipts import SignedReceipt
from pipelines.intake.report import Report
from pipelines.intake.transitions import State, TransitionError
from pipelines.locales import mark
from pipelines.people import accounts
from pipelines.told import ToldError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.home import Home
    from pipelines.people.identity import Identity
    from pipelines.returns.registry import Registry

RAW_SAMPLES = Path(__file__).resolve().parents[2] / "raw_samples"
IDENTIFIER_RULES = "person."
"""Rules of this name say that a file names persons; it is then not kept."""


class SubmissionRefusedError(ToldError):
    """A file that this home does not take at all. The text says why and what to do."""


@dataclass(frozen=True)
class Receipt:
    """What the sender gets back. `submission_id` is None where nothing was kept; `same_file` names earlier arrivals."""

    filename: str
    sha256: str
    size: int
    submission_id: str | None
    state: State | None
    received_at: str | None
    new: bool
    same_file: tuple[tuple[str, State], ...]
    report: Report | None
    open_warnings: tuple[tuple[str, str], ...] = ()
    replaces: tuple[str, ...] = ()
    """Periods accepted before that it replaces, as long as a reason for that is still to be given."""
    signed: SignedReceipt | None = None
    """The signed receipt, where it was sent."""

    def as_json(self) -> dict[str, Any]:
        """The JSON of `rti submit`."""
        return {
            "file": {"name": self.filename, "sha256": self.sha256, "size": self.size},
            "submission_id": self.submission_id,
            "state": self.state,
            "received_at": self.received_at,
            "new": self.new,
            "same_file": [{"submission_id": i, "state": s} for i, s in self.same_file],
            "to_justify": [{"finding": key, "rule": rule} for key, rule in self.open_warnings],
            "replaces": list(self.replaces),
            "report": self.report.as_json() if self.report is not None else None,
            "receipt": self.signed.as_json() if self.signed is not None else None,
        }


def submit(
    home: Home,
    data: bytes,
    filename: str,
    sender: str,
    *,
    registry: Registry,
    engine: sa.Engine | None = None,
    form: str | None = None,
    kind: str | None = None,
    corrects: str | None = None,
    language: str = "en",
    at: datetime | None = None,
    send: bool = True,
    reason: str | None = None,
) -> Receipt:
    """Hand in one file. With `send`, a return that has no open warning is sent for approval at once; what replaces an
    accepted return only with a `reason` (code list `revision_reason`).

    Raises SubmissionRefusedError for a file that this home takes from nobody, NotAllowedError for a sender who may hand
    in nothing.
    """
    engine = engine or ledger.open_ledger(home)
    authority.may_receive(who := accounts.identity(engine, sender), sender)
    name = Path(filename).name
    sha256 = store.digest(data)
    if (refused := refusal(home, sha256, name)) is not None:
        raise refused
    at = at or clock.now()
    arrival = ledger.Arrival(
        sha256, len(data), name, sender, at, demonstration=home.kind == "demonstration", corrects=corrects, kind=kind
    )
    if (earlier := _already_there(engine, sha256, who)) is not None:
        return _resumed(home, engine, earlier, sender, registry, language, send, reason)
    report = check(
        data,
        name,
        registry=registry,
        history=history.source(home, engine),
        form=form,
        language=language,
        submission_id=arrival.submission_id,
        kind=kind,
        received=at,
    )
    if report.jurisdiction is not None and registry.territory_of(report.jurisdiction).kind == "training":
        raise SubmissionRefusedError(
            mark(
                "{file} is a return of the training territory and counts nowhere; hand it in at practice, in the portal"
            ),
            file=name,
        )
    if report.verdict == "unreadable" or any(f.rule.startswith(IDENTIFIER_RULES) for f in report.findings):
        return Receipt(name, sha256, len(data), None, None, None, False, (), report)
    store.put(home, data)
    received = ledger.receive(engine, arrival)
    if not received.new:
        return _receipt(engine, name, received.submission_id, received.same_file, new=False)
    for error in record.record(home, engine, {received.submission_id: report}).values():
        raise error
    if send:
        _send(home, engine, registry, received.submission_id, sender, reason, report)
    return _receipt(engine, name, received.submission_id, received.same_file, new=True, report=report)


def refusal(home: Home, sha256: str, filename: str) -> SubmissionRefusedError | None:
    """Why this home does not take a file, or None where it does: invented returns never enter a real home."""
    if home.kind == "real" and sha256 in demonstration_files():
        return SubmissionRefusedError(
            mark(
                "{file} is the invented return {sample} of the demonstration, and this is a real home; use a "
                "demonstration home for it (`rti init --kind demonstration` with another RTI_HOME)"
            ),
            file=filename,
            sample=demonstration_files()[sha256],
        )
    return None


@cache
def demonstration_files(folder: Path = RAW_SAMPLES) -> Mapping[str, str]:
    """SHA-256 -> path of every invented return, as `arrivals.csv` lists them; empty where there is none."""
    path = folder / "arrivals.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["sha256"]: row["file"] for row in csv.DictReader(handle)}


def _resumed(
    home: Home,
    engine: sa.Engine,
    earlier: Receipt,
    sender: str,
    registry: Registry,
    language: str,
    send: bool,
    reason: str | None,
) -> Receipt:
    """A file that came before: what a crash has left undone of it is done now, and the sender is told the rest."""
    identity = earlier.submission_id
    assert identity is not None
    report = None
    if earlier.state == "received":
        report = record.check_waiting(home, engine, registry, only=[identity], language=language).get(identity)
    if send:
        _send(home, engine, registry, identity, sender, reason, report)
    return _receipt(engine, earlier.filename, identity, earlier.same_file, new=False, report=report)


def _send(
    home: Home,
    engine: sa.Engine,
    registry: Registry,
    submission_id: str,
    sender: str,
    reason: str | None,
    report: Report | None,
) -> None:
    """Send what is checked, has no open warning, is this sender's own, and says why it replaces what it replaces."""
    found = queries.find(engine, submission_id)
    if found.state != "checked" or found.sender != sender or queries.unjustified(engine, submission_id):
        return
    if reason is not None or found.revision_reason or not queries.replaced(engine, submission_id):
        if report is None:
            report = _checked_again(home, engine, registry, found)
        receipts.send(home, engine, ledger.Act(submission_id, sender, clock.now(), reason=reason), report)


def _checked_again(home: Home, engine: sa.Engine, registry: Registry, found: queries.Submission) -> Report:
    """The report of a stored submission, for its receipt; nothing is recorded."""
    return check(
        store.get(home, found.sha256),
        found.filename,
        registry=registry,
        history=history.source(home, engine),
        form=found.form if found.kind != "nil" else None,
        submission_id=found.submission_id,
        kind="patch" if found.kind == "patch" else None,
        received=clock.parse(found.received_at),
    )


def _already_there(engine: sa.Engine, sha256: str, who: Identity) -> Receipt | None:
    """The receipt of a file that came before and was neither refused nor withdrawn; an unchecked one is told too.

    What its sender may not see is not there.
    """
    same = [
        s
        for s in queries.same_file(engine, sha256)
        if authority.knows_of(who, s.sender, queries.pairs(engine, s.submission_id))
    ]
    living = [s for s in same if s.state not in ("refused", "withdrawn")]
    if not living:
        return None
    told = tuple((s.submission_id, s.state) for s in same)
    return _receipt(engine, living[-1].filename, living[-1].submission_id, told, new=False)


def _receipt(
    engine: sa.Engine,
    filename: str,
    submission_id: str,
    same_file: tuple[tuple[str, State], ...],
    *,
    new: bool,
    report: Report | None = None,
) -> Receipt:
    found = queries.find(engine, submission_id)
    lacking = tuple(queries.unjustified(engine, submission_id)) if found.state == "checked" else ()
    asked = found.state == "checked" and not found.revision_reason and queries.replaced(engine, submission_id)
    return Receipt(
        filename,
        found.sha256,
        found.size,
        submission_id,
        found.state,
        found.received_at,
        new,
        same_file,
        report,
        lacking,
        tuple(sorted({key[4] for key in asked})) if asked else (),
        receipts.newest(engine, submission_id),
    )


__all__ = ["Receipt", "SubmissionRefusedError", "TransitionError", "demonstration_files", "refusal", "submit"]
