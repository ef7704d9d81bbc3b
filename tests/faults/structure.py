"""Faults that the structure of earlier periods shows: ages, sexes, articles, sanctions or lengths exchanged."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.edits import (
    chain_edits,
    exchange_texts,
    replace_in_part,
    set_cells,
    swap_columns,
    swap_lines,
    swap_old_cells,
    swap_report_columns,
    swap_rows,
)
from tests.faults.fault import (
    AL,
    AL_CSV,
    CENTRE,
    COORDINATOR,
    FED,
    HR_PX,
    ME,
    MK,
    REPORT,
    SDMX,
    SDMX_CSV,
    STATE,
    Fault,
    plant_fault,
)

_CP1250 = "cp1250"
_SHEETS = ("Tužilaštvo-Tužiteljstvo", "Sudovi")


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _ages()
    yield from _sexes()
    yield from _articles()
    yield from _sanctions()
    yield from _victims()


def _ages() -> Iterator[Fault]:
    family = "structure: ages exchanged"
    rows = range(32, 39)
    edit = chain_edits(swap_columns("Tremujori III", "B", "E", rows), swap_columns("Tremujori III", "H", "K", rows))
    yield plant_fault(family, "below 18 and 25 to 34, Albania", AL, edit, "Tremujori III!*")
    pairs = [(54 + 6 * n, 56 + 6 * n) for n in range(99)]
    yield plant_fault(family, "below 18 and 25 or more, Croatia", HR_PX, swap_lines(*pairs, encoding=_CP1250), "DATA *")
    pairs = [(55 + 6 * n, 56 + 6 * n) for n in range(99)]
    yield plant_fault(family, "18 to 24 and 25 or more, Croatia", HR_PX, swap_lines(*pairs, encoding=_CP1250), "DATA *")
    edit = swap_report_columns(4, 6, {1: range(1, 32), 2: range(1, 18)})
    yield plant_fault(family, "below 18 and 25 to 39, Kosovo", REPORT, edit, "page 1 *", "page 2 *")
    edit = chain_edits(swap_columns("Tremujori III", "C", "E", rows), swap_columns("Tremujori III", "I", "K", rows))
    yield plant_fault(family, "18 to 20 and 25 to 34, Albania", AL, edit, "Tremujori III!*")


def _sexes() -> Iterator[Fault]:
    family = "structure: sexes exchanged"
    cells_of_sexes = [
        (f"{sheet}!C{row}", f"{sheet}!D{row}")
        for sheet, last in zip(_SHEETS, (18, 17), strict=True)
        for row in range(7, last + 1)
    ]
    yield plant_fault(
        family, "Federation", FED, swap_old_cells(*cells_of_sexes), "Tužilaštvo-Tužiteljstvo!*", "Sudovi!*"
    )
    columns = (("D", "E"), ("G", "H"), ("J", "K"), ("M", "N"), ("P", "Q"))
    edit = chain_edits(*(swap_columns("Tremujori III", first, second, range(8, 15)) for first, second in columns))
    yield plant_fault(family, "Albania", AL, edit, "Tremujori III!*")
    yield plant_fault(family, "Serbia", SDMX, exchange_texts('OBELEZJE="M"', 'OBELEZJE="F"'), "line *")
    edit = swap_report_columns(2, 3, {1: range(1, 32), 2: range(1, 18)})
    yield plant_fault(family, "Kosovo", REPORT, edit, "page 1 *", "page 2 *")
    edit = chain_edits(
        *(swap_columns("Т-01", first, second, range(9, 15)) for first, second in (("C", "D"), ("F", "G"), ("I", "J")))
    )
    yield plant_fault(family, "North Macedonia", MK, edit, "Т-01!*")
    yield plant_fault(family, "adults, North Macedonia", MK, swap_columns("Т-03", "C", "D", range(8, 13)), "Т-03!*")
    pairs = [(52 + 6 * n, 53 + 6 * n) for n in range(99)]
    yield plant_fault(family, "Croatia", HR_PX, swap_lines(*pairs, encoding=_CP1250), "DATA *")
    edit = chain_edits(
        replace_in_part("word/document.xml", ">muški<", ">%<"),
        replace_in_part("word/document.xml", ">ženski<", ">muški<"),
    )
    edit = chain_edits(edit, replace_in_part("word/document.xml", ">%<", ">ženski<"))
    yield plant_fault(family, "State", STATE, edit, "table 2 *", "table 3 *")


def _articles() -> Iterator[Fault]:
    family = "structure: articles exchanged"
    yield plant_fault(family, "Serbia", SDMX, exchange_texts('DELO="KZ350_2"', 'DELO="KZ350_4"'), "line *")
    yield plant_fault(
        family, "aggravated smuggling, Serbia", SDMX, exchange_texts('DELO="KZ350_2"', 'DELO="KZ350_3"'), "line *"
    )
    rows = ((9, 13), (21, 25), (33, 37), (45, 49))
    edit = chain_edits(*(swap_rows("Tremujori III", first, second, "BCDEFGHIJKLMNOPQ") for first, second in rows))
    yield plant_fault(family, "Albania", AL, edit, "Tremujori III!*")
    tables = (("Т-01", 11, 12, "BCDEFGHIJ"), ("Т-02", 10, 11, "BCDEFGH"), ("Т-03", 9, 10, "BCDEFGHI"))
    more = (("Т-04", 9, 10, "BCDEFGHIJKLM"), ("Т-05", 9, 10, "BCDEFGHIJKL"), ("Т-06", 9, 10, "BCDE"))
    edit = chain_edits(*(swap_rows(*table) for table in (*tables, *more)))
    yield plant_fault(family, "North Macedonia", MK, edit, "Т-0*")
    pairs = [(249 + n, 447 + n) for n in range(198)]
    yield plant_fault(family, "Croatia", HR_PX, swap_lines(*pairs, encoding=_CP1250), "DATA *")
    edit = exchange_texts("<td>405020</td><td>Krijumčarenje ljudi</td>", "<td>444010</td><td>Trgovina ljudima</td>")
    yield plant_fault(family, "Montenegro", ME, edit, "table *")


def _sanctions() -> Iterator[Fault]:
    family = "structure: sanctions exchanged"
    edit = set_cells({"Т-04!C10": 1, "Т-04!D10": "-", "Т-04!F10": 1, "Т-04!L10": 5})
    yield plant_fault(family, "prison and juvenile, North Macedonia", MK, edit, "Т-04!*")
    yield plant_fault(family, "suspended and fine, Serbia", SDMX, exchange_texts('"USLOVNA"', '"NOVCANA"'), "line *")
    edit = swap_columns("Tremujori III", "H", "J", range(44, 51))
    yield plant_fault(family, "suspended and community work, Albania", AL, edit, "Tremujori III!*")
    pairs = [(615 + n, 633 + n) for n in range(6)]
    yield plant_fault(family, "suspended and juvenile, Croatia", HR_PX, swap_lines(*pairs, encoding=_CP1250), "DATA *")
    family = "structure: lengths exchanged"
    edit = swap_columns("Tremujori III", "D", "G", range(44, 51))
    yield plant_fault(family, "shortest and longest, Albania", AL, edit, "Tremujori III!*")
    yield plant_fault(
        family, "shortest and longest, Serbia", SDMX, exchange_texts('"ZATVOR_DO_1"', '"ZATVOR_10"'), "line *"
    )
    pairs = [(row + n, row + 24 + n) for row in (387, 585) for n in range(6)]
    yield plant_fault(family, "shortest and longest, Croatia", HR_PX, swap_lines(*pairs, encoding=_CP1250), "DATA *")
    edit = exchange_texts('"ZATVOR_2_5"', '"ZATVOR_10"')
    yield plant_fault(family, "two to five years and ten or more, Serbia", SDMX, edit, "line *")
    edit = swap_report_columns(3, 7, {4: range(1, 6)})
    yield plant_fault(family, "shortest and five to ten, Kosovo", REPORT, edit, "page 4 *")


def _victims() -> Iterator[Fault]:
    family = "structure: exploitation exchanged"
    yield plant_fault(
        family,
        "sexual and organs, Albania",
        AL_CSV,
        exchange_texts(";Shfrytëzim seksual;", ";Heqje organesh;"),
        "line *",
    )
    yield plant_fault(
        family,
        "sexual and other, Serbia",
        CENTRE,
        exchange_texts("Сексуална експлоатација", "Други облици"),
        "table 2 *",
    )
    yield plant_fault(
        family, "sexual and organs, Bosnia", COORDINATOR, swap_rows("Tabela 3", 8, 13, "BCDE"), "Tabela 3!*"
    )
    yield plant_fault(family, "sexual and organs, Kosovo", SDMX_CSV, exchange_texts(",sexual,", ",organs,"), "line *")
    family = "structure: citizenship exchanged"
    yield plant_fault(family, "own and other, Bosnia", COORDINATOR, swap_rows("Tabela 4", 8, 11, "BCDE"), "Tabela 4!*")
    yield plant_fault(
        family, "own and stateless, Albania", AL_CSV, exchange_texts(";Shqiptare;", ";Pa shtetësi;"), "line *"
    )
    yield plant_fault(
        family,
        "own and European, Serbia",
        CENTRE,
        exchange_texts("Држављани Републике Србије", "Држављани ЕУ"),
        "table 3 *",
    )
    yield plant_fault(family, "own and other, Kosovo", SDMX_CSV, exchange_texts(",own,2025", ",other,2025"), "line *")
    family = "structure: children and adults"
    edit = chain_edits(
        *(swap_columns("Tabela 2", first, second, range(8, 12)) for first, second in (("B", "D"), ("C", "E")))
    )
    yield plant_fault(family, "in one table, Bosnia", COORDINATOR, edit, "Tabela 2!*", "Tabela 1!*")
    edit = set_cells({"Tabela 2!B6": "Punoljetne osobe", "Tabela 2!D6": "Maloljetne osobe"})
    yield plant_fault(family, "headings in one table, Bosnia", COORDINATOR, edit, "Tabela 2!*", "Tabela 1!*")
    edit = exchange_texts("Деца (до 18 година)", "Пунолетни (18 и више)")
    yield plant_fault(family, "Serbia", CENTRE, edit, "table 1 *")
