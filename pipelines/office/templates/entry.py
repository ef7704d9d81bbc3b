"""Define what may be entered in the cells of an empty workbook, and the message for other input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pipelines.core.i18n import tell
from pipelines.declarations.form import Form
from pipelines.model.content import Where
from pipelines.office.templates.earlier import EarlierFigure
from pipelines.office.templates.layout import TemplateSheet
from pipelines.reading.standardise.numbered import Key, Number
from pipelines.reading.standardise.sums import group_numbers

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_LONGEST_PROMPT, _LONGEST_ERROR, _LONGEST_TITLE, _LONGEST_FORMULA = 255, 225, 32, 255
_MOST_PARTS = 60
"""Parts of a sum that a rule lists cell by cell."""
_RED, _DARK = "FFFDE2E1", "FF9B1C1C"


@dataclass(frozen=True, slots=True)
class EntryCell:
    """A cell to fill in: sheet number, place, the number's key, and whether it is a printed total."""

    sheet: int
    row: int
    column: int
    key: Key
    check: bool


def number_rules(
    page: Worksheet, form: Form, entries: Sequence[tuple[EntryCell, EarlierFigure | None]], spare: int, language: str
) -> None:
    """Allow whole numbers from 0, or a sign of the form; the earlier figure is shown when the cell is selected.

    `spare` is the number of lines below the last that may also be filled in.
    """
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    wrong = tell("Write a whole number, 0 or more.", language)
    if form.signs:
        signs = "   ".join(form.signs)
        wrong = tell("Write a whole number, 0 or more, or one of these signs: {signs}", language, signs=signs)
    title = tell("Not a figure", language)
    areas = _rectangles(entries)
    if spare:
        bottom = max(entry.row for entry, _ in entries)
        columns = sorted({entry.column for entry, _ in entries})
        areas += [(bottom + 1, first, bottom + spare, end, None) for first, end in _runs(columns)]
    for top, first, bottom, end, last in areas:
        start = f"{get_column_letter(first)}{top}"
        rule = DataValidation(
            type="custom",
            formula1=_allowed(start, form),
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=title[:_LONGEST_TITLE],
            error=wrong[:_LONGEST_ERROR],
        )
        if last is not None:
            prompt = tell("Last accepted, {period}: {value}", language, period=last.period, value=last.text)
            rule.showInputMessage, rule.prompt = True, prompt[:_LONGEST_PROMPT]
        rule.add(f"{start}:{get_column_letter(end)}{bottom}")
        page.add_data_validation(rule)


_Rectangle = tuple[int, int, int, int, "EarlierFigure | None"]


def _rectangles(entries: Sequence[tuple[EntryCell, EarlierFigure | None]]) -> list[_Rectangle]:
    """Merge cells with the same earlier figure into rectangles: a rule's formula refers to the first cell of one."""
    ordered = sorted(entries, key=lambda pair: (pair[0].row, pair[0].column))
    rectangles: list[_Rectangle] = []
    growing: dict[tuple[int, int, EarlierFigure | None], int] = {}
    previous = 0
    for row, cells in groupby(ordered, key=lambda pair: pair[0].row):
        here: dict[tuple[int, int, EarlierFigure | None], int] = {}
        for last, run in groupby(cells, key=lambda pair: pair[1]):
            for first, end in _runs([entry.column for entry, _ in run]):
                above = growing.pop((first, end, last), None) if row == previous + 1 else None
                here[first, end, last] = above or row
        rectangles += [(top, first, previous, end, last) for (first, end, last), top in growing.items()]
        growing, previous = here, row
    return rectangles + [(top, first, previous, end, last) for (first, end, last), top in growing.items()]


def _runs(columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return columns as ranges without a gap."""
    start = previous = columns[0]
    for column in columns[1:]:
        if column != previous + 1:
            yield start, previous
            start = column
        previous = column
    yield start, previous


def _allowed(cell: str, form: Form) -> str:
    """Return a formula that is true for valid input. If there are too many signs for it, the check judges any text."""
    whole = f"AND(ISNUMBER({cell}),{cell}>=0,{cell}=INT({cell}))"
    signs = [f'TRIM({cell})="{sign}"' for sign in form.signs if '"' not in sign]
    marked = [f"ISTEXT({cell})"] if form.note_marks else []
    full = f"OR({','.join([whole, *(marked or signs)])})"
    return full if len(full) <= _LONGEST_FORMULA else f"OR({whole},ISTEXT({cell}))"


def list_rules(page: Worksheet, sheet: TemplateSheet, ranges: Mapping[str, str], language: str) -> None:
    """Restrict columns of a list that choose from a code table, for its lines and the spare ones below."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    area = sheet.areas[0]
    last = area.bottom + sheet.spare
    for column, table in sheet.choices.items():
        if table not in ranges:
            continue
        letter = get_column_letter(column)
        rule = DataValidation(
            type="list",
            formula1=ranges[table],
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=tell("Not a word of this form", language)[:_LONGEST_TITLE],
            error=tell("Choose an option from the list.", language),
        )
        rule.add(f"{letter}{area.head + 1}:{letter}{last}")
        page.add_data_validation(rule)
    loose = [(column, "date") for column in sheet.dates] + [(column, "decimal") for column in sheet.quantities]
    for column, kind in loose:
        letter = get_column_letter(column)
        rule = DataValidation(
            type="date" if kind == "date" else "decimal",
            operator="greaterThanOrEqual",
            formula1="1" if kind == "date" else "0",
            allow_blank=True,
            # A date may be typed in the office's own way, which the reader knows and the spreadsheet may not.
            errorStyle="warning",
            showErrorMessage=True,
            error=tell("Write a date.", language) if kind == "date" else tell("Write a number, 0 or more.", language),
        )
        rule.add(f"{letter}{area.head + 1}:{letter}{last}")
        page.add_data_validation(rule)


def red_totals(pages: Sequence[Worksheet], form: Form, entries: Sequence[EntryCell]) -> int:
    """Colour totals red that do not equal their parts; by conditional format, since extra cells are not allowed.

    Returns the number of totals watched.
    """
    from openpyxl.formatting.rule import Rule
    from openpyxl.styles import Font, PatternFill
    from openpyxl.styles.differential import DifferentialStyle
    from openpyxl.utils import get_column_letter

    places = [Where(keyword=str(number)) for number in range(len(entries))]
    numbers = [Number(e.key, None, "A", "F", w, "", "", (), e.check) for e, w in zip(entries, places, strict=True)]
    at = {str(number): entry for number, entry in enumerate(entries)}
    red = DifferentialStyle(font=Font(color=_DARK, bold=True), fill=PatternFill("solid", bgColor=_RED, fgColor=_RED))
    watched = 0

    def format_address(number: Number, home: int) -> str:
        entry = at[str(number.where)]
        cell = f"${get_column_letter(entry.column)}${entry.row}"
        quoted = pages[entry.sheet].title.replace("'", "''")
        return cell if entry.sheet == home else f"'{quoted}'!{cell}"

    for rule in form.adds_up:
        part_codes = None if rule.parts == "*" else frozenset(rule.parts)
        for totals, group in group_numbers(numbers, rule).values():
            if not group or len(group) > _MOST_PARTS or (part_codes is not None and part_codes != group.keys()):
                continue
            for total in totals:
                entry = at[str(total.where)]
                cell = format_address(total, entry.sheet)
                parts = ",".join(format_address(part, entry.sheet) for part in group.values())
                formula = f"AND(ISNUMBER({cell}),COUNT({parts})={len(group)},{cell}<>SUM({parts}))"
                place = f"{get_column_letter(entry.column)}{entry.row}"
                pages[entry.sheet].conditional_formatting.add(place, Rule("expression", dxf=red, formula=[formula]))
                watched += 1
    return watched
