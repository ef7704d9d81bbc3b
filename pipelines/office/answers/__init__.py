"""Turn a report into groups of findings, suggestions, annotated workbooks, pages, and comparisons."""

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
    """Return the findings by cause, worst and then largest group first; consequences of a cause are folded under it."""
    from pipelines.office.answers.grouping import groups as made

    return made(report, language)


def suggest(finding: Finding, declared: Declared | None = None) -> Suggestion | None:
    """Suggest the correct content of a place; certain only with the declared words of the form at hand.

    `declared.of_report(report)` returns them; the findings within `groups` have theirs already.
    """
    from pipelines.office.answers.suggesting import suggest as made

    return made(finding, declared)


def mended(data: bytes, findings: Iterable[Finding], report: Report, language: str = "en") -> bytes:
    """Return a copy of an office's XLSX with the certain corrections of words for the chosen findings, changed cells
    marked.

    Raises ValueError if the file is not an XLSX, ReadError if it cannot be written.
    """
    from pipelines.office.answers.workbook import mended as made

    return made(data, findings, report, language)


def mendable(findings: Iterable[Finding], report: Report) -> list[Finding]:
    """Return the findings for which `mended` changes a cell: certain words in an XLSX, never a number."""
    from pipelines.office.answers import declared, workbook

    words = declared.of_report(report)
    return [f for f in findings if report.format == "xlsx" and workbook.mendable(f, words)]


def annotated(data: bytes, report: Report, language: str, *, demonstration: bool = False) -> tuple[str, bytes]:
    """Return file name and bytes of the office's own workbook with comments and colours, else of a workbook of
    findings."""
    from pipelines.office.answers.workbook import annotated as made

    return made(data, report, language, demonstration=demonstration)


def html(report: Report, language: str, *, demonstration: bool) -> str:
    """Return the report as a self-contained HTML page: nothing is fetched and no script runs."""
    from pipelines.office.answers.page import html as made

    return made(report, language, demonstration=demonstration)


def csv(report: Report, language: str) -> str:
    """Return every finding as a line of CSV with a byte order mark; no text is read as a formula."""
    from pipelines.office.answers.lines import csv as made

    return made(report, language)


def compare(new: pl.DataFrame, old: pl.DataFrame, language: str = "en", *, kind: str = "full") -> Comparison:
    """Compare two versions cell by cell, old -> new; in a `patch` an absent figure is unchanged, not withdrawn.

    `new` and `old` are in OBSERVATION; `old` holds the newest accepted rows of the same blocks.
    """
    from pipelines.office.answers.comparing import compare as made

    return made(new, old, language, kind=kind)


def changes(new: pl.DataFrame, old: pl.DataFrame, language: str = "en", *, kind: str = "full") -> list[Change]:
    """Return the changes of `compare`, big ones first."""
    return list(compare(new, old, language, kind=kind).changes)


def register_changes(new: pl.DataFrame, old: pl.DataFrame, language: str = "en") -> RegisterComparison:
    """Compare two versions of a register (CASE_EVENT) in counts, naming no person and no proceeding."""
    from pipelines.office.answers.comparing import compare_registers as made

    return made(new, old, language)


def quarters(new: pl.DataFrame, history: pl.DataFrame, periods: int = 12, language: str = "en") -> list[Series]:
    """Return the last values of the same key for each value, with gaps and revisions.

    `history` is in OBSERVATION and may hold several vintages (in the order of acceptance, or with `accepted_at`).
    """
    from pipelines.office.answers.series import quarters as made

    return made(new, history, periods, language)


def rows_read(report: Report, language: str) -> list[ReadRow]:
    """Return each number as it was read, for the right side of the page."""
    from pipelines.office.answers.views import rows_of

    return rows_of(report.reading.observations, report.findings, language) if report.reading is not None else []


def beside(
    data: bytes, filename: str, form: str | None, language: str, *, demonstration: bool = False, limit: int = 5000
) -> Beside:
    """Return both sides, read again in a child process, with at most `limit` cells and rows. Raises ReadError.

    It shows the findings of reading only; `rows_read(report, language)` has all of them.
    """
    from pipelines.office.answers.job_process import run_job
    from pipelines.office.answers.jobs import BesideJob

    sides = run_job(BesideJob(data, filename, form, language, demonstration, limit))
    assert isinstance(sides, Beside)  # the child returns this for such a job
    return sides


def preview(data: bytes, filename: str, form: str | None, language: str, demonstration: bool = False) -> str:
    """Return the left side alone, as an HTML page; empty if no form fits. Raises ReadError."""
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
