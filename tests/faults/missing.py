"""Faults of completeness: categories that vanish, files that are cut, tables that are not read, nil after figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.faults.edits import (
    Edit,
    cells,
    json_without,
    lines_without,
    part,
    relabel,
    series_without,
    text,
    tree,
    workbook,
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
    plant,
)

_WHOLE = "*"
"""What is gone has no place: a finding anywhere in the file will do."""
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
    yield plant(family, "presumed, Albania", AL_CSV, lines_without(range(34, 64)), _WHOLE)
    yield plant(family, "identified, Albania", AL_CSV, lines_without(range(64, 94)), _WHOLE)
    yield plant(family, "identified, Croatia", JSON, json_without("status", lambda code: code == "IDE"), _WHOLE)
    yield plant(family, "presumed, Kosovo", SDMX_CSV, lines_without(range(32, 62)), _WHOLE)
    yield plant(family, "injured parties, Kosovo", SDMX_CSV, lines_without(range(92, 122)), _WHOLE)

    family = "missing: sex"
    yield plant(family, "women, Albania", AL_CSV, _lines_without_word(";Femra;"), _WHOLE)
    yield plant(family, "men, Kosovo", SDMX_CSV, _lines_without_word(",M,"), _WHOLE)
    yield plant(family, "women, Serbia", SDMX, series_without('OBELEZJE="F"'), _WHOLE)
    yield plant(family, "both, Brčko", BRC, _lines_without_word(";muški;", ";ženski;", encoding=_CP1250), _WHOLE)
    yield plant(
        family, "women, Croatia", JSON, json_without("obiljezje", lambda code: code.startswith("SPOL-Z")), _WHOLE
    )

    family = "missing: age"
    yield plant(family, "below 14 and 14 to 17, Albania", AL_CSV, _lines_without_word(";0–13;", ";14–17;"), _WHOLE)
    yield plant(family, "adults, Albania", AL_CSV, _lines_without_word(";18 vjeç e lart;"), _WHOLE)
    yield plant(family, "young adults, Kosovo", SDMX_CSV, _lines_without_word(",Y18T24,"), _WHOLE)
    yield plant(
        family, "young adults, Croatia", JSON, json_without("obiljezje", lambda code: "DOB-18T24" in code), _WHOLE
    )

    family = "missing: exploitation"
    yield plant(
        family, "all forms, Albania", AL_CSV, lines_without({*range(19, 28), *range(49, 58), *range(79, 88)}), _WHOLE
    )
    forms = {*range(17, 26), *range(47, 56), *range(77, 86), *range(107, 116)}
    yield plant(family, "all forms, Kosovo", SDMX_CSV, lines_without(forms), _WHOLE)
    yield plant(
        family, "all forms, Croatia", JSON, json_without("obiljezje", lambda code: code.startswith("OBL-")), _WHOLE
    )

    family = "missing: citizenship"
    yield plant(family, "all, Albania", AL_CSV, lines_without({*range(28, 34), *range(58, 64), *range(88, 94)}), _WHOLE)
    citizenships = {*range(26, 32), *range(56, 62), *range(86, 92), *range(116, 122)}
    yield plant(family, "all, Kosovo", SDMX_CSV, lines_without(citizenships), _WHOLE)
    yield plant(family, "all, Croatia", JSON, json_without("obiljezje", lambda code: code.startswith("DRZ-")), _WHOLE)


def _lines() -> Iterator[Fault]:
    family = "missing: sanction"
    yield plant(family, "suspended, Serbia", SDMX, series_without('INDIKATOR="USLOVNA"'), _WHOLE)
    yield plant(family, "prison by length, Serbia", SDMX, series_without('INDIKATOR="ZATVOR_'), _WHOLE)
    yield plant(family, "suspended, Brčko", BRC, lines_without({38, 49, 87, 98}, _CP1250), _WHOLE)
    yield plant(
        family, "prison by length, Brčko", BRC, _lines_without_word(";Kazna zatvora ", encoding=_CP1250), _WHOLE
    )

    family = "missing: article or measure"
    yield plant(family, "an article, Serbia", SDMX, series_without('DELO="KZ390"'), _WHOLE)
    yield plant(family, "a measure, Serbia", SDMX, series_without('INDIKATOR="ISTRAGA"'), _WHOLE)
    yield plant(family, "cases, Serbia", SDMX, series_without('INDIKATOR="PRIJAVE_PREDMETI"'), _WHOLE)
    yield plant(family, "an article, Brčko", BRC, lines_without(range(54, 103), _CP1250), _WHOLE)


def _cut() -> Iterator[Fault]:
    family = "cut file"
    yield plant(family, "Albania", AL_CSV, lines_without(range(34, 97)), _WHOLE)
    yield plant(family, "within the sexes, Albania", AL_CSV, lines_without(range(12, 97)), _WHOLE)
    yield plant(family, "Kosovo", SDMX_CSV, lines_without(range(41, 122)), _WHOLE)
    yield plant(family, "Brčko", BRC, lines_without(range(30, 103), _CP1250), _WHOLE)
    yield plant(family, "Serbia", SDMX, _cut_message, _WHOLE)

    def keep_what_is_not_zero(content: Any) -> None:
        content["value"] = {str(n): value for n, value in enumerate(content["value"]) if value}

    yield plant(family, "zeros left out, Croatia", JSON, tree(keep_what_is_not_zero), _WHOLE)


def _unread() -> Iterator[Fault]:
    family = "unread table"
    edit = relabel("tremujori III, viti", "tremujori 3, viti", sheet="Tremujori III")
    yield plant(family, "Albania", AL, edit, "Tremujori III!*", severity="error")
    edit = part(
        "word/document.xml", "Tabela 5. Sankcije izrečene pravosnažnom", "Tabela 5. Kazne izrečene pravosnažnom"
    )
    yield plant(family, "State", STATE, edit, "table 5*", "", severity="error")
    edit = text("Табела 3. Жртве трговине људима према", "Табела 3. Жртве трговине људима по")
    yield plant(family, "Serbia", CENTRE, edit, "table 3*", "", severity="error")
    edit = part("content.xml", "4. Изречене кривичне санкције", "4. Изречене санкције")
    yield plant(family, "Srpska", SRP, edit, "Табела 4!*", "", severity="error")
    edit = relabel("Žrtve trgovine ljudima u Bosni i Hercegovini: Državljanstvo", "Žrtve: Državljanstvo")
    yield plant(family, "Bosnia and Herzegovina", COORDINATOR, edit, "Tabela 4!*", "", severity="error")
    edit = text("Tabela 3. Izrečene krivične sankcije", "Tabela 3. Izrečene sankcije")
    yield plant(family, "Montenegro", ME, edit, "table 3*", "", severity="error")
    edit = cells({"Т-05!A4": "Т-05: Санкции на правосилно осудени лица, 3. квартал 2026 година"})
    yield plant(family, "North Macedonia", MK, edit, "Т-05!*", "", severity="error")
    edit = workbook(lambda book: book.remove(book["Т-06"]))
    yield plant(family, "sheet removed, North Macedonia", MK, edit, "*", severity="error")


def _nil() -> Iterator[Fault]:
    family = "nil after figures"
    for file, form in (
        (SDMX, "RS-JUSTICE-1"), (MK, "MK-JUSTICE-2"), (RS_REGISTER, "RS-REGISTER-1"), (HR_REGISTER, "HR-REGISTER-1"),
        (AL_CSV, "AL-VICTIMS-1"), (STATE, "BA_STATE-JUSTICE-1"),
    ):  # fmt: skip
        yield plant(family, form, file, _nil_return(form), _WHOLE, filename="nil.json")
    year = _nil_return("ME-VICTIMS-1", "2025")
    yield plant(family, "ME-VICTIMS-1", "ME/victims/zrtve_trgovine_ljudima_2025.xls", year, _WHOLE, filename="nil.json")


def _nil_return(form: str, period: str = "2026-Q3") -> Edit:
    document = {"document": "Nil return: nothing to count", "form": form, "periods": [period], "comment": "-"}
    return lambda _: (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _cut_message(data: bytes) -> bytes:
    lines = data.decode("utf-8").splitlines(keepends=True)
    return "".join([*lines[:967], "  </mes:DataSet>\n", "</mes:StructureSpecificData>\n"]).encode("utf-8")


def _lines_without_word(*words: str, encoding: str = "utf-8") -> Edit:
    def edit(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        return "".join(line for line in lines if not any(word in line for word in words)).encode(encoding)

    return edit
