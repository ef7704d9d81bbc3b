"""The prosecutor's office of the State: a Word document with merged heads, Bosnian in Latin script.

It keeps full accounts of persons before the prosecutor and before the court. In 2024-Q2 it handed a case over to the
Federation (`transferred_out`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.samples.crosstab import Codes, Column, Line, MadeTable, build_crosstab, cross_columns
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.rows import Office, Period, Row, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import docx
from tests.samples.writers.layout import Cell, Sheet

OFFICE = Office("BA", "BA_STATE", "justice", "BA_STATE_PO")
DEMO = "DEMONSTRACIONI PODACI (izmišljeni) / DEMONSTRATION DATA (invented)"
ROMAN = ("I", "II", "III", "IV")
CORNER = "Krivično djelo (KZ BiH)"
LINES = (
    Line(("Zasnivanje ropskog odnosa i prijevoz osoba u ropskom odnosu, član 185.",), {"article": "185"}),
    Line(("Međunarodna trgovina ljudima, član 186.",), {"article": "186"}),
    Line(("Organizirana međunarodna trgovina ljudima, član 186a.",), {"article": "186a"}),
    Line((Cell("Krijumčarenje osoba, član 189.", mark="1)"),), {"article": "189"}),
    Line(("Organiziranje grupe ili udruženja za krijumčarenje migranata, član 189a.",), {"article": "189a"}),
)
BANDS = {
    "do 1 godine": "M0T12",
    "1 do 3 godine": "M12T36",
    "3 do 5 godina": "M36T60",
    "5 do 10 godina": "M60T120",
    "10 godina i više": "M120T",
}
SANCTIONS = {
    "Uslovna osuda": "prison_suspended",
    "Novčana kazna": "fine",
    "Rad za opće dobro": "community",
    "Odgojna mjera": "juvenile",
    "Druga sankcija": "other",
}
SEXES: list[tuple[tuple[str, ...], Codes]] = [(("muški",), {"sex": "M"}), (("ženski",), {"sex": "F"})]
STAGES = {
    "Prijavljene osobe": "reported",
    "Osobe obuhvaćene naredbom o provođenju istrage": "investigated",
    "Optužene osobe": "indicted",
}


def columns_of_level(level: str, labels: dict[str, str], above: str) -> list[Column]:
    return [Column((above, label), {"measure": measure, "level": level}) for label, measure in labels.items()]


def account_columns() -> list[Column]:
    stock = {"measure": "pending_prosecution"}
    return [
        Column(("Broj predmeta",), {"measure": "reported", "count_unit": "case"}),
        Column(("Neriješeno na početku",), {**stock, "statistic": "start"}),
        Column(("Primljeno", "po prijavi"), {"measure": "reported"}),
        *columns_of_level(
            "prosecution",
            {
                "preuzeto od drugog tužilaštva": "transferred_in",
                "po promjeni kvalifikacije": "requalified_in",
                "ponovo otvoreno": "reopened",
            },
            "Primljeno",
        ),
        Column(("Riješeno", "optužnica"), {"measure": "indicted"}),
        *columns_of_level(
            "prosecution",
            {
                "prijava odbačena": "rejected",
                "istraga obustavljena": "discontinued",
                "ustupljeno drugom tužilaštvu": "transferred_out",
                "promjena kvalifikacije": "requalified_out",
            },
            "Riješeno",
        ),
        Column(("Neriješeno na kraju",), {**stock, "statistic": "end"}),
        Column(("Naredba o provođenju istrage",), {"measure": "investigated"}),
    ]


def columns_by_sex() -> list[Column]:
    return cross_columns(*(((label,), {"measure": measure}) for label, measure in STAGES.items()), by=SEXES)


def court_columns() -> list[Column]:
    stock = {"measure": "pending_first"}
    return [
        Column(("Neriješeno na početku",), {**stock, "statistic": "start"}),
        Column(("Prvi stepen", "presuđene osobe"), {"measure": "adjudicated_first"}),
        Column(("Prvi stepen", "osuđene osobe"), {"measure": "convicted_first"}),
        Column(("Prvi stepen", "od toga muški"), {"measure": "convicted_first", "sex": "M"}),
        Column(("Prvi stepen", "od toga ženski"), {"measure": "convicted_first", "sex": "F"}),
        *columns_of_level(
            "first",
            {
                "oslobođene osobe": "acquitted",
                "optužba odbijena": "rejected",
                "postupak obustavljen": "discontinued",
                "vraćeno na ponovno suđenje": "remitted",
            },
            "Prvi stepen",
        ),
        Column(("Neriješeno na kraju",), {**stock, "statistic": "end"}),
        Column(("Žalbe", "izjavljene"), {"measure": "appealed"}),
        Column(("Žalbe", "riješene"), {"measure": "decided_on_appeal"}),
        Column(("Pravosnažno", "presuđene osobe"), {"measure": "adjudicated_final"}),
        Column(("Pravosnažno", "osuđene osobe"), {"measure": "convicted_final"}),
        Column(("Pravosnažno", "od toga muški"), {"measure": "convicted_final", "sex": "M"}),
        Column(("Pravosnažno", "od toga ženski"), {"measure": "convicted_final", "sex": "F"}),
    ]


def sanction_columns(measure: str) -> list[Column]:
    prison = {"measure": measure, "sentence_type": "prison"}
    cols = [Column(("Ukupno sankcija",), {"measure": measure}), Column(("Kazna zatvora", "ukupno"), prison)]
    cols += [Column(("Kazna zatvora", label), {**prison, "sentence_band": band}) for label, band in BANDS.items()]
    return cols + [Column((label,), {"measure": measure, "sentence_type": kind}) for label, kind in SANCTIONS.items()]


def make_parts(
    truth: Truth, period: Period, tables: Sequence[tuple[str, list[Column]]]
) -> tuple[list[str | Sheet], list[Row]]:
    """Return paragraphs and tables with their meaning."""
    document_parts: list[str | Sheet] = []
    meaning: list[Row] = []
    for title, cols in tables:
        table: MadeTable = build_crosstab(truth, OFFICE, period, cols, LINES, corner=[CORNER], height=2, zero="-")
        document_parts += [title, Sheet("", tuple(table.rows)), ""]
        meaning += table.meaning
    return document_parts, meaning


ABOVE = [
    "BOSNA I HERCEGOVINA",
    "TUŽILAŠTVO BOSNE I HERCEGOVINE",
    DEMO,
    "Kontakt: odsjek za statistiku, Sarajevo",
]
BELOW = [
    "Izvor: upisnici tužilaštva i suda (izmišljeni podaci).",
    "1) Krijumčarenje migranata; lica koja su sama nezakonito prešla granicu nisu obuhvaćena.",
    "- nema pojave",
]


def make_justice_return(truth: Truth, due: Due) -> SampleReturn:
    period = due.period
    when = f"{ROMAN[period.quarter - 1]} kvartal {period.year}. godine"
    body, meaning = make_parts(
        truth,
        period,
        (
            (f"Tabela 1. Kretanje prijava i istraga (osobe), {when}", account_columns()),
            (f"Tabela 2. Osobe prema spolu, {when}", columns_by_sex()),
            (f"Tabela 3. Postupci pred sudom (osobe), {when}", court_columns()),
            (f"Tabela 4. Sankcije izrečene prvostepenom presudom, {when}", sanction_columns("sentenced_first")),
            (f"Tabela 5. Sankcije izrečene pravosnažnom presudom, {when}", sanction_columns("sentenced_final")),
        ),
    )
    head = [*ABOVE, f"Izvještaj o krivičnim djelima trgovine ljudima i krijumčarenja, {when}"]
    return SampleReturn(
        path=f"BA/justice/TBIH_trgovina_ljudima_{period.year}_{ROMAN[period.quarter - 1]}.docx",
        data=docx.write_document([*head, *body, *BELOW], title="Izvještaj o krivičnim djelima trgovine ljudima"),
        jurisdiction="BA_STATE",
        instrument="justice",
        source="BA_STATE_PO",
        form="BA_STATE-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Provjereno u upisnicima / Checked in the registers (demonstration)",
    )


def make_back_return(truth: Truth, due: Due) -> SampleReturn:
    """Return the years before the quarters, one table a year."""
    stages = {
        **STAGES,
        "Osuđene osobe (prvi stepen)": "convicted_first",
        "Pravosnažno osuđene osobe": "convicted_final",
    }
    by: list[tuple[tuple[str, ...], Codes]] = [(("ukupno",), {}), *SEXES]
    cols = cross_columns(*(((label,), {"measure": measure}) for label, measure in stages.items()), by=by)
    body: list[str | Sheet] = []
    meaning: list[Row] = []
    for period in due.periods:
        more, rows = make_parts(
            truth, period, ((f"Prijavljene, optužene i osuđene osobe, {period.code}. godina", cols),)
        )
        body += more
        meaning += rows
    return SampleReturn(
        path="BA/justice/TBIH_trgovina_ljudima_2020-2022.docx",
        data=docx.write_document([*ABOVE, *body, *BELOW], title="Pregled za 2020. do 2022. godinu"),
        jurisdiction="BA_STATE",
        instrument="justice",
        source="BA_STATE_PO",
        form="BA_STATE-JUSTICE-BACK",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int) -> Iterator[SampleReturn]:
    for due in list_wanted_returns("BA_STATE", "justice", years):
        yield make_back_return(truth, due) if due.back else make_justice_return(truth, due)
