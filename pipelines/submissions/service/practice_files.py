"""Make files to practise with: a good return, some with common mistakes, and a nil return.

They are made on request for the quarter that is due at present. The figures are invented; the same quarter gives the
same figures.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from pipelines.core import clock
from pipelines.core.i18n import mark, tell
from pipelines.model.periods import Period, last_ended

MARK = "PRACTICE RETURN – nothing in it is real"
_STAGES = ("Persons reported", "Persons indicted", "Persons convicted, first instance")
_SEXES = ("Total", "Men", "Women")
_ROWS: Mapping[str, tuple[int, ...]] = {
    # Men and women of each stage.
    "Trafficking in persons, art. 901": (9, 5, 6, 4, 4, 2),
    "Smuggling of migrants, art. 902": (17, 6, 12, 3, 7, 1),
}
_FIRST_ROW, _FIRST_COLUMN = 7, 2
Sheet = Any


@dataclass(frozen=True, slots=True)
class PracticeFile:
    """A practice file: its name, its bytes, and what it teaches, in the reader's language.

    `findings` are (rule, cell) of its errors and warnings; a good file has none.
    """

    name: str
    data: bytes
    teaches: str
    form: str
    findings: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Any:
        """Iterate over name, bytes and what it teaches."""
        return iter((self.name, self.data, self.teaches))


_TEACHES = {
    "good": mark("A good return without errors: send it, and let the colleague approve it."),
    "mistakes": mark(
        "The most common mistakes: a total that does not add up, an empty cell, a word instead of a number, a "
        "negative number. Find them, correct them, and upload the file again."
    ),
    "warning": mark("A figure that is unusually high. It is not an error: explain why it is right, then send it."),
    "heading": mark("A heading that was changed. The file still opens, but it is not clear what the column counts."),
    "correction": mark("The good return with one figure corrected. See what changes, and say why."),
    "nil": mark("A nil return: it reports that there was nothing to count, and counts as reported."),
    "victims": mark("A good list of victims, as a program would write it."),
}


def make_practice_files(language: str = "en", *, today: date | None = None) -> list[PracticeFile]:
    """Return the practice files for the quarter that ended last, in the order of learning."""
    period = last_ended(today or clock.now().date(), "Q")

    def make_file(name: str, change: Callable[[Sheet], None] | None, *findings: tuple[str, str]) -> PracticeFile:
        data = _make_workbook(period, change)
        teaches = tell(_TEACHES[name], language)
        return PracticeFile(f"practice-{name}-{period}.xlsx", data, teaches, "QP-JUSTICE-1", findings)

    return [
        make_file("good", None),
        make_file(
            "mistakes",
            _add_mistakes,
            ("cell.empty", "D8"),
            ("cell.not_a_number", "F9"),
            ("value.negative", "J8"),
            ("sum.differs", "B7"),
        ),
        make_file("warning", _add_high_figure, ("plausible.bounds", "B8")),
        make_file(
            "heading",
            _change_heading,
            ("heading.missing", "A5"),
            *(("heading.undeclared", cell) for cell in ("E6", "F6", "G6")),
        ),
        make_file("correction", _correct_figure),
        PracticeFile(
            f"practice-nil-{period}.xlsx", _make_nil_workbook(period), tell(_TEACHES["nil"], language), "QP-JUSTICE-1"
        ),
        PracticeFile(
            f"practice-victims-{period}.csv", _victims_list(period), tell(_TEACHES["victims"], language), "QP-VICTIMS-1"
        ),
    ]


# --------------------------------------------------------------------------------------------------------- the mistakes


def _add_mistakes(sheet: Sheet) -> None:
    # The totals include the negative number, so that it gives one finding of its own; the later changes break totals.
    _fill_row(sheet, 8, (9, 5, 6, 4, 4, -2))
    _fill_totals(sheet)
    sheet["B7"] = sheet["B7"].value + 2
    sheet["D8"] = None
    sheet["F9"] = "twelve"


def _add_high_figure(sheet: Sheet) -> None:
    """Set ninety reported persons, where the territory declares at most forty."""
    _fill_row(sheet, 8, (60, 30, 6, 4, 4, 2))
    _fill_totals(sheet)


def _change_heading(sheet: Sheet) -> None:
    sheet["E5"] = "Accused persons"


def _correct_figure(sheet: Sheet) -> None:
    _fill_row(sheet, 8, (10, 5, 6, 4, 4, 2))
    _fill_totals(sheet)


# ------------------------------------------------------------------------------------------------------------ the files


def _title(period: Period) -> str:
    return f"Table 1. Persons by stage and sex, quarter {period.quarter} of {period.year}"


@lru_cache(maxsize=16)
def _make_workbook(period: Period, change: Callable[[Sheet], None] | None) -> bytes:
    book, sheet = _new_workbook(period)
    sheet["A5"] = "Practice article"
    sheet.merge_cells("A5:A6")
    for number, stage in enumerate(_STAGES):
        column = _FIRST_COLUMN + 3 * number
        sheet.cell(5, column, stage)
        sheet.merge_cells(start_row=5, end_row=5, start_column=column, end_column=column + 2)
        for offset, sex in enumerate(_SEXES):
            sheet.cell(6, column + offset, sex)
    sheet.cell(_FIRST_ROW, 1, "All articles")
    for row, (label, values) in enumerate(_ROWS.items(), _FIRST_ROW + 1):
        sheet.cell(row, 1, label)
        _fill_row(sheet, row, values)
    _fill_totals(sheet)
    sheet.cell(_FIRST_ROW + len(_ROWS) + 2, 1, "Source: invented for practice")
    if change is not None:
        change(sheet)
    return _save_workbook(book)


@lru_cache(maxsize=2)
def _make_nil_workbook(period: Period) -> bytes:
    book, sheet = _new_workbook(period)
    sheet["A5"] = "Nothing to count in this quarter"
    sheet["A6"] = "Practice article"
    return _save_workbook(book)


def _new_workbook(period: Period) -> tuple[Any, Sheet]:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Practice"
    sheet.column_dimensions["A"].width = 36
    sheet["A1"] = MARK
    sheet["A3"] = _title(period)
    return book, sheet


def _fill_row(sheet: Sheet, row: int, values: tuple[int, ...]) -> None:
    for number in range(len(_STAGES)):
        men, women = values[2 * number : 2 * number + 2]
        for offset, value in enumerate((men + women, men, women)):
            sheet.cell(row, _FIRST_COLUMN + 3 * number + offset, value)


def _fill_totals(sheet: Sheet) -> None:
    for column in range(_FIRST_COLUMN, _FIRST_COLUMN + len(_STAGES) * len(_SEXES)):
        below = range(_FIRST_ROW + 1, _FIRST_ROW + 1 + len(_ROWS))
        sheet.cell(_FIRST_ROW, column, sum(sheet.cell(row, column).value for row in below))


def _save_workbook(book: Any) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _victims_list(period: Period) -> bytes:
    lines = ["Practice quarter,Sex,Age,Victims identified"]
    counts = {("Men", "Children"): 2, ("Men", "Adults"): 5, ("Women", "Children"): 4, ("Women", "Adults"): 11}
    for sex in ("All", "Men", "Women"):
        for age in ("All", "Children", "Adults"):
            total = sum(n for (s, a), n in counts.items() if sex in ("All", s) and age in ("All", a))
            lines.append(f"{period},{sex},{age},{total}")
    return ("\n".join(lines) + "\n").encode()
