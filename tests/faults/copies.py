"""Faults of copying and of the period: figures of an earlier period sent again, whole, in part or nearly."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from tests.faults.edits import (
    Edit,
    chain_edits,
    change_workbook,
    copy_of,
    document_cells,
    old_workbook,
    open_cells,
    page_cells,
    relabel_cells,
    relabel_old,
    replace_everywhere,
    replace_in_part,
    replace_text,
    sdmx_values,
    set_fields,
)
from tests.faults.fault import (
    AL,
    AL_CSV,
    BRC,
    CENTRE,
    COORDINATOR,
    FED,
    HR_PX,
    JSON,
    ME_XLS,
    MK,
    PX,
    SDMX,
    SDMX_CSV,
    SRP,
    STATE,
    Fault,
    plant_fault,
)
from tests.support.paths import SAMPLES

_ANYWHERE = "*"
"""A copy has no cell of its own: a finding anywhere in the file, or in the copied table, is accepted."""
_CP1250, _CP1251 = "cp1250", "cp1251"
_MK_BEFORE = "MK/justice/Pravosudstvo_2026_K2.xlsx"
_FED_BEFORE = "BA/justice/FT_FBiH_2_2026.xls"
_AS_MK = relabel_cells("2. квартал 2026", "3. квартал 2026")
_AS_FED = relabel_old("2. tromjesečje/kvartal 2026", "3. tromjesečje/kvartal 2026")
_AS_AL_CSV = replace_everywhere("T2/2026", "T3/2026")
_AS_RS = replace_everywhere("2026-Q2", "2026-Q3")


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _before()
    yield from _earlier()
    yield from _tables()
    yield from _nearly()
    yield from _periods()


def _before() -> Iterator[Fault]:
    family = "copy of the period before"
    yield plant_fault(family, "North Macedonia", MK, copy_of(_MK_BEFORE, _AS_MK), _ANYWHERE)
    yield plant_fault(family, "Albania", AL_CSV, copy_of("AL/victims/MKR_viktimat_2026_T2.csv", _AS_AL_CSV), _ANYWHERE)
    yield plant_fault(family, "Federation", FED, copy_of(_FED_BEFORE, _AS_FED), _ANYWHERE)
    yield plant_fault(family, "Serbia", SDMX, copy_of("RS/justice/SORS_KRIM_THB_2026-Q2.xml", _AS_RS), _ANYWHERE)
    edit = replace_everywhere(",2024,", ",2025,")
    yield plant_fault(family, "Kosovo", SDMX_CSV, copy_of("XK/victims/NATC_THB_VICTIMS_2024.csv", edit), _ANYWHERE)
    edit = relabel_cells("2024. godina", "2025. godina")
    yield plant_fault(
        family, "Bosnia", COORDINATOR, copy_of("BA/victims/Drzavni_koordinator_zrtve_2024.xlsx", edit), _ANYWHERE
    )
    edit = relabel_old("2024. godina", "2025. godina")
    yield plant_fault(
        family, "Montenegro", ME_XLS, copy_of("ME/victims/zrtve_trgovine_ljudima_2024.xls", edit), _ANYWHERE
    )


def _earlier() -> Iterator[Fault]:
    family = "copy of an earlier period"
    edit = replace_in_part("content.xml", "3. тромјесечје 2025", "3. тромјесечје 2026")
    yield plant_fault(family, "Srpska", SRP, copy_of("BA/justice/RZS_pravosudje_2025_3.ods", edit), _ANYWHERE)
    edit = chain_edits(replace_everywhere("2025-Q3", "2026-Q3"), replace_text("tromjesečje 2025.", "tromjesečje 2026."))
    yield plant_fault(family, "Croatia", JSON, copy_of("HR/victims/zrtve_thb_2025-3.json", edit), _ANYWHERE)
    edit = replace_everywhere(" I квартал 2026", " III квартал 2026")
    yield plant_fault(
        family, "Serbia, victims", CENTRE, copy_of("RS/victims/izvestaj-centra-2026-k1.html", edit), _ANYWHERE
    )
    edit = replace_everywhere("2026-Q1", "2026-Q3")
    yield plant_fault(family, "Serbia", SDMX, copy_of("RS/justice/SORS_KRIM_THB_2026-Q1.xml", edit), _ANYWHERE)
    edit = chain_edits(
        replace_everywhere("2025K3", "2026K3", _CP1251), replace_everywhere('"20253"', '"20263"', _CP1251)
    )
    yield plant_fault(family, "North Macedonia", PX, copy_of("MK/victims/NRM_ZRTVI_2025K3.px", edit), _ANYWHERE)
    edit = replace_everywhere("T1/2026", "T3/2026")
    yield plant_fault(family, "Albania", AL_CSV, copy_of("AL/victims/MKR_viktimat_2026_T1.csv", edit), _ANYWHERE)
    edit = chain_edits(
        replace_everywhere("2025-Q3", "2026-Q3", _CP1250),
        replace_everywhere("tromjesečje 2025.", "tromjesečje 2026.", _CP1250),
        replace_everywhere('"Q3 2025"', '"Q3 2026"', _CP1250),
    )
    yield plant_fault(family, "Croatia, justice", HR_PX, copy_of("HR/justice/PSZ_TR_2025_3.px", edit), _ANYWHERE)


def _sheet_of(path: str, sheet: str) -> Edit:
    """Put the figures of one sheet of another workbook of the same form into the file."""

    def change_book(book: Any) -> None:
        import openpyxl

        source = openpyxl.load_workbook(io.BytesIO((SAMPLES / path).read_bytes()))[sheet]
        for row in source.iter_rows():
            for cell in row:
                if isinstance(cell.value, int) or cell.value == "-":
                    book[sheet][cell.coordinate].value = cell.value

    return change_workbook(change_book)


def _old_sheet_of(path: str, sheet: str) -> Edit:
    """Put the figures of one sheet of another BIFF8 workbook of the same form into the file."""

    def change_sheets(sheets: dict[str, dict[tuple[int, int], Any]]) -> None:
        import xlrd

        source = xlrd.open_workbook(file_contents=(SAMPLES / path).read_bytes()).sheet_by_name(sheet)
        for place, value in list(sheets[sheet].items()):
            if isinstance(value, float):
                sheets[sheet][place] = source.cell_value(*place)

    return old_workbook(change_sheets)


def _rows_of_quarter(first: int, last: int) -> Edit:
    """Put the figures of some rows of the second quarter's sheet of Albania into the third quarter's."""

    def change_book(book: Any) -> None:
        for row in book["Tremujori II"].iter_rows(min_row=first, max_row=last):
            for cell in row:
                if isinstance(cell.value, int):
                    book["Tremujori III"][cell.coordinate].value = cell.value

    return change_workbook(change_book)


def _tables() -> Iterator[Fault]:
    family = "copy of one table"
    yield plant_fault(family, "reported, North Macedonia", MK, _sheet_of(_MK_BEFORE, "Т-01"), "Т-01!*")
    yield plant_fault(family, "convicted finally, North Macedonia", MK, _sheet_of(_MK_BEFORE, "Т-03"), "Т-03!*")
    yield plant_fault(
        family,
        "prosecution, Federation",
        FED,
        _old_sheet_of(_FED_BEFORE, "Tužilaštvo-Tužiteljstvo"),
        "Tužilaštvo-Tužiteljstvo!*",
    )
    yield plant_fault(family, "persons, Albania", AL, _rows_of_quarter(8, 14), "Tremujori III!*")
    yield plant_fault(family, "sanctions, Albania", AL, _rows_of_quarter(44, 50), "Tremujori III!*")
    rows = ("- 1 - - - -", "1 1 - 1 4 -", "1 - 1 - - 1", "7 4 11 2 14 2", "- - - - 5 -")
    values = {
        f"table 2 R{row}C{column}": value
        for row, numbers in enumerate(rows, start=3)
        for column, value in enumerate(numbers.split(), start=2)
    }
    edit = document_cells(values)
    yield plant_fault(family, "persons by sex, State", STATE, edit, "table 2 *", "table 1 *")


def _nearly() -> Iterator[Fault]:
    family = "nearly a copy"
    edit = chain_edits(
        replace_in_part("content.xml", "2. тромјесечје 2026", "3. тромјесечје 2026"), open_cells({"Табела 1!L8": 1})
    )
    yield plant_fault(family, "Srpska", SRP, copy_of("BA/justice/RZS_pravosudje_2026_2.ods", edit), _ANYWHERE)
    edit = chain_edits(
        _AS_AL_CSV, set_fields({"line 94 column 7": 13, "line 95 column 7": 7, "line 96 column 7": 6}, separator=";")
    )
    yield plant_fault(family, "Albania", AL_CSV, copy_of("AL/victims/MKR_viktimat_2026_T2.csv", edit), _ANYWHERE)
    edit = chain_edits(_AS_RS, sdmx_values({978: 12, 1296: 13}))
    yield plant_fault(family, "Serbia", SDMX, copy_of("RS/justice/SORS_KRIM_THB_2026-Q2.xml", edit), _ANYWHERE)
    edit = chain_edits(_AS_MK, change_workbook(lambda book: setattr(book["Т-06"]["C9"], "value", 11)))
    yield plant_fault(family, "North Macedonia", MK, copy_of(_MK_BEFORE, edit), _ANYWHERE)
    edit = chain_edits(replace_everywhere(" II квартал 2026", " III квартал 2026"), page_cells({"table 2 R3C5": 2}))
    yield plant_fault(
        family, "Serbia, victims", CENTRE, copy_of("RS/victims/izvestaj-centra-2026-k2.html", edit), _ANYWHERE
    )


def _periods() -> Iterator[Fault]:
    family = "wrong period"
    edit = replace_everywhere("T3/2026", "T3/2025")
    yield plant_fault(family, "last year, Albania", AL_CSV, edit, _ANYWHERE)
    yield plant_fault(
        family, "last year, Bosnia", COORDINATOR, relabel_cells("2025. godina", "2024. godina"), _ANYWHERE
    )
    edit = replace_everywhere("2026-Q3", "2026-Q2")
    yield plant_fault(family, "last quarter, Serbia", SDMX, edit, _ANYWHERE)
    yield plant_fault(
        family, "last quarter, North Macedonia", MK, relabel_cells("3. квартал 2026", "2. квартал 2026"), _ANYWHERE
    )
    edit = replace_in_part("word/document.xml", "III kvartal 2026", "I kvartal 2026")
    yield plant_fault(family, "first quarter, State", STATE, edit, _ANYWHERE)
    yield plant_fault(family, "last quarter, Brčko", BRC, replace_everywhere("2/2026;", "4/2025;", _CP1250), _ANYWHERE)
    edit = replace_everywhere("III квартал 2026", "III квартал 2025")
    yield plant_fault(family, "last year, Serbia, victims", CENTRE, edit, _ANYWHERE)
