"""Faults of reading: cells, labels, headings, sums and records that a file gets wrong by itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.faults.edits import (
    Edit,
    chain_edits,
    change_json,
    change_line,
    change_workbook,
    replace_once_in_part,
    replace_text,
    set_cell,
)
from tests.faults.fault import (
    AL,
    AL_CSV,
    BRC,
    CENTRE,
    HR_REGISTER,
    JSON,
    MK,
    PX,
    RS_REGISTER,
    SDMX,
    SDMX_CSV,
    SRP,
    STATE,
    Fault,
)

CONTENT, DOCUMENT = "content.xml", "word/document.xml"


def _format(address: str, number_format: str) -> Edit:
    sheet, _, place = address.partition("!")

    def change_book(book: Any) -> None:
        book[sheet][place].number_format = number_format

    return change_workbook(change_book)


def _merge(sheet: str, area: str) -> Edit:
    return change_workbook(lambda book: book[sheet].merge_cells(area))


def _hide_row(sheet: str, row: int) -> Edit:
    def change_book(book: Any) -> None:
        book[sheet].row_dimensions[row].hidden = True

    return change_workbook(change_book)


def _hide_column(sheet: str, column: str) -> Edit:
    def change_book(book: Any) -> None:
        book[sheet].column_dimensions[column].hidden = True

    return change_workbook(change_book)


def _second_table(book: Any) -> None:
    sheet = book["Т-06"]
    for row, values in enumerate((("Друго", "машки", "женски"), ("Трговија", 4, 5), ("Криумчарење", 6, 7)), start=24):
        for column, value in enumerate(values, start=1):
            sheet.cell(row, column, value)


def _copy_sheet(book: Any) -> None:
    copy = book.copy_worksheet(book["Т-06"])
    copy.title = "Т-06 (2)"


def _formula(address: str, formula: str) -> Edit:
    # openpyxl writes no stored result, as a program does that never calculated.
    return set_cell(address, formula)


def list_workbook_faults() -> Iterator[Fault]:
    """Faults in the workbook of MK and that of AL."""
    not_a_number = ("cell.not_a_number",)
    yield Fault("a word for a number", MK, set_cell("Т-01!B11", "две"), not_a_number, "Т-01!B11")
    yield Fault("a sign that the form does not know", MK, set_cell("Т-02!D10", "н.п."), not_a_number, "Т-02!D10")
    yield Fault("a question mark", MK, set_cell("Т-05!J10", "3?"), not_a_number, "Т-05!J10")
    yield Fault("a range", MK, set_cell("Т-01!E12", "17-18"), not_a_number, "Т-01!E12")
    yield Fault("a letter O for a nought", MK, set_cell("Т-06!C9", "1О"), not_a_number, "Т-06!C9")
    yield Fault("less than nought", MK, set_cell("Т-01!C11", -2), ("value.negative",), "Т-01!C11")
    yield Fault("half a person", MK, set_cell("Т-03!F10", 2.5), ("value.fraction",), "Т-03!F10")
    yield Fault("an empty cell", MK, set_cell("Т-01!B12", None), ("cell.empty",), "Т-01!B12")
    yield Fault("blanks only", MK, set_cell("Т-04!G9", "   "), ("cell.empty",), "Т-04!G9")
    date = datetime.datetime(2026, 3, 12)
    yield Fault("a date for a number", MK, set_cell("Т-01!D12", date), ("cell.date",), "Т-01!D12")
    yield Fault("a date for a label", MK, set_cell("Т-03!E7", date), ("cell.date", "heading.undeclared"), "Т-03!E7")
    yield Fault("an error value", MK, set_cell("Т-01!B14", "#REF!"), ("cell.error",), "Т-01!B14")
    yield Fault("a formula never calculated", MK, _formula("Т-01!B9", "=SUM(B10:B14)"), ("cell.formula",), "Т-01!B9")
    yield Fault("true or false", MK, set_cell("Т-01!B13", True), ("cell.boolean",), "Т-01!B13")
    yield Fault("a share for a count", MK, set_cell("Т-01!G12", 0.5, format="0%"), ("cell.percent",), "Т-01!G12")
    hidden, words = set_cell("Т-01!G12", 2, format=";;;"), set_cell("Т-01!B12", 39, format='"12"')
    yield Fault("a number its format hides", MK, hidden, ("cell.shown_otherwise",), "Т-01!G12")
    yield Fault("other words in a number's place", MK, words, ("cell.shown_otherwise",), "Т-01!B12")
    yield Fault(
        "thousands of a number", MK, set_cell("Т-01!B9", 39, format="#,##0,"), ("cell.shown_otherwise",), "Т-01!B9"
    )
    yield Fault("one number over two rows", MK, _merge("Т-06", "C11:C12"), ("cell.merged_value",), "Т-06!C11")
    yield Fault("a hidden row", MK, _hide_row("Т-02", 11), ("cell.hidden",), "Т-02!A11")
    yield Fault("a hidden column", MK, _hide_column("Т-04", "I"), ("cell.hidden",), "Т-04!I6")
    label = ("label.undeclared",)
    yield Fault("a label of last year's law", MK, set_cell("Т-02!A10", "Трговија со луѓе, чл. 419"), label, "Т-02!A10")
    yield Fault("a label cut short", MK, set_cell("Т-05!A10", "Криумчарење"), label, "Т-05!A10")
    yield Fault("a number without its label", MK, set_cell("Т-06!A10", None), ("label.blank",), "Т-06!A10")
    same = set_cell("Т-06!A10", "Трговија со луѓе, чл. 418-а")
    yield Fault("a label twice", MK, same, ("key.duplicate",), "Т-06!B10")
    row = change_workbook(lambda book: book["Т-03"].delete_rows(11))
    yield Fault("a row deleted", MK, row, ("label.absent",), "Т-03!A6", "warning")
    yield Fault("a heading misspelt", MK, set_cell("Т-03!D7", "жени"), ("heading.undeclared",), "Т-03!D7")
    yield Fault("a heading taken away", MK, set_cell("Т-05!L6", None), ("heading.blank",), "Т-05!L7")
    title = set_cell("Т-04!A4", "Санкции")
    yield Fault("a title without its words", MK, title, ("table.title_missing",), "Т-04!A6")
    other_title = set_cell("Т-02!A4", "Т-02: Одлуки на првостепените судови, 2. квартал 2026 година")
    yield Fault("two quarters in one file", MK, other_title, ("period.contradiction",), "Т-02!A4")
    yield Fault("a number beside the table", MK, set_cell("Т-01!N20", 7), ("cell.unbound",), "Т-01!N20", "warning")
    second = change_workbook(_second_table)
    yield Fault("a table more", MK, second, ("table.undeclared", "cell.unbound"), "Т-06!B25", "warning")
    removed = change_workbook(lambda book: book.remove(book["Т-05"]))
    yield Fault("a sheet taken away", MK, removed, ("table.not_found",), "")
    yield Fault(
        "a sheet twice",
        MK,
        change_workbook(_copy_sheet),
        ("table.twice", "table.undeclared", "table.unread"),
        "Т-06 (2)!D8",
        "warning",
        also=("Т-06 (2)!A6",),
    )
    yield Fault("a corner renamed", MK, set_cell("Т-06!A6", "Опис"), ("table.not_found",), "")
    yield Fault("a wrong total", MK, set_cell("Т-01!B9", 99), ("sum.differs",), "Т-01!B9")
    yield Fault("more men than persons", AL, set_cell("Tremujori III!D9", 40), ("sum.differs",), "Tremujori III!C9")
    yield Fault(
        "a number kept as text",
        AL,
        set_cell("Tremujori III!B9", "6"),
        ("cell.number_as_text",),
        "Tremujori III!B9",
        "information",
    )
    alike = set_cell("Т-02!A10", "Трговија со луѓe, чл. 418-а")  # a Latin e in a Cyrillic word
    yield Fault("a Latin letter in a Cyrillic word", MK, alike, ("cell.lookalike",), "Т-02!A10", "information")
    yield Fault(
        "an article that is none",
        AL,
        set_cell("Tremujori II!A12", "128/z – Trafikimi i të miturve"),
        label,
        "Tremujori II!A12",
    )


def list_delimited_faults() -> Iterator[Fault]:
    """Faults in lists as CSV, with and without SDMX."""
    yield Fault(
        "CSV: a word unknown",
        AL_CSV,
        change_line(6, lambda s: s.replace("Femra", "Femrat")),
        ("label.undeclared",),
        "line 6 column 3",
    )
    yield Fault(
        "CSV: a word for a number",
        AL_CSV,
        change_line(5, lambda s: s.replace(";9;", ";nëntë;")),
        ("cell.not_a_number",),
        "line 5 column 7",
    )
    yield Fault(
        "CSV: a number missing",
        AL_CSV,
        change_line(8, lambda s: s.replace(";4;", ";;")),
        ("cell.empty",),
        "line 8 column 7",
    )
    yield Fault("CSV: a line twice", AL_CSV, change_line(9, lambda s: s + s), ("key.duplicate",), "line 10 column 7")
    yield Fault(
        "CSV: a wrong total",
        AL_CSV,
        change_line(4, lambda s: s.replace(";25;", ";26;")),
        ("sum.differs",),
        "line 4 column 7",
    )
    yield Fault(
        "CSV: a heading renamed",
        AL_CSV,
        change_line(3, lambda s: s.replace("Gjinia", "Seksi")),
        ("heading.undeclared", "heading.missing"),
        "line 3 column 3",
    )
    yield Fault(
        "CSV: a quarter that is none",
        AL_CSV,
        change_line(7, lambda s: s.replace("T3/2026", "T5/2026")),
        ("label.undeclared", "period.missing", "cell.not_a_number"),
        "line 7 column 1",
    )
    yield Fault(
        "CSV: a field too many",
        AL_CSV,
        change_line(7, lambda s: s.replace(";7;", ";7;;8;")),
        ("heading.blank",),
        "line 7 column 9",
    )
    yield Fault(
        "CSV: half a person",
        BRC,
        change_line(5, lambda s: s.replace("3,00", "3,50"), "cp1250"),
        ("value.fraction",),
        "line 5 column 6",
    )
    yield Fault(
        "CSV: less than nought",
        BRC,
        change_line(6, lambda s: s.replace("2,00", "-2,00"), "cp1250"),
        ("value.negative",),
        "line 6 column 6",
    )
    yield Fault(
        "CSV: an indicator unknown",
        BRC,
        change_line(5, lambda s: s.replace("Prijavljene osobe", "Prijave"), "cp1250"),
        ("label.undeclared",),
        "line 5 column 4",
    )
    code = ("cube.member_undeclared",)
    yield Fault(
        "SDMX-CSV: a code unknown",
        SDMX_CSV,
        change_line(3, lambda s: s.replace(",T,M,", ",X,M,")),
        code,
        "STATUS line 3",
    )
    yield Fault(
        "SDMX-CSV: a status unknown",
        SDMX_CSV,
        change_line(4, lambda s: s.replace(",A,Demo", ",Z9,Demo")),
        ("cube.attribute_code",),
        "line 4 column 11",
    )
    yield Fault(
        "SDMX-CSV: a line twice",
        SDMX_CSV,
        change_line(5, lambda s: s + s),
        ("read.sdmx_csv.duplicate", "key.duplicate"),
        "line 6 column 11",
    )
    yield Fault(
        "SDMX-CSV: a wrong total",
        SDMX_CSV,
        change_line(2, lambda s: s.replace(",29,", ",30,")),
        ("sum.differs",),
        "line 2 column 11",
    )


def list_cube_faults() -> Iterator[Fault]:
    """Faults in PX, JSON-stat and SDMX-ML."""
    px = "cp1251"
    yield Fault(
        "PX: a number too few",
        PX,
        replace_text('2 1 "-" "-" "-" "-" "-" 1 "-" "-"', '2 1 "-" "-" "-" "-" "-" 1 "-"', px),
        ("read.px.count",),
        "DATA line 88",
    )
    yield Fault(
        "PX: a word in the data",
        PX,
        replace_text('2 1 "-" "-" "-" "-" "-" 1 "-" "-"', '2 x "-" "-" "-" "-" "-" 1 "-" "-"', px),
        ("read.px.cell",),
        "DATA line 65",
    )
    yield Fault(
        "PX: a code renamed",
        PX,
        replace_text('"SITE","PRET"', '"SITE","PRT"', px),
        ("cube.member_undeclared",),
        "Статус на жртвата line 71",
    )
    yield Fault(
        "PX: a heading taken away",
        PX,
        replace_text('STUB="Статус на жртвата","Пол","Возраст";', "", px),
        ("read.px.count",),
        "DATA line 88",
    )

    def rename_member(content: Any) -> None:
        category = content["dimension"]["status"]["category"]
        category["index"][1] = "XXX"
        category["label"]["XXX"] = category["label"].pop("POT")

    def put_value(index: int, value: object) -> Edit:
        def change_content(content: Any) -> None:
            content["value"][index] = value

        return change_json(change_content)

    yield Fault(
        "JSON-stat: a category unknown", JSON, change_json(rename_member), ("cube.member_undeclared",), "status"
    )
    yield Fault(
        "JSON-stat: a number too few", JSON, change_json(lambda c: c["value"].pop()), ("read.jsonstat.count",), "value"
    )
    yield Fault("JSON-stat: less than nought", JSON, put_value(3, -1), ("value.negative",), "value[3]")
    yield Fault("JSON-stat: a wrong total", JSON, put_value(0, 70), ("sum.differs",), "value[0]")
    yield Fault("JSON-stat: half a person", JSON, put_value(4, 1.5), ("value.fraction",), "value[4]")
    value = 'INDIKATOR="PRIJAVLJENI" DELO="KZ388" OBELEZJE="{}">\n      <Obs TIME_PERIOD="2026-Q3" OBS_VALUE="{}"'
    yield Fault(
        "SDMX-ML: a code unknown",
        SDMX,
        replace_text('DELO="KZ388" OBELEZJE="M"', 'DELO="KZ999" OBELEZJE="M"'),
        ("cube.member_undeclared",),
        "DELO line 18",
    )
    yield Fault(
        "SDMX-ML: half a person",
        SDMX,
        replace_text(value.format("M", 2), value.format("M", "2.5")),
        ("value.fraction",),
        "line 18",
    )
    yield Fault(
        "SDMX-ML: a wrong total",
        SDMX,
        replace_text(value.format("T", 5), value.format("T", 9)),
        ("sum.differs",),
        "line 15",
    )
    yield Fault(
        "SDMX-ML: a sex twice",
        SDMX,
        replace_text('"KZ388" OBELEZJE="F"', '"KZ388" OBELEZJE="M"'),
        ("read.sdmx.duplicate", "key.duplicate"),
        "line 21",
    )
    yield Fault(
        "SDMX-ML: a document type",
        SDMX,
        replace_text("<mes:StructureSpecificData", "<!DOCTYPE x>\n<mes:StructureSpecificData"),
        ("read.xml_doctype",),
        "",
    )


def list_document_faults() -> Iterator[Fault]:
    """Faults in ODS, DOCX and HTML."""
    eleven = 'office:value="11"><text:p>11</text:p>'
    yield Fault(
        "ODS: less than nought",
        SRP,
        replace_once_in_part(CONTENT, eleven, 'office:value="-11"><text:p>-11</text:p>'),
        ("value.negative",),
        "Табела 1!B8",
    )
    yield Fault(
        "ODS: a wrong total",
        SRP,
        replace_once_in_part(CONTENT, eleven, 'office:value="12"><text:p>12</text:p>'),
        ("sum.differs",),
        "Табела 1!B8",
    )
    yield Fault(
        "ODS: a label renamed",
        SRP,
        replace_once_in_part(CONTENT, "Трговина људима, члан 145.", "Трговина људима, члан 144."),
        ("label.undeclared",),
        "Табела 1!A8",
    )
    yield Fault(
        "DOCX: a label renamed",
        STATE,
        replace_once_in_part(DOCUMENT, "Krijumčarenje osoba, član 189.", "Krijumčarenje, član 189."),
        ("label.undeclared",),
        "table 1 R6C1",
    )
    yield Fault(
        "DOCX: a heading renamed",
        STATE,
        replace_once_in_part(DOCUMENT, ">po prijavi<", ">po prijavama<"),
        ("heading.undeclared",),
        "table 1 R2C4",
    )
    yield Fault(
        "DOCX: a word for a number",
        STATE,
        replace_once_in_part(DOCUMENT, ">15<", ">petnaest<"),
        ("cell.not_a_number",),
        "table 1 R6C2",
    )
    yield Fault(
        "HTML: a wrong total",
        CENTRE,
        replace_text("<td>укупно</td><td>24</td>", "<td>укупно</td><td>25</td>"),
        ("sum.differs",),
        "table 1 R2C3 line 22",
    )
    yield Fault(
        "HTML: a label renamed",
        CENTRE,
        replace_text("Принудни брак", "Присилни брак"),
        ("label.undeclared",),
        "table 2 R6C1 line 48",
    )
    yield Fault(
        "HTML: a word for a number",
        CENTRE,
        replace_text("<td>19</td>", "<td>око 19</td>"),
        ("cell.not_a_number",),
        "table 3 R2C2 line 57",
    )
    yield Fault(
        "HTML: a caption of another quarter",
        CENTRE,
        replace_text(
            "Табела 2. Жртве трговине људима према облику експлоатације, III",
            "Табела 2. Жртве трговине људима према облику експлоатације, II",
        ),
        ("period.contradiction",),
        "table 2 R1C1 line 43",
    )


def list_register_faults() -> Iterator[Fault]:
    """Faults in registers."""
    hr = "cp1250"
    yield Fault(
        "register: a date that is none",
        HR_REGISTER,
        change_line(4, lambda s: s.replace("04.07.2026.", "31.06.2026.", 1), hr),
        ("record.date",),
        "line 4 column 8",
    )
    yield Fault(
        "register: a sex unknown",
        HR_REGISTER,
        change_line(4, lambda s: s.replace(";M;29;", ";X;29;"), hr),
        ("record.value", "label.undeclared"),
        "line 4 column 5",
    )
    yield Fault(
        "register: an event of another quarter",
        HR_REGISTER,
        change_line(4, lambda s: s.replace("04.07.2026.", "04.05.2026.", 1), hr),
        ("record.outside_period",),
        "line 4 column 8",
    )
    yield Fault(
        "register: a person without a mark",
        HR_REGISTER,
        change_line(5, lambda s: s.replace("O7975A1D43", ""), hr),
        ("record.blank",),
        "line 5 column 3",
    )
    yield Fault(
        "register: convicted before decided",
        HR_REGISTER,
        change_line(4, lambda s: s.replace("04.07.2026.", "24.07.2026.", 1), hr),
        ("record.order",),
        "line 4 column 9",
    )
    yield Fault(
        "register: a line twice",
        HR_REGISTER,
        change_line(5, lambda s: s + s, hr),
        ("record.unique", "key.duplicate"),
        "line 6 column 8",
    )
    yield Fault(
        "register: an article unknown",
        RS_REGISTER,
        change_line(4, lambda s: s.replace("390 KZ", "399 KZ"), "utf-16"),
        ("record.value", "article.unknown", "label.undeclared"),
        "line 4 column 4",
    )


def list_judged_faults() -> Iterator[Fault]:
    """Numbers that are possible and not plausible."""
    many = chain_edits(*(set_cell(f"Т-02!{place}", value) for place, value in (("C11", 29), ("D11", 27))))
    yield Fault("more convicted than decided", MK, many, ("plausible.outcome",), "Т-02!C11", "warning")
    high = chain_edits(*(set_cell(f"Т-01!{p}", v) for p, v in (("B12", 912), ("C12", 912), ("B9", 917), ("C9", 916))))
    yield Fault("a figure beyond all bounds", MK, high, ("plausible.bounds",), "Т-01!B12", "warning")


_FAMILIES = {
    "cell.not_a_number": "cell: not a number",
    "read.px.cell": "cell: not a number",
    "cell.number_as_text": "cell: not a number",
    "value.negative": "cell: impossible number",
    "value.fraction": "cell: impossible number",
    "cell.empty": "cell: empty",
    "cell.date": "cell: wrong type",
    "cell.error": "cell: wrong type",
    "cell.formula": "cell: wrong type",
    "cell.boolean": "cell: wrong type",
    "cell.percent": "cell: shown otherwise",
    "cell.shown_otherwise": "cell: shown otherwise",
    "cell.merged_value": "layout: merged or hidden",
    "cell.hidden": "layout: merged or hidden",
    "label.undeclared": "label: unknown",
    "label.blank": "label: blank or absent",
    "label.absent": "label: blank or absent",
    "cell.lookalike": "label: unknown",
    "key.duplicate": "key: twice",
    "read.sdmx_csv.duplicate": "key: twice",
    "read.sdmx.duplicate": "key: twice",
    "heading.undeclared": "heading: unknown or blank",
    "heading.blank": "heading: unknown or blank",
    "table.title_missing": "table: missing or twice",
    "table.not_found": "table: missing or twice",
    "table.twice": "table: missing or twice",
    "period.contradiction": "period: two in one file",
    "cell.unbound": "table: figures outside",
    "table.undeclared": "table: figures outside",
    "sum.differs": "sum: wrong total",
    "cube.member_undeclared": "cube: unknown code",
    "cube.attribute_code": "cube: unknown code",
    "read.px.count": "cube: number of values",
    "read.jsonstat.count": "cube: number of values",
    "read.xml_doctype": "cube: unknown code",
    "record.date": "register: impossible value",
    "record.value": "register: impossible value",
    "record.blank": "register: impossible value",
    "record.outside_period": "register: order of dates",
    "record.order": "register: order of dates",
    "record.unique": "register: twice",
    "plausible.outcome": "part above whole: convicted",
    "plausible.bounds": "bounds: beyond all",
}
"""Family of a fault of reading by the first rule that may find it."""


def list_faults() -> Iterator[Fault]:
    """Yield the faults of reading with their families."""
    for fault in (
        *list_workbook_faults(),
        *list_delimited_faults(),
        *list_cube_faults(),
        *list_document_faults(),
        *list_register_faults(),
        *list_judged_faults(),
    ):
        yield replace(fault, family=_FAMILIES[fault.rules[0]])
