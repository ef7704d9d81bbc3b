"""Decide which files are admitted and from whom, by the same rules for single uploads and batches.

A file is not kept if it cannot be read, if it names persons, if no form is recognised in it (nobody would have access
to it, and it could be anything), or if its sender may not submit it here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipelines.core.errors import UserFacingError
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
"""Kind of the territories whose returns are admitted (`kind` in `territory.yml`)."""
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
rules.register_rules(RULES)


class SubmissionRefusedError(UserFacingError):
    """This home does not accept a file at all. The message says why and what to do."""


def find_refusal(home: Home, sha256: str, filename: str) -> SubmissionRefusedError | None:
    """Return the error for a file that this home does not accept, or None: a real home accepts no invented returns."""
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
    """Return SHA-256 -> path of every invented return in the lists of the folder, or nothing without them."""
    files: dict[str, str] = {}
    for path in (folder / "arrivals.csv", folder / "try" / "files.csv"):
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as handle:
                files |= {row["sha256"]: row["file"] for row in csv.DictReader(handle)}
    return files


def admit_report(registry: Registry, who: Identity, report: Report, kind: Kind = "national") -> Report:
    """Return the report of a file for its sender, with an added error if the sender may not submit it."""
    if report.verdict == "unreadable" or (added := _refuse_foreign(registry, who, report, kind)) is None:
        return report
    return replace(report, findings=(added, *report.findings), verdict="error")


def is_turned_away(report: Report) -> bool:
    """Return True if a report says that its sender may not submit the file here."""
    return any(f.rule in RULES for f in report.findings)


def names_persons(report: Report) -> bool:
    """Return True if a file has direct identifiers of persons, so that it must not be kept."""
    return any(f.rule.startswith(RULE_PREFIX) for f in report.findings)


def is_kept(report: Report) -> bool:
    """Return True if a file submitted by a person is kept."""
    if report.verdict == "unreadable" or report.form is None:
        return False
    return not is_turned_away(report) and not names_persons(report)


def remove_office(report: Report) -> Report:
    """Return the report of a rejected return without its data or office, so that only its sender can see it."""
    return replace(report, blocks=(), jurisdiction=None, instrument=None, reading=None)


def _refuse_foreign(registry: Registry, who: Identity, report: Report, kind: Kind) -> Finding | None:
    if report.form is None or report.jurisdiction is None or report.instrument is None:
        return None
    pairs = sorted({(report.jurisdiction, report.instrument), *((b.jurisdiction, b.instrument) for b in report.blocks)})
    foreign = [pair for pair in pairs if not has_role_for(who, "receive", *pair)]
    jurisdiction, instrument = (foreign or pairs)[0]
    practice = registry.territory_of(report.jurisdiction).kind != kind
    if not foreign and not practice:
        return None
    params = _describe_form(registry, report.form, jurisdiction, instrument, who.language)
    if practice:
        return Finding(NOT_PRACTICE if kind == "training" else PRACTICE, "error", params=params)
    return Finding(NOT_YOURS, "error", params=params)


def _describe_form(
    registry: Registry, form: str, jurisdiction: str, instrument: str, language: str
) -> dict[str, Scalar]:
    from pipelines.declarations.form_titles import form_title

    declared = registry.forms.get(form)
    return {
        "jurisdiction": jurisdiction,
        "instrument": instrument,
        "form": f"{form_title(declared, language)} ({declared.id})" if declared is not None else form,
        "name": _name_with_note(registry, jurisdiction, language),
    }


def _name_with_note(registry: Registry, jurisdiction: str, language: str) -> str:
    """Return the name of a jurisdiction, with its footnote if it has one."""
    from pipelines.submissions.timetable import names

    name = names.jurisdiction_name(registry, jurisdiction, language)
    note = names.note_of(registry, registry.territory_of(jurisdiction).code, language)
    return f"{name} ({note})" if note else name
