"""What of a file is taken, and from whom: one rule for all who hand in, one file at a time or many at once.

Not kept is: what cannot be read, what names persons, what no form is recognised in (nobody would have a right to it,
and it may be anything), and what is not its sender's to hand in here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.findings import rules
from pipelines.findings.finding import Finding
from pipelines.findings.rules import Rule
from pipelines.ledger.permissions import has_role_for
from pipelines.reading.privacy.scan import RULE_PREFIX

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry
    from pipelines.ledger.identity import Identity
    from pipelines.model.content import Scalar
    from pipelines.submissions.checking.report import Report

Kind = Literal["national", "training"]
"""Of which kind the territories are whose returns are taken (`kind` of `territory.yml`)."""
RAW_SAMPLES = Path(__file__).resolve().parents[2] / "raw_samples"
NOT_YOURS, PRACTICE, NOT_PRACTICE = "desk.not_yours", "desk.practice", "desk.not_practice"

RULES: dict[str, Rule] = {
    NOT_YOURS: Rule(
        NOT_YOURS,
        "error",
        "This file is the form {form} ({instrument}) of {name}, for which you may not submit. It was not kept.",
        "If this file belongs to another office, use your own. If it is yours, ask the steward of the secretariat "
        "for the role of a submitter.",
    ),
    PRACTICE: Rule(
        PRACTICE,
        "error",
        "This file is the form {form} of the training territory {name}. It was not kept.",
        "Upload it on the practice page.",
    ),
    NOT_PRACTICE: Rule(
        NOT_PRACTICE,
        "error",
        "This file is the form {form} of {name}, and practice takes only the training territory's. It was not kept.",
        "Hand it in outside practice, or take a template of the training territory.",
    ),
}
rules.register(RULES)


class SubmissionRefusedError(ToldError):
    """A file that this home does not take at all. The text says why and what to do."""


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


def admitted(registry: Registry, who: Identity, report: Report, kind: Kind = "national") -> Report:
    """The report of a file as it is told to whoever hands it in: with an error more where it is not theirs."""
    if report.verdict == "unreadable" or (added := _refused(registry, who, report, kind)) is None:
        return report
    return replace(report, findings=(added, *report.findings), verdict="error")


def is_turned_away(report: Report) -> bool:
    """Whether a report says that the file is not its sender's to hand in here."""
    return any(f.rule in RULES for f in report.findings)


def names_persons(report: Report) -> bool:
    """Whether a file has direct identifiers of persons, and is not kept for that."""
    return any(f.rule.startswith(RULE_PREFIX) for f in report.findings)


def is_kept(report: Report) -> bool:
    """Whether anything of a file handed in by a person is kept."""
    if report.verdict == "unreadable" or report.form is None:
        return False
    return not is_turned_away(report) and not names_persons(report)


def disowned(report: Report) -> Report:
    """What the ledger keeps of a return that came in and was turned away: that it did, and no office to which it
    would belong; so it is its sender's alone."""
    return replace(report, blocks=(), jurisdiction=None, instrument=None, reading=None)


def _refused(registry: Registry, who: Identity, report: Report, kind: Kind) -> Finding | None:
    if report.form is None or report.jurisdiction is None or report.instrument is None:
        return None
    pairs = sorted({(report.jurisdiction, report.instrument), *((b.jurisdiction, b.instrument) for b in report.blocks)})
    foreign = [pair for pair in pairs if not has_role_for(who, "receive", *pair)]
    jurisdiction, instrument = (foreign or pairs)[0]
    practice = registry.territory_of(report.jurisdiction).kind != kind
    if not foreign and not practice:
        return None
    told = _params(registry, report.form, jurisdiction, instrument, who.language)
    if practice:
        return Finding(NOT_PRACTICE if kind == "training" else PRACTICE, "error", params=told)
    return Finding(NOT_YOURS, "error", params=told)


def _params(registry: Registry, form: str, jurisdiction: str, instrument: str, language: str) -> dict[str, Scalar]:
    from pipelines.declarations.form_titles import form_title

    declared = registry.forms.get(form)
    return {
        "jurisdiction": jurisdiction,
        "instrument": instrument,
        "form": f"{form_title(declared, language)} ({declared.id})" if declared is not None else form,
        "name": _name_with_note(registry, jurisdiction, language),
    }


def _name_with_note(registry: Registry, jurisdiction: str, language: str) -> str:
    """A jurisdiction's name, never without the footnote that stands with it."""
    from pipelines.submissions.timetable import names

    name = names.jurisdiction_name(registry, jurisdiction, language)
    note = names.note_of(registry, registry.territory_of(jurisdiction).code, language)
    return f"{name} ({note})" if note else name
