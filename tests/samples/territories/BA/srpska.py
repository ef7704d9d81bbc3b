"""The statistical office of Republika Srpska: an OpenDocument spreadsheet in Serbian Cyrillic, ijekavian.

The return for 2023-Q3 first came with six persons too many reported under article 145; the office sent the whole
return again, marked as a corrected release. The office's "пријављена лица" whose report was disposed of have a
table of their own, next to those reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.articles import list_articles
from tests.samples.crosstab import Codes, Column, Line, MadeTable, build_crosstab, cross_columns, lay_out_page
from tests.samples.plan import Due, arrival_time, list_wanted_returns
from tests.samples.rows import Office, Period, Row, SampleReturn, make_quarter
from tests.samples.truth import Truth
from tests.samples.writers import ods
from tests.samples.writers.layout import Sheet

OFFICE = Office("BA", "BA_SRP", "justice", "BA_SRP_STAT", date_basis="decision")
DEMO = "ДЕМОНСТРАЦИОНИ ПОДАЦИ (измишљени) / DEMONSTRATION DATA (invented)"
CORRECTED = "ИСПРАВЉЕНО САОПШТЕЊЕ / CORRECTED RELEASE"
WRONG = make_quarter(2023, 3)
TOO_MANY = 6
CORNER = "Кривично дјело"
TITLES = {
    "145": "Трговина људима, члан 145.",
    "146": "Трговина дјецом, члан 146.",
    "198a": "Трговина људима, члан 198а.",
}
SEXES: list[tuple[tuple[str, ...], Codes]] = [
    (("свега",), {}),
    (("мушкарци",), {"sex": "M"}),
    (("жене",), {"sex": "F"}),
]
AGES = {"14-17": "Y14T17", "18-24": "Y18T24", "25-39": "Y25T39", "40 и више": "Y_GE40"}
BANDS = {
    "до 6 мјесеци": "M0T6",
    "6 до 12 мјесеци": "M6T12",
    "1 до 2 године": "M12T24",
    "2 до 5 година": "M24T60",
    "5 до 10 година": "M60T120",
    "10 до 15 година": "M120T180",
    "15 година и више": "M180T",
}
SANCTIONS = {
    "Условна осуда": "prison_suspended",
    "Новчана казна": "fine",
    "Рад у јавном интересу": "community",
    "Васпитне мјере": "juvenile",
    "Остале санкције": "other",
}


def list_lines(period: Period) -> list[Line]:
    """Return the articles that are law at the period's end."""
    return [
        Line((TITLES[article.article],), {"article": article.article})
        for article in list_articles("BA_SRP")
        if article.is_valid_on(period.end)
    ]


def label_stages(**labels: str) -> list[tuple[tuple[str, ...], Codes]]:
    return [((label,), {"measure": measure}) for measure, label in labels.items()]


PROSECUTION = cross_columns(
    *label_stages(
        reported="Лица пријављена у периоду",
        report_disposed="Пријављена лица (окончане пријаве)",
        investigated="Наредба о спровођењу истраге",
        indicted="Подигнута оптужница",
    ),
    by=SEXES,
)
COURTS = cross_columns(
    *label_stages(
        adjudicated_first="Првостепено пресуђена лица",
        convicted_first="Првостепено осуђена лица",
        adjudicated_final="Оптужена лица (правоснажно)",
        convicted_final="Осуђена лица (правоснажно)",
    ),
    by=SEXES,
)
AGE = cross_columns(
    *label_stages(convicted_first="Првостепено осуђена лица", convicted_final="Осуђена лица (правоснажно)"),
    by=[((label,), {"age": age}) for label, age in AGES.items()],
)


def sanction_columns() -> list[Column]:
    by: list[tuple[tuple[str, ...], Codes]] = [(("Свега",), {}), (("Затвор", "свега"), {"sentence_type": "prison"})]
    by += [(("Затвор", label), {"sentence_type": "prison", "sentence_band": band}) for label, band in BANDS.items()]
    by += [((label,), {"sentence_type": kind}) for label, kind in SANCTIONS.items()]
    return cross_columns(
        *label_stages(sentenced_first="Првостепене пресуде", sentenced_final="Правоснажне пресуде"), by=by
    )


TABLES = {
    "1": ("Пријаве, истраге и оптужнице", PROSECUTION, 2),
    "2": ("Пресуђена и осуђена лица", COURTS, 2),
    "3": ("Осуђена лица према старости", AGE, 2),
    "4": ("Изречене кривичне санкције", sanction_columns(), 3),
}


def lay_out_sheet(name: str, title: str, table: MadeTable, corrected: bool = False) -> Sheet:
    above = [
        "РЕПУБЛИЧКИ ЗАВОД ЗА СТАТИСТИКУ РЕПУБЛИКЕ СРПСКЕ",
        *([CORRECTED] if corrected else []),
        DEMO,
        "Контакт: одјељење статистике правосуђа, Бања Лука",
        title,
    ]
    return lay_out_page(name, above, table, ["Извор: обрасци тужилаштава и судова (измишљени подаци)", "- нема појаве"])


def make_justice_return(truth: Truth, due: Due, *, wrong: bool = False, corrected: bool = False) -> SampleReturn:
    """Return one quarter; `wrong` includes the mistake, `corrected` is the correction."""
    period = due.period
    sheets: list[Sheet] = []
    meaning: list[Row] = []

    def shift_count(codes: Codes) -> int:
        slip = wrong and codes["measure"] == "reported" and codes["article"] == "145" and codes.get("sex") != "F"
        return TOO_MANY if slip else 0

    for name, (title, cols, height) in TABLES.items():
        table = build_crosstab(
            truth, OFFICE, period, cols, list_lines(period), corner=[CORNER], height=height, zero="-", shift=shift_count
        )
        words = f"{name}. {title}, {period.quarter}. тромјесечје {period.year}. године"
        sheets.append(lay_out_sheet(f"Табела {name}", words, table, corrected))
        meaning += table.meaning
    path = f"BA/justice/RZS_pravosudje_{period.year}_{period.quarter}"
    return SampleReturn(
        path=f"{path}_ispravka.ods" if corrected else f"{path}.ods",
        data=ods.write_spreadsheet(sheets, title="Статистика правосуђа", language="sr"),
        jurisdiction="BA_SRP",
        instrument="justice",
        source="BA_SRP_STAT",
        form="BA_SRP-JUSTICE-1",
        periods=due.periods,
        received_at=arrival_time(period, 96) if corrected else due.received_at,
        meaning=tuple(meaning),
        corrects=f"{path}.ods" if corrected else "",
        justification_reason="source_error" if corrected else "confirmed_with_source",
        justification_text="Погрешно унесен број пријављених лица / Persons reported were typed wrongly (demonstration)"
        if corrected
        else "Провјерено у обрасцима / Checked in the questionnaires (demonstration)",
    )


def make_back_return(truth: Truth, due: Due) -> SampleReturn:
    """Return the years before the quarters, one sheet a year."""
    cols = cross_columns(
        *label_stages(
            reported="Лица пријављена у периоду",
            investigated="Наредба о спровођењу истраге",
            indicted="Подигнута оптужница",
            convicted_first="Првостепено осуђена лица",
            convicted_final="Осуђена лица (правоснажно)",
        ),
        by=SEXES,
    )
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    for period in due.periods:
        table = build_crosstab(truth, OFFICE, period, cols, list_lines(period), corner=[CORNER], height=2, zero="-")
        sheets.append(lay_out_sheet(period.code, f"Пријављена, оптужена и осуђена лица, {period.code}. година", table))
        meaning += table.meaning
    return SampleReturn(
        path="BA/justice/RZS_pravosudje_2020-2022.ods",
        data=ods.write_spreadsheet(sheets, title="Статистика правосуђа", language="sr"),
        jurisdiction="BA_SRP",
        instrument="justice",
        source="BA_SRP_STAT",
        form="BA_SRP-JUSTICE-BACK",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def make_returns(truth: Truth, years: int) -> Iterator[SampleReturn]:
    for due in list_wanted_returns("BA_SRP", "justice", years):
        if due.back:
            yield make_back_return(truth, due)
            continue
        yield make_justice_return(truth, due, wrong=due.period == WRONG)
        if due.period == WRONG:
            yield make_justice_return(truth, due, corrected=True)
