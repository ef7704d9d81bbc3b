"""Faults in returns of international cooperation: stocks, sums, partners, labels and signs.

In the workbooks, columns B to I are incoming requests from the stock at the start to that at the end, row 6 is Albania
and row 14 the total; sheet 1 is by partner, 2 by type, 7 by days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.edits import Edit, change_workbook, document_cells, open_cells, page_cells, set_cells, set_fields
from tests.faults.fault import Fault, plant_fault

AL = "AL/cooperation/Bashkepunimi_2026-Q3.csv"
BA = "BA/cooperation/MPBiH_medjunarodna_pravna_pomoc_2025.docx"
HR = "HR/cooperation/MPU_medjunarodna_suradnja_2025.ods"
ME = "ME/cooperation/MP_medjunarodna_saradnja_2025.xlsx"
MK = "MK/cooperation/MP_megjunarodna_sorabotka_2025.html"
RS = "RS/cooperation/MP_medjunarodna_saradnja_2026-Q3.xlsx"
XK = "XK/cooperation/Bashkepunimi_juridik_nderkombetar_2025.docx"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _balances()
    yield from _sums()
    yield from _labels()


def _add_to_cells(values: Mapping[str, int]) -> Edit:
    """Add numbers to cells `Sheet!B7` of a workbook."""

    def raise_cells(book: Any) -> None:
        for address, number in values.items():
            sheet, _, place = address.partition("!")
            book[sheet][place].value += number

    return change_workbook(raise_cells)


def _balances() -> Iterator[Fault]:
    family = "cooperation: stocks"
    # All sums still agree: one partner, one type and both totals are changed.
    raised = {"1a!I6": 30, "1a!I14": 30, "2a!I6": 30}
    rules = ("cooperation.balance",)
    yield plant_fault(family, "pending at the end", RS, _add_to_cells(raised), "1a!I6", "1a!I14", "2a!I6", rules=rules)
    shifted = {place: 30 for cell in ("1b!{}6", "1b!{}14", "2b!{}6") for place in (cell.format("B"), cell.format("I"))}
    rules = ("cooperation.opening",)
    yield plant_fault(
        family, "pending at the start", ME, _add_to_cells(shifted), "1b!B6", "1b!B14", "2b!B6", rules=rules
    )
    raised = {"1a!D6": 400, "1a!D14": 400, "2a!D6": 400, "7a!B6": 400}
    rules = ("cooperation.acknowledged",)
    places = ("1a!I6", "1a!I14", "2a!I6")
    yield plant_fault(family, "acknowledged twice", RS, _add_to_cells(raised), *places, rules=rules)


def _sums() -> Iterator[Fault]:
    family = "cooperation: total"
    yield plant_fault(family, "received, all partners", RS, set_cells({"1a!C14": 999}), "1a!C14", severity="error")
    yield plant_fault(family, "sent, all partners", HR, open_cells({"1b!K14": 999}), "1b!K14", severity="error")
    edit = document_cells({"table 1 R11C3": 999})
    yield plant_fault(family, "received, document", BA, edit, "table 1 R11C3", severity="error")
    edit = page_cells({"table 1 R11C3": 999})
    yield plant_fault(family, "received, page", MK, edit, "table 1 R11C3*", severity="error")
    edit = set_fields({"line 4 column 11": 999}, separator=";", encoding="utf-8-sig")
    yield plant_fault(family, "received, list", AL, edit, "line 4 column 11", "line *", severity="error")


def _labels() -> Iterator[Fault]:
    family = "cooperation: labels and signs"
    edit = document_cells({"table 1 R3C1": "Kosova"})
    yield plant_fault(family, "own territory as partner", XK, edit, "table 1 R3C1", severity="error")
    edit = document_cells({"table 7 R3C1": "Traktat"})
    yield plant_fault(family, "unknown legal basis", BA, edit, "table 7 R3C1", severity="error")
    edit = page_cells({"table 1 R3C3": "-"})
    yield plant_fault(family, "undeclared sign", MK, edit, "table 1 R3C3*", severity="error")
    yield plant_fault(family, "letter for a digit", ME, set_cells({"1a!C6": "l"}), "1a!C6", severity="error")
    edit = set_fields({"line 3 column 4": "Brenda"}, separator=";", encoding="utf-8-sig")
    yield plant_fault(family, "unknown direction", AL, edit, "line 3 column 4", severity="error")
    edit = set_fields({"line 3 column 11": -4}, separator=";", encoding="utf-8-sig")
    yield plant_fault(family, "negative number", AL, edit, "line 3 column 11", severity="error")
