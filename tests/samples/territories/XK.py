# ruff: noqa: N999  (the module is named after its territory)
"""Kosovo under UNSCR 1244: the prosecutorial council's ruled report, and the national coordinator's SDMX-CSV.

The report counts from January, quarter after quarter; only its third table, of stocks, is of the quarter itself.
Persons still tried under the code of 2013 have rows of their own, which name that code.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples import plan
from tests.samples.articles import XK_2019, Article, list_articles
from tests.samples.cooperation import returns as cooperation
from tests.samples.crosstab import Codes, Column, Line, count_cell, cross_columns, lay_out_head, make_meaning
from tests.samples.margins import victim_margins
from tests.samples.rows import Office, Period, Row, SampleReturn
from tests.samples.truth import Truth
from tests.samples.writers import pdf, sdmx
from tests.samples.writers.layout import Cell, Sheet
from tests.samples.writers.layout import Row as SheetRow

YTD = Office("XK", "XK", "justice", "XK_KPC", accumulation="ytd")
OWN = Office("XK", "XK", "justice", "XK_KPC")
NATC = Office("XK", "XK", "victims", "XK_NATC", date_basis="event")
DEMONSTRATION = "TË DHËNA DEMONSTRUESE, TË TRILLUARA / DEMONSTRATION DATA, INVENTED"
FOOTNOTE = (
    "Kosovë: ky emërtim nuk paragjykon statusin dhe është në përputhje me Rezolutën 1244 të KS të OKB-së / "
    "Kosovo under UNSCR 1244: this designation is without prejudice to positions on status."
)
MONTHS = {1: "janar–mars", 2: "janar–qershor", 3: "janar–shtator", 4: "janar–dhjetor"}
LABELS = {
    "165": "Trafikimi me njerëz, neni 165",
    "166": "Mbajtja e dokumenteve të identitetit të viktimave, neni 166",
    "164": "Kontrabandimi me migrantë, neni 164",
    "171": "Trafikimi me njerëz, neni 171 i kodit të vitit 2013",
    "170": "Kontrabandimi me migrantë, neni 170 i kodit të vitit 2013",
}
STAGES: list[tuple[str, Codes]] = [
    ("Kallëzime penale të pranuara (raste)", {"measure": "reported", "count_unit": "case"}),
    ("Kallëzime penale të pranuara", {"measure": "reported"}),
    ("Kallëzime të zgjidhura", {"measure": "report_disposed"}),
    ("Vendim për fillimin e hetimeve", {"measure": "investigated"}),
    ("Kallëzim i hedhur", {"measure": "rejected", "level": "prosecution"}),
    ("Hetim i pushuar", {"measure": "discontinued", "level": "prosecution"}),
    ("Aktakuzë e ngritur", {"measure": "indicted"}),
    ("Aktakuza të ngritura (raste)", {"measure": "indicted", "count_unit": "case"}),
    ("Të gjykuar në shkallë të parë", {"measure": "adjudicated_first"}),
    ("Të dënuar në shkallë të parë", {"measure": "convicted_first"}),
    ("Të liruar nga aktakuza", {"measure": "acquitted", "level": "first"}),
    ("Aktakuzë e refuzuar", {"measure": "rejected", "level": "first"}),
    ("Procedurë e pushuar", {"measure": "discontinued", "level": "first"}),
    ("Ankesa të paraqitura", {"measure": "appealed"}),
    ("Ankesa të vendosura", {"measure": "decided_on_appeal"}),
    ("Të dënuar me aktgjykim të plotfuqishëm", {"measure": "convicted_final"}),
]
MARKS = {"Aktakuzë e ngritur": "1)"}
"""Raised marks of notes, explained above the tables."""
FEATURES: list[tuple[tuple[str, ...], Codes]] = [
    (("Gjithsej",), {}),
    (("Gjinia", "Meshkuj"), {"sex": "M"}),
    (("Gjinia", "Femra"), {"sex": "F"}),
    (("Mosha", "nën 18"), {"age": "Y_LT18"}),
    (("Mosha", "18–24"), {"age": "Y18T24"}),
    (("Mosha", "25–39"), {"age": "Y25T39"}),
    (("Mosha", "40 e lart"), {"age": "Y_GE40"}),
]
SENTENCES: list[tuple[tuple[str, ...], Codes]] = [
    (("Gjithsej",), {}),
    (("Burgim", "Gjithsej"), {"sentence_type": "prison"}),
    (("Burgim", "deri 6 muaj"), {"sentence_type": "prison", "sentence_band": "M0T6"}),
    (("Burgim", "6–12 muaj"), {"sentence_type": "prison", "sentence_band": "M6T12"}),
    (("Burgim", "1–2 vjet"), {"sentence_type": "prison", "sentence_band": "M12T24"}),
    (("Burgim", "2–5 vjet"), {"sentence_type": "prison", "sentence_band": "M24T60"}),
    (("Burgim", "5–10 vjet"), {"sentence_type": "prison", "sentence_band": "M60T120"}),
    (("Burgim", "10 vjet e më shumë"), {"sentence_type": "prison", "sentence_band": "M120T"}),
    (("Burgim me kusht",), {"sentence_type": "prison_suspended"}),
    (("Gjobë",), {"sentence_type": "fine"}),
    (("Punë në dobi të përgjithshme",), {"sentence_type": "community"}),
    (("Masa për të mitur",), {"sentence_type": "juvenile"}),
    (("Dënime tjera",), {"sentence_type": "other"}),
]
STOCKS: list[tuple[tuple[str, ...], Codes]] = [
    (("Në prokurori", "Në fillim"), {"measure": "pending_prosecution", "statistic": "start"}),
    (("Në prokurori", "Në fund"), {"measure": "pending_prosecution", "statistic": "end"}),
    (("Në gjykatë themelore", "Në fillim"), {"measure": "pending_first", "statistic": "start"}),
    (("Në gjykatë themelore", "Në fund"), {"measure": "pending_first", "statistic": "end"}),
    (("Në Gjykatën e Apelit", "Në fillim"), {"measure": "pending_appeal", "statistic": "start"}),
    (("Në Gjykatën e Apelit", "Në fund"), {"measure": "pending_appeal", "statistic": "end"}),
]


def _in_force(period: Period) -> list[Article]:
    """Articles that are or were law by the period's end, newest code first as the report lists them."""
    in_force = [article for article in list_articles("XK") if article.since <= period.end]
    return sorted(in_force, key=lambda article: (article.since != XK_2019, list(LABELS).index(article.article)))


def _meant(office: Office, period: Period, codes: Codes, value: int | None, status: str = "A") -> Row:
    """Report an article no longer in force at the period's end by its offence, since the row names a past code."""
    row = make_meaning(office, period, codes, value, status)
    expired = next(article for article in list_articles("XK") if article.article == codes["article"]).until < period.end
    return row._replace(law_article="_Z") if expired else row


def _table(
    truth: Truth,
    office: Office,
    period: Period,
    name: str,
    corner: tuple[str, ...],
    cols: list[Column],
    lines: list[Line],
    widths: tuple[int, ...],
) -> tuple[Sheet, list[Row]]:
    rows: list[SheetRow] = lay_out_head(corner, cols, 2)
    meaning: list[Row] = []
    for line in lines:
        cells: list[str | int] = []
        for column in cols:
            codes = {**line.codes, **column.codes}
            if codes.get("count_unit") == "case" and ("sex" in codes or "age" in codes):
                cells.append(".")
                meaning.append(_meant(office, period, codes, None, "M"))
                continue
            value = count_cell(truth, office, period, codes)
            cells.append(value or "-")
            meaning.append(_meant(office, period, codes, value))
        rows.append([*line.labels, *cells])
    return Sheet(name, tuple(rows), widths), meaning


def _tables(truth: Truth, period: Period, flows: Office, when: str, quarter: str) -> tuple[list[Sheet], list[Row]]:
    in_force = _in_force(period)
    staged = [
        Line((LABELS[article.article], Cell(stage, mark=MARKS.get(stage))), {"article": article.article, **codes})
        for article in in_force
        for stage, codes in STAGES
    ]
    plain = [Line((LABELS[article.article],), {"article": article.article}) for article in in_force]
    sentenced = [Column(path, {"measure": "sentenced_first", **codes}) for path, codes in SENTENCES]
    tables = [
        _table(
            truth,
            flows,
            period,
            f"Tabela 1. Persona sipas fazës së procedurës {when}",
            ("Vepra penale", "Faza e procedurës"),
            cross_columns(*FEATURES),
            staged,
            (200, 200, *[52] * len(FEATURES)),
        ),
        _table(
            truth,
            flows,
            period,
            f"Tabela 2. Persona të dënuar sipas llojit të dënimit {when}",
            ("Vepra penale",),
            sentenced,
            plain,
            (180, *[45] * len(SENTENCES)),
        ),
        _table(
            truth,
            OWN,
            period,
            f"Tabela 3. Persona në procedurë në fillim dhe në fund të periudhës {quarter}",
            ("Vepra penale",),
            cross_columns(*STOCKS),
            plain,
            (230, *[60] * len(STOCKS)),
        ),
    ]
    return [sheet for sheet, _ in tables], [row for _, rows in tables for row in rows]


def _report(truth: Truth, due: plan.Due) -> SampleReturn:
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    for period in due.periods:
        if due.back:
            tables = _tables(truth, period, OWN, f"për vitin {period.year}", f"për vitin {period.year}")
        else:
            span = f"për periudhën {MONTHS[period.quarter]} {period.year}"
            tables = _tables(truth, period, YTD, span, f"për tremujorin {period.quarter} të vitit {period.year}")
        sheets += tables[0]
        meaning += tables[1]
    title = "Këshilli Prokurorial i Kosovës – raport statistikor për trafikim me njerëz dhe kontrabandim me migrantë"
    intro = [
        "KËSHILLI PROKURORIAL I KOSOVËS",
        title,
        DEMONSTRATION,
        FOOTNOTE,
        "Të dhënat e tabelave 1 dhe 2 janë kumulative nga janari. Shenjat: - asnjë rast; . nuk ka kuptim.",
        "1) Përfshirë aktakuzat e zgjeruara ndaj personave të rinj.",
        "Kontakti: statistika@kpk.example",
    ]
    file = "KPK_2020-2022.pdf" if due.back else f"KPK_raporti_TM{due.period.quarter}_{due.period.year}.pdf"
    return SampleReturn(
        path=f"XK/justice/{file}",
        data=pdf.write_report([*intro, *sheets], title=title, footer=DEMONSTRATION, head_rows=2),
        jurisdiction="XK",
        instrument="justice",
        source="XK_KPC",
        form="XK-JUSTICE-BACK" if due.back else "XK-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


# -- victims

STATUS = {"T": "_T", "P": "presumed", "I": "identified", "J": "injured_party"}
DIMENSIONS = ("sex", "age", "exploitation", "citizenship")
MARGINS = victim_margins(("Y_LT18", "Y_GE18", "Y14T17", "Y18T24"))
"""Only these combinations are in the file; SDMX leaves out the others."""


def _victims(truth: Truth, due: plan.Due) -> SampleReturn:
    period = due.period
    observations: list[sdmx.Observation] = []
    meaning: list[Row] = []
    for status, code in STATUS.items():
        for margin in MARGINS:
            codes = {"victim_status": code, **margin}
            value = count_cell(truth, NATC, period, codes)
            observations.append(
                sdmx.Observation(
                    {
                        "FREQ": "A",
                        "REF_AREA": "XK",
                        "INDICATOR": "THB_VICTIMS",
                        "STATUS": status,
                        **{dimension.upper(): margin.get(dimension, "_T") for dimension in DIMENSIONS},
                    },
                    period.code,
                    value,
                    {"OBS_STATUS": "A", "COMMENT": "Demonstration data / të dhëna demonstruese"},
                )
            )
            meaning.append(make_meaning(NATC, period, codes, value))
    return SampleReturn(
        path=f"XK/victims/NATC_THB_VICTIMS_{period.code}.csv",
        data=sdmx.csv_1_0(observations, flow="XK_NATC:DF_THB_VICTIMS(1.0)"),
        jurisdiction="XK",
        instrument="victims",
        source="XK_NATC",
        form="XK-VICTIMS-1",
        periods=(period,),
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield the returns of both offices."""
    for due in plan.list_wanted_returns("XK", "justice", years):
        yield _report(truth, due)
    for due in plan.list_wanted_returns("XK", "victims", years):
        yield _victims(truth, due)
    yield from cooperation.make_returns(truth, "XK", years)
