# ruff: noqa: N999  (the module is named after its territory)
"""Albania: the General Prosecution's workbook of the year, and the anti-trafficking coordinator's list of victims.

The workbook has one sheet a quarter and grows through the year, so that each return states the earlier quarters again;
one of them is stated differently once.  An empty cell means that the figure is missing, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.samples import plan
from tests.samples.articles import list_articles
from tests.samples.cooperation import records as request_records
from tests.samples.cooperation import returns as cooperation
from tests.samples.crosstab import (
    Codes,
    Column,
    Line,
    MadeTable,
    build_crosstab,
    count_cell,
    cross_columns,
    make_meaning,
)
from tests.samples.margins import victim_margins
from tests.samples.rows import Office, Period, Row, SampleReturn, make_quarter
from tests.samples.truth import Truth
from tests.samples.writers import csvfile, xlsx
from tests.samples.writers.layout import Row as SheetRow
from tests.samples.writers.layout import Sheet

PROSECUTION = Office("AL", "AL", "justice", "AL_PP")
NRM = Office("AL", "AL", "victims", "AL_NRM", date_basis="event")
ROMAN = ("I", "II", "III", "IV")
DEMONSTRATION = "TË DHËNA DEMONSTRUESE, TË TRILLUARA – DEMONSTRATION DATA, INVENTED"
LABELS = {
    "110/a": "110/a – Trafikimi i personave të rritur",
    "110/b": "110/b – Përfitimi ose përdorimi i shërbimeve të ofruara nga persona të trafikuar",
    "110/c": "110/c – Veprimet që lehtësojnë trafikimin",
    "128/b": "128/b – Trafikimi i të miturve",
    "298": "298 – Ndihma për kalim të paligjshëm të kufijve",
    "297": "297 – Kalimi i paligjshëm i kufirit shtetëror",
}
SEX = [(("Gjithsej",), {}), (("Meshkuj",), {"sex": "M"}), (("Femra",), {"sex": "F"})]
AGES = [
    (("nën 18 vjeç",), {"age": "Y_LT18"}),
    (("18–20",), {"age": "Y18T20"}),
    (("21–24",), {"age": "Y21T24"}),
    (("25–34",), {"age": "Y25T34"}),
    (("35–44",), {"age": "Y35T44"}),
    (("45 e lart",), {"age": "Y_GE45"}),
]
STAGES: list[tuple[tuple[str, ...], Codes]] = [
    (("Persona të referuar",), {"measure": "reported"}),
    (("Persona nën hetim",), {"measure": "investigated"}),
    (("Persona të dërguar në gjyq",), {"measure": "indicted"}),
    (("Persona të gjykuar, shkalla e parë",), {"measure": "adjudicated_first"}),
    (("Persona të dënuar, shkalla e parë",), {"measure": "convicted_first"}),
]
EXITS: list[tuple[tuple[str, ...], Codes]] = [
    (("Prokuroria", "Mosfillim"), {"measure": "rejected", "level": "prosecution"}),
    (("Prokuroria", "Pushim i hetimit"), {"measure": "discontinued", "level": "prosecution"}),
    (("Prokuroria", "Rihapur"), {"measure": "reopened", "level": "prosecution"}),
    (("Gjykata", "Pafajësi"), {"measure": "acquitted", "level": "first"}),
    (("Gjykata", "Pushim i çështjes"), {"measure": "discontinued", "level": "first"}),
    (("Gjykata", "Kthim i akteve"), {"measure": "rejected", "level": "first"}),
    (("Apeli", "Të ankimuar"), {"measure": "appealed"}),
    (("Apeli", "Të vendosur"), {"measure": "decided_on_appeal"}),
    (("Forma e prerë", "Të dënuar"), {"measure": "convicted_final"}),
    (("Të mbartura në prokurori", "Në fillim"), {"measure": "pending_prosecution", "statistic": "start"}),
    (("Të mbartura në prokurori", "Në fund"), {"measure": "pending_prosecution", "statistic": "end"}),
    (("Të mbartura në gjykatë", "Në fillim"), {"measure": "pending_first", "statistic": "start"}),
    (("Të mbartura në gjykatë", "Në fund"), {"measure": "pending_first", "statistic": "end"}),
]
SENTENCES: list[tuple[tuple[str, ...], Codes]] = [
    (("Gjithsej",), {}),
    (("Burgim", "Gjithsej"), {"sentence_type": "prison"}),
    (("Burgim", "deri në 2 vjet"), {"sentence_type": "prison", "sentence_band": "M0T24"}),
    (("Burgim", "2 deri në 5 vjet"), {"sentence_type": "prison", "sentence_band": "M24T60"}),
    (("Burgim", "5 deri në 10 vjet"), {"sentence_type": "prison", "sentence_band": "M60T120"}),
    (("Burgim", "10 vjet e lart"), {"sentence_type": "prison", "sentence_band": "M120T"}),
    (("Burgim me kusht",), {"sentence_type": "prison_suspended"}),
    (("Gjobë",), {"sentence_type": "fine"}),
    (("Punë në interes publik",), {"sentence_type": "community"}),
    (("Masa edukuese për të mitur",), {"sentence_type": "juvenile"}),
    (("Dënime të tjera",), {"sentence_type": "other"}),
]
TABLES: list[tuple[str, str, list[Column]]] = [
    (
        "Tabela 1. Procedime penale dhe persona sipas gjinisë",
        "Neni i Kodit Penal",
        [
            Column(("Procedime penale të regjistruara",), {"measure": "reported", "count_unit": "case"}),
            *cross_columns(*STAGES, by=SEX),
        ],
    ),
    ("Tabela 2. Vendime dhe çështje të mbartura, persona", "Neni i Kodit Penal", cross_columns(*EXITS)),
    ("Tabela 3. Persona sipas grupmoshës", "Neni i Kodit Penal", cross_columns(STAGES[0], STAGES[4], by=AGES)),
    (
        "Tabela 4. Persona të dënuar në shkallë të parë sipas llojit të dënimit",
        "Neni i Kodit Penal",
        [Column(path, {"measure": "sentenced_first", **codes}) for path, codes in SENTENCES],
    ),
]
REVISED = make_quarter(2024, 1)
"""The quarter that the return of 2024-Q3 states differently: two persons under article 298 had been left out."""
NOT_AVAILABLE = make_quarter(2023, 1)
"""In this quarter the appeal court's figures never came, so the cells stay empty."""
ENTERED_LATE = 2


def _lines() -> list[Line]:
    return [Line((LABELS[article.article],), {"article": article.article}) for article in list_articles("AL")]


def _missing(period: Period) -> Callable[[Codes], bool]:
    return lambda codes: period == NOT_AVAILABLE and codes["measure"] in ("appealed", "decided_on_appeal")


def _shift(truth: Truth, period: Period, sent: Period) -> Callable[[Codes], int]:
    """Return the shift of each cell: before the revision, two men aged 25 to 34 were left out under article 298."""
    wrong = period == REVISED and sent < make_quarter(2024, 3)
    late = min(ENTERED_LATE, truth.count_events("AL", REVISED, "reported", article="298", sex="M", age="Y25T34"))

    def shift_count(codes: Codes) -> int:
        hit = codes["article"] == "298" and codes["measure"] == "reported" and codes.get("count_unit") != "case"
        cell = codes.get("sex", "M") == "M" and codes.get("age", "Y25T34") == "Y25T34"
        return -late if wrong and hit and cell else 0

    return shift_count


def _tables(truth: Truth, period: Period, sent: Period, when: str) -> MadeTable:
    """Return all tables of one quarter or year, one below the other."""
    tables = MadeTable()
    for title, corner, cols in TABLES:
        part = build_crosstab(
            truth,
            PROSECUTION,
            period,
            cols,
            _lines(),
            corner=(corner,),
            height=2,
            total="Gjithsej",
            missing=_missing(period),
            shift=_shift(truth, period, sent),
        )
        body: list[SheetRow] = [[None if value == "" else value for value in row] for row in part.rows[2:]]
        tables.rows += [[f"{title}, {when}"], *part.rows[:2], *body, ["Burimi: Prokuroria e Përgjithshme"], []]
        tables.meaning += part.meaning
    return tables


def _sheet(name: str, tables: MadeTable) -> Sheet:
    top: list[SheetRow] = [
        ["REPUBLIKA E SHQIPËRISË – PROKURORIA E PËRGJITHSHME"],
        ["Statistika për trafikimin e personave dhe ndihmën për kalim të paligjshëm të kufijve"],
        [DEMONSTRATION],
        [],
    ]
    foot: list[SheetRow] = [
        ["Shënim: qeliza bosh do të thotë se e dhëna mungon / an empty cell means that the figure is missing"],
        ["Kontakt: statistika@prokuroria.example"],
    ]
    return Sheet(name, (*top, *tables.rows, *foot), (46, *[11] * 20))


def _workbook(truth: Truth, due: plan.Due, first: Period) -> SampleReturn:
    """Return the workbook of the year up to a quarter; no return states quarters before the `first` due."""
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    sent = due.period
    periods = list(due.periods)
    if not due.back:
        periods = [make_quarter(sent.year, n) for n in range(1, sent.quarter + 1)]
        periods = [period for period in periods if period >= first]
    for period in periods:
        name = f"Viti {period.code}" if due.back else f"Tremujori {ROMAN[period.quarter - 1]}"
        when = f"viti {period.year}" if due.back else f"tremujori {ROMAN[period.quarter - 1]}, viti {period.year}"
        tables = _tables(truth, period, sent, when)
        sheets.append(_sheet(name, tables))
        meaning += tables.meaning
    file = "PP_Seria_2020-2022.xlsx" if due.back else f"PP_Trafikimi_{sent.year}_T{sent.quarter}.xlsx"
    revises = sent == make_quarter(2024, 3)
    return SampleReturn(
        path=f"AL/justice/{file}",
        data=xlsx.write_workbook(sheets, title="Prokuroria e Përgjithshme", comments=DEMONSTRATION),
        jurisdiction="AL",
        instrument="justice",
        source="AL_PP",
        form="AL-JUSTICE-BACK" if due.back else "AL-JUSTICE-1",
        periods=tuple(periods),
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="late_data" if revises else "",
        justification_text=(
            "Dy persona të tremujorit I u shtuan me vonesë / two persons of quarter I were added late"
            if revises
            else ""
        ),
    )


STATUS = {
    "_T": "Gjithsej (të mundshme dhe të identifikuara)",
    "presumed": "Viktimë e mundshme",
    "identified": "Viktimë e identifikuar",
    "injured_party": "E dëmtuar në procedim penal",
}
VICTIM_SEX = {"_T": "Gjithsej", "M": "Meshkuj", "F": "Femra"}
VICTIM_AGE = {"_T": "Gjithsej", "Y_LT18": "0–17 vjeç", "Y_GE18": "18 vjeç e lart", "Y_LT14": "0–13", "Y14T17": "14–17"}
FORM = {
    "_T": "Gjithsej",
    "sexual": "Shfrytëzim seksual",
    "labour": "Punë e detyruar",
    "begging": "Lypje e detyruar",
    "criminality": "Veprimtari kriminale e detyruar",
    "marriage": "Martesë e detyruar",
    "organs": "Heqje organesh",
    "other": "Forma të tjera",
    "multiple": "Më shumë se një formë",
    "_U": "E panjohur",
}
CITIZENSHIP = {
    "_T": "Gjithsej",
    "own": "Shqiptare",
    "region": "E rajonit",
    "eu": "E Bashkimit Evropian",
    "other": "Tjetër",
    "stateless": "Pa shtetësi",
    "_U": "E panjohur",
}
HEADING = (
    "Tremujori", "Statusi", "Gjinia", "Grupmosha", "Forma e shfrytëzimit", "Shtetësia", "Numri i viktimave", "Shënim",
)  # fmt: skip


def _victims(truth: Truth, due: plan.Due) -> SampleReturn:
    period = due.period
    lines: list[list[str | int | float | None]] = [
        [f"Të dhëna demonstruese, të trilluara / demonstration data, invented: T{period.quarter}/{period.year}"],
        ["Zyra e Koordinatorit Kombëtar për Luftën kundër Trafikimit të Personave – mekanizmi kombëtar i referimit"],
        list(HEADING),
    ]
    meaning = []
    ages = ("Y_LT18", "Y_GE18", "Y_LT14", "Y14T17")
    for status in STATUS:
        for margin in victim_margins(ages) if status != "injured_party" else victim_margins((), exploitation=())[:3]:
            codes = {"victim_status": status, **margin}
            value = count_cell(truth, NRM, period, codes)
            meaning.append(make_meaning(NRM, period, codes, value))
            lines.append(
                [
                    f"T{period.quarter}/{period.year}",
                    STATUS[status],
                    VICTIM_SEX[margin.get("sex", "_T")],
                    VICTIM_AGE[margin.get("age", "_T")],
                    FORM[margin.get("exploitation", "_T")],
                    CITIZENSHIP[margin.get("citizenship", "_T")],
                    value,
                    "",
                ]
            )
    return SampleReturn(
        path=f"AL/victims/MKR_viktimat_{period.year}_T{period.quarter}.csv",
        data=csvfile.write_csv(lines, encoding="utf-8-sig"),
        jurisdiction="AL",
        instrument="victims",
        source="AL_NRM",
        form="AL-VICTIMS-1",
        periods=(period,),
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield the returns of both offices."""
    first = next(due.period for due in plan.list_due_returns("AL", "justice", years) if not due.back)
    for due in plan.list_wanted_returns("AL", "justice", years):
        yield _workbook(truth, due, first)
    for due in plan.list_wanted_returns("AL", "victims", years):
        yield _victims(truth, due)
    yield from cooperation.make_returns(truth, "AL", years)
    yield from request_records.make_returns(truth, "AL", years)
