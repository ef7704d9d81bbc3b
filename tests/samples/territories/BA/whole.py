"""The State coordinator's annual workbook of victims in the whole territory, Bosnian in Latin script.

Totals that a later table prints again are left for the sums to check; they are not reported twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.crosstab import Column, Line, Said, columns, crosstab, page
from tests.samples.plan import Due, due
from tests.samples.rows import MadeReturn, Office, Row
from tests.samples.truth import Truth
from tests.samples.writers import xlsx
from tests.samples.writers.layout import Sheet

OFFICE = Office("BA", "BA", "victims", "BA_COORD")
DEMO = "DEMONSTRACIONI PODACI (izmišljeni) / DEMONSTRATION DATA (invented)"
STATUS: list[tuple[tuple[str, ...], Said]] = [
    (("Potencijalne i identifikovane žrtve zajedno",), {"victim_status": "_T"}),
    (("Potencijalne žrtve",), {"victim_status": "presumed"}),
    (("Identifikovane žrtve",), {"victim_status": "identified"}),
    (("Oštećeni u krivičnom postupku",), {"victim_status": "injured_party"}),
]
SEXES: list[tuple[tuple[str, ...], Said]] = [
    (("Ukupno",), {}),
    (("Spol", "muški"), {"sex": "M"}),
    (("Spol", "ženski"), {"sex": "F"}),
]
AGES = {
    "do 13 godina": "Y_LT14",
    "14-17 godina": "Y14T17",
    "18-24 godine": "Y18T24",
    "25-39 godina": "Y25T39",
    "40 i više godina": "Y_GE40",
}
CHILDREN: list[tuple[tuple[str, ...], Said]] = [
    (("Maloljetne osobe", "muški"), {"age": "Y_LT18", "sex": "M"}),
    (("Maloljetne osobe", "ženski"), {"age": "Y_LT18", "sex": "F"}),
    (("Punoljetne osobe", "muški"), {"age": "Y_GE18", "sex": "M"}),
    (("Punoljetne osobe", "ženski"), {"age": "Y_GE18", "sex": "F"}),
]
FORMS = {
    "Seksualna eksploatacija": "sexual",
    "Radna eksploatacija": "labour",
    "Prisilno prosjačenje": "begging",
    "Prisilno vršenje krivičnih djela": "criminality",
    "Prisilni brak": "marriage",
    "Trgovina organima": "organs",
    "Više oblika eksploatacije": "multiple",
    "Drugi oblici": "other",
    "Nepoznat oblik": "_U",
}
CITIZENSHIPS = {
    "Državljani Bosne i Hercegovine": "own",
    "Državljani zemalja regije": "region",
    "Državljani zemalja Evropske unije": "eu",
    "Državljani ostalih zemalja": "other",
    "Osobe bez državljanstva": "stateless",
    "Nepoznato državljanstvo": "_U",
}
TOTAL = "Ukupno"


def victims(truth: Truth, one: Due) -> MadeReturn:
    """One year: four sheets."""
    by_age: list[tuple[tuple[str, ...], Said]] = [(("Starost", label), {"age": age}) for label, age in AGES.items()]
    status = [Line(labels, said) for labels, said in STATUS]
    forms = [Line((label,), {"exploitation": code}) for label, code in FORMS.items()]
    citizenships = [Line((label,), {"citizenship": code}) for label, code in CITIZENSHIPS.items()]
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    tables: tuple[tuple[str, str, str, list[Line], list[Column], int, str | None], ...] = (
        ("Tabela 1", "Status, spol i starost", "Status žrtve", status, columns(*SEXES, *by_age), 2, None),
        ("Tabela 2", "Maloljetne i punoljetne osobe", "Status žrtve", status, columns(*CHILDREN), 2, None),
        ("Tabela 3", "Oblik eksploatacije", "Oblik", forms, columns(*STATUS), 1, TOTAL),
        ("Tabela 4", "Državljanstvo", "Državljanstvo", citizenships, columns(*STATUS), 1, TOTAL),
    )
    for name, title, corner, lines, cols, height, total in tables:
        made = crosstab(truth, OFFICE, one.period, cols, lines, corner=[corner], height=height, total=total)
        above = (
            "DRŽAVNI KOORDINATOR ZA BORBU PROTIV TRGOVINE LJUDIMA U BOSNI I HERCEGOVINI",
            DEMO,
            "Kontakt: odsjek za koordinaciju, Sarajevo",
            f"{name}. Žrtve trgovine ljudima u Bosni i Hercegovini: {title}, {one.period.code}. godina",
        )
        below = ("Izvor: podaci ovlaštenih institucija i organizacija (izmišljeni podaci)", "0 nema pojave")
        sheets.append(page(name, above, made, below))
        meaning += made.meaning
    return MadeReturn(
        path=f"BA/victims/Drzavni_koordinator_zrtve_{one.period.code}.xlsx",
        data=xlsx.write(sheets, title="Žrtve trgovine ljudima", comments=DEMO),
        jurisdiction="BA",
        instrument="victims",
        source="BA_COORD",
        form="BA-VICTIMS-1",
        periods=one.periods,
        received_at=one.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Provjereno kod institucija / Checked with the institutions (demonstration)",
    )


def returns(truth: Truth, years: int) -> Iterator[MadeReturn]:
    for one in due("BA", "victims", years):
        yield victims(truth, one)
