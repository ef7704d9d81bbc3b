"""Faults of part and whole: parts above their whole, outcomes, sanctions, balances, and the joint by article."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.edits import (
    document_cells,
    json_values,
    old_cells,
    open_cells,
    page_cells,
    px_values,
    report_cells,
    sdmx_values,
    set_cells,
    set_fields,
    swap_old_cells,
    swap_rows,
)
from tests.faults.fault import (
    AL,
    AL_CSV,
    BRC,
    CENTRE,
    FED,
    HR_PX,
    JSON,
    ME,
    ME_XLS,
    MK,
    REPORT,
    SDMX,
    SDMX_CSV,
    SRP,
    STATE,
    Fault,
    plant_fault,
)

_CP1250 = "cp1250"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _sexes()
    yield from _ages()
    yield from _convicted()
    yield from _kinds()
    yield from _outcomes()
    yield from _sanctions()
    yield from _balances()
    yield from _joints()


def _sexes() -> Iterator[Fault]:
    family = "part above whole: sex"
    edit = page_cells({"table 1 R6C4": 9})
    yield plant_fault(family, "reported women, Montenegro", ME, edit, "table 1 R6C4 line 26", "table 1 R6C3 line 26")
    edit = page_cells({"table 2 R6C7": 40})
    yield plant_fault(family, "convicted women, Montenegro", ME, edit, "table 2 R6C7 line 37", "table 2 R6C6 line 37")
    edit = page_cells({"table 1 R4C10": 8})
    yield plant_fault(
        family, "investigated women, Montenegro", ME, edit, "table 1 R4C10 line 24", "table 1 R4C9 line 24"
    )
    edit = page_cells({"table 2 R5C13": 3})
    yield plant_fault(family, "women convicted finally, Montenegro", ME, edit, "table 2 R5C13 line 36", "table 2 R5*")
    edit = document_cells({"table 3 R6C6": 5})
    yield plant_fault(family, "convicted, State", STATE, edit, "table 3 R6C6", "table 3 R6C4", "table 3 R6C5")
    edit = document_cells({"table 2 R6C3": 9})
    places = ("table 2 R6C3", "table 2 R6C2", "table 1 R6C4")
    yield plant_fault(family, "reported, State", STATE, edit, *places)
    edit = old_cells({"Žrtve!C11": 5})
    yield plant_fault(family, "injured parties, Montenegro", ME_XLS, edit, "Žrtve!C11", "Žrtve!B11")
    edit = report_cells({(1, 7, 3): 21})
    yield plant_fault(
        family, "indicted women, Kosovo", REPORT, edit, "page 1 box (543,253,595,264)", "page 1 box (439,253*"
    )


def _ages() -> Iterator[Fault]:
    family = "part above whole: age"
    edit = page_cells({"table 1 R6C5": 9})
    yield plant_fault(
        family, "reported juveniles, Montenegro", ME, edit, "table 1 R6C5 line 26", "table 1 R6C3 line 26"
    )
    edit = page_cells({"table 2 R6C14": 12})
    yield plant_fault(
        family, "convicted juveniles, Montenegro", ME, edit, "table 2 R6C14 line 37", "table 2 R6C12 line 37"
    )
    edit = open_cells({"Табела 3!B8": 3})
    yield plant_fault(family, "convicted, Srpska", SRP, edit, "Табела 3!B8", "Табела 3!*", "Табела 2!E8")
    edit = open_cells({"Табела 3!H9": 5})
    yield plant_fault(family, "convicted finally, Srpska", SRP, edit, "Табела 3!H9", "Табела 3!*", "Табела 2!K9")
    edit = page_cells({"table 1 R11C3": 9, "table 1 R12C3": 7})
    yield plant_fault(family, "young adults, Serbia", CENTRE, edit, "table 1 R11C3 line 31", "table 1 R*")
    edit = set_fields({"line 16 column 7": 9, "line 17 column 7": 6}, separator=";")
    yield plant_fault(
        family, "victims of 14 to 17, Albania", AL_CSV, edit, "line 16 column 7", "line 7 column 7", "line 17*"
    )
    edit = set_fields({"line 11 column 11": 11, "line 12 column 11": 8}, separator=",")
    yield plant_fault(
        family, "victims of 14 to 17, Kosovo", SDMX_CSV, edit, "line 11 column 11", "line 5 column 11", "line 12*"
    )
    edit = set_fields({"line 14 column 11": 21, "line 15 column 11": 14}, separator=",")
    yield plant_fault(
        family, "young adults, Kosovo", SDMX_CSV, edit, "line 14 column 11", "line 8 column 11", "line 15*"
    )
    edit = json_values({6: 5, 7: 3, 8: 2})
    yield plant_fault(
        family, "young adults, Croatia", JSON, edit, "value[6]", "value[0]", "value[15]", "value[7]", "value[8]"
    )
    edit = set_cells({"Т-03!G10": 15})
    yield plant_fault(family, "convicted of 25 to 34, North Macedonia", MK, edit, "Т-03!G10", "Т-03!B10")
    edit = set_cells({"Tremujori III!E36": 4, "Tremujori III!E32": 24})
    yield plant_fault(
        family, "reported of 25 to 34, Albania", AL, edit, "Tremujori III!E36", "Tremujori III!C12", "Tremujori III!*"
    )


def _convicted() -> Iterator[Fault]:
    family = "part above whole: convicted"
    edit = old_cells({"Sudovi!B9": 6, "Sudovi!C9": 6})
    yield plant_fault(family, "Federation", FED, edit, "Sudovi!B9", "Sudovi!*")
    edit = old_cells({"Sudovi!E17": 2, "Sudovi!F17": 2})
    yield plant_fault(family, "final, Federation", FED, edit, "Sudovi!E17", "Sudovi!*")
    values = {"O12": 8, "P12": 7, "O8": 38, "P8": 32, "K36": 5, "K32": 16}
    edit = set_cells({f"Tremujori III!{place}": value for place, value in values.items()})
    yield plant_fault(family, "Albania", AL, edit, "Tremujori III!O12", "Tremujori III!*")
    edit = document_cells({"table 3 R6C4": 25, "table 3 R6C5": 25})
    yield plant_fault(family, "State", STATE, edit, "table 3 R6C4", "table 3 R6*")
    edit = document_cells({"table 3 R5C15": 2, "table 3 R5C16": 2})
    yield plant_fault(family, "final, State", STATE, edit, "table 3 R5C15", "table 3 R5*")
    edit = open_cells({"Табела 2!E8": 5, "Табела 2!F8": 3, "Табела 3!E8": 3})
    yield plant_fault(family, "Srpska", SRP, edit, "Табела 2!E8", "Табела 2!*")
    edit = px_values({351: 7, 352: 5, 356: 7}, _CP1250)
    yield plant_fault(
        family, "final, Croatia", HR_PX, edit, "DATA line 351", "DATA line 345", "DATA line 352", "DATA line 356"
    )
    edit = sdmx_values({420: 4, 423: 3})
    yield plant_fault(family, "Serbia", SDMX, edit, "line 420", "line 408", "line 423", "line 411")
    edit = report_cells({(1, 26, 1): 3, (1, 26, 2): 3, (1, 26, 7): 3})
    yield plant_fault(family, "Kosovo", REPORT, edit, "page 1 box (439,471,491,483)", "page 1 box (*")
    edit = page_cells({"table 2 R4C6": 6})
    yield plant_fault(family, "Montenegro", ME, edit, "table 2 R4C6 line 35", "table 2 R4*")
    edit = set_fields({"line 23 column 6": "1,00", "line 24 column 6": "1,00"}, separator=";", encoding=_CP1250)
    yield plant_fault(
        family, "Brčko", BRC, edit, "line 23 column 6", "line 20 column 6", "line 24 column 6", "line 21 column 6"
    )


def _kinds() -> Iterator[Fault]:
    family = "part above whole: kind of sanction"
    edit = set_cells({"Т-04!C10": 10, "Т-04!F10": 9})
    yield plant_fault(family, "prison, North Macedonia", MK, edit, "Т-04!C10", "Т-04!B10", "Т-04!*")
    edit = page_cells({"table 3 R7C4": 12, "table 3 R7C8": 10})
    yield plant_fault(
        family, "prison, Montenegro", ME, edit, "table 3 R7C4 line 49", "table 3 R7C3 line 49", "table 3 R7*"
    )
    edit = document_cells({"table 4 R6C3": 22, "table 4 R6C5": 18})
    yield plant_fault(family, "prison, State", STATE, edit, "table 4 R6C3", "table 4 R6C2", "table 4 R6*")
    edit = old_cells({"Sankcije!B8": 5, "Sankcije!B10": 3})
    yield plant_fault(family, "prison, Federation", FED, edit, "Sankcije!B8", "Sankcije!B7", "Sankcije!*")
    edit = report_cells({(4, 1, 2): 15, (4, 1, 7): 9})
    yield plant_fault(family, "prison, Kosovo", REPORT, edit, "page 4 box (263,92,308,104)", "page 4 box (*")
    edit = sdmx_values({1506: 31, 1509: 31, 1533: 26, 1536: 26})
    yield plant_fault(family, "prison, Serbia", SDMX, edit, "line 1506", "line 1497", "line 1509", "line 1500")
    edit = open_cells({"Табела 4!V9": 2})
    yield plant_fault(family, "length, Srpska", SRP, edit, "Табела 4!V9", "Табела 4!*")


def _outcomes() -> Iterator[Fault]:
    family = "outcomes above decided"
    edit = set_cells({"Т-02!F11": 9})
    yield plant_fault(family, "North Macedonia", MK, edit, "Т-02!F11", "Т-02!*")
    edit = old_cells({"Sudovi!E10": 5, "Sudovi!F10": 4})
    yield plant_fault(family, "Federation", FED, edit, "Sudovi!E10", "Sudovi!*")
    edit = document_cells({"table 3 R4C7": 4})
    yield plant_fault(family, "State", STATE, edit, "table 3 R4C7", "table 3 R4*")
    edit = report_cells({(1, 11, 1): 4, (1, 11, 2): 4, (1, 11, 6): 4})
    yield plant_fault(family, "Kosovo", REPORT, edit, "page 1 box (439,299,491,310)", "page 1 box (*")
    edit = sdmx_values({1701: 6, 1704: 6})
    yield plant_fault(family, "Serbia", SDMX, edit, "line 1701", "line 1704", "line 1680", "line 1683", "line 1692")
    edit = px_values({555: 8, 556: 7, 560: 8}, _CP1250)
    yield plant_fault(family, "final, Croatia", HR_PX, edit, "DATA line 555", "DATA line 5*")
    edit = set_cells({"Tremujori III!E25": 9, "Tremujori III!E20": 10})
    yield plant_fault(family, "Albania", AL, edit, "Tremujori III!E25", "Tremujori III!*")


def _sanctions() -> Iterator[Fault]:
    family = "sanctions differ from convicted"
    edit = set_cells({"Т-04!B10": 14, "Т-04!C10": 10, "Т-04!F10": 9})
    yield plant_fault(family, "North Macedonia", MK, edit, "Т-04!B10", "Т-04!*", "Т-02!*")
    edit = set_cells({"Т-05!B10": 23, "Т-05!C10": 15, "Т-05!F10": 15})
    yield plant_fault(family, "final, adults, North Macedonia", MK, edit, "Т-05!B10", "Т-05!*", "Т-03!*")
    edit = old_cells({"Sankcije!B7": 7, "Sankcije!B8": 7, "Sankcije!B10": 5})
    yield plant_fault(family, "Federation", FED, edit, "Sankcije!B7", "Sankcije!*", "Sudovi!*")
    edit = document_cells({"table 5 R6C2": 15, "table 5 R6C3": 10, "table 5 R6C5": 7})
    yield plant_fault(family, "final, State", STATE, edit, "table 5 R6C2", "table 5 R6*", "table 3 R6*")
    edit = open_cells({"Табела 4!B9": 8, "Табела 4!C9": 8, "Табела 4!G9": 7})
    yield plant_fault(family, "Srpska", SRP, edit, "Табела 4!B9", "Табела 4!*", "Табела 2!*")
    edit = page_cells({"table 3 R7C3": 16, "table 3 R7C4": 12, "table 3 R7C8": 10})
    yield plant_fault(family, "Montenegro", ME, edit, "table 3 R7C3 line 49", "table 3 R7*", "table 2 R6*")
    edit = report_cells({(4, 1, 1): 20, (4, 1, 2): 17, (4, 1, 7): 11})
    yield plant_fault(family, "Kosovo", REPORT, edit, "page 4 box (218,92,263,104)", "page 4 box (*", "page 1 box (*")
    edit = sdmx_values({1497: 37, 1500: 37, 1506: 21, 1509: 21, 1533: 16, 1536: 16})
    yield plant_fault(family, "Serbia", SDMX, edit, "line 1497", "line 15*", "line 13*")
    numbers = {32: "2,00", 33: "2,00", 34: "2,00"}
    edit = set_fields({f"line {n} column 6": v for n, v in numbers.items()}, separator=";", encoding=_CP1250)
    yield plant_fault(family, "Brčko", BRC, edit, "line 32 column 6", "line 23 column 6", "line 33*", "line 34*")


def _balances() -> Iterator[Fault]:
    family = "balance: prosecution"
    edit = document_cells({"table 1 R6C13": 83})
    yield plant_fault(family, "smuggling, State", STATE, edit, "table 1 R6C13", "table 1 R6*")
    edit = document_cells({"table 1 R4C13": 18})
    yield plant_fault(family, "trafficking, State", STATE, edit, "table 1 R4C13", "table 1 R4*")
    edit = old_cells({"Tužilaštvo-Tužiteljstvo!B18": 21, "Tužilaštvo-Tužiteljstvo!C18": 17})
    yield plant_fault(family, "Federation", FED, edit, "Tužilaštvo-Tužiteljstvo!B18", "Tužilaštvo-Tužiteljstvo!*")
    edit = px_values({513: 89, 514: 86}, _CP1250)
    yield plant_fault(family, "Croatia", HR_PX, edit, "DATA line 513", "DATA line 514", "DATA line 507")
    family = "balance: first instance"
    edit = document_cells({"table 3 R4C11": 17})
    yield plant_fault(family, "State", STATE, edit, "table 3 R4C11", "table 3 R4*")
    edit = document_cells({"table 3 R6C11": 85})
    yield plant_fault(family, "smuggling, State", STATE, edit, "table 3 R6C11", "table 3 R6*")
    edit = old_cells({"Sudovi!B13": 26, "Sudovi!C13": 23})
    yield plant_fault(family, "Federation", FED, edit, "Sudovi!B13", "Sudovi!*")


def _joints() -> Iterator[Fault]:
    family = "joint by article"
    pairs = [
        (f"Tužilaštvo-Tužiteljstvo!{first}7", f"Tužilaštvo-Tužiteljstvo!{second}7")
        for first, second in zip("BCD", "EFG", strict=True)
    ]
    yield plant_fault(
        family, "Federation", FED, swap_old_cells(*pairs), "Tužilaštvo-Tužiteljstvo!B7", "Tužilaštvo-Tužiteljstvo!E7"
    )
    edit = swap_rows("Tremujori III", 25, 26, "K")
    yield plant_fault(family, "Albania", AL, edit, "Tremujori III!K25", "Tremujori III!K26", "Tremujori III!*")
    yield plant_fault(family, "North Macedonia", MK, swap_rows("Т-06", 9, 11, "B"), "Т-06!B9", "Т-06!B11")
    yield plant_fault(family, "court, North Macedonia", MK, swap_rows("Т-06", 11, 12, "D"), "Т-06!D11", "Т-06!D12")
    edit = sdmx_values({1344: 7, 1347: 7, 1350: 0, 1662: 57, 1665: 52, 1668: 5})
    yield plant_fault(family, "Serbia", SDMX, edit, "line 1344", "line 1662", "line 1347", "line 1665")
    edit = document_cells({"table 1 R4C3": 9, "table 1 R5C3": 6})
    yield plant_fault(family, "State", STATE, edit, "table 1 R4C3", "table 1 R5C3")
    edit = document_cells({"table 3 R4C2": 3, "table 3 R5C2": 9})
    yield plant_fault(family, "court, State", STATE, edit, "table 3 R4C2", "table 3 R5C2")
    edit = report_cells({(5, 1, 3): 5, (5, 2, 3): 13})
    yield plant_fault(family, "Kosovo", REPORT, edit, "page 5 box (*")
