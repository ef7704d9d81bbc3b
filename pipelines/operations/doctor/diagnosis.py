"""Run every check in order. A check that fails itself is reported and does not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import clock
from pipelines.operations.doctor import machine, stored
from pipelines.operations.doctor.model import Examination, Subject, make_problem

if TYPE_CHECKING:
    from pipelines.core.home import Home

CHECKS: Final[tuple[tuple[str, Callable[[Subject], Examination]], ...]] = (
    ("settings", machine.check_settings),
    ("versions", machine.check_versions),
    ("disk", machine.check_disk),
    ("rights", machine.check_rights),
    ("locks", machine.check_locks),
    ("sensors", machine.check_triggers),
    ("workers", machine.check_workers),
    ("reading", machine.check_reading),
    ("ledger", stored.check_ledger),
    ("clock", machine.check_clock),
    ("audit log", stored.check_audit_log),
    ("stored files", stored.check_stored_files),
    ("facts", stored.check_facts),
    ("publication", stored.check_publication),
    ("records", stored.check_records),
    ("releases", stored.check_releases),
    ("computed tables", stored.check_computed),
    ("questionnaire", stored.check_survey),
    ("backup", stored.check_backup),
)
"""The checks in their order; the ledger is opened before those that compare with it."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The results of all checks of one home."""

    home: Home
    at: str
    examinations: tuple[Examination, ...]

    @property
    def is_good(self) -> bool:
        """Return True if no check found a problem; warnings are allowed."""
        return all(examination.outcome != "problem" for examination in self.examinations)

    def as_json(self) -> dict[str, Any]:
        """Return `{home, kind, at, good, checks}`."""
        checks = [examination.as_json() for examination in self.examinations]
        return {
            "home": str(self.home.root),
            "kind": self.home.kind,
            "at": self.at,
            "good": self.is_good,
            "checks": checks,
        }

    def as_metrics(self) -> str:
        """Return the results in the text format of Prometheus: one line for each check, without words of symptoms."""
        outcomes = ("ok", "skipped", "warning", "problem")
        lines = [
            "# HELP rti_check Outcome of each check of rti doctor: 0 ok, 1 skipped, 2 warning, 3 problem.",
            "# TYPE rti_check gauge",
            *(f'rti_check{{check="{e.name}"}} {outcomes.index(e.outcome)}' for e in self.examinations),
            "# HELP rti_doctor_timestamp_seconds Time of the examination.",
            "# TYPE rti_doctor_timestamp_seconds gauge",
            f"rti_doctor_timestamp_seconds {int(clock.parse_time(self.at).timestamp())}",
        ]
        return "\n".join([*lines, ""])


def diagnose_home(home: Home, *, is_quick: bool = False) -> Diagnosis:
    """Examine a home and its machine. `is_quick` leaves out the checks that read every stored file."""
    subject = Subject(home, is_quick)
    try:
        examinations = tuple(_examine(name, check, subject) for name, check in CHECKS)
    finally:
        if subject.engine is not None:
            subject.engine.dispose()
    return Diagnosis(home, clock.format_timestamp(clock.now()), examinations)


def _examine(name: str, check: Callable[[Subject], Examination], subject: Subject) -> Examination:
    from pipelines.core.storage_faults import find_fault

    try:
        return check(subject)
    except Exception as error:
        fault = find_fault(error, subject.home.root)
        reason = fault.message if fault is not None else f"{type(error).__name__}: {error}"
        symptom = make_problem(
            f"This could not be examined: {reason}", "Solve the problems above first, then run it again."
        )
        return Examination(name, "the check failed", (symptom,))
