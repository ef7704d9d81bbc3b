"""The checklist of a draft: each check has a result, what was found, and what to do.

A check finds problems; it is good if there are none. Some problems are facts that a steward may explain, such as an
office that is late: the explanation belongs to the manifest of the draft, so that another draft needs another one.
An override of a steward counts for the checks that were open when it was recorded, except those that are essential.
An essential check that can be explained needs that explanation: a written exception.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from pipelines.core.i18n import many, mark
from pipelines.refresh.release_desk import checks, home_checks, return_checks
from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview
from pipelines.refresh.release_desk.kept_checks import KeptChecks, Source
from pipelines.refresh.release_desk.problems import CheckProblem, ProblemReader

NAMED: Final = 8
"""Problems that are named, so that every territory can be; the others are counted."""
_DATA_FILE: Final = re.compile(r"[\w.-]+\.(?:parquet|json|html|duckdb)\b")
"""The name of a file in the text of an error. Readers see this name instead of the text; the log has both."""
_LOG = logging.getLogger("rti.release_desk")
_FAILED: Final = mark("This check failed, because a part of the draft is missing or damaged.")
_FAILED_AT_FILE: Final = mark("This check failed, because the file {file} of the draft is missing or damaged.")
State = Literal["good", "explained", "overridden", "open"]


@dataclass(frozen=True)
class Check:
    """One check: what must hold, what to do if it does not, and the function that finds problems."""

    id: str
    title: str
    remedy: str
    find_problems: Callable[[DraftUnderReview], Iterable[CheckProblem]]
    can_be_explained: bool = False
    is_essential: bool = False
    """A release that fails this check would harm people or could not be trusted, so no steward may override it. If it
    can be explained, a steward may make a written exception of exactly these problems, which stays with the release."""
    reads: tuple[Source, ...] = ()
    """All that the check depends on. A view runs it again only if that has changed; without any, each time."""


@dataclass(frozen=True)
class DraftCheckResult:
    """The result of a check, with a steward's explanation of these problems and the reason of an override."""

    check: Check
    problems: tuple[CheckProblem, ...]
    explanation: str = ""
    override: str = ""

    @property
    def state(self) -> State:
        if not self.problems:
            return "good"
        if self.explanation and self.check.can_be_explained:
            return "explained"
        return "overridden" if self.override and not self.check.is_essential else "open"

    @property
    def remedy(self) -> str:
        """Return the text that says what to do about these problems."""
        # Nothing about such a draft can be explained yet.
        if self.problems and all(
            problem.text in (checks.NOT_EXAMINED, checks.NOT_MEASURED) for problem in self.problems
        ):
            return _REFRESH
        return self.check.remedy

    def list_evidence(self, reader: ProblemReader) -> list[str]:
        """Return the first problems in the words of a reader; the last line says how many more there are."""
        lines = [problem.compose_sentence(reader) for problem in self.problems[:NAMED]]
        more = len(self.problems) - NAMED
        return lines + ([many("{n} more", "{n} more", more, reader.language)] if more > 0 else [])

    def as_json(self, reader: ProblemReader) -> dict[str, Any]:
        """Return the result as plain values, with all problems in the words of a reader."""
        return {
            "id": self.check.id,
            "title": self.check.title,
            "state": self.state,
            "problems": [problem.compose_sentence(reader) for problem in self.problems],
            "remedy": self.remedy,
            "explanation": self.explanation,
            "is_essential": self.check.is_essential,
            "override": self.override,
        }


def run_checks(draft: DraftUnderReview, chosen: Iterable[Check] | None = None) -> list[DraftCheckResult]:
    """Run all checks on a draft, or the chosen ones. A check that cannot be run has that as its problem."""
    return [run_check(check, draft) for check in (CHECKS if chosen is None else chosen)]


def view_checks(draft: DraftUnderReview) -> list[DraftCheckResult]:
    """Return the results of all checks for a view, which runs only those whose sources have changed since the last."""
    kept_checks = KeptChecks(draft)
    return [run_check(check, draft, kept_checks) for check in CHECKS]


def run_check(check: Check, draft: DraftUnderReview, kept: KeptChecks | None = None) -> DraftCheckResult:
    """Run one check, unless what a view has kept of it still holds."""
    problems: tuple[CheckProblem, ...]
    try:
        if kept is None:
            problems = tuple(check.find_problems(draft))
        else:
            problems = kept.find_problems(check.id, check.reads, check.find_problems)
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        # A draft of which a part is missing or damaged must be shown as such, and never as good.
        _LOG.warning("the check %s of the draft %s failed", check.id, draft.release, exc_info=True)
        file = _DATA_FILE.search(str(error))
        problems = (CheckProblem(_FAILED_AT_FILE, {"file": file[0]}) if file else CheckProblem(_FAILED),)
    return DraftCheckResult(check, problems, draft.explanations.get(check.id, ""), draft.overrides.get(check.id, ""))


_REFRESH: Final = mark("Run `rti refresh`, and check the new draft.")
_RESTORE: Final = mark("Restore the named files from a backup; `rti audit verify` lists them.")
_EXPLAIN: Final = mark("Correct it, or explain it here.")
_REMIND: Final = mark("Ask the office for the return, or explain here why the release does not wait for it.")
_FINISH: Final = mark("Ask the office to finish this, or explain here why the release does not wait for it.")
_DECLARE: Final = mark("Declare what is missing and run `rti refresh`, or explain it here.")

CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "files",
        mark("Every file of the draft is as it was built"),
        _REFRESH,
        checks.find_file_faults,
        is_essential=True,
        reads=("draft",),
    ),
    Check(
        "order",
        mark("The draft is newer than the current release"),
        _REFRESH,
        checks.find_order_faults,
        is_essential=True,
    ),
    Check(
        "fresh",
        mark("No return was accepted after the draft was built"),
        _REFRESH,
        return_checks.find_later_returns,
        reads=("draft", "ledger"),
    ),
    Check("code", mark("The draft was built with this version of the program"), _REFRESH, checks.find_other_code),
    Check(
        "declarations", mark("The draft was built with these declarations"), _REFRESH, checks.find_other_declarations
    ),
    Check("version", mark("The draft has a version and a list of changes"), _REFRESH, checks.find_missing_version),
    Check("tests", mark("All tests of the data have passed"), _REFRESH, checks.find_failed_tests),
    Check(
        "coverage",
        mark("Every office has reported the newest quarter"),
        _REMIND,
        return_checks.find_missing_returns,
        True,
        reads=("draft",),
    ),
    Check(
        "overdue",
        mark("No earlier return is overdue"),
        _REMIND,
        return_checks.find_overdue_returns,
        True,
        reads=("draft",),
    ),
    Check(
        "waiting",
        mark("No return waits for a check or an approval"),
        _FINISH,
        return_checks.find_waiting_returns,
        True,
        reads=("ledger",),
    ),
    Check(
        "warnings",
        mark("No return has open warnings"),
        _FINISH,
        return_checks.find_open_warnings,
        True,
        reads=("ledger",),
    ),
    Check(
        "withdrawals",
        mark("No withdrawal of a return is requested"),
        _FINISH,
        return_checks.find_requested_withdrawals,
        True,
        reads=("ledger",),
    ),
    Check(
        "public_audit",
        mark("The public cannot work out a withheld figure"),
        _REFRESH,
        checks.find_disclosed_cells,
        is_essential=True,
    ),
    Check(
        "insider_audit",
        mark("No office can work out withheld figures of others"),
        mark("Run `rti release audit`. It examines the draft as each territory sees it."),
        checks.find_insiders,
        True,
    ),
    Check(
        "earlier_releases",
        mark("Earlier releases do not reveal a withheld figure"),
        mark("The figures stay known. Explain here which correction caused this, and tell the territories concerned."),
        checks.find_revealed_cells,
        can_be_explained=True,
        is_essential=True,
    ),
    Check(
        "targets",
        mark("No more figures are withheld than the targets allow"),
        mark("Explain here why more figures are withheld. The log of the refresh has the numbers by year and table."),
        checks.find_missed_targets,
        True,
    ),
    Check(
        "no_values",
        mark("Withheld figures have no value in any file"),
        _REFRESH,
        checks.find_values_of_hidden_cells,
        is_essential=True,
        reads=("draft",),
    ),
    Check(
        "languages",
        mark("Every page exists in every language"),
        _REFRESH,
        checks.find_missing_languages,
        reads=("draft",),
    ),
    Check(
        "labels",
        mark("Every code has a label in every language"),
        _DECLARE,
        checks.find_missing_labels,
        True,
        reads=("draft",),
    ),
    Check(
        "alt_texts",
        mark("Every picture has a text alternative"),
        _EXPLAIN,
        checks.find_pictures_without_text,
        True,
        reads=("draft",),
    ),
    Check(
        "cards",
        mark("Every published count has a counting rule"),
        _DECLARE,
        checks.find_counts_without_card,
        True,
        reads=("draft",),
    ),
    Check(
        "notes",
        mark("Every territory has reference metadata"),
        _DECLARE,
        checks.find_missing_notes,
        True,
        reads=("draft",),
    ),
    Check(
        "denominators",
        mark("The population figures are recent"),
        _DECLARE,
        checks.find_old_denominators,
        True,
        reads=("draft",),
    ),
    Check(
        "changes",
        mark("Changes to published figures are explained"),
        mark("Compare the sheets of these territories with their returns, and explain the changes here."),
        checks.find_changes,
        True,
        reads=("draft",),
    ),
    Check(
        "notices",
        mark("Each territory that a correction affects has a notice"),
        mark("Publish a notice with `rti release notice`, then run `rti refresh`."),
        checks.find_missing_notices,
    ),
    Check(
        "releases",
        mark("All earlier releases are as published"),
        _RESTORE,
        home_checks.find_damaged_releases,
        reads=("releases",),
    ),
    Check(
        "calendar",
        mark("The release is announced in the calendar"),
        mark("Announce its time on this page."),
        checks.find_missing_announcement,
    ),
    Check(
        "sign_offs",
        mark("Every territory has signed its sheet"),
        mark("Ask an approver of each territory to sign its sheet."),
        checks.find_missing_signatures,
        True,
    ),
    Check(
        "inputs",
        mark("The figures of accepted returns are as they were approved"),
        _RESTORE,
        home_checks.find_damaged_inputs,
        is_essential=True,
        reads=("ledger", "facts"),
    ),
    Check(
        "ledger",
        mark("The audit log is complete and unchanged"),
        _RESTORE,
        home_checks.find_ledger_faults,
        is_essential=True,
        reads=("ledger",),
    ),
    Check(
        "unfinished",
        mark("No publication was interrupted"),
        mark("Run `rti publish`; it finishes the publication."),
        home_checks.find_unfinished_publication,
    ),
    Check(
        "clock",
        mark("The clock of the computer is correct"),
        mark("Set the clock of the computer right."),
        home_checks.find_clock_faults,
        is_essential=True,
    ),
    Check(
        "disk",
        mark("There is enough free space on the disk"),
        mark("Free space on the disk."),
        home_checks.find_full_disk,
    ),
    Check(
        "key", mark("The key that signs releases can be read"), _RESTORE, home_checks.find_key_faults, is_essential=True
    ),
)
