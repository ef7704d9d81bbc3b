"""Faults that a series shows: figures ten times too high, digits exchanged, years so far, tables without a total."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.edits import (
    chain_edits,
    document_cells,
    old_cells,
    open_cells,
    page_cells,
    px_values,
    report_cells,
    sdmx_values,
    set_cells,
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
    ME,
    MK,
    REPORT,
    SDMX,
    SRP,
    STATE,
    Fault,
    plant_fault,
)

_CP1250 = "cp1250"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _years_so_far()
    yield from _adults()
    yield from _tenfold()
    yield from _digits()
    yield from _victims()


def _years_so_far() -> Iterator[Fault]:
    ten = "year so far: ten-fold"
    yield plant_fault(ten, "reported, cases", REPORT, report_cells({(1, 1, 1): 210}), "page 1 box (439,184,491,195)")
    edit = report_cells({(1, 2, 1): 310, (1, 2, 2): 304, (1, 2, 6): 288})
    yield plant_fault(ten, "reported", REPORT, edit, "page 1 box (439,195,491,207)", "page 1 box (*")
    edit = report_cells({(1, 7, 1): 180, (1, 7, 2): 176, (1, 7, 7): 167})
    yield plant_fault(ten, "indicted", REPORT, edit, "page 1 box (439,253,491,264)", "page 1 box (*")
    edit = report_cells({(1, 14, 1): 140, (1, 14, 2): 134, (1, 14, 6): 132})
    yield plant_fault(ten, "appealed", REPORT, edit, "page 1 box (439,333,491,345)", "page 1 box (*")
    edit = report_cells({(2, 17, 1): 190, (2, 17, 2): 187, (2, 17, 6): 181})
    yield plant_fault(ten, "convicted, final", REPORT, edit, "page 2 box (439,252,491,263)", "page 2 box (*")
    edit = report_cells({(2, 5, 1): 80, (2, 5, 2): 77, (2, 5, 6): 74})
    yield plant_fault(ten, "investigated, smuggling", REPORT, edit, "page 2 box (439,114,491,125)", "page 2 box (*")

    digits = "year so far: digits exchanged"
    edit = report_cells({(1, 3, 1): 62, (1, 3, 2): 55, (1, 3, 6): 46})
    yield plant_fault(digits, "reports disposed of", REPORT, edit, "page 1 box (439,207,491,218)", "page 1 box (*")
    edit = report_cells({(1, 4, 1): 72, (1, 4, 2): 68, (1, 4, 6): 53})
    yield plant_fault(digits, "investigated", REPORT, edit, "page 1 box (439,218,491,230)", "page 1 box (*")
    edit = report_cells({(1, 16, 1): 71, (1, 16, 2): 66, (1, 16, 6): 62})
    yield plant_fault(digits, "convicted, final", REPORT, edit, "page 1 box (439,356,491,368)", "page 1 box (*")
    edit = report_cells({(2, 17, 1): 91, (2, 17, 2): 88, (2, 17, 6): 82})
    yield plant_fault(
        digits, "convicted, final, smuggling", REPORT, edit, "page 2 box (439,252,491,263)", "page 2 box (*"
    )

    less = "year so far: less than before"
    edit = report_cells(
        {(1, 2, 1): 3, (1, 2, 2): 2, (1, 2, 3): 1, (1, 2, 4): 1, (1, 2, 5): 1, (1, 2, 6): 1, (1, 2, 7): "-"}
    )
    yield plant_fault(less, "reported", REPORT, edit, "page 1 box (439,195,491,207)", "page 1 box (*")
    yield plant_fault(less, "reported, cases", REPORT, report_cells({(1, 1, 1): 2}), "page 1 box (439,184,491,195)")
    edit = report_cells(
        {(2, 17, 1): 1, (2, 17, 2): 1, (2, 17, 3): "-", (2, 17, 5): "-", (2, 17, 6): "-", (2, 17, 7): 1}
    )
    yield plant_fault(less, "convicted, final", REPORT, edit, "page 2 box (439,252,491,263)", "page 2 box (*")


def _adults() -> Iterator[Fault]:
    family = "adults only: ten-fold"
    edit = set_cells({"Т-03!B10": 130, "Т-03!C10": 128, "Т-03!G10": 122})
    yield plant_fault(family, "convicted, smuggling", MK, edit, "Т-03!B10", "Т-03!*")
    edit = set_cells({"Т-03!B12": 30, "Т-03!C12": 30, "Т-03!H12": 29})
    yield plant_fault(family, "convicted, trafficking in children", MK, edit, "Т-03!B12", "Т-03!*")
    edit = set_cells({"Т-05!B10": 120, "Т-05!C10": 112, "Т-05!F10": 112})
    yield plant_fault(family, "sanctions, smuggling", MK, edit, "Т-05!B10", "Т-05!*")
    edit = set_cells({"Т-05!B12": 30, "Т-05!C12": 30, "Т-05!G12": 29})
    yield plant_fault(family, "sanctions, trafficking in children", MK, edit, "Т-05!B12", "Т-05!*")
    family = "adults only: digits exchanged"
    edit = set_cells({"Т-03!B10": 31, "Т-03!C10": 29, "Т-03!G10": 23})
    yield plant_fault(family, "convicted, smuggling", MK, edit, "Т-03!B10", "Т-03!*", "Т-05!*")
    edit = set_cells({"Т-05!B10": 21, "Т-05!C10": 13, "Т-05!F10": 13})
    yield plant_fault(family, "sanctions, smuggling", MK, edit, "Т-05!B10", "Т-05!*", "Т-03!*")


def _tenfold() -> Iterator[Fault]:
    family = "article: ten-fold"
    edit = old_cells({"Tužilaštvo-Tužiteljstvo!B8": 70, "Tužilaštvo-Tužiteljstvo!C8": 67})
    yield plant_fault(
        family, "reported, Federation", FED, edit, "Tužilaštvo-Tužiteljstvo!B8", "Tužilaštvo-Tužiteljstvo!*"
    )
    edit = open_cells({"Табела 1!B8": 110, "Табела 1!C8": 104})
    yield plant_fault(family, "reported, Srpska", SRP, edit, "Табела 1!B8", "Табела 1!*")
    edit = document_cells({"table 1 R6C4": 270, "table 2 R6C2": 269})
    yield plant_fault(family, "reported, State", STATE, edit, "table 1 R6C4", "table 1 R6*", "table 2 R6*")
    edit = set_fields({"line 5 column 6": "30,00", "line 6 column 6": "29,00"}, separator=";", encoding=_CP1250)
    yield plant_fault(family, "reported, Brčko", BRC, edit, "line 5 column 6", "line 6 column 6")
    edit = px_values({519: 350, 520: 348, 524: 341}, _CP1250)
    yield plant_fault(family, "decided, Croatia", HR_PX, edit, "DATA line 519", "DATA line 520", "DATA line 524")
    edit = sdmx_values({1287: 170, 1290: 168})
    yield plant_fault(family, "reported, Serbia", SDMX, edit, "line 1287", "line 1290")
    edit = page_cells({"table 1 R6C3": 80})
    yield plant_fault(family, "reported, Montenegro", ME, edit, "table 1 R6C3 line 26")
    edit = set_cells(
        {
            "Tremujori III!C13": 350, "Tremujori III!D13": 344, "Tremujori III!C8": 371, "Tremujori III!D8": 362,
            "Tremujori III!E37": 330, "Tremujori III!E32": 336,
        }
    )  # fmt: skip
    yield plant_fault(family, "reported, Albania", AL, edit, "Tremujori III!C13", "Tremujori III!*")
    edit = set_cells({"Т-01!B12": 120, "Т-01!C12": 120, "Т-01!B9": 125, "Т-01!C9": 124})
    yield plant_fault(family, "reported, North Macedonia", MK, edit, "Т-01!B12", "Т-01!*")
    edit = chain_edits(set_cells({"Т-06!E10": 590}))
    yield plant_fault(family, "pending, North Macedonia", MK, edit, "Т-06!E10", "Т-06!*")
    edit = document_cells({"table 1 R6C13": 380})
    yield plant_fault(family, "pending, State", STATE, edit, "table 1 R6C13", "table 1 R6*")
    edit = sdmx_values({1353: 460, 1356: 455})
    yield plant_fault(family, "pending, Serbia", SDMX, edit, "line 1353", "line 1356")


def _digits() -> Iterator[Fault]:
    family = "article: digits exchanged"
    edit = set_cells({"Т-01!H12": 72, "Т-01!I12": 71, "Т-01!H9": 80, "Т-01!I9": 77})
    yield plant_fault(family, "indicted, North Macedonia", MK, edit, "Т-01!H12", "Т-01!*")
    edit = document_cells({"table 1 R6C2": 51})
    yield plant_fault(family, "cases, State", STATE, edit, "table 1 R6C2", "table 1 R6*")
    edit = old_cells({"Sudovi!B13": 61, "Sudovi!C13": 58})
    yield plant_fault(family, "pending, Federation", FED, edit, "Sudovi!B13", "Sudovi!*")
    edit = sdmx_values({1299: 82, 1302: 80})
    yield plant_fault(family, "reports disposed of, Serbia", SDMX, edit, "line 1299", "line 1302")
    edit = px_values({513: 95, 514: 92}, _CP1250)
    yield plant_fault(family, "pending, Croatia", HR_PX, edit, "DATA line 513", "DATA line 514")
    edit = page_cells({"table 1 R6C6": 91})
    yield plant_fault(family, "reports disposed of, Montenegro", ME, edit, "table 1 R6C6 line 26", "table 1 R6*")
    edit = set_cells({"Tremujori III!I13": 71, "Tremujori III!J13": 71, "Tremujori III!I8": 85, "Tremujori III!J8": 85})
    yield plant_fault(family, "indicted, Albania", AL, edit, "Tremujori III!I13", "Tremujori III!*")


def _victims() -> Iterator[Fault]:
    family = "victims: ten-fold"
    values = {"R2C6": 70, "R4C6": 67, "R8C6": 66, "R10C6": 64, "R14C6": 65, "R16C6": 64}
    tables = {**{f"table 1 {place}": value for place, value in values.items()}, "table 2 R2C5": 66, "table 3 R2C5": 68}
    edit = page_cells(tables)
    yield plant_fault(family, "injured parties, Serbia", CENTRE, edit, "table 1 R2C6 line 22", "table *")
    first = {"Tabela 1!B11": 150, "Tabela 1!C11": 141, "Tabela 1!G11": 140, "Tabela 2!D11": 138}
    edit = set_cells({**first, "Tabela 3!E7": 150, "Tabela 3!E8": 140, "Tabela 4!E7": 150, "Tabela 4!E8": 146})
    yield plant_fault(family, "injured parties, Bosnia and Herzegovina", COORDINATOR, edit, "Tabela 1!B11", "Tabela*")
    edit = set_fields({"line 94 column 7": 120, "line 95 column 7": 114}, separator=";")
    yield plant_fault(family, "injured parties, Albania", AL_CSV, edit, "line 94 column 7", "line 95 column 7")
