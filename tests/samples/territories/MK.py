# ruff: noqa: N999  (the module is named after its territory)
"""Returns of North Macedonia: the statistical office's workbook and the referral mechanism's PX file.

The workbook has six sheets with heads of two and three merged rows. Final convictions are of adults only. From
2025-Q1 the office uses other words for the same tables. In 2025-Q3 one heading has a Latin letter in a Cyrillic
word. Which sex the persons under an order to investigate had was
not available in 2023-Q1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.samples.crosstab import Column, Line, Made, Said, columns, crosstab, meant, number, page
from tests.samples.plan import Due, due
from tests.samples.rows import MadeReturn, Office, Period, Row, quarter
from tests.samples.truth import Truth
from tests.samples.writers import px, xlsx
from tests.samples.writers.cube import Cube, Dimension
from tests.samples.writers.layout import Cell, Sheet

SSO = Office("MK", "MK", "justice", "MK_SSO", date_basis="decision")
NRM = Office("MK", "MK", "victims", "MK_NRM", date_basis="registration")
NEW_WORDS = quarter(2025, 1)
LATIN_LETTER = quarter(2025, 3)
MANY_DECIDED = quarter(2025, 2)
WITHOUT_SEX = quarter(2023, 1)
DEMO = "ДЕМОНСТРАЦИСКИ ПОДАТОЦИ (измислени) / DEMONSTRATION DATA (invented)"
NOTE = "1) Делото опфаќа и трговија со луѓе и криумчарење мигранти и не може да се подели."
ADULTS = {"age": "Y_GE18"}
ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True)
class Words:
    """The words of one layout."""

    corner: str
    men: str
    women: str
    reported: str
    investigated: str
    indicted: str
    total: str
    by_sex: str
    prison: str

    def sexes(self) -> list[tuple[tuple[str, ...], Said]]:
        return [
            ((self.total,), {}),
            ((self.by_sex, self.men), {"sex": "M"}),
            ((self.by_sex, self.women), {"sex": "F"}),
        ]


OLD = Words(
    corner="Кривично дело",
    men="мажи",
    women="жени",
    reported="Пријавени лица",
    investigated="Лица за кои е донесена наредба за спроведување истрага",
    indicted="Обвинети лица",
    total="вкупно",
    by_sex="пол",
    prison="Затвор",
)
NEW = Words(
    corner="Член од Кривичниот законик",
    men="машки",
    women="женски",
    reported="Лица пријавени до јавниот обвинител",
    investigated="Лица против кои се води истражна постапка",
    indicted="Лица против кои е поднесен обвинителен акт",
    total="сѐ",
    by_sex="според пол",
    prison="Казна затвор",
)
TYPED = replace(NEW, by_sex="според п\u006fл")
"""A heading with a Latin letter in a Cyrillic word, as typing in two alphabets makes it; the eye sees no difference."""
LINES = (
    Line(("Засновање ропски однос и превоз на лица во ропски однос, чл. 418",), {"article": "418"}),
    Line(("Трговија со луѓе, чл. 418-а",), {"article": "418-a"}),
    Line(("Криумчарење мигранти, чл. 418-б",), {"article": "418-b"}),
    Line((Cell("Организирање група и поттикнување, чл. 418-в", mark="1)"),), {"article": "418-c"}),
    Line(("Трговија со дете, чл. 418-г",), {"article": "418-d"}),
)
AGES = {"18-20": "Y18T20", "21-24": "Y21T24", "25-34": "Y25T34", "35-44": "Y35T44", "45 и повеќе": "Y_GE45"}
BANDS = {
    "до 1 година": "M0T12",
    "од 1 до 2 години": "M12T24",
    "од 2 до 5 години": "M24T60",
    "од 5 до 10 години": "M60T120",
    "10 години и повеќе": "M120T",
}
SANCTIONS = {
    "Условна осуда": "prison_suspended",
    "Парична казна": "fine",
    "Општокорисна работа": "community",
    "Воспитна мерка": "juvenile",
    "Друга санкција": "other",
}


def prosecution(words: Words) -> list[Column]:
    groups = [
        ((label,), {"measure": measure})
        for label, measure in (
            (words.reported, "reported"),
            (words.investigated, "investigated"),
            (words.indicted, "indicted"),
        )
    ]
    return columns(*groups, by=words.sexes())


def first_instance(words: Words) -> list[Column]:
    verdicts = columns((("Осудени лица",), {"measure": "convicted_first"}), by=words.sexes())
    exits = [
        Column((label,), {"measure": measure, "level": "first"})
        for label, measure in (
            ("Ослободени лица", "acquitted"),
            ("Одбиено обвинение", "rejected"),
            ("Запрена постапка", "discontinued"),
        )
    ]
    return [Column(("Лица со одлука во прв степен",), {"measure": "adjudicated_first"}), *verdicts, *exits]


def adults(words: Words) -> list[Column]:
    cols = columns(((), {"measure": "convicted_final", **ADULTS}), by=words.sexes())
    return cols + [
        Column(("возраст (години)", label), {"measure": "convicted_final", "age": age}) for label, age in AGES.items()
    ]


def sanctions(words: Words, measure: str, also: Said) -> list[Column]:
    said = {"measure": measure, **also}
    prison = {**said, "sentence_type": "prison"}
    cols = [Column((words.total,), said), Column((words.prison, words.total), prison)]
    cols += [Column((words.prison, label), {**prison, "sentence_band": band}) for label, band in BANDS.items()]
    return cols + [
        Column((label,), {**said, "sentence_type": kind})
        for label, kind in SANCTIONS.items()
        if not (also and kind == "juvenile")
    ]


def pending() -> list[Column]:
    return columns(
        (("Пред јавниот обвинител",), {"measure": "pending_prosecution"}),
        (("Пред првостепениот суд",), {"measure": "pending_first"}),
        by=[(("на почетокот",), {"statistic": "start"}), (("на крајот",), {"statistic": "end"})],
    )


TITLES = {
    "Т-01": "Т-01: Пријавени, истражени и обвинети лица",
    "Т-02": "Т-02: Одлуки на првостепените судови",
    "Т-03": "Т-03: Правосилно осудени полнолетни лица",
    "Т-04": "Т-04: Санкции изречени во прв степен",
    "Т-05": "Т-05: Санкции изречени на правосилно осудени полнолетни лица",
    "Т-06": "Т-06: Лица со незавршена постапка",
}


def tables(words: Words) -> dict[str, tuple[list[Column], int]]:
    """Sheet -> columns and height of the head."""
    return {
        "Т-01": (prosecution(words), 3),
        "Т-02": (first_instance(words), 3),
        "Т-03": (adults(words), 2),
        "Т-04": (sanctions(words, "sentenced_first", {}), 2),
        "Т-05": (sanctions(words, "sentenced_final", ADULTS), 2),
        "Т-06": (pending(), 2),
    }


def when(period: Period, new: bool) -> str:
    if period.freq == "A":
        return f"{period.code} година"
    number_of = f"{period.quarter}. квартал" if new else f"{ROMAN[period.quarter - 1]} тримесечје"
    return f"{number_of} {period.year} година"


def justice(truth: Truth, one: Due) -> MadeReturn:
    """One quarter: six sheets."""
    period = one.period
    new = period.start >= NEW_WORDS.start
    many = period == MANY_DECIDED
    words = (TYPED if period == LATIN_LETTER else NEW) if new else OLD
    sheets: list[Sheet] = []
    meaning: list[Row] = []

    def missing(said: Said) -> bool:
        return period == WITHOUT_SEX and said["measure"] == "investigated" and "sex" in said

    for name, (cols, height) in tables(words).items():
        made = crosstab(
            truth,
            SSO,
            period,
            cols,
            LINES,
            corner=[words.corner],
            height=height,
            zero="-",
            total="Вкупно" if name == "Т-01" else None,
            missing=missing,
            missing_sign="..",
        )
        sheets.append(_sheet(name, f"{TITLES[name]}, {when(period, new)}", made))
        meaning += made.meaning
    return MadeReturn(
        path=f"MK/justice/Pravosudstvo_{period.year}_{'K' if new else 'T'}{period.quarter}.xlsx",
        data=xlsx.write(sheets, title="Правосудство", comments=DEMO),
        jurisdiction="MK",
        instrument="justice",
        source="MK_SSO",
        form=f"MK-JUSTICE-{2 if new else 1}",
        periods=one.periods,
        received_at=one.received_at,
        meaning=tuple(meaning),
        justification_reason="real_change" if many else "confirmed_with_source",
        justification_text="Пресудени се повеќе предмети од 2024 / Several cases of 2024 were decided (demonstration)"
        if many
        else "Проверено со изворните прашалници / Checked against the questionnaires (demonstration)",
    )


def back(truth: Truth, one: Due) -> MadeReturn:
    """The years before the quarters, one sheet a year."""
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    cols = prosecution(OLD) + columns((("Осудени лица во прв степен",), {"measure": "convicted_first"}), by=OLD.sexes())
    cols += columns((("Правосилно осудени полнолетни лица",), {"measure": "convicted_final", **ADULTS}), by=OLD.sexes())
    for period in one.periods:
        made = crosstab(truth, SSO, period, cols, LINES, corner=[OLD.corner], height=3, zero="-")
        title = f"Пријавени, обвинети и осудени лица, {when(period, False)}"
        sheets.append(_sheet(period.code, title, made))
        meaning += made.meaning
    return MadeReturn(
        path="MK/justice/Pravosudstvo_2020-2022_serija.xlsx",
        data=xlsx.write(sheets, title="Правосудство", comments=DEMO),
        jurisdiction="MK",
        instrument="justice",
        source="MK_SSO",
        form="MK-JUSTICE-BACK",
        periods=one.periods,
        received_at=one.received_at,
        meaning=tuple(meaning),
    )


def _sheet(name: str, title: str, made: Made) -> Sheet:
    above = (
        "ДРЖАВЕН ЗАВОД ЗА СТАТИСТИКА",
        DEMO,
        "Контакт: одделение за статистика на правосудството, скопска канцеларија",
        title,
    )
    below = ("Извор: прашалници на јавните обвинителства и судовите (измислени податоци)", NOTE, "- нема појава")
    return page(name, above, made, (*below, ".. не се располага со податок"))


# -- victims

STATUS = {
    "SITE": ("_T", "Вкупно", "Total"),
    "PRET": ("presumed", "Претпоставена жртва", "Presumed victim"),
    "IDEN": ("identified", "Идентификувана жртва", "Identified victim"),
}
SEX = {"0": ("_T", "Вкупно", "Total"), "1": ("M", "Машки", "Male"), "2": ("F", "Женски", "Female")}
AGE = {
    "0": ("_T", "Сите возрасти", "All ages"),
    "D": ("Y_LT18", "Деца (до 18 години)", "Children (under 18)"),
    "P": ("Y_GE18", "Полнолетни (18 и повеќе)", "Adults (18 and over)"),
}
FORM = {
    "0": ("_T", "Сите облици", "All forms"),
    "1": ("sexual", "Сексуална експлоатација", "Sexual exploitation"),
    "2": ("labour", "Принудна работа", "Forced labour"),
    "3": ("begging", "Принудно питачење", "Forced begging"),
    "4": ("criminality", "Принудно вршење кривични дела", "Forced criminality"),
    "5": ("marriage", "Принуден брак", "Forced marriage"),
    "6": ("organs", "Отстранување органи", "Organ removal"),
    "7": ("multiple", "Повеќе облици", "Several forms"),
    "8": ("other", "Друг облик", "Other form"),
    "9": ("_U", "Непознат облик", "Unknown form"),
}
_DIMENSIONS = {
    "STATUS": ("victim_status", STATUS, "Статус на жртвата", "Status of the victim"),
    "POL": ("sex", SEX, "Пол", "Sex"),
    "VOZRAST": ("age", AGE, "Возраст", "Age"),
    "OBLIK": ("exploitation", FORM, "Облик на експлоатација", "Form of exploitation"),
}


def _both(mk: str, en: str) -> dict[str, str]:
    return {"mk": mk, "en": en}


def victims(truth: Truth, one: Due) -> MadeReturn:
    """One quarter: status × sex × age × form, the form of exploitation in the head."""
    period = one.period
    code = period.code.replace("-Q", "K")
    meaning: list[Row] = []

    def value(where: dict[str, str]) -> int | str:
        said = {dim: members[where[key]][0] for key, (dim, members, _, _) in _DIMENSIONS.items()}
        counted = number(truth, NRM, period, said)
        meaning.append(meant(NRM, period, said, counted))
        return counted or "-"

    dimensions = [
        Dimension(
            key, _both(mk, en), {member: _both(m, e) for member, (_, m, e) in members.items()}, eliminated_by=first
        )
        for key, (_, members, mk, en) in _DIMENSIONS.items()
        for first in [next(iter(members))]
    ]
    time = Dimension("KVARTAL", _both("Квартал", "Quarter"), {code: _both(code, code)}, time=True)
    order = [*dimensions[:3], time, dimensions[3]]
    data = px.write(
        Cube(order, value),
        heading=("KVARTAL", "OBLIK"),
        languages=("mk", "en"),
        texts={
            "SUBJECT-AREA": _both("Жртви на трговија со луѓе", "Victims of trafficking in persons"),
            "TITLE": _both(
                "Жртви на трговија со луѓе по Статус, Пол, Возраст, Квартал и Облик",
                "Victims of trafficking in persons by Status, Sex, Age, Quarter and Form",
            ),
            "CONTENTS": _both("Жртви на трговија со луѓе", "Victims of trafficking in persons"),
            "UNITS": _both("лица", "persons"),
            "SOURCE": _both(
                "Национален механизам за упатување (демонстрациски податоци)",
                "National referral mechanism (demonstration data)",
            ),
        },
        properties={"DECIMALS": "0", "SHOWDECIMALS": "0", "MATRIX": '"NRM_ZRTVI"', "SUBJECT-CODE": '"TLM"'},
        signs={"DATASYMBOL1": ".", "DATASYMBOL2": "..", "DATASYMBOLNIL": "-"},
        codepage="windows-1251",
        notes=[_both("Демонстрациски (измислени) податоци.", "Demonstration (invented) data.")],
        last_updated=one.received_at[:10].replace("-", "") + " 09:00",
    )
    return MadeReturn(
        path=f"MK/victims/NRM_ZRTVI_{code}.px",
        data=data,
        jurisdiction="MK",
        instrument="victims",
        source="MK_NRM",
        form="MK-VICTIMS-1",
        periods=one.periods,
        received_at=one.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Проверено во регистарот / Checked against the register (demonstration)",
    )


def returns(truth: Truth, years: int = 4) -> Iterator[MadeReturn]:
    """All returns of North Macedonia."""
    for one in due("MK", "justice", years):
        yield back(truth, one) if one.back else justice(truth, one)
    for one in due("MK", "victims", years):
        yield victims(truth, one)
