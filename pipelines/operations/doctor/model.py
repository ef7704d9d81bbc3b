"""The results of an examination: symptoms with their remedies, grouped by what was examined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home

Severity = Literal["problem", "warning"]
Outcome = Literal["ok", "warning", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that is wrong. A problem must be solved now, a warning soon; `remedy` says how."""

    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of one check. `summary` says what was examined, or why the check was skipped."""

    name: str
    summary: str
    symptoms: tuple[Symptom, ...] = ()
    is_skipped: bool = False

    @property
    def outcome(self) -> Outcome:
        """Return the most severe of the symptoms, `ok` without any, or `skipped`."""
        if self.is_skipped:
            return "skipped"
        severities = {symptom.severity for symptom in self.symptoms}
        return "problem" if "problem" in severities else "warning" if severities else "ok"

    def as_json(self) -> dict[str, Any]:
        """Return `{name, outcome, summary, symptoms: [{severity, message, remedy}]}`."""
        symptoms = [{"severity": s.severity, "message": s.message, "remedy": s.remedy} for s in self.symptoms]
        return {"name": self.name, "outcome": self.outcome, "summary": self.summary, "symptoms": symptoms}


@dataclass
class Subject:
    """A home under examination, and its ledger once it is open. `is_quick` leaves out checks that read all files."""

    home: Home
    is_quick: bool = False
    engine: sa.Engine | None = None


def make_problem(message: str, remedy: str) -> Symptom:
    """Return a symptom that must be solved now."""
    return Symptom("problem", message, remedy)


def make_warning(message: str, remedy: str) -> Symptom:
    """Return a symptom that should be solved soon."""
    return Symptom("warning", message, remedy)


def skip_check(name: str, reason: str) -> Examination:
    """Return the result of a check that could not be made."""
    return Examination(name, reason, is_skipped=True)
