"""The statistical office's PX file in windows-1250 and two languages.

`-` is nil, `.` has no meaning there, `..` is not available. The office's words mislead: its prijavljeni are persons
whose report was disposed of, its optuženi persons whose proceedings ended finally.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples import plan
from tests.samples.articles import list_articles
from tests.samples.crosstab import Codes, count_cell, make_meaning
from tests.samples.rows import STOCKS, Office, Period, Row, SampleReturn, make_quarter
from tests.samples.territories.HR.words import DEMONSTRATION, quarter_words
from tests.samples.truth import Truth
from tests.samples.writers import px
from tests.samples.writers.cube import Cube, Dimension, Number

DZS = Office("HR", "HR", "justice", "HR_DZS", date_basis="decision")
ARTICLES = {
    "105": {"hr": "Ropstvo, čl. 105. KZ", "en": "Slavery, Art. 105 CC"},
    "106": {"hr": "Trgovanje ljudima, čl. 106. KZ", "en": "Trafficking in human beings, Art. 106 CC"},
    "326": {
        "hr": "Protuzakonito ulaženje, kretanje i boravak, čl. 326. KZ",
        "en": "Unlawful entry, movement and residence, Art. 326 CC",
    },
}
INDICATORS: dict[str, tuple[str, str, Codes]] = {
    "P01": ("Zaprimljene prijave, osobe", "Reports received, persons", {"measure": "reported"}),
    "P02": ("Zaprimljene prijave, predmeti", "Reports received, cases", {"measure": "reported", "count_unit": "case"}),
    "P03": ("Prijavljeni (riješene prijave)", "Reported (reports disposed of)", {"measure": "report_disposed"}),
    "P04": ("Nalog o provođenju istrage, osobe", "Orders to investigate, persons", {"measure": "investigated"}),
    "P05": ("Podignuta optužnica, osobe", "Indictments filed, persons", {"measure": "indicted"}),
    "P06": ("Odbačena prijava", "Report rejected", {"measure": "rejected", "level": "prosecution"}),
    "P07": ("Obustavljena istraga", "Investigation discontinued", {"measure": "discontinued", "level": "prosecution"}),
    "P08": (
        "Prekvalificirano iz drugoga djela",
        "Requalified from another offence",
        {"measure": "requalified_in", "level": "prosecution"},
    ),
    "P09": (
        "Prekvalificirano u drugo djelo",
        "Requalified into another offence",
        {"measure": "requalified_out", "level": "prosecution"},
    ),
    "P10": ("Ponovno otvoreno", "Reopened", {"measure": "reopened", "level": "prosecution"}),
    "P11": (
        "Neriješeno u državnom odvjetništvu, početak",
        "Pending with the prosecutor, start",
        {"measure": "pending_prosecution", "statistic": "start"},
    ),
    "P12": (
        "Neriješeno u državnom odvjetništvu, kraj",
        "Pending with the prosecutor, end",
        {"measure": "pending_prosecution", "statistic": "end"},
    ),
    "S01": ("Prvostupanjska odluka, osobe", "Decided at first instance, persons", {"measure": "adjudicated_first"}),
    "S02": ("Prvostupanjska osuda, osobe", "Convicted at first instance, persons", {"measure": "convicted_first"}),
    "S03": (
        "Neriješeno u prvom stupnju, početak",
        "Pending at first instance, start",
        {"measure": "pending_first", "statistic": "start"},
    ),
    "S04": (
        "Neriješeno u prvom stupnju, kraj",
        "Pending at first instance, end",
        {"measure": "pending_first", "statistic": "end"},
    ),
    "F01": ("Optuženi (pravomoćno završeno)", "Accused (finally decided)", {"measure": "adjudicated_final"}),
    "F02": ("Osuđeni", "Convicted", {"measure": "convicted_final"}),
    "F03": ("Oslobođeni", "Acquitted", {"measure": "acquitted", "level": "final"}),
    "F04": ("Optužba odbijena", "Charge rejected", {"measure": "rejected", "level": "final"}),
    "F05": ("Postupak obustavljen", "Proceedings discontinued", {"measure": "discontinued", "level": "final"}),
    "K00": ("Kaznene sankcije, ukupno", "Sanctions, total", {"measure": "sentenced_final"}),
    "K10": (
        "Bezuvjetna kazna zatvora, ukupno",
        "Imprisonment, total",
        {"measure": "sentenced_final", "sentence_type": "prison"},
    ),
    "K11": (
        "Zatvor do 1 godine",
        "Imprisonment under 1 year",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M0T12"},
    ),
    "K12": (
        "Zatvor 1 do 3 godine",
        "Imprisonment 1 to under 3 years",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M12T36"},
    ),
    "K13": (
        "Zatvor 3 do 5 godina",
        "Imprisonment 3 to under 5 years",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M36T60"},
    ),
    "K14": (
        "Zatvor 5 do 10 godina",
        "Imprisonment 5 to under 10 years",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M60T120"},
    ),
    "K15": (
        "Zatvor 10 godina i više",
        "Imprisonment 10 years and over",
        {"measure": "sentenced_final", "sentence_type": "prison", "sentence_band": "M120T"},
    ),
    "K20": (
        "Uvjetna kazna zatvora",
        "Suspended imprisonment",
        {"measure": "sentenced_final", "sentence_type": "prison_suspended"},
    ),
    "K30": ("Novčana kazna", "Fine", {"measure": "sentenced_final", "sentence_type": "fine"}),
    "K40": (
        "Rad za opće dobro",
        "Community work",
        {"measure": "sentenced_final", "sentence_type": "community"},
    ),
    "K50": (
        "Maloljetničke sankcije",
        "Juvenile sanctions",
        {"measure": "sentenced_final", "sentence_type": "juvenile"},
    ),
    "K60": ("Sudska opomena i ostalo", "Other sanctions", {"measure": "sentenced_final", "sentence_type": "other"}),
}
FEATURES: dict[str, tuple[str, str, Codes]] = {
    "UK": ("Ukupno", "Total", {}),
    "M": ("Muškarci", "Men", {"sex": "M"}),
    "Z": ("Žene", "Women", {"sex": "F"}),
    "D1": ("Maloljetnici (14 – 17)", "Juveniles (14 to 17)", {"age": "Y_LT18"}),
    "D2": ("Mlađi punoljetnici (18 – 24)", "Young adults (18 to 24)", {"age": "Y18T24"}),
    "D3": ("25 i više godina", "25 and over", {"age": "Y_GE25"}),
}
NOT_AVAILABLE = (make_quarter(2023, 3), "P04", "326")
"""In this quarter orders to investigate were not recorded for one article."""


def _cell(truth: Truth, period: Period, article: str, indicator: str, feature: str) -> tuple[Number, Row]:
    """Return the content of the cell, and its meaning."""
    codes = {**INDICATORS[indicator][2], **FEATURES[feature][2], "article": article}
    case = codes.get("count_unit") == "case"
    if (case and feature != "UK") or (codes["measure"] in STOCKS and "age" in codes):
        return ".", make_meaning(DZS, period, codes, None, "M")
    if (period, indicator, article) == NOT_AVAILABLE:
        return "..", make_meaning(DZS, period, codes, None, "O")
    value = count_cell(truth, DZS, period, codes)
    return value or "-", make_meaning(DZS, period, codes, value)


def _dimension(name: str, hr: str, en: str, members: dict[str, tuple[str, str, Codes]]) -> Dimension:
    return Dimension(name, {"hr": hr, "en": en}, {code: {"hr": m[0], "en": m[1]} for code, m in members.items()})


def _px(truth: Truth, due: plan.Due) -> SampleReturn:
    periods = {period.code: period for period in due.periods}
    time = ("Godina", "Year") if due.back else ("Tromjesečje", "Quarter")
    meaning: list[Row] = []

    def count_value(where: dict[str, str]) -> Number:
        printed, row = _cell(truth, periods[where["time"]], where["offence"], where["indicator"], where["feature"])
        meaning.append(row)
        return printed

    cube = Cube(
        (
            Dimension(
                "offence",
                {"hr": "Kazneno djelo", "en": "Criminal offence"},
                {article.article: ARTICLES[article.article] for article in list_articles("HR")},
            ),
            _dimension("indicator", "Pokazatelj", "Indicator", INDICATORS),
            _dimension("feature", "Obilježje počinitelja", "Feature of the person", FEATURES),
            Dimension(
                "time",
                {"hr": time[0], "en": time[1]},
                {code: quarter_words(period) for code, period in periods.items()},
            ),
        ),
        count_value,
    )
    words = "2020. – 2022." if due.back else quarter_words(due.period)["hr"]
    data = px.write_px(
        cube,
        heading=["time"],
        languages=["hr", "en"],
        codepage="windows-1250",
        last_updated=due.received_at[:10].replace("-", "") + " 09:00",
        cell_notes=[
            (
                {"offence": NOT_AVAILABLE[2], "indicator": NOT_AVAILABLE[1]},
                {
                    "hr": "Nalozi u ovom tromjesečju nisu evidentirani.",
                    "en": "Orders were not recorded in this quarter.",
                },
            )
        ]
        if due.period == NOT_AVAILABLE[0]
        else [],
        properties={"DECIMALS": "0", "SHOWDECIMALS": "0", "MATRIX": '"PSZ_TR"', "SUBJECT-CODE": '"PSZ"'},
        texts={
            "SUBJECT-AREA": {"hr": "Pravosuđe", "en": "Administration of justice"},
            "TITLE": {
                "hr": f"Počinitelji kaznenih djela trgovanja ljudima i krijumčarenja, {words} ({DEMONSTRATION['hr']})",
                "en": f"Perpetrators of trafficking in human beings and smuggling ({DEMONSTRATION['en']})",
            },
            "CONTENTS": {
                "hr": "Počinitelji kaznenih djela trgovanja ljudima i krijumčarenja",
                "en": "Perpetrators of trafficking in human beings and smuggling",
            },
            "UNITS": {"hr": "broj", "en": "number"},
            "SOURCE": {"hr": "Državni zavod za statistiku", "en": "Croatian Bureau of Statistics"},
            "CONTACT": {"hr": "statistika@dzs.example", "en": "statistika@dzs.example"},
        },
        signs={
            "DATASYMBOL1": "nema pojave",
            "DATASYMBOL2": "ne raspolaže se podatkom",
            "DATASYMBOL3": "ne može se iskazati",
        },
        notes=[
            {
                "hr": f"{DEMONSTRATION['hr']}. Oznake: - nema pojave; . podatak se ne može iskazati; "
                ".. ne raspolaže se podatkom. Prijavljeni su osobe čija je prijava riješena u razdoblju, optuženi "
                "osobe protiv kojih je "
                "postupak pravomoćno završen.",
                "en": f"{DEMONSTRATION['en']}. Signs: - nil; . not applicable; .. not available. Reported are persons "
                "whose report was disposed of in the period, accused are persons whose proceedings ended finally.",
            }
        ],
    )
    file = "PSZ_TR_2020-2022.px" if due.back else f"PSZ_TR_{due.period.year}_{due.period.quarter}.px"
    return SampleReturn(
        path=f"HR/justice/{file}",
        data=data,
        jurisdiction="HR",
        instrument="justice",
        source="HR_DZS",
        form="HR-JUSTICE-BACK" if due.back else "HR-JUSTICE-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield the back-series and a file for each quarter."""
    for due in plan.list_wanted_returns("HR", "justice", years):
        yield _px(truth, due)
