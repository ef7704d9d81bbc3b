"""Faults that name persons: identity numbers, names, and columns for them. Every number and name is invented."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.edits import each_line, replace_text, set_cells, set_fields
from tests.faults.fault import AL_CSV, BRC, CENTRE, HR_REGISTER, MK, SDMX_CSV, Fault, plant_fault

_FAMILY = "names of persons"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    rules = ("person.number", "person.name", "person.column")
    edit = set_cells({"Т-01!A15": "ЕМБГ 0101990450007"})
    yield plant_fault(_FAMILY, "number in a cell", MK, edit, "Т-01!A15", rules=rules, severity="error", history=False)
    edit = set_fields({"line 9 column 8": "Arben Hoxha"}, separator=";")
    yield plant_fault(
        _FAMILY, "name in a note", AL_CSV, edit, "line 9 column 8", rules=rules, severity="error", history=False
    )
    edit = set_fields({"line 5 column 7": "JMBG 0101990500003"}, separator=";", encoding="cp1250")
    yield plant_fault(
        _FAMILY, "number in a note", BRC, edit, "line 5 column 7", rules=rules, severity="error", history=False
    )
    edit = replace_text("<p>Знак - значи", "<p>Жртва: Милица Петровић</p>\n<p>Знак - значи")
    yield plant_fault(_FAMILY, "name in a paragraph", CENTRE, edit, "*", rules=rules, severity="error", history=False)
    edit = set_fields({"line 6 column 3": "Ivan Horvat"}, separator=";", encoding="cp1250")
    yield plant_fault(
        _FAMILY,
        "name in a register",
        HR_REGISTER,
        edit,
        "line 6 column 3",
        rules=rules,
        severity="error",
        history=False,
    )
    edit = each_line(lambda line: line.replace("COMMENT", "Emri dhe mbiemri"), {1})
    yield plant_fault(_FAMILY, "column of names", SDMX_CSV, edit, "*", rules=rules, severity="error", history=False)
