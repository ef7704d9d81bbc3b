"""What is made of a report: groups of findings, suggestions, annotated workbooks, pages, and comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines.office.answers.model import (
    Beside,
    CellView,
    Change,
    Comparison,
    EventCount,
    Group,
    Point,
    ReadRow,
    RegisterComparison,
    Series,
    Shown,
    Suggestion,
    TableView,
    Told,
)

if TYPE_CHECKING:
    import polars as pl

    from pipelines.findings.finding import Finding
    from pipelines.office.answers.declared import Declared
    from pipelines.submissions.checking.report import Report


def groups(report: Report, language: str) -> list[Group]:
    """Findings by cause, worst first, then by how many; what follows from a cause is folded under it."""
    from pipelines.office.answers.grouping import groups as made

    return made(report, language)


def suggest(finding: Finding, declared: Declared | None = None) -> Suggestion | None:
    """What could stand there instead; certain only with the declared words of the form at hand.

    `declared.of_report(report)` gives them; the findings within `groups` have theirs already.
    """
    from pipelines.office.answers.suggesting import suggest as made

    return made(finding, declared)


def mended(data: bytes, findings: Iterable[Finding], report: Report, language: str = "en") -> bytes:
    """A copy of their XLSX with the certain fixes of words for the chosen findings in it, the changed cells marked.

    Raises ValueError where the file is no XLSX, ReadError where it cannot be written.
    """
    from pipelines.office.answers.workbook import mended as made

    return made(data, findings, report, language)


def mendable(findings: Iterable[Finding], report: Report) -> list[Finding]:
    """Those of the findings for which `mended` changes a cell: certain words in an XLSX, never a number."""
    from pipelines.office.answers import declared, workbook

    words = declared.of_report(report)
    return [f for f in findings if report.format == "xlsx" and workbook.mendable(f, words)]


def annotated(data: bytes, report: Report, language: str, *, demonstration: bool = False) -> tuple[str, bytes]:
    """File name and bytes of their own workbook with comments and colours; of a workbook of findings otherwise."""
    from pipelines.office.answers.workbook import annotated as made

    return made(data, report, language, demonstration=demonstration)


def html(report: Report, language: str, *, demonstration: bool) -> str:
    """The report as a page by itself: nothing is fetched, no script runs."""
    from pipelines.office.answers.page import html as made

    return made(report, language, demonstration=demonstration)


def csv(report: Report, language: str) -> str:
    """Every finding as a line; begins with a byte order mark; no text in it is taken for a formula."""
    from pipelines.office.answers.lines import csv as made

    return made(report, language)


def compare(new: pl.DataFrame, old: pl.DataFrame, language: str = "en", *, kind: str = "full") -> Comparison:
    """Cell by cell, old -> new; in a `patch` an absent figure is unchanged, not withdrawn.

    `new` and `old` are in OBSERVATION; `old` holds the newest accepted rows of the same blocks.
    """
    from pipelines.office.answers.comparing import compare as made

    return made(new, old, language, kind=kind)


def changes(new: pl.DataFrame, old: pl.DataFrame, language: str = "en", *, kind: str = "full") -> list[Change]:
    """The changes of `compare`, big ones first."""
    return list(compare(new, old, language, kind=kind).changes)


def register_changes(new: pl.DataFrame, old: pl.DataFrame, language: str = "en") -> RegisterComparison:
    """The same for case events (CASE_EVENT), in counts: no person and no proceeding is named."""
    from pipelines.office.answers.comparing import compare_registers as made

    return made(new, old, language)


def quarters(new: pl.DataFrame, history: pl.DataFrame, periods: int = 12, language: str = "en") -> list[Series]:
    """The last values of the same key beside each value; gaps and revisions are told.

    `history` is in OBSERVATION, if need be with several vintages (in the order of acceptance, or with `accepted_at`).
    """
    from pipelines.office.answers.series import quarters as made

    return made(new, history, periods, language)


def rows_read(report: Report, language: str) -> list[ReadRow]:
    """What was read, number by number, for the right side of the page."""
    from pipelines.office.answers.views import rows_of

    return rows_of(report.reading.observations, report.findings, language) if report.reading is not None else []


def beside(
    data: bytes, filename: str, form: str | None, language: str, *, demonstration: bool = False, limit: int = 5000
) -> Beside:
    """Both sides, read again in a child process, at most `limit` cells and rows. Raises ReadError.

    The findings shown in it are those of reading; `rows_read(report, language)` has all.
    """
    from pipelines.office.answers.job_process import run_job
    from pipelines.office.answers.jobs import BesideJob

    made = run_job(BesideJob(data, filename, form, language, demonstration, limit))
    assert isinstance(made, Beside)  # what the child gives for this job
    return made


def preview(data: bytes, filename: str, form: str | None, language: str, demonstration: bool = False) -> str:
    """The left side alone, as an HTML page; empty where no form fits. Raises ReadError."""
    return beside(data, filename, form, language, demonstration=demonstration, limit=0).html


__all__ = [
    "Beside",
    "CellView",
    "Change",
    "Comparison",
    "EventCount",
    "Group",
    "Point",
    "ReadRow",
    "RegisterComparison",
    "Series",
    "Shown",
    "Suggestion",
    "TableView",
    "Told",
    "annotated",
    "beside",
    "changes",
    "compare",
    "csv",
    "groups",
    "html",
    "mendable",
    "mended",
    "preview",
    "quarters",
    "register_changes",
    "rows_read",
    "suggest",
]
