"""The prosecutor's office of the Federation: an old Excel workbook whose words are slashed doubles.

Rows are the stages and decisions, columns the articles by sex. In 2024-Q2 it took a case over from the State
(`transferred_in`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.samples.crosstab import Codes, Column, Line, MadeTable, build_crosstab, cross_columns
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.rows import Office, Period, Row, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import xls
from tests.samples.writers.layout import Sheet

OFFICE = Office("BA", "BA_FED", "justice", "BA_FED_PO")
DEMO = "DEMONSTRACIJSKI/DEMONSTRACIONI PODACI (izmišljeni) / DEMONSTRATION DATA (invented)"
ARTICLES: list[tuple[tuple[str, ...], Codes]] = [
    (("Trgovina ljudima (čl. 210.a)",), {"article": "210a"}),
    (("Organizirana/organizovana trgovina ljudima (čl. 210.b)",), {"article": "210b"}),
]
SEXES: list[tuple[tuple[str, ...], Codes]] = [
    (("svega/ukupno",), {}),
    (("muškarci/muški",), {"sex": "M"}),
    (("žene/ženski",), {"sex": "F"}),
]
INSTANCES: list[tuple[tuple[str, ...], Codes]] = [
    (("prvostepene/prvostupanjske presude",), {"measure": "sentenced_first"}),
    (("pravosnažne/pravomoćne presude",), {"measure": "sentenced_final"}),
]
PROSECUTION: dict[str, Codes] = {
    "Neriješene prijave na početku razdoblja/perioda": {"measure": "pending_prosecution", "statistic": "start"},
    "Prijavljene osobe/lica": {"measure": "reported"},
    "Preuzeto od drugog tužilaštva/tužiteljstva": {"measure": "transferred_in", "level": "prosecution"},
    "Nova pravna kvalifikacija/oznaka": {"measure": "requalified_in", "level": "prosecution"},
    "Ponovno/ponovo otvoreno": {"measure": "reopened", "level": "prosecution"},
    "Naredba o provođenju/sprovođenju istrage": {"measure": "investigated"},
    "Podignuta/podnesena optužnica": {"measure": "indicted"},
    "Odbačena prijava": {"measure": "rejected", "level": "prosecution"},
    "Obustavljena istraga": {"measure": "discontinued", "level": "prosecution"},
    "Ustupljeno drugom tužilaštvu/tužiteljstvu": {"measure": "transferred_out", "level": "prosecution"},
    "Izmijenjena pravna kvalifikacija/oznaka": {"measure": "requalified_out", "level": "prosecution"},
    "Neriješene prijave na kraju razdoblja/perioda": {"measure": "pending_prosecution", "statistic": "end"},
}
COURTS: dict[str, Codes] = {
    "Neriješeno na početku razdoblja/perioda": {"measure": "pending_first", "statistic": "start"},
    "Presuđene osobe/lica, prvi stepen/stupanj": {"measure": "adjudicated_first"},
    "Osuđene osobe/lica, prvi stepen/stupanj": {"measure": "convicted_first"},
    "Oslobođene osobe/lica": {"measure": "acquitted", "level": "first"},
    "Odbijena optužba": {"measure": "rejected", "level": "first"},
    "Obustavljen postupak": {"measure": "discontinued", "level": "first"},
    "Neriješeno na kraju razdoblja/perioda": {"measure": "pending_first", "statistic": "end"},
    "Izjavljene žalbe": {"measure": "appealed"},
    "Riješene žalbe": {"measure": "decided_on_appeal"},
    "Pravosnažno/pravomoćno presuđene osobe/lica": {"measure": "adjudicated_final"},
    "Pravosnažno/pravomoćno osuđene osobe/lica": {"measure": "convicted_final"},
}
PRISON = {"sentence_type": "prison"}
SANCTIONS: dict[str, Codes] = {
    "Sankcije svega/ukupno": {},
    "Zatvor svega/ukupno": PRISON,
    "Zatvor do 2 godine": {**PRISON, "sentence_band": "M0T24"},
    "Zatvor preko 2 do 5 godina": {**PRISON, "sentence_band": "M24T60"},
    "Zatvor preko 5 do 10 godina": {**PRISON, "sentence_band": "M60T120"},
    "Zatvor preko 10 godina": {**PRISON, "sentence_band": "M120T"},
    "Uslovna/uvjetna osuda": {"sentence_type": "prison_suspended"},
    "Novčana kazna": {"sentence_type": "fine"},
    "Rad za opće dobro na slobodi": {"sentence_type": "community"},
    "Odgojna/vaspitna mjera": {"sentence_type": "juvenile"},
    "Druga sankcija": {"sentence_type": "other"},
}
BACK: dict[str, Codes] = {
    "Prijavljene osobe/lica": {"measure": "reported"},
    "Naredba o provođenju/sprovođenju istrage": {"measure": "investigated"},
    "Podignuta/podnesena optužnica": {"measure": "indicted"},
    "Osuđene osobe/lica, prvi stepen/stupanj": {"measure": "convicted_first"},
    "Pravosnažno/pravomoćno osuđene osobe/lica": {"measure": "convicted_final"},
}


def lay_out_sheet(name: str, title: str, table: MadeTable) -> Sheet:
    above = (
        "FEDERALNO TUŽILAŠTVO/TUŽITELJSTVO FEDERACIJE BOSNE I HERCEGOVINE",
        DEMO,
        "Kontakt: odjel/odjeljenje za analitiku, Sarajevo",
        title,
    )
    below = ("Izvor: evidencije tužilaštava/tužiteljstava i sudova (izmišljeni podaci)", "0 znači da nije bilo pojave")
    rows = [*([text] for text in above), *table.rows, *([text] for text in below)]
    return Sheet(name, tuple(rows), (52, 14, 14, 14, 14, 14, 14))


def build_table(truth: Truth, period: Period, lines: Mapping[str, Codes], cols: list[Column]) -> MadeTable:
    body = [Line((label,), codes) for label, codes in lines.items()]
    return build_crosstab(truth, OFFICE, period, cols, body, corner=["Opis"], height=2)


def make_justice_return(truth: Truth, due: Due) -> SampleReturn:
    period = due.period
    when = f"{period.quarter}. tromjesečje/kvartal {period.year}. godine"
    by_sex = cross_columns(*ARTICLES, by=SEXES)
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    for name, title, lines, cols in (
        ("Tužilaštvo-Tužiteljstvo", "Prijave i istrage, osobe/lica", PROSECUTION, by_sex),
        ("Sudovi", "Postupci pred sudovima, osobe/lica", COURTS, by_sex),
        ("Sankcije", "Izrečene sankcije, osobe/lica", SANCTIONS, cross_columns(*ARTICLES, by=INSTANCES)),
    ):
        table = build_table(truth, period, lines, cols)
        sheets.append(lay_out_sheet(name, f"{title}, {when}", table))
        meaning += table.meaning
    return SampleReturn(
        path=f"BA/justice/FT_FBiH_{period.quarter}_{period.year}.xls",
        data=xls.write_workbook(sheets),
        jurisdiction="BA_FED",
        instrument="justice",
        source="BA_FED_PO",
        form="BA_FED-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Provjereno/potvrđeno u evidencijama / Checked in the records (demonstration)",
    )


def make_back_return(truth: Truth, due: Due) -> SampleReturn:
    """Return the years before the quarters, one sheet a year."""
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    for period in due.periods:
        table = build_table(truth, period, BACK, cross_columns(*ARTICLES, by=SEXES))
        sheets.append(
            lay_out_sheet(period.code, f"Pregled prijavljenih i osuđenih osoba/lica, {period.code}. godina", table)
        )
        meaning += table.meaning
    return SampleReturn(
        path="BA/justice/FT_FBiH_2020-2022.xls",
        data=xls.write_workbook(sheets),
        jurisdiction="BA_FED",
        instrument="justice",
        source="BA_FED_PO",
        form="BA_FED-JUSTICE-BACK",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int) -> Iterator[SampleReturn]:
    for due in list_wanted_returns("BA_FED", "justice", years):
        yield make_back_return(truth, due) if due.back else make_justice_return(truth, due)
