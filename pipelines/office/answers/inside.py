"""Do the work of the child process: annotate the office's workbook, write a workbook of findings, draw a preview."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.model.content import Content, Cube, Grid
from pipelines.office.answers import losses, package, sheets, views
from pipelines.office.answers.jobs import BesideJob, BookJob, FindingLine, Job, MendJob
from pipelines.office.answers.model import SideBySidePreview
from pipelines.reading.formats import zipguard
from pipelines.reading.formats.xmlguard import ContainerContents

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.standardise import Reading

_DRAWN = 30_000
"""Cells of a preview: about 2 MB of HTML. A return of 20,000 cells is drawn in full."""


def execute_job(job: Job) -> bytes | SideBySidePreview:
    """Return the bytes of a workbook, or both sides of a preview. Raises ReadError if the file cannot be read."""
    match job:
        case MendJob():
            return _correct_cells(job)
        case BesideJob():
            return _draw_both_sides(job)
    match job.kind:
        case "own":
            return _annotate_own_workbook(job)
        case "read":
            return _write_findings_and_tables(job)
        case _:
            return _write_findings_only(job)


# ------------------------------------------------------------------------------------------------------- their workbook


def _load(data: bytes) -> tuple[Any, ContainerContents]:
    """Load the office's workbook with everything that openpyxl keeps; links to other workbooks are left unchanged."""
    import openpyxl

    contents = zipguard.inspect_container(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(data), rich_text=True, keep_links=True)
    return book, contents


def _annotate_own_workbook(job: BookJob) -> bytes:
    book, contents = _load(job.data)
    lost = losses.find_lost_content(job.data, book)
    by_sheet = {sheet.title: sheet for sheet in book.worksheets}
    targets: dict[int, tuple[str, str]] = {}
    by_cell: dict[tuple[str, str], list[FindingLine]] = {}
    for number, line in enumerate(job.sheet.lines):
        place = _place_in(by_sheet, line)
        if place is not None:
            targets[number] = place
            if line.where.cell is not None:
                by_cell.setdefault(place, []).append(line)
    for (title, cell), lines in by_cell.items():
        sheets.mark_cell(by_sheet[title][cell], lines, job.words["author"])
    notes = [*job.sheet.notes]
    for title, kinds in lost.items():
        names = ", ".join(job.words[f"lost.{kind}"] for kind in kinds)
        notes.append(job.words["lost"].format(sheet=title, what=names) if title else job.words["lost.file"])
        if title in by_sheet:
            sheets.add_comment(_first_cell(by_sheet[title]), notes[-1], job.words["author"])
    sheets.write_findings(book, job.sheet, targets, notes)
    return package.pack_workbook(book, job.modified, contents.stored)


def _place_in(by_sheet: Mapping[str, Any], line: FindingLine) -> tuple[str, str] | None:
    """Return sheet and cell for the comment of a line: the first cell of a merged area, the first filled one beyond
    the data."""
    from openpyxl.utils.cell import coordinate_from_string

    where = line.where
    if where.sheet is None or where.sheet not in by_sheet:
        return None
    sheet = by_sheet[where.sheet]
    if where.cell is None:
        return where.sheet, "A1"
    _, row = coordinate_from_string(where.cell)
    if row > sheet.max_row:
        return where.sheet, str(_first_cell(sheet).coordinate)
    for area in sheet.merged_cells.ranges:
        if where.cell in area:
            return where.sheet, str(area.start_cell.coordinate)
    return where.sheet, where.cell


def _first_cell(sheet: Any) -> Any:
    filled = sorted(position for position, cell in sheet._cells.items() if cell.value is not None)
    return sheet.cell(*filled[0]) if filled else sheet["A1"]


def _correct_cells(job: MendJob) -> bytes:
    """Return a copy in which the chosen cells are corrected and marked, if they still contain the text seen."""
    from pipelines.core.text.folding import fold_text

    book, contents = _load(job.data)
    for title, name, text_seen, text, comment in job.cells:
        if title not in book.sheetnames:
            continue
        cell = book[title][name]
        # The words seen may be a path of several cells, whose last part is in this one. A raised note mark is not part
        # of the words seen, so a label with one is left alone.
        if cell.value is None or fold_text(str(cell.value)) != fold_text(text_seen.split(" / ")[-1]):
            continue
        sheets.set_text(cell, text)
        cell.fill = sheets.choose_fill("mended")
        sheets.add_comment(cell, comment, "rti")
    return package.pack_workbook(book, job.modified, contents.stored)


# -------------------------------------------------------------------------------------------------- a workbook of ours


def _write_findings_only(job: BookJob) -> bytes:
    book = package.new_book(job.modified)
    sheets.write_findings(book, job.sheet, {}, job.sheet.notes)
    return package.pack_workbook(book, job.modified, {})


def _write_findings_and_tables(job: BookJob) -> bytes:
    """Return the findings, followed by each table of the file as read."""
    content, reading = read_again(job.data, job.filename, job.form)
    if not isinstance(content, Grid):
        return _write_findings_only(job)
    book = package.new_book(job.modified)
    contacts = {(b.table, b.row, b.column) for b in reading.bindings if b.role == "contact"} if reading else set()
    placed = sheets.write_tables(book, content, contacts, job.words)
    targets: dict[int, tuple[str, str]] = {}
    by_cell: dict[tuple[str, str], list[FindingLine]] = {}
    for number, line in enumerate(job.sheet.lines):
        place = placed.get(str(line.where))
        if place is not None:
            targets[number] = place
            by_cell.setdefault(place, []).append(line)
    for (title, cell), lines in by_cell.items():
        sheets.mark_cell(book[title][cell], lines, job.words["author"])
    sheets.write_findings(book, job.sheet, targets, job.sheet.notes)
    return package.pack_workbook(book, job.modified, {})


# ------------------------------------------------------------------------------------------------------------ a picture


def _draw_both_sides(job: BesideJob) -> SideBySidePreview:
    from pipelines.office.answers.binding_preview import render_preview

    content, reading = read_again(job.data, job.filename, job.form)
    if reading is None:
        return SideBySidePreview("", views.tables_of(content, None, job.language, job.limit), ())
    page, undrawn = "", 0
    if job.draws_page:
        drawn, undrawn = _limit_cells(content)
        page = render_preview(drawn, reading, job.language, demonstration=job.demonstration)
    rows = views.rows_of(reading.observations, reading.findings, job.language)
    shown_rows, cut = rows[: job.limit], max(0, len(rows) - job.limit)
    return SideBySidePreview(
        page, views.tables_of(content, reading, job.language, job.limit), tuple(shown_rows), cut, undrawn
    )


def _limit_cells(content: Content) -> tuple[Content, int]:
    """Return the content without the cells that a page cannot hold, and how many those are."""
    if isinstance(content, Cube):
        return content, 0
    n_left, tables = _DRAWN, []
    for table in content.tables:
        tables.append(replace(table, cells=table.cells[:n_left]))
        n_left -= len(tables[-1].cells)
    return replace(content, tables=tuple(tables)), sum(len(t.cells) for t in content.tables) - (_DRAWN - n_left)


def read_again(data: bytes, filename: str, form: str | None) -> tuple[Content, Reading | None]:
    """Read the file as the check did, with the binding of each cell; no reading if no form fits."""
    from pipelines.declarations.registry import load
    from pipelines.reading.formats.read import read_content
    from pipelines.reading.standardise.recognise import recognise_forms
    from pipelines.reading.standardise.standardise import standardise_content

    registry: Registry = load()
    declared = registry.forms.get(form) if form is not None else None
    if declared is None:
        content = read_content(data, filename)
        matches: Sequence[Any] = recognise_forms(content, filename, registry)
        if not matches:
            return content, None
        declared = matches[0].form
    options: dict[str, object] = {"alphabets": tuple(declared.alphabets)} if declared.alphabets else {}
    content = read_content(data, filename, encodings=tuple(declared.encodings), options=options)
    return content, standardise_content(content, declared, registry)
