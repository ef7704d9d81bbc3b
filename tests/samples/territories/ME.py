# ruff: noqa: N999  (the module is named after its territory)
"""Returns of Montenegro, annual only: a page of the statistical office's site, and a workbook of victims.

Offences are listed by the office's six-digit code, article 405 by paragraph, since paragraph 1 is a person's own
crossing. The office's "prijavljena lica" are those whose report the prosecutor has decided on, and its "optužena
lica" those whose proceedings have ended finally; other columns say what was received and indicted in the year.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.cooperation import returns as cooperation
from tests.samples.crosstab import Codes, Column, Line, build_crosstab, cross_columns
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.rows import Office, Row, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import html, xls
from tests.samples.writers.layout import Cell, Sheet
from tests.samples.writers.layout import Row as SheetRow

STAT = Office("ME", "ME", "justice", "ME_STAT", date_basis="decision")
NATC = Office("ME", "ME", "victims", "ME_NATC")
DEMO = "DEMONSTRACIONI PODACI (izmišljeni) / DEMONSTRATION DATA (invented)"
LINES = (
    Line(("405010", Cell("Nedozvoljen prelaz državne granice", mark="1)")), {"article": "405(1)"}),
    Line(("405020", "Krijumčarenje ljudi"), {"article": "405(2)"}),
    Line(("405030", "Krijumčarenje ljudi, teži oblici"), {"article": "405(3)"}),
    Line(("444010", "Trgovina ljudima"), {"article": "444"}),
    Line(("445000", "Trgovina maloljetnim licima radi usvojenja"), {"article": "445"}),
    Line(("446000", "Zasnivanje ropskog odnosa i prevoz lica u ropskom odnosu"), {"article": "446"}),
)
CORNER = ("Šifra", "Krivično djelo")
PERSON_GROUPS: list[tuple[tuple[str, ...], Codes]] = [
    (("ukupno",), {}),
    (("žene",), {"sex": "F"}),
    (("maloljetna lica",), {"age": "Y14T17"}),
]
PROSECUTION = {
    "Lica protiv kojih je podnijeta krivična prijava": "reported",
    "Prijavljena lica (donijeta odluka tužioca)": "report_disposed",
    "Naredba o sprovođenju istrage": "investigated",
    "Podignut optužni akt": "indicted",
}
COURTS = {
    "Lica sa prvostepenom presudom": "adjudicated_first",
    "Prvostepeno osuđena lica": "convicted_first",
    "Optužena lica (pravosnažno okončan postupak)": "adjudicated_final",
    "Pravosnažno osuđena lica": "convicted_final",
}
BANDS = {
    "do 2 godine": "M0T24",
    "2-3 godine": "M24T36",
    "3-5 godina": "M36T60",
    "5-10 godina": "M60T120",
    "preko 10 godina": "M120T",
}
SANCTIONS = {
    "Uslovna osuda": "prison_suspended",
    "Novčana kazna": "fine",
    "Rad u javnom interesu": "community",
    "Vaspitne mjere": "juvenile",
    "Sudska opomena i ostalo": "other",
}


def _crossed(labels: dict[str, str], by: list[tuple[tuple[str, ...], Codes]]) -> list[Column]:
    return cross_columns(*(((label,), {"measure": measure}) for label, measure in labels.items()), by=by)


def _sanctions() -> list[Column]:
    prison = {"sentence_type": "prison"}
    by: list[tuple[tuple[str, ...], Codes]] = [(("ukupno",), {}), (("Zatvor", "ukupno"), prison)]
    by += [(("Zatvor", label), {**prison, "sentence_band": band}) for label, band in BANDS.items()]
    by += [((label,), {"sentence_type": kind}) for label, kind in SANCTIONS.items()]
    return _crossed({"Prvostepene presude": "sentenced_first", "Pravosnažne presude": "sentenced_final"}, by)


TABLES = (
    ("Tabela 1. Krivične prijave, istrage i optuženja", _crossed(PROSECUTION, PERSON_GROUPS), 2),
    ("Tabela 2. Presuđena i osuđena lica", _crossed(COURTS, PERSON_GROUPS), 2),
    ("Tabela 3. Izrečene krivične sankcije", _sanctions(), 3),
)


def make_justice_return(truth: Truth, due: Due) -> SampleReturn:
    """Return the page of one year, or of several years one below the other."""
    parts: list[html.Part] = [DEMO, "Kontakt: odsjek statistike pravosuđa, Podgorica"]
    meaning: list[Row] = []
    for period in due.periods:
        for title, cols, height in TABLES:
            table = build_crosstab(truth, STAT, period, cols, LINES, corner=CORNER, height=height, zero="-")
            parts.append(Sheet(f"{title}, {period.code}. godina", tuple(table.rows)))
            meaning += table.meaning
    parts += [
        "Izvor: upitnici državnih tužilaštava i sudova (izmišljeni podaci)",
        "1) Sopstveni nedozvoljeni prelaz granice, član 405 stav 1; nije krijumčarenje ljudi.",
        "- nema pojave",
    ]
    name = "_".join(dict.fromkeys((due.periods[0].code, due.period.code)))
    return SampleReturn(
        path=f"ME/justice/ucinioci-krivicnih-djela_{name}.html",
        data=html.write_page(
            parts,
            title="Učinioci krivičnih djela: trgovina ljudima i krijumčarenje ljudi",
            language="cnr",
            menu=("Početna", "Statistika", "Pravosuđe", "Saopštenja"),
        ),
        jurisdiction="ME",
        instrument="justice",
        source="ME_STAT",
        form="ME-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Provjereno u upitnicima / Checked in the questionnaires (demonstration)",
    )


# -- victims

STATUS: list[tuple[tuple[str, ...], Codes]] = [
    (("Ukupno žrtava",), {"victim_status": "_T"}),
    (("Potencijalne žrtve",), {"victim_status": "presumed"}),
    (("Formalno identifikovane žrtve",), {"victim_status": "identified"}),
    (("Oštećeni u krivičnom postupku",), {"victim_status": "injured_party"}),
]
VICTIM_COLUMNS = cross_columns(
    (("Ukupno",), {}),
    (("Pol", "muški"), {"sex": "M"}),
    (("Pol", "ženski"), {"sex": "F"}),
    (("Djeca (do 18 godina)", "muški"), {"sex": "M", "age": "Y_LT18"}),
    (("Djeca (do 18 godina)", "ženski"), {"sex": "F", "age": "Y_LT18"}),
    (("Djeca (do 18 godina)", "svega"), {"age": "Y_LT18"}),
    (("Punoljetna lica", "muški"), {"sex": "M", "age": "Y_GE18"}),
    (("Punoljetna lica", "ženski"), {"sex": "F", "age": "Y_GE18"}),
    (("Punoljetna lica", "svega"), {"age": "Y_GE18"}),
)
FORMS = {
    "Seksualna eksploatacija": "sexual",
    "Radna eksploatacija": "labour",
    "Prinudno prosjačenje": "begging",
    "Prinudno vršenje krivičnih djela": "criminality",
    "Nedozvoljen brak": "marriage",
    "Trgovina organima": "organs",
    "Više vidova eksploatacije": "multiple",
    "Ostali vidovi": "other",
    "Nepoznato": "_U",
}
CITIZENSHIPS = {
    "Crna Gora": "own",
    "Države regiona": "region",
    "Države Evropske unije": "eu",
    "Ostale države": "other",
    "Bez državljanstva": "stateless",
    "Nepoznato": "_U",
}


def make_victims_return(truth: Truth, due: Due) -> SampleReturn:
    """Return one year: three tables stacked on one sheet."""
    rows: list[SheetRow] = [
        ["Ministarstvo unutrašnjih poslova: Odjeljenje za borbu protiv trgovine ljudima"],
        [DEMO],
        ["Kontakt: odjeljenje, Podgorica"],
    ]
    meaning: list[Row] = []
    status = [Line(labels, codes) for labels, codes in STATUS]
    by_status = cross_columns(*STATUS)
    tables = (
        ("Tabela 1. Žrtve trgovine ljudima po statusu, polu i uzrastu", "Status", status, VICTIM_COLUMNS, 2),
        ("Tabela 2. Žrtve trgovine ljudima po vidu eksploatacije", "Vid eksploatacije", _lines(FORMS, "exploitation"),
         by_status, 1),
        ("Tabela 3. Žrtve trgovine ljudima po državljanstvu", "Državljanstvo", _lines(CITIZENSHIPS, "citizenship"),
         by_status, 1),
    )  # fmt: skip
    for title, corner, lines, cols, height in tables:
        table = build_crosstab(truth, NATC, due.period, cols, lines, corner=[corner], height=height)
        rows += [[], [f"{title}, {due.period.code}. godina"], *table.rows, ["Izvor: baza podataka o žrtvama"]]
        meaning += table.meaning
    return SampleReturn(
        path=f"ME/victims/zrtve_trgovine_ljudima_{due.period.code}.xls",
        data=xls.write_workbook([Sheet("Žrtve", tuple(rows), (40, 12))]),
        jurisdiction="ME",
        instrument="victims",
        source="ME_NATC",
        form="ME-VICTIMS-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Provjereno u bazi podataka / Checked in the database (demonstration)",
    )


def _lines(labels: dict[str, str], dim: str) -> list[Line]:
    return [Line((label,), {dim: code}) for label, code in labels.items()]


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield all returns of Montenegro."""
    for due in list_wanted_returns("ME", "justice", years):
        yield make_justice_return(truth, due)
    for due in list_wanted_returns("ME", "victims", years):
        yield make_victims_return(truth, due)
    yield from cooperation.make_returns(truth, "ME", years)
