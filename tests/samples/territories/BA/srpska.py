"""The statistical office of Republika Srpska: an OpenDocument spreadsheet in Serbian Cyrillic, ijekavian.

The return for 2023-Q3 first came with six persons too many reported under article 145; the office sent the whole
return again, marked as a corrected release. The office's "пријављена лица" whose report was disposed of stand in a
table of their own, beside those reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.samples.articles import articles
from tests.samples.crosstab import Column, Line, Made, Said, columns, crosstab, page
from tests.samples.plan import Due, due, received
from tests.samples.rows import MadeReturn, Office, Period, Row, quarter
from tests.samples.truth import Truth
from tests.samples.writers import ods
from tests.samples.writers.layout import Sheet

OFFICE = Office("BA", "BA_SRP", "justice", "BA_SRP_STAT", date_basis="decision")
DEMO = "ДЕМОНСТРАЦИОНИ ПОДАЦИ (измишљени) / DEMONSTRATION DATA (invented)"
CORRECTED = "ИСПРАВЉЕНО САОПШТЕЊЕ / CORRECTED RELEASE"
WRONG = quarter(2023, 3)
TOO_MANY = 6
CORNER = "Кривично дјело"
TITLES = {
    "145": "Трговина људима, члан 145.",
    "146": "Трговина дјецом, члан 146.",
    "198a": "Трговина људима, члан 198а.",
}
SEXES: list[tuple[tuple[str, ...], Said]] = [
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


def lines(period: Period) -> list[Line]:
    """The articles that are law at the period's end."""
    return [
        Line((TITLES[one.article],), {"article": one.article}) for one in articles("BA_SRP") if one.valid(period.end)
    ]


def stages(**labels: str) -> list[tuple[tuple[str, ...], Said]]:
    return [((label,), {"measure": measure}) for measure, label in labels.items()]


PROSECUTION = columns(
    *stages(
        reported="Лица пријављена у периоду",
        report_disposed="Пријављена лица (окончане пријаве)",
        investigated="Наредба о спровођењу истраге",
        indicted="Подигнута оптужница",
    ),
    by=SEXES,
)
COURTS = columns(
    *stages(
        adjudicated_first="Првостепено пресуђена лица",
        convicted_first="Првостепено осуђена лица",
        adjudicated_final="Оптужена лица (правоснажно)",
        convicted_final="Осуђена лица (правоснажно)",
    ),
    by=SEXES,
)
AGE = columns(
    *stages(convicted_first="Првостепено осуђена лица", convicted_final="Осуђена лица (правоснажно)"),
    by=[((label,), {"age": age}) for label, age in AGES.items()],
)


def sanctions() -> list[Column]:
    by: list[tuple[tuple[str, ...], Said]] = [(("Свега",), {}), (("Затвор", "свега"), {"sentence_type": "prison"})]
    by += [(("Затвор", label), {"sentence_type": "prison", "sentence_band": band}) for label, band in BANDS.items()]
    by += [((label,), {"sentence_type": kind}) for label, kind in SANCTIONS.items()]
    return columns(*stages(sentenced_first="Првостепене пресуде", sentenced_final="Правоснажне пресуде"), by=by)


TABLES = {
    "1": ("Пријаве, истраге и оптужнице", PROSECUTION, 2),
    "2": ("Пресуђена и осуђена лица", COURTS, 2),
    "3": ("Осуђена лица према старости", AGE, 2),
    "4": ("Изречене кривичне санкције", sanctions(), 3),
}


def sheet(name: str, title: str, made: Made, corrected: bool = False) -> Sheet:
    above = [
        "РЕПУБЛИЧКИ ЗАВОД ЗА СТАТИСТИКУ РЕПУБЛИКЕ СРПСКЕ",
        *([CORRECTED] if corrected else []),
        DEMO,
        "Контакт: одјељење статистике правосуђа, Бања Лука",
        title,
    ]
    return page(name, above, made, ["Извор: обрасци тужилаштава и судова (измишљени подаци)", "- нема појаве"])


def justice(truth: Truth, one: Due, *, wrong: bool = False, corrected: bool = False) -> MadeReturn:
    """One quarter; `wrong` has the mistake, `corrected` mends it."""
    period = one.period
    sheets: list[Sheet] = []
    meaning: list[Row] = []

    def shift(said: Said) -> int:
        slip = wrong and said["measure"] == "reported" and said["article"] == "145" and said.get("sex") != "F"
        return TOO_MANY if slip else 0

    for name, (title, cols, height) in TABLES.items():
        made = crosstab(
            truth, OFFICE, period, cols, lines(period), corner=[CORNER], height=height, zero="-", shift=shift
        )
        words = f"{name}. {title}, {period.quarter}. тромјесечје {period.year}. године"
        sheets.append(sheet(f"Табела {name}", words, made, corrected))
        meaning += made.meaning
    path = f"BA/justice/RZS_pravosudje_{period.year}_{period.quarter}"
    return MadeReturn(
        path=f"{path}_ispravka.ods" if corrected else f"{path}.ods",
        data=ods.write(sheets, title="Статистика правосуђа", language="sr"),
        jurisdiction="BA_SRP",
        instrument="justice",
        source="BA_SRP_STAT",
        form="BA_SRP-JUSTICE-1",
        periods=one.periods,
        received_at=received(period, 96) if corrected else one.received_at,
        meaning=tuple(meaning),
        corrects=f"{path}.ods" if corrected else "",
        justification_reason="source_error" if corrected else "confirmed_with_source",
        justification_text="Погрешно унесен број пријављених лица / Persons reported were typed wrongly (demonstration)"
        if corrected
        else "Провјерено у обрасцима / Checked in the questionnaires (demonstration)",
    )


def back(truth: Truth, one: Due) -> MadeReturn:
    """The years before the quarters, one sheet a year."""
    cols = columns(
        *stages(
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
    for period in one.periods:
        made = crosstab(truth, OFFICE, period, cols, lines(period), corner=[CORNER], height=2, zero="-")
        sheets.append(sheet(period.code, f"Пријављена, оптужена и осуђена лица, {period.code}. година", made))
        meaning += made.meaning
    return MadeReturn(
        path="BA/justice/RZS_pravosudje_2020-2022.ods",
        data=ods.write(sheets, title="Статистика правосуђа", language="sr"),
        jurisdiction="BA_SRP",
        instrument="justice",
        source="BA_SRP_STAT",
        form="BA_SRP-JUSTICE-BACK",
        periods=one.periods,
        received_at=one.received_at,
        meaning=tuple(meaning),
    )


def returns(truth: Truth, years: int) -> Iterator[MadeReturn]:
    for one in due("BA_SRP", "justice", years):
        if one.back:
            yield back(truth, one)
            continue
        yield justice(truth, one, wrong=one.period == WRONG)
        if one.period == WRONG:
            yield justice(truth, one, corrected=True)
