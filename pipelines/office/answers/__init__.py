"""Turn a report into groups of findings, suggestions, annotated workbooks, pages, and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pipelines.office.answers.model import (
    CellChange,
    CellView,
    EarlierValue,
    EventCount,
    FormattedValue,
    Group,
    LocalizedFinding,
    ReadRow,
    RegisterComparison,
    SideBySidePreview,
    Suggestion,
    TableView,
    ValueHistory,
    VersionComparison,
)

if TYPE_CHECKING:
    import polars as pl

    from pipelines.findings.finding import Finding
    from pipelines.office.answers.declared import DeclaredWords
    from pipelines.submissions.checking.control_totals import ControlTotal
    from pipelines.submissions.checking.report import Report


def group_findings(report: Report, language: str) -> list[Group]:
    """Return the findings by cause, worst and then largest group first; consequences of a cause are folded under it."""
    from pipelines.office.answers.grouping import group_findings as made

    return made(report, language)


def name_expected(rule: str, language: str) -> str:
    """Return the heading of the values that a rule expects, or that were accepted before."""
    from pipelines.office.answers.wording import name_expected as made

    return made(rule, language)


def describe_control_total(total: ControlTotal, language: str) -> str:
    """Describe what a control total counts."""
    from pipelines.office.answers.totals import describe_control_total as made

    return made(total, language)


def describe_total(key: Mapping[str, str], language: str) -> str:
    """Describe what a total of a receipt adds."""
    from pipelines.office.answers.totals import describe_total as made

    return made(key, language)


def suggest_correction(finding: Finding, declared: DeclaredWords | None = None) -> Suggestion | None:
    """Suggest the correct content of a place; certain only with the declared words of the form at hand.

    `declared.of_report(report)` returns them; the findings within `group_findings` have theirs already.
    """
    from pipelines.office.answers.suggesting import suggest_correction as made

    return made(finding, declared)


def correct_workbook(data: bytes, findings: Iterable[Finding], report: Report, language: str = "en") -> bytes:
    """Return a copy of an office's XLSX with the certain corrections of words for the chosen findings, changed cells
    marked.

    Raises ValueError if the file is not an XLSX, ReadError if it cannot be written.
    """
    from pipelines.office.answers.workbook import correct_workbook as made

    return made(data, findings, report, language)


def list_correctable(findings: Iterable[Finding], report: Report) -> list[Finding]:
    """Return the findings for which `correct_workbook` changes a cell: certain words in an XLSX, never a number."""
    from pipelines.office.answers import declared, workbook

    words = declared.of_report(report)
    return [f for f in findings if report.format == "xlsx" and workbook.is_correctable(f, words)]


def annotate_workbook(data: bytes, report: Report, language: str, *, demonstration: bool = False) -> tuple[str, bytes]:
    """Return file name and bytes of the office's own workbook with comments and colours, else of a workbook of
    findings."""
    from pipelines.office.answers.workbook import annotate_workbook as made

    return made(data, report, language, demonstration=demonstration)


def render_html(report: Report, language: str, *, demonstration: bool) -> str:
    """Return the report as a self-contained HTML page: nothing is fetched and no script runs."""
    from pipelines.office.answers.page import render_html as made

    return made(report, language, demonstration=demonstration)


def render_csv(report: Report, language: str) -> str:
    """Return every finding as a line of CSV with a byte order mark; no text is read as a formula."""
    from pipelines.office.answers.lines import render_csv as made

    return made(report, language)


def compare_versions(
    new: pl.DataFrame, old: pl.DataFrame, language: str = "en", *, kind: str = "full"
) -> VersionComparison:
    """Compare two versions cell by cell, old -> new; in a `patch` an absent figure is unchanged, not withdrawn.

    `new` and `old` are in OBSERVATION; `old` holds the newest accepted rows of the same blocks.
    """
    from pipelines.office.answers.comparing import compare_versions as made

    return made(new, old, language, kind=kind)


def list_changes(new: pl.DataFrame, old: pl.DataFrame, language: str = "en", *, kind: str = "full") -> list[CellChange]:
    """Return the changes of `compare_versions`, big ones first."""
    return list(compare_versions(new, old, language, kind=kind).changes)


def register_changes(new: pl.DataFrame, old: pl.DataFrame, language: str = "en") -> RegisterComparison:
    """Compare two versions of a register (CASE_EVENT) in counts, naming no person and no proceeding."""
    from pipelines.office.answers.comparing import compare_registers as made

    return made(new, old, language)


def find_earlier_values(
    new: pl.DataFrame, history: pl.DataFrame, periods: int = 12, language: str = "en"
) -> list[ValueHistory]:
    """Return the last values of the same key for each value, with gaps and revisions.

    `history` is in OBSERVATION and may hold several vintages (in the order of acceptance, or with `accepted_at`).
    """
    from pipelines.office.answers.series import find_earlier_values as made

    return made(new, history, periods, language)


def rows_read(report: Report, language: str) -> list[ReadRow]:
    """Return each number as it was read, for the right side of the page."""
    from pipelines.office.answers.views import rows_of

    return rows_of(report.reading.observations, report.findings, language) if report.reading is not None else []


def preview_side_by_side(
    data: bytes,
    filename: str,
    form: str | None,
    language: str,
    *,
    demonstration: bool = False,
    limit: int = 5000,
    draws_page: bool = True,
) -> SideBySidePreview:
    """Return both sides, read again in a child process, with at most `limit` cells and rows. Raises ReadError.

    It shows the findings of reading only; `rows_read(report, language)` has all of them. Without `draws_page` the
    field `html` is empty.
    """
    from pipelines.office.answers.job_process import run_job
    from pipelines.office.answers.jobs import BesideJob

    sides = run_job(BesideJob(data, filename, form, language, demonstration, limit, draws_page))
    assert isinstance(sides, SideBySidePreview)  # the child returns this for such a job
    return sides


def render_preview(data: bytes, filename: str, form: str | None, language: str, demonstration: bool = False) -> str:
    """Return the left side alone, as an HTML page; empty if no form fits. Raises ReadError."""
    return preview_side_by_side(data, filename, form, language, demonstration=demonstration, limit=0).html


__all__ = [
    "CellChange",
    "CellView",
    "EarlierValue",
    "EventCount",
    "FormattedValue",
    "Group",
    "LocalizedFinding",
    "ReadRow",
    "RegisterComparison",
    "SideBySidePreview",
    "Suggestion",
    "TableView",
    "ValueHistory",
    "VersionComparison",
    "annotate_workbook",
    "compare_versions",
    "correct_workbook",
    "describe_control_total",
    "describe_total",
    "find_earlier_values",
    "group_findings",
    "list_changes",
    "list_correctable",
    "preview_side_by_side",
    "register_changes",
    "render_csv",
    "render_html",
    "render_preview",
    "rows_read",
    "suggest_correction",
]
