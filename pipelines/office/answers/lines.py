"""Write every finding as a line of CSV, for a spreadsheet."""

from __future__ import annotations

import csv as _csv
import io
from typing import TYPE_CHECKING

from pipelines.findings.finding import worst_first
from pipelines.office.answers import declared as words_of_form
from pipelines.office.answers.wording import localize_finding
from pipelines.office.answers.workbook import suggestion_words

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report

COLUMNS = (
    "severity", "rule", "sheet", "cell", "page", "table", "line", "column", "place", "seen", "expected", "message",
    "remedy", "suggestion", "key", "file", "sha256",
)  # fmt: skip
"""Column names, equal in every language for programs; the texts below them are in the reader's language."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def render_csv(report: Report, language: str) -> str:
    """Return all findings, worst first, comma-separated, with CR LF line ends and a byte order mark for Excel."""
    declared = words_of_form.of_report(report)
    buffer = io.StringIO(newline="")
    writer = _csv.writer(buffer)
    writer.writerow(COLUMNS)
    for finding in worst_first(report.findings):
        line = localize_finding(finding, language, declared, report.reading)
        where = line.where
        row = (
            line.severity, line.rule, where.sheet, where.cell, where.page, where.table, where.line, where.column,
            line.places, line.seen, line.expected, line.message, line.remedy, suggestion_words(line, language),
            line.key, report.filename, report.sha256,
        )  # fmt: skip
        writer.writerow([escape_formula(value) for value in row])
    return "\ufeff" + buffer.getvalue()


def escape_formula(value: str | int | None) -> str | int:
    """Prefix a text with an apostrophe if a spreadsheet would read it as a formula."""
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return value
