"""Write the sheets of a workbook that are not read: how to fill it in, and the words that may be used.

Their names begin with `RTI – `, which every form ignores (`ignore` in `docs/forms.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.core.codes import UnknownCodeError, codelist_names, get_code_label
from pipelines.core.i18n import mark, tell
from pipelines.declarations.form import Form
from pipelines.declarations.form_titles import form_title
from pipelines.declarations.label_template import Meaning
from pipelines.office.templates.layout import sheet_name
from pipelines.office.templates.words import Words
from pipelines.office.templates.workbook import HEAD

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

PREFIX = "RTI – "
_SIGNS = {
    "zero": mark("none: zero"),
    "not_applicable": mark("cannot be, by its nature"),
    "not_available": mark("not known"),
    "not_collected": mark("not collected"),
    "confidential": mark("known, but withheld"),
    "below_half_unit": mark("more than zero, but less than half of the unit"),
}
_DIMENSIONS = {
    "measure": mark("Stage"),
    "article": mark("Offence"),
    "offence": mark("Offence"),
    "sex": mark("Sex"),
    "age": mark("Age"),
    "victim_status": mark("Status of the victim"),
    "exploitation": mark("Form of exploitation"),
    "citizenship": mark("Citizenship"),
    "sentence_type": mark("Kind of sentence"),
    "sentence_band": mark("Length of sentence"),
}
"""Heading for a group of words, by the first of these dimensions that all of them have."""
_EMPTY = {
    "error": mark("No cell may stay empty. Where there was none, write 0."),
    "missing": mark("An empty cell means that the figure is not known. Where there was none, write 0."),
    "zero": mark("An empty cell means that there was none."),
}


@dataclass(frozen=True, slots=True)
class Guide:
    """Content of the guide for one workbook. `contact` is where the secretariat answers questions."""

    form: Form
    period: str
    office: str
    language: str
    deadline: date | None
    contact: str | None
    demonstration: bool
    has_earlier: bool
    has_totals: bool
    crossed: bool
    nil: str | None = None
    """Sentence with which the office declares that there was nothing to report in this period."""


def add_guide(book: Workbook, guide: Guide) -> None:
    """Add the sheet that explains how the workbook is filled in and sent, and what the signs mean."""
    from openpyxl.styles import Alignment, Font

    language = guide.language
    page = book.create_sheet(_name(book, tell("How to fill this in", language)))
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 24, 90
    _line(page, tell("How to fill this in", language), size=14)
    if guide.demonstration:
        _line(page, tell("Demonstration data: invented, not official.", language), size=12)
    facts = [
        (tell("Office", language), guide.office),
        (tell("Form", language), f"{form_title(guide.form, language)} ({guide.form.id})"),
        (tell("Period", language), guide.period),
    ]
    if guide.deadline is not None:
        facts.append((tell("To be sent by", language), guide.deadline.isoformat()))
    if guide.contact:
        facts.append((tell("Questions to", language), guide.contact))
    for head, text in facts:
        page.append([head, text])
        page.cell(page.max_row, 1).font = Font(bold=True)
    page.append([])
    for number, step in enumerate(_steps(guide), start=1):
        page.append([number, step])
        page.cell(page.max_row, 1).alignment = Alignment(horizontal="left", vertical="top")
        page.cell(page.max_row, 2).alignment = Alignment(wrap_text=True, vertical="top")
    if guide.form.signs:
        page.append([])
        _head(page, (tell("Sign", language), tell("Meaning", language)))
        for sign, meaning in guide.form.signs.items():
            page.append([sign, tell(_SIGNS[meaning], language)])
            page.cell(page.max_row, 1).data_type = "s"
    _closed(page)


def _steps(guide: Guide) -> list[str]:
    form, language = guide.form, guide.language
    steps = []
    if form.shape == "records":
        steps.append(tell("Write one line for each record. Leave empty what has not happened yet.", language))
        steps.append(
            tell("Write no name, birth date or identity number of a person, only the office's own mark.", language)
        )
    else:
        steps.append(tell("Write figures in the white cells: whole numbers, 0 or more.", language))
        if not (guide.crossed and form.absent_cell == "missing"):
            steps.append(tell(_EMPTY[form.absent_cell], language))
        steps += _lines(guide)
    if guide.has_totals:
        steps.append(tell("A total that does not equal its parts turns red.", language))
    if guide.has_earlier:
        steps.append(tell("Figures in grey are those accepted last. They are not read.", language))
    if guide.nil is not None:
        steps.append(
            tell("If there was nothing to count, write only this sentence, below the table: {sentence}", language,
                 sentence=guide.nil)
        )  # fmt: skip
    steps.append(tell("The portal has a button for a period in which there was nothing to count.", language))
    steps.append(tell("Sheets whose names begin with RTI are not read.", language))
    steps.append(
        tell(
            "Save the workbook as .xlsx and upload it in the portal. You get the validation report within seconds.",
            language,
        )
    )
    return steps


def _lines(guide: Guide) -> list[str]:
    form, language = guide.form, guide.language
    if form.shape == "tables":
        return [tell("Headings and labels stay as they are: they say what a figure counts.", language)]
    if guide.crossed and form.absent_cell == "error":
        return [tell("Every line needs its figure. Delete none.", language)]
    added = tell("New lines may be added below; their words are chosen from lists.", language)
    if guide.crossed and form.absent_cell == "missing":
        return [
            tell("A line without a figure counts as missing. Where there was none, write 0.", language),
            added,
        ]
    return [tell("Delete the lines that you do not report.", language), added]


def add_codes(book: Workbook, words: Words, language: str) -> Mapping[str, str]:
    """Add the sheet of the words that may be used; return the range of words of each code table."""
    from openpyxl.styles import Alignment

    page = book.create_sheet(_name(book, tell("Words", language)))
    for letter, width in zip("ABC", (28, 60, 60), strict=True):
        page.column_dimensions[letter].width = width
    _line(page, tell("Words of this form and what they mean", language), size=14)
    _head(page, (tell("What it says", language), tell("Word", language), tell("Meaning", language)))
    page.freeze_panes = "A3"
    ranges: dict[str, str] = {}
    quoted = page.title.replace("'", "''")
    headings = _columns(words.plan.form)
    for name in used_tables(words):
        first = page.max_row + 1
        group = headings.get(name) or _group(words, name, language)
        for meaning in words.tables[name].meanings_by_code().values():
            page.append([group, meaning.label, _describe_meaning(meaning, words, language)])
            for cell in page[page.max_row]:
                cell.data_type, cell.alignment = "s", Alignment(wrap_text=True, vertical="top")
        if page.max_row >= first:
            ranges[name] = f"'{quoted}'!$B${first}:$B${page.max_row}"
    _closed(page)
    return ranges


def _group(words: Words, name: str, language: str) -> str:
    """Return the name of what a code table distinguishes, if no column of a list has its name."""
    dimensions = [set(meaning.said) for meaning in words.tables[name].meanings_by_code().values()]
    common = set.intersection(*dimensions) if dimensions else set()
    dimension = next((d for d in _DIMENSIONS if d in common), None)
    return tell(_DIMENSIONS[dimension], language) if dimension is not None else ""


def _columns(form: Form) -> dict[str, str]:
    """Map each code table to the heading of the list column that takes its words; crossed tables have none."""
    if form.flat is not None:
        return {c.dim: heading for heading, c in form.flat.columns.items() if c.dim is not None}
    if form.records is not None:
        record_headings = ((c.codes or c.field, heading) for heading, c in form.records.columns.items())
        return {name: heading for name, heading in record_headings if name is not None}
    return {}


def used_tables(words: Words) -> list[str]:
    """Return the code tables that the form's own parts name, in the order of the declaration; the law's articles if
    used."""
    from pipelines.declarations.base import find_placeholders

    form = words.plan.form
    table_names = {n for _, text in form.iterate_templates() for n in find_placeholders(text)}
    if form.flat is not None:
        table_names |= {c.dim for c in form.flat.columns.values() if c.dim is not None}
        table_names |= {n for c in form.flat.columns.values() if c.template for n in find_placeholders(c.template)}
    if form.records is not None:
        table_names |= set(words.tables)
    return [name for name in words.tables if name in table_names and name not in ("year", "quarter", "period")]


def _describe_meaning(meaning: Meaning, words: Words, language: str) -> str:
    """Return the meaning of a word by the common code lists; of an article, its offence."""
    parts = []
    for name, code in meaning.said.items():
        if name == "article":
            row = words.law.find_article(code, words.period.start, words.period.end)[0]
            name, code = "offence", row.offence if row is not None else ""
        if name in codelist_names() and code:
            try:
                parts.append(get_code_label(name, code, language.partition("-")[0]))
            except UnknownCodeError:
                parts.append(code)
    return ", ".join(parts)


def _name(book: Workbook, words: str) -> str:
    return sheet_name(PREFIX + words, {name.casefold() for name in book.sheetnames})


def _line(page: Worksheet, text: str, *, size: int) -> None:
    from openpyxl.styles import Font

    page.cell(page.max_row + (page.max_row > 1 or page["A1"].value is not None), 1, text).font = Font(
        bold=True, size=size
    )


def _head(page: Worksheet, texts: tuple[str, ...]) -> None:
    from openpyxl.styles import Font, PatternFill

    page.append(texts)
    for cell in page[page.max_row][: len(texts)]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=HEAD)


def _closed(page: Worksheet) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    page.protection.sheet = True
    page.protection.formatColumns = page.protection.formatRows = False
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
