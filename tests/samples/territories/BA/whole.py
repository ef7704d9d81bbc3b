"""The State coordinator's annual workbook of victims in the whole territory, Bosnian in Latin script.

Totals that a later table prints again are left for the sums to check; they are not reported twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.crosstab import Codes, Column, Line, build_crosstab, cross_columns, lay_out_page
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.rows import Office, Row, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import xlsx
from tests.samples.writers.layout import Sheet

OFFICE = Office("BA", "BA", "victims", "BA_COORD")
DEMO = "DEMONSTRACIONI PODACI (izmišljeni) / DEMONSTRATION DATA (invented)"
STATUS: list[tuple[tuple[str, ...], Codes]] = [
    (("Potencijalne i identifikovane žrtve zajedno",), {"victim_status": "_T"}),
    (("Potencijalne žrtve",), {"victim_status": "presumed"}),
    (("Identifikovane žrtve",), {"victim_status": "identified"}),
    (("Oštećeni u krivičnom postupku",), {"victim_status": "injured_party"}),
]
SEXES: list[tuple[tuple[str, ...], Codes]] = [
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
CHILDREN: list[tuple[tuple[str, ...], Codes]] = [
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


def make_victims_return(truth: Truth, due: Due) -> SampleReturn:
    """Return one year: four sheets."""
    by_age: list[tuple[tuple[str, ...], Codes]] = [(("Starost", label), {"age": age}) for label, age in AGES.items()]
    status = [Line(labels, codes) for labels, codes in STATUS]
    forms = [Line((label,), {"exploitation": code}) for label, code in FORMS.items()]
    citizenships = [Line((label,), {"citizenship": code}) for label, code in CITIZENSHIPS.items()]
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    tables: tuple[tuple[str, str, str, list[Line], list[Column], int, str | None], ...] = (
        ("Tabela 1", "Status, spol i starost", "Status žrtve", status, cross_columns(*SEXES, *by_age), 2, None),
        ("Tabela 2", "Maloljetne i punoljetne osobe", "Status žrtve", status, cross_columns(*CHILDREN), 2, None),
        ("Tabela 3", "Oblik eksploatacije", "Oblik", forms, cross_columns(*STATUS), 1, TOTAL),
        ("Tabela 4", "Državljanstvo", "Državljanstvo", citizenships, cross_columns(*STATUS), 1, TOTAL),
    )
    for name, title, corner, lines, cols, height, total in tables:
        table = build_crosstab(truth, OFFICE, due.period, cols, lines, corner=[corner], height=height, total=total)
        above = (
            "DRŽAVNI KOORDINATOR ZA BORBU PROTIV TRGOVINE LJUDIMA U BOSNI I HERCEGOVINI",
            DEMO,
            "Kontakt: odsjek za koordinaciju, Sarajevo",
            f"{name}. Žrtve trgovine ljudima u Bosni i Hercegovini: {title}, {due.period.code}. godina",
        )
        below = ("Izvor: podaci ovlaštenih institucija i organizacija (izmišljeni podaci)", "0 nema pojave")
        sheets.append(lay_out_page(name, above, table, below))
        meaning += table.meaning
    return SampleReturn(
        path=f"BA/victims/Drzavni_koordinator_zrtve_{due.period.code}.xlsx",
        data=xlsx.write_workbook(sheets, title="Žrtve trgovine ljudima", comments=DEMO),
        jurisdiction="BA",
        instrument="victims",
        source="BA_COORD",
        form="BA-VICTIMS-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Provjereno kod institucija / Checked with the institutions (demonstration)",
    )


def make_returns(truth: Truth, years: int) -> Iterator[SampleReturn]:
    for due in list_wanted_returns("BA", "victims", years):
        yield make_victims_return(truth, due)
