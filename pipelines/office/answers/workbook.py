"""Make the workbook that an office gets back: its own with comments and colours, or a workbook of findings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from pipelines.core import clock, i18n
from pipelines.core.i18n import mark, tell
from pipelines.declarations.registry import load
from pipelines.findings.finding import Finding, Severity, worst_first
from pipelines.findings.rules import from_read_error
from pipelines.findings.texts import describe_finding
from pipelines.model.content import ReadError
from pipelines.office.answers import declared as words_of_form
from pipelines.office.answers.job_process import run_job
from pipelines.office.answers.jobs import BookJob, FindingLine, FindingsSheet, Kind, MendJob
from pipelines.office.answers.model import LocalizedFinding
from pipelines.office.answers.suggesting import MENDABLE, cell_text, suggest_correction
from pipelines.office.answers.wording import ACCEPTED_BEFORE, AT_LEAST, AT_MOST, localize_finding, severity_words
from pipelines.submissions.timetable.names import jurisdiction_name, note_of
from pipelines.words.language import upper_first

if TYPE_CHECKING:
    from pipelines.office.answers.declared import DeclaredWords
    from pipelines.submissions.checking.report import Report

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information")
SEVERITY_MEANS: dict[str, str] = {
    "error": mark("Must be corrected. The return cannot be accepted with it."),
    "warning": mark("Correct it, or send a written reason."),
    "information": mark("Nothing needs to be done."),
}
VERDICT_MEANS: dict[str, str] = {
    "good": mark("No findings. You can send the return."),
    "information": mark("The return can be sent. Some remarks are worth reading."),
    "warning": mark("You can send the return once each warning has been corrected or explained."),
    "error": mark("The return cannot be accepted until the errors are corrected."),
    "unreadable": mark("The file cannot be read."),
}
DEMONSTRATION = mark("Demonstration data")
_WORKBOOK = frozenset({"xlsx", "xls", "ods", "csv", "pdf", "docx", "html"})
"""Formats with tables to show; the others are cubes."""


def annotate_workbook(data: bytes, report: Report, language: str, *, demonstration: bool = False) -> tuple[str, bytes]:
    """Return file name and bytes. Raises ReadError if not even a workbook of findings can be written."""
    sheet = findings_sheet(report, language, demonstration=demonstration)
    kind: Kind = "own" if report.format == "xlsx" else "read" if report.format in _WORKBOOK else "bare"
    if report.verdict == "unreadable" or names_persons(report):
        kind = "bare"
    modified, words = clock.format_timestamp(clock.now()), _words(language)
    form = report.form
    name = findings_name(report.filename)
    try:
        return name, _bytes(run_job(BookJob(kind, data, report.filename, form, sheet, words, modified)))
    except ReadError as error:
        if kind == "bare":
            raise
        # The file was read a moment ago but cannot be written again: send the findings anyway, with a note.
        reason = describe_finding(from_read_error(error), language).message
        note = tell(
            "Your file could not be written with comments ({reason}). Its findings follow.", language, reason=reason
        )
    bare = findings_sheet(report, language, demonstration=demonstration, notes=(note,))
    return name, _bytes(run_job(BookJob("bare", b"", report.filename, form, bare, words, modified)))


def names_persons(report: Report) -> bool:
    """Return True if the file was refused for naming persons: then none of its content is written anywhere, not even
    for the sender."""
    return any(finding.rule.startswith("person.") for finding in report.findings)


def _bytes(result: object) -> bytes:
    assert isinstance(result, bytes)  # the child returns this for such a job
    return result


def findings_name(filename: str) -> str:
    """Return `<name>.findings.xlsx`, without the extension and any folder that came with the name."""
    bare = PureWindowsPath(PurePosixPath(filename).name).stem or "return"
    return f"{bare}.findings.xlsx"


def findings_sheet(report: Report, language: str, *, demonstration: bool, notes: tuple[str, ...] = ()) -> FindingsSheet:
    """Return the first sheet, in words."""
    declared = words_of_form.of_report(report)
    lines = tuple(
        _line(localize_finding(f, language, declared, report.reading), language) for f in worst_first(report.findings)
    )
    return FindingsSheet(
        title=tell("Findings", language),
        demonstration=i18n.gettext(DEMONSTRATION, language) if demonstration else None,
        facts=list_file_facts(report, language),
        legend_title=tell("Legend", language),
        legend=tuple(
            (s, tell("{severity}: {meaning}", language, severity=severity_words(s, language), meaning=meaning))
            for s in SEVERITIES
            for meaning in [i18n.gettext(SEVERITY_MEANS[s], language)]
        ),
        headings=list_headings(language),
        place_column=3,
        lines=lines,
        notes=(*notes, *_notes(report, language)),
    )


def list_headings(language: str) -> tuple[str, ...]:
    """Return the headings of the table of findings."""
    return (
        tell("Severity", language),
        tell("Sheet or page", language),
        tell("Place", language),
        tell("Found", language),
        tell("Expected", language),
        tell("What is wrong", language),
        tell("How to correct it", language),
        tell("Suggestion", language),
        tell("Rule", language),
    )


def list_file_facts(report: Report, language: str) -> tuple[tuple[str, str], ...]:
    """Return facts about the file, as name and value."""
    verdict = i18n.gettext(VERDICT_MEANS[report.verdict], language)
    pairs = [
        (tell("File", language), report.filename),
        *_describe_return(report, language),
        (tell("Verdict", language), verdict),
        *((severity_words(s, language), str(report.count_findings(s))) for s in SEVERITIES),
        (tell("Form", language), report.form or "\u2013"),
        (tell("SHA-256", language), report.sha256),
        (tell("Version of the rules", language), report.rules_version),
        (tell("Written at", language), clock.format_timestamp(clock.now())),
    ]
    return tuple(pairs)


def _describe_return(report: Report, language: str) -> list[tuple[str, str]]:
    """Describe whose return the file was taken for, and for which period."""
    if report.jurisdiction is None:
        return []
    periods = sorted({block.period for block in report.blocks})
    return [
        (tell("Territory", language), jurisdiction_name(load(), report.jurisdiction, language)),
        (tell("Periods", language), ", ".join(periods) or tell("none found", language)),
    ]


def find_footnote(report: Report, language: str) -> str | None:
    """Return the footnote of the territory's name, if it has one."""
    return note_of(load(), report.territory, language) if report.territory is not None else None


def _notes(report: Report, language: str) -> tuple[str, ...]:
    notes = [tell("This is a copy with our remarks. The file that you sent is unchanged.", language)]
    if note := find_footnote(report, language):
        notes.append(note)
    if report.not_run and report.verdict != "unreadable":
        notes.append(tell("There was no earlier return to compare with, so some rules were not run.", language))
    return tuple(notes)


def suggestion_words(one: LocalizedFinding, language: str) -> str:
    """Return the suggestion as a sentence, empty without a suggestion."""
    if one.suggestion is None:
        return ""
    if one.suggestion.certain:
        return tell("Suggested: '{word}'", language, word=one.suggestion.value)
    return tell("Did you mean '{word}'?", language, word=one.suggestion.value)


def _line(finding: LocalizedFinding, language: str) -> FindingLine:
    where = finding.where
    page = "" if where.page is None else tell("page {page}", language, page=where.page)
    columns = (
        severity_words(finding.severity, language),
        where.sheet or page,
        where.cell if where.sheet is not None and where.cell else finding.place,
        _quote(finding.seen),
        _quote(finding.expected),
        finding.message,
        finding.remedy,
        suggestion_words(finding, language),
        finding.rule,
    )
    return FindingLine(finding.severity, where, finding.place, columns, _comment(finding, language))


def _quote(text: str | None) -> str:
    """Put a text in quotation marks, so that the reader does not take a quoted heading for a real one when the copy is
    sent in."""
    return "" if text is None else f"\u00ab{text}\u00bb"


def _comment(finding: LocalizedFinding, language: str) -> str:
    parts = [
        tell(
            "{severity}: {message}",
            language,
            severity=severity_words(finding.severity, language),
            message=finding.message,
        )
    ]
    if finding.seen is not None:
        parts.append(tell("Seen: {words}", language, words=finding.seen))
    if finding.places != finding.place:
        parts.append(upper_first(finding.places))
    if finding.expected is not None:
        if finding.rule in ACCEPTED_BEFORE:
            parts.append(tell("Accepted before: {words}", language, words=finding.expected))
        elif finding.rule in AT_MOST:
            parts.append(tell("Expected at most: {words}", language, words=finding.expected))
        elif finding.rule in AT_LEAST:
            parts.append(tell("Expected at least: {words}", language, words=finding.expected))
        else:
            parts.append(tell("Expected: {words}", language, words=finding.expected))
    parts += [finding.remedy] if finding.remedy else []
    parts += [words] if (words := suggestion_words(finding, language)) else []
    return "\n".join(parts)


def _words(language: str) -> dict[str, str]:
    return {
        "author": "rti",
        "findings": tell("Findings", language),
        "table": tell("Table", language),
        "lost": i18n.gettext(_LOST, language),
        "lost.file": tell("The copy does not carry the digital signature of your file.", language),
        "lost.chart": tell("charts", language),
        "lost.image": tell("pictures", language),
        "lost.shape": tell("drawings and text boxes", language),
        "lost.control": tell("buttons and form fields", language),
        "lost.object": tell("embedded objects", language),
        "lost.slicer": tell("small charts and slicers in cells", language),
        "lost.thread": tell("replies to comments", language),
        "lost.rule": tell("some validations or conditional formats", language),
    }


_LOST = mark("This copy does not contain everything on the sheet {sheet}: {what}. Your own file still has it.")


# ----------------------------------------------------------------------------------------------------------- correction


def correct_workbook(data: bytes, findings: Iterable[Finding], report: Report, language: str = "en") -> bytes:
    """Return a copy of an XLSX with only the certain corrections of words for the chosen findings.

    Each changed cell is marked and keeps its old text in a comment. Raises ValueError if the file is not an XLSX.
    """
    if report.format != "xlsx":
        raise ValueError(f"only an XLSX can be corrected in place; {report.filename} is {report.format}")
    declared = words_of_form.of_report(report)
    cells = tuple(c for f in findings if (c := _correction_of(f, declared, language)) is not None)
    return _bytes(run_job(MendJob(data, cells, clock.format_timestamp(clock.now()))))


def is_correctable(finding: Finding, declared: DeclaredWords | None) -> bool:
    """Return True if `correct_workbook` would change a cell for this finding."""
    return _correction_of(finding, declared, "en") is not None


def _correction_of(
    finding: Finding, declared: DeclaredWords | None, language: str
) -> tuple[str, str, str, str, str] | None:
    where, text_seen = finding.where, finding.seen
    if finding.rule not in MENDABLE or where.sheet is None or where.cell is None or text_seen is None:
        return None
    suggestion = suggest_correction(finding, declared)
    if suggestion is None or not suggestion.certain:
        return None
    text = suggestion.value if finding.rule == "cell.lookalike" else cell_text(text_seen, suggestion.value)
    if text is None:
        return None
    was = text_seen if finding.rule == "cell.lookalike" else text_seen.split(" / ")[-1]
    return (
        where.sheet,
        where.cell,
        text_seen,
        text,
        tell("Changed at your request. Before: '{words}'", language, words=was),
    )
