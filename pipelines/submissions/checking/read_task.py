"""Read one file in the reading process: parse it, recognise its form, standardise it, scan it for personal data.

If a file names persons, only the places and kinds of the identifiers leave this process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from pipelines.core.errors import UserFacingError
from pipelines.findings import rules
from pipelines.findings.finding import Finding, worst_first
from pipelines.model.content import Content, Cube, ReadError
from pipelines.reading import standardise
from pipelines.reading.formats import budget
from pipelines.reading.privacy.scan import scan_content
from pipelines.reading.sandbox import child

if TYPE_CHECKING:
    from pipelines.declarations.form import Form
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.standardise import Reading

PRELOAD = (
    "pipelines.submissions.checking.preload",
    *child.PRELOAD,
    *(module.name for module in iter_modules(standardise.__path__, f"{standardise.__name__}.")),
)
"""Modules that the reading processes of this work share."""


class DeclarationsChangedError(UserFacingError):
    """The declarations on disk differ from those that the calling process has loaded."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to read. `form` is its form if known; `digest` is that of the caller's registry.

    `records` limits the lines of a register to read, for the first findings of a large one.
    """

    data: bytes
    filename: str
    submission_id: str
    digest: str
    form: str | None = None
    records: int | None = None


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The result of reading a file. If `reading` is None, `findings` say why. `candidates` are forms, best first.

    `stale` is True if nothing was read because the reading process has other declarations than its caller.
    """

    format: str | None
    form: str | None
    candidates: tuple[str, ...]
    findings: tuple[Finding, ...]
    reading: Reading | None
    stale: bool = False


def run_task(task: Task) -> ReadResult:
    """Read, recognise and standardise one file. Raises ReadError if it cannot be read."""
    from pipelines.declarations.registry import load

    registry = load()
    if registry.digest != task.digest:
        return ReadResult(None, None, (), (), None, stale=True)
    budget.restart_budget()
    return take_with(task, registry)


def take_with(task: Task, registry: Registry) -> ReadResult:
    """Do the work of `run_task` with a given registry, in the calling process."""
    from pipelines.reading.standardise.plan import plan_of
    from pipelines.reading.standardise.recognise import not_recognised, recognise_forms

    if task.records is not None:
        return _read_beginning(task, registry)
    if task.form is not None:
        form = registry.forms[task.form]
        content = _read(task, form)
        others = [m.form.id for m in recognise_forms(content, task.filename, registry)]
        if others and form.id not in others:
            return _reject_other_form(content, form, others, task, registry)
        return _standardise(content, form, (form.id,), task, registry)
    content = _first_read(task, registry)
    matches = recognise_forms(content, task.filename, registry)
    if not matches:
        plans = [plan_of(form, registry) for form in registry.forms.values() if form.contacts]
        is_contact = lambda text: any(plan.is_contact(text) for plan in plans)  # noqa: E731
        persons = scan_content(content, task.filename, is_contact=is_contact, data=task.data)
        if is_blank(content):
            return ReadResult(content.format, None, (), tuple(persons or [Finding("return.empty", "error")]), None)
        findings = persons or [not_recognised(content, registry)]
        return ReadResult(content.format, None, (), tuple(findings), None)
    candidates = tuple(match.form.id for match in matches)
    first_of_series = {match.form.series: match.form for match in reversed(matches)}
    forms = [match.form for match in matches if first_of_series[match.form.series] is match.form]
    results = (_standardise_as(content, form, candidates, task, registry) for form in forms)
    first = next(results)
    if len(forms) == 1 or not _lacks_table(first):
        return first
    # The file holds words of two offices, such as one sheet of another: it is of the office whose tables are all there.
    return next((result for result in results if not _lacks_table(result)), first)


def _standardise_as(
    content: Content, form: Form, candidates: tuple[str, ...], task: Task, registry: Registry
) -> ReadResult:
    if _needs_own_options(form, content):
        content = _read(task, form, known=content)
    return _standardise(content, form, candidates, task, registry)


def _lacks_table(result: ReadResult) -> bool:
    findings = (*result.findings, *(result.reading.findings if result.reading is not None else ()))
    return any(finding.rule == "table.not_found" for finding in findings)


def _read_beginning(task: Task, registry: Registry) -> ReadResult:
    """Read the first lines of a register; return no reading unless the result is also valid for the whole file.

    Each line of a register is read by itself, so a finding in one line does not depend on what follows. Everything
    else waits for the whole file: other forms, findings without a place, and personal data, which is judged by column.
    """
    from pipelines.reading.formats.sniff import sniff_format
    from pipelines.reading.standardise.recognise import recognise_forms

    format_ = sniff_format(task.data, task.filename)
    nothing = ReadResult(format_, None, (), (), None)
    if format_ == "xlsx":
        from pipelines.reading.formats.xlsx import first_rows

        assert task.records is not None
        beginning = first_rows(task.data, task.records)
        if beginning is None:
            return nothing
        task = replace(task, data=beginning)
    elif format_ != "csv":
        return nothing
    content = _read(task, None)
    forms = [match.form for match in recognise_forms(content, task.filename, registry)]
    if len(forms) != 1 or forms[0].records is None or task.form not in (None, forms[0].id):
        return nothing
    if _needs_own_options(forms[0], content):
        content = _read(task, forms[0], known=content)
    result = _standardise(content, forms[0], (forms[0].id,), task, registry)
    if result.reading is None:
        return nothing
    findings = tuple(f for f in result.reading.findings if f.where.line is not None or f.where.cell is not None)
    return replace(result, reading=replace(result.reading, findings=list(findings)))


def is_blank(content: Content) -> bool:
    """Return True if a readable file has no content at all."""
    if isinstance(content, Cube):
        return not content.observations
    return not any(cell.text.strip() for table in content.tables for cell in table.cells)


def _reject_other_form(content: Content, form: Form, others: list[str], task: Task, registry: Registry) -> ReadResult:
    """Return one finding for a file of another form than the sender stated, instead of dozens of missing tables."""
    from pipelines.reading.standardise.plan import plan_of

    contact = plan_of(registry.forms[others[0]], registry).is_contact
    personal_findings = scan_content(content, task.filename, is_contact=contact, data=task.data)
    finding = Finding("return.other_form", "error", seen=others[0], expected=form.id)
    return ReadResult(content.format, form.id, tuple(others), tuple(personal_findings or [finding]), None)


def _first_read(task: Task, registry: Registry) -> Content:
    """Read a file whose form is not known. A PDF without ruled lines is read with the first form whose columns fit."""
    from pipelines.reading.standardise.recognise import recognise_forms

    try:
        return _read(task, None)
    except ReadError as error:
        if error.rule != "read.pdf.no_table":
            raise
        for form in registry.forms.values():
            if "lines_x" not in options_of(form):
                continue
            try:
                content = _read(task, form)
            except ReadError:
                continue
            if any(match.form.id == form.id for match in recognise_forms(content, task.filename, registry)):
                return content
        raise


def _read(task: Task, form: Form | None, known: Content | None = None) -> Content:
    """Read a file with the options of a form. `known` is the content that was read without the form."""
    from pipelines.reading.formats.read import read_content

    if form is None:
        return read_content(task.data, task.filename, options={"records": task.records})
    options = {**options_of(form), "known": known, "records": task.records}
    return read_content(task.data, task.filename, encodings=tuple(form.encodings), options=options)


def options_of(form: Form) -> dict[str, object]:
    """Return the options that a form gives to the readers of its formats."""
    options: dict[str, object] = {}
    if form.alphabets:
        options["alphabets"] = tuple(form.alphabets)
    columns = [table.lines_x for table in form.tables or () if table.lines_x]
    if columns:
        options["lines_x"] = tuple(columns[0])
    return options


def _needs_own_options(form: Form, content: Content) -> bool:
    """Return True if a file must be read again with the options of its form, such as its encoding."""
    if content.format == "pdf":
        return "lines_x" in options_of(form)
    return bool(form.encodings or form.alphabets) and content.format in ("csv", "html", "px", "sdmx-csv")


def _standardise(
    content: Content, form: Form, candidates: tuple[str, ...], task: Task, registry: Registry
) -> ReadResult:
    from pipelines.reading.standardise.plan import plan_of
    from pipelines.reading.standardise.standardise import standardise_content

    reading = standardise_content(content, form, registry, submission_id=task.submission_id)
    contacts, pseudonyms = (
        {(b.table, b.row, b.column) for b in reading.bindings if b.role == role} for role in ("contact", "pseudonym")
    )
    is_contact = plan_of(form, registry).is_contact
    persons = scan_content(
        content, task.filename, contacts=contacts, pseudonyms=pseudonyms, is_contact=is_contact, data=task.data
    )
    if persons:
        return ReadResult(content.format, form.id, candidates, tuple(persons), None)
    findings = worst_first([*reading.findings, *_check_file_name(task.filename, reading)])
    return ReadResult(content.format, form.id, candidates, (), replace(reading, bindings=[], findings=findings))


def _check_file_name(filename: str, reading: Reading) -> list[Finding]:
    """Return a warning if the file is named after another period.

    A name does not prove a period, since offices rename files. It is only a reason to ask.
    """
    from pipelines.reading.standardise.stated_periods import find_file_name_contradiction

    periods = [period.code for period in reading.periods]
    stated = find_file_name_contradiction(filename, periods)
    if stated is None:
        return []
    return [Finding("period.file_name", rules.find_rule("period.file_name").severity, seen=stated, expected=periods[0])]


__all__ = ["DeclarationsChangedError", "ReadError", "ReadResult", "Task", "run_task", "take_with"]
