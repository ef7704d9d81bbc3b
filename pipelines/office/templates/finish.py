"""Complete a workbook: earlier figures, input rules, style, and the sheets that are not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from pipelines.declarations.form import Form
from pipelines.office.templates.earlier import EarlierFigure
from pipelines.office.templates.entry import EntryCell, list_rules, number_rules, red_totals
from pipelines.office.templates.guide import PREFIX, Guide, add_codes, add_guide
from pipelines.office.templates.layout import TemplateSheet
from pipelines.office.templates.lists import has_no_number, without_period
from pipelines.office.templates.words import Words
from pipelines.office.templates.workbook import GREY, GREY_ON_HEAD, HEAD, format_sheet, title_regions
from pipelines.reading.standardise.numbered import Key

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


def finish_workbook(
    book: Workbook,
    sheets: Sequence[TemplateSheet],
    words: Words,
    entries: Sequence[EntryCell],
    before: Mapping[Key, EarlierFigure],
    language: str,
    deadline: date | None,
    contact: str | None,
    demonstration: bool,
) -> None:
    """Complete a bare workbook in place."""
    form = words.plan.form
    pages = [book[sheet.name] for sheet in sheets]
    has_earlier = False
    for number, (page, sheet) in enumerate(zip(pages, sheets, strict=True)):
        here = [entry for entry in entries if entry.sheet == number]
        pairs = [(entry, before.get(without_period(entry.key))) for entry in here]
        columns = _write_earlier_figures(page, sheet, pairs)
        has_earlier = has_earlier or bool(columns)
        if pairs:
            number_rules(page, form, pairs, sheet.spare, language)
        format_sheet(page, sheet, _open_cells(sheet, here), columns)
        _mark_impossible_cells(page, form, here)
        title_regions(book, page, sheet.areas, number + 1)
    flat = form.flat
    guide = Guide(
        form=form,
        period=words.period.code,
        office=words.office,
        language=language,
        deadline=deadline,
        contact=contact,
        demonstration=demonstration,
        has_earlier=has_earlier,
        has_totals=red_totals(pages, form, entries) > 0,
        crossed=flat is not None and flat.crossed,
        nil=words.fill_template(form.nil.words) if form.nil is not None else None,
    )
    add_guide(book, guide)
    ranges = add_codes(book, words, language)
    for page, sheet in zip(pages, sheets, strict=True):
        if sheet.is_list:
            list_rules(page, sheet, ranges, language)
    book.properties.title = f"{form.id} {words.period.code}"
    book.active = 0


def _open_cells(sheet: TemplateSheet, entries: Sequence[EntryCell]) -> set[tuple[int, int]]:
    """Unlock the cells to fill in: the figures; in a list also its notes; in tables every cell without a word."""
    cells = {(entry.row, entry.column) for entry in entries}
    words = {(t.row + d, t.column + a) for t in sheet.texts for d in range(t.down) for a in range(t.across)}
    for area in sheet.areas:
        first = 1 if sheet.is_list else area.first
        bottom = area.bottom if not sheet.is_list else max(area.bottom, area.head + 20)
        cells |= {
            (row, column)
            for row in range(area.head + 1, bottom + 1)
            for column in range(first, area.right + 1)
            if (row, column) not in words
        }
    return cells


def _mark_impossible_cells(page: Worksheet, form: Form, entries: Sequence[EntryCell]) -> None:
    """Write the form's own sign where a figure cannot exist, so that nobody wonders what to enter."""
    from openpyxl.styles import Font

    sign = next((sign for sign, meaning in form.signs.items() if meaning == "not_applicable"), None)
    for entry in entries:
        if sign is not None and has_no_number(entry.key):
            cell = page.cell(entry.row, entry.column)
            cell.value, cell.data_type, cell.font = sign, "s", Font(color=GREY)


def _write_earlier_figures(
    page: Worksheet, sheet: TemplateSheet, pairs: Sequence[tuple[EntryCell, EarlierFigure | None]]
) -> int:
    """Write earlier figures to the right of the widest table, on the same rows, under headings that the reader
    ignores.

    Next to a narrower table they would be where the wider one is printed. Returns the number of columns added, 0
    without earlier figures.
    """
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    most = 0
    grey, dark, head = Font(color=GREY, size=9), Font(color=GREY_ON_HEAD, size=9), PatternFill("solid", fgColor=HEAD)
    right = Alignment(horizontal="right", vertical="center")
    middle = Alignment(wrap_text=True, horizontal="center", vertical="center")
    edge = max((area.right for area in sheet.areas), default=1)
    for area in sheet.areas:
        inside = [(e, last) for e, last in pairs if area.head < e.row <= area.bottom and e.column <= area.right]
        pairs_with_earlier = [(e, last) for e, last in inside if last is not None]
        if not pairs_with_earlier:
            continue
        newest = max(last.period for _, last in pairs_with_earlier)
        columns = sorted({entry.column for entry, _ in inside})
        target = {column: edge + 1 + place for place, column in enumerate(columns)}
        for column, place in target.items():
            words = _heading(sheet, area.top, area.head, column)
            cell = page.cell(area.top, place, f"{PREFIX}{newest}: {words}")
            if area.head > area.top:
                page.merge_cells(start_row=area.top, start_column=place, end_row=area.head, end_column=place)
            cell.font, cell.fill, cell.alignment = dark, head, middle
            page.column_dimensions[get_column_letter(place)].width = 14
        for entry, last in pairs_with_earlier:
            text = last.text if last.period == newest else f"{last.text} ({last.period})"
            figure = page.cell(entry.row, target[entry.column])
            figure.value, figure.data_type = text, "s"
            figure.font, figure.alignment = grey, right
        most = max(most, len(columns))
    return most


def _heading(sheet: TemplateSheet, top: int, head: int, column: int) -> str:
    parts = [
        t.text
        for t in sheet.texts
        if t.role == "heading" and top <= t.row <= head and t.column <= column < t.column + t.across
    ]
    return " / ".join(parts)
