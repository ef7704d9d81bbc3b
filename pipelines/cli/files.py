"""Commands `rti check`, `rti read`, `rti preview`: examine files without submitting them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import report_lines
from pipelines.cli.common import (
    GOOD,
    UNREADABLE,
    AsJson,
    CommandError,
    Language,
    load_judgement_meanwhile,
    print_line,
    print_note,
    print_parts,
    return_bytes,
    say_json,
    show_progress,
    the_registry,
)

if TYPE_CHECKING:
    from pipelines.model.content import Content
    from pipelines.submissions.checking.check import HistorySource
    from pipelines.submissions.checking.report import Report

Form = Annotated[str | None, typer.Option("--form", help="The form's id, if the file alone does not identify it.")]


def check(
    files: Annotated[list[Path], typer.Argument(help="Files of any known format.", metavar="FILE...")],
    form: Form = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not compare with earlier returns.")] = False,
    language: Language = "en",
    annotated: Annotated[
        Path | None, typer.Option(help="Write a copy of the workbook with the findings as comments in its cells.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the validation report as an HTML page.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the findings as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check files and show what is wrong, in which cell, and what to do; nothing is submitted.

    If there is a home, each file is also compared with earlier accepted returns. Exit code 0: no error;
    1: at least one finding of severity error; 2: a file cannot be read; 3: wrong use.
    """
    from pipelines.submissions.checking.check import CheckJob, check_many

    if len(files) != 1 and (annotated or html or csv):
        raise CommandError("--annotated, --html and --csv are for one file at a time")
    jobs = [CheckJob(str(n), return_bytes(path), path.name, form=form) for n, path in enumerate(files)]
    registry = the_registry()
    load_judgement_meanwhile()
    with show_progress(len(files), "Checking") as tick:
        checked = check_many(jobs, registry=registry, history=_history(offline), language=language, on_read=tick)
    reports = list(checked.values())
    if as_json:
        content = [r.as_json() for r in reports]
        say_json(content[0] if len(content) == 1 else content)
    else:
        for report in reports:
            show_report(report)
    if annotated or html or csv:
        _write_answers(jobs[0].data, reports[0], annotated, html, csv)
    raise typer.Exit(max((r.exit_code for r in reports), default=GOOD))


def read(
    file: Annotated[Path, typer.Argument(help="A file of any known format.", metavar="FILE")],
    encoding: Annotated[list[str] | None, typer.Option("--encoding", help="A text encoding to try.")] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help="The format of the file, if it cannot be detected.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a file as the reader sees it: each cell with its place, or the cube. No declaration is needed."""
    from pipelines.reading.formats.as_json import iter_json

    content = _content(file, tuple(encoding or ()), format_name)
    if as_json:
        print_parts(iter_json(content))
    else:
        _show_content(content)


def preview(
    file: Annotated[Path, typer.Argument(help="A file of any known format.", metavar="FILE")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The HTML page to write.")],
    form: Form = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Write a file as an HTML page, each cell coloured by the role it was given."""
    content = _content(file, (), None)
    from pipelines.office.answers.binding_preview import render_preview as picture
    from pipelines.reading.standardise.recognise import recognise_forms
    from pipelines.reading.standardise.standardise import standardise_content
    from pipelines.submissions.checking.check import OFFLINE_ID
    from pipelines.submissions.checking.read_task import options_of

    registry = the_registry()
    if form is not None and form not in registry.forms:
        raise CommandError(f"no form is named {form}; there are {', '.join(sorted(registry.forms))}")
    matches = [] if form is not None else recognise_forms(content, file.name, registry)
    if form is None and not matches:
        raise CommandError(f"{file} is not a known form; name it with --form (see `rti territories`)")
    declared = registry.forms[form] if form is not None else matches[0].form
    if declared.encodings or options_of(declared):
        content = _content(file, tuple(declared.encodings), None, options_of(declared))
    reading = standardise_content(content, declared, registry, submission_id=OFFLINE_ID)
    page = picture(content, reading, language, demonstration=_is_demonstration())
    out.write_text(page, encoding="utf-8")
    if as_json:
        say_json({"out": str(out), "form": declared.id, "observations": reading.observations.height})
    else:
        print_line(f"{out} shows {file.name} as {declared.id}: {reading.observations.height} observations")


def show_report(report: Report) -> None:
    """Print a report for people: the verdict, what was understood, and each finding with its place and remedy."""
    report_lines.print_report(report.as_json())


def _write_answers(data: bytes, report: Report, annotated: Path | None, html: Path | None, csv: Path | None) -> None:
    """Write the report in the requested formats; marked "Demonstration data" if the home is a demonstration."""
    from pipelines.core.home import HomeError, open_home
    from pipelines.office import answers

    try:
        demonstration = open_home().kind == "demonstration"
    except HomeError:
        demonstration = False  # a check needs no home
    if annotated is not None:
        annotated.write_bytes(answers.annotate_workbook(data, report, report.language, demonstration=demonstration)[1])
    if html is not None:
        html.write_text(answers.render_html(report, report.language, demonstration=demonstration), encoding="utf-8")
    if csv is not None:
        csv.write_text(answers.render_csv(report, report.language), encoding="utf-8", newline="")


def _history(offline: bool) -> HistorySource | None:
    from pipelines.core.home import HomeError, default_root, open_home

    if offline:
        return None
    try:
        home = open_home()
    except HomeError:
        if (default_root() / "home.json").exists():
            raise  # a damaged home: a check without its history would silently report less
        return None  # a check needs no home
    from pipelines.ledger.opening import open_ledger_to_read
    from pipelines.submissions.checking import history

    return history.make_history_source(home, open_ledger_to_read(home))


def _is_demonstration() -> bool:
    """Return True if there is a home and it holds invented returns."""
    from pipelines.core.home import HomeError, open_home

    try:
        return open_home().kind == "demonstration"
    except HomeError:
        return False  # a preview needs no home


def _content(
    file: Path, encodings: tuple[str, ...], format_name: str | None, options: dict[str, object] | None = None
) -> Content:
    from pipelines.findings.rules import describe_in_english as in_words
    from pipelines.findings.rules import from_read_error
    from pipelines.model.content import ReadError
    from pipelines.reading.formats.sniff import FORMATS
    from pipelines.reading.sandbox.launchers import read_in_child

    if format_name is not None and format_name not in FORMATS:
        raise CommandError(f"no format is named {format_name}; there are {', '.join(sorted(FORMATS))}")
    for name in encodings:
        _known_encoding(name)
    try:
        return read_in_child(return_bytes(file), file.name, encodings=encodings, format=format_name, options=options)
    except ReadError as error:
        message, remedy = in_words(from_read_error(error))
        place = str(error.where)
        raise CommandError(f"{file}: {place + ': ' if place else ''}{message} {remedy}".strip(), UNREADABLE) from None


def _known_encoding(name: str) -> None:
    import codecs

    try:
        codecs.lookup(name)
    except LookupError:
        raise CommandError(f"no encoding is named {name}; write for example utf-8, windows-1250 or utf-16-le") from None


def _show_content(content: Content) -> None:
    from pipelines.model.content import Grid

    print_line(f"format {content.format}")
    if isinstance(content, Grid):
        for sheet in content.tables:
            print_line(f"{sheet.name}{' (hidden)' if sheet.hidden else ''}{': ' + sheet.title if sheet.title else ''}")
            for cell in sheet.cells:
                if cell.text and not cell.spread:
                    print_line(f"  {cell.where}  {cell.text!r}")
    else:
        for dimension in content.dimensions:
            print_line(f"{dimension.id}: {', '.join(m.code for m in dimension.members)}")
        for observation in content.observations:
            value = observation.status if observation.value is None else observation.value
            print_line(f"  {observation.where}  {' | '.join(observation.key)} = {value}")
    for remark in content.remarks:
        print_note(f"  {remark.rule} {remark.where}")
