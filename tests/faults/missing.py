"""Faults of completeness: categories that vanish, files that are cut, tables that are not read, nil after figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.faults.edits import (
    Edit,
    change_json,
    change_workbook,
    json_without,
    lines_without,
    relabel_cells,
    replace_once_in_part,
    replace_text,
    series_without,
    set_cells,
)
from tests.faults.fault import (
    AL,
    AL_CSV,
    BRC,
    CENTRE,
    COORDINATOR,
    HR_REGISTER,
    JSON,
    ME,
    MK,
    RS_REGISTER,
    SDMX,
    SDMX_CSV,
    SRP,
    STATE,
    Fault,
    plant_fault,
)

_WHOLE = "*"
"""Missing content has no place of its own: a finding anywhere in the file is accepted."""
_CP1250 = "cp1250"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _categories()
    yield from _lines()
    yield from _cut()
    yield from _unread()
    yield from _nil()


def _categories() -> Iterator[Fault]:
    family = "missing: status of victims"
    yield plant_fault(family, "presumed, Albania", AL_CSV, lines_without(range(34, 64)), _WHOLE)
    yield plant_fault(family, "identified, Albania", AL_CSV, lines_without(range(64, 94)), _WHOLE)
    yield plant_fault(family, "identified, Croatia", JSON, json_without("status", lambda code: code == "IDE"), _WHOLE)
    yield plant_fault(family, "presumed, Kosovo", SDMX_CSV, lines_without(range(32, 62)), _WHOLE)
    yield plant_fault(family, "injured parties, Kosovo", SDMX_CSV, lines_without(range(92, 122)), _WHOLE)

    family = "missing: sex"
    yield plant_fault(family, "women, Albania", AL_CSV, _lines_without_word(";Femra;"), _WHOLE)
    yield plant_fault(family, "men, Kosovo", SDMX_CSV, _lines_without_word(",M,"), _WHOLE)
    yield plant_fault(family, "women, Serbia", SDMX, series_without('OBELEZJE="F"'), _WHOLE)
    yield plant_fault(family, "both, Brčko", BRC, _lines_without_word(";muški;", ";ženski;", encoding=_CP1250), _WHOLE)
    yield plant_fault(
        family, "women, Croatia", JSON, json_without("obiljezje", lambda code: code.startswith("SPOL-Z")), _WHOLE
    )

    family = "missing: age"
    yield plant_fault(
        family, "below 14 and 14 to 17, Albania", AL_CSV, _lines_without_word(";0–13;", ";14–17;"), _WHOLE
    )
    yield plant_fault(family, "adults, Albania", AL_CSV, _lines_without_word(";18 vjeç e lart;"), _WHOLE)
    yield plant_fault(family, "young adults, Kosovo", SDMX_CSV, _lines_without_word(",Y18T24,"), _WHOLE)
    yield plant_fault(
        family, "young adults, Croatia", JSON, json_without("obiljezje", lambda code: "DOB-18T24" in code), _WHOLE
    )

    family = "missing: exploitation"
    yield plant_fault(
        family, "all forms, Albania", AL_CSV, lines_without({*range(19, 28), *range(49, 58), *range(79, 88)}), _WHOLE
    )
    forms = {*range(17, 26), *range(47, 56), *range(77, 86), *range(107, 116)}
    yield plant_fault(family, "all forms, Kosovo", SDMX_CSV, lines_without(forms), _WHOLE)
    yield plant_fault(
        family, "all forms, Croatia", JSON, json_without("obiljezje", lambda code: code.startswith("OBL-")), _WHOLE
    )

    family = "missing: citizenship"
    yield plant_fault(
        family, "all, Albania", AL_CSV, lines_without({*range(28, 34), *range(58, 64), *range(88, 94)}), _WHOLE
    )
    citizenships = {*range(26, 32), *range(56, 62), *range(86, 92), *range(116, 122)}
    yield plant_fault(family, "all, Kosovo", SDMX_CSV, lines_without(citizenships), _WHOLE)
    yield plant_fault(
        family, "all, Croatia", JSON, json_without("obiljezje", lambda code: code.startswith("DRZ-")), _WHOLE
    )


def _lines() -> Iterator[Fault]:
    family = "missing: sanction"
    yield plant_fault(family, "suspended, Serbia", SDMX, series_without('INDIKATOR="USLOVNA"'), _WHOLE)
    yield plant_fault(family, "prison by length, Serbia", SDMX, series_without('INDIKATOR="ZATVOR_'), _WHOLE)
    yield plant_fault(family, "suspended, Brčko", BRC, lines_without({38, 49, 87, 98}, _CP1250), _WHOLE)
    yield plant_fault(
        family, "prison by length, Brčko", BRC, _lines_without_word(";Kazna zatvora ", encoding=_CP1250), _WHOLE
    )

    family = "missing: article or measure"
    yield plant_fault(family, "an article, Serbia", SDMX, series_without('DELO="KZ390"'), _WHOLE)
    yield plant_fault(family, "a measure, Serbia", SDMX, series_without('INDIKATOR="ISTRAGA"'), _WHOLE)
    yield plant_fault(family, "cases, Serbia", SDMX, series_without('INDIKATOR="PRIJAVE_PREDMETI"'), _WHOLE)
    yield plant_fault(family, "an article, Brčko", BRC, lines_without(range(54, 103), _CP1250), _WHOLE)


def _cut() -> Iterator[Fault]:
    family = "cut file"
    yield plant_fault(family, "Albania", AL_CSV, lines_without(range(34, 97)), _WHOLE)
    yield plant_fault(family, "within the sexes, Albania", AL_CSV, lines_without(range(12, 97)), _WHOLE)
    yield plant_fault(family, "Kosovo", SDMX_CSV, lines_without(range(41, 122)), _WHOLE)
    yield plant_fault(family, "Brčko", BRC, lines_without(range(30, 103), _CP1250), _WHOLE)
    yield plant_fault(family, "Serbia", SDMX, _cut_message, _WHOLE)

    def drop_zeros(content: Any) -> None:
        content["value"] = {str(n): value for n, value in enumerate(content["value"]) if value}

    yield plant_fault(family, "zeros left out, Croatia", JSON, change_json(drop_zeros), _WHOLE)


def _unread() -> Iterator[Fault]:
    family = "unread table"
    edit = relabel_cells("tremujori III, viti", "tremujori 3, viti", sheet="Tremujori III")
    yield plant_fault(family, "Albania", AL, edit, "Tremujori III!*", severity="error")
    edit = replace_once_in_part(
        "word/document.xml", "Tabela 5. Sankcije izrečene pravosnažnom", "Tabela 5. Kazne izrečene pravosnažnom"
    )
    yield plant_fault(family, "State", STATE, edit, "table 5*", "", severity="error")
    edit = replace_text("Табела 3. Жртве трговине људима према", "Табела 3. Жртве трговине људима по")
    yield plant_fault(family, "Serbia", CENTRE, edit, "table 3*", "", severity="error")
    edit = replace_once_in_part("content.xml", "4. Изречене кривичне санкције", "4. Изречене санкције")
    yield plant_fault(family, "Srpska", SRP, edit, "Табела 4!*", "", severity="error")
    edit = relabel_cells("Žrtve trgovine ljudima u Bosni i Hercegovini: Državljanstvo", "Žrtve: Državljanstvo")
    yield plant_fault(family, "Bosnia and Herzegovina", COORDINATOR, edit, "Tabela 4!*", "", severity="error")
    edit = replace_text("Tabela 3. Izrečene krivične sankcije", "Tabela 3. Izrečene sankcije")
    yield plant_fault(family, "Montenegro", ME, edit, "table 3*", "", severity="error")
    edit = set_cells({"Т-05!A4": "Т-05: Санкции на правосилно осудени лица, 3. квартал 2026 година"})
    yield plant_fault(family, "North Macedonia", MK, edit, "Т-05!*", "", severity="error")
    edit = change_workbook(lambda book: book.remove(book["Т-06"]))
    yield plant_fault(family, "sheet removed, North Macedonia", MK, edit, "*", severity="error")


def _nil() -> Iterator[Fault]:
    family = "nil after figures"
    for file, form in (
        (SDMX, "RS-JUSTICE-1"), (MK, "MK-JUSTICE-2"), (RS_REGISTER, "RS-REGISTER-1"), (HR_REGISTER, "HR-REGISTER-1"),
        (AL_CSV, "AL-VICTIMS-1"), (STATE, "BA_STATE-JUSTICE-1"),
    ):  # fmt: skip
        yield plant_fault(family, form, file, _nil_return(form), _WHOLE, filename="nil.json")
    year = _nil_return("ME-VICTIMS-1", "2025")
    yield plant_fault(
        family, "ME-VICTIMS-1", "ME/victims/zrtve_trgovine_ljudima_2025.xls", year, _WHOLE, filename="nil.json"
    )


def _nil_return(form: str, period: str = "2026-Q3") -> Edit:
    document = {"document": "Nil return: nothing to count", "form": form, "periods": [period], "comment": "-"}
    return lambda _: (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _cut_message(data: bytes) -> bytes:
    lines = data.decode("utf-8").splitlines(keepends=True)
    return "".join([*lines[:967], "  </mes:DataSet>\n", "</mes:StructureSpecificData>\n"]).encode("utf-8")


def _lines_without_word(*words: str, encoding: str = "utf-8") -> Edit:
    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        return "".join(line for line in lines if not any(word in line for word in words)).encode(encoding)

    return edit_bytes
