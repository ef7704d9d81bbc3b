# ruff: noqa: N999  (the module is named after its territory)
"""Returns of North Macedonia: the statistical office's workbook and the referral mechanism's PX file.

The workbook has six sheets with heads of two and three merged rows. Final convictions cover adults only. From
2025-Q1 the office uses other words for the same tables. In 2025-Q3 one heading has a Latin letter in a Cyrillic
word. The sex of persons under an order to investigate was
not available in 2023-Q1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.samples.cooperation import returns as cooperation
from tests.samples.crosstab import (
    Codes,
    Column,
    Line,
    MadeTable,
    build_crosstab,
    count_cell,
    cross_columns,
    lay_out_page,
    make_meaning,
)
from tests.samples.plan import Due, list_wanted_returns
from tests.samples.rows import Office, Period, Row, SampleReturn, make_quarter
from tests.samples.truth import Truth
from tests.samples.writers import px, xlsx
from tests.samples.writers.cube import Cube, Dimension
from tests.samples.writers.layout import Cell, Sheet

SSO = Office("MK", "MK", "justice", "MK_SSO", date_basis="decision")
NRM = Office("MK", "MK", "victims", "MK_NRM", date_basis="registration")
NEW_WORDS = make_quarter(2025, 1)
LATIN_LETTER = make_quarter(2025, 3)
MANY_DECIDED = make_quarter(2025, 2)
WITHOUT_SEX = make_quarter(2023, 1)
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

    def by_sex_columns(self) -> list[tuple[tuple[str, ...], Codes]]:
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


def prosecution_columns(words: Words) -> list[Column]:
    groups = [
        ((label,), {"measure": measure})
        for label, measure in (
            (words.reported, "reported"),
            (words.investigated, "investigated"),
            (words.indicted, "indicted"),
        )
    ]
    return cross_columns(*groups, by=words.by_sex_columns())


def first_instance_columns(words: Words) -> list[Column]:
    verdicts = cross_columns((("Осудени лица",), {"measure": "convicted_first"}), by=words.by_sex_columns())
    exits = [
        Column((label,), {"measure": measure, "level": "first"})
        for label, measure in (
            ("Ослободени лица", "acquitted"),
            ("Одбиено обвинение", "rejected"),
            ("Запрена постапка", "discontinued"),
        )
    ]
    return [Column(("Лица со одлука во прв степен",), {"measure": "adjudicated_first"}), *verdicts, *exits]


def adult_columns(words: Words) -> list[Column]:
    cols = cross_columns(((), {"measure": "convicted_final", **ADULTS}), by=words.by_sex_columns())
    return cols + [
        Column(("возраст (години)", label), {"measure": "convicted_final", "age": age}) for label, age in AGES.items()
    ]


def sanction_columns(words: Words, measure: str, also: Codes) -> list[Column]:
    codes = {"measure": measure, **also}
    prison = {**codes, "sentence_type": "prison"}
    cols = [Column((words.total,), codes), Column((words.prison, words.total), prison)]
    cols += [Column((words.prison, label), {**prison, "sentence_band": band}) for label, band in BANDS.items()]
    return cols + [
        Column((label,), {**codes, "sentence_type": kind})
        for label, kind in SANCTIONS.items()
        if not (also and kind == "juvenile")
    ]


def pending_columns() -> list[Column]:
    return cross_columns(
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


def list_tables(words: Words) -> dict[str, tuple[list[Column], int]]:
    """Return columns and height of the head by sheet."""
    return {
        "Т-01": (prosecution_columns(words), 3),
        "Т-02": (first_instance_columns(words), 3),
        "Т-03": (adult_columns(words), 2),
        "Т-04": (sanction_columns(words, "sentenced_first", {}), 2),
        "Т-05": (sanction_columns(words, "sentenced_final", ADULTS), 2),
        "Т-06": (pending_columns(), 2),
    }


def format_period(period: Period, new: bool) -> str:
    if period.freq == "A":
        return f"{period.code} година"
    number_of = f"{period.quarter}. квартал" if new else f"{ROMAN[period.quarter - 1]} тримесечје"
    return f"{number_of} {period.year} година"


def make_justice_return(truth: Truth, due: Due) -> SampleReturn:
    """Return one quarter: six sheets."""
    period = due.period
    new = period.start >= NEW_WORDS.start
    many = period == MANY_DECIDED
    words = (TYPED if period == LATIN_LETTER else NEW) if new else OLD
    sheets: list[Sheet] = []
    meaning: list[Row] = []

    def is_missing(codes: Codes) -> bool:
        return period == WITHOUT_SEX and codes["measure"] == "investigated" and "sex" in codes

    for name, (cols, height) in list_tables(words).items():
        table = build_crosstab(
            truth,
            SSO,
            period,
            cols,
            LINES,
            corner=[words.corner],
            height=height,
            zero="-",
            total="Вкупно" if name == "Т-01" else None,
            missing=is_missing,
            missing_sign="..",
        )
        sheets.append(_sheet(name, f"{TITLES[name]}, {format_period(period, new)}", table))
        meaning += table.meaning
    return SampleReturn(
        path=f"MK/justice/Pravosudstvo_{period.year}_{'K' if new else 'T'}{period.quarter}.xlsx",
        data=xlsx.write_workbook(sheets, title="Правосудство", comments=DEMO),
        jurisdiction="MK",
        instrument="justice",
        source="MK_SSO",
        form=f"MK-JUSTICE-{2 if new else 1}",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="real_change" if many else "confirmed_with_source",
        justification_text="Пресудени се повеќе предмети од 2024 / Several cases of 2024 were decided (demonstration)"
        if many
        else "Проверено со изворните прашалници / Checked against the questionnaires (demonstration)",
    )


def make_back_return(truth: Truth, due: Due) -> SampleReturn:
    """Return the years before the quarters, one sheet a year."""
    sheets: list[Sheet] = []
    meaning: list[Row] = []
    cols = prosecution_columns(OLD) + cross_columns(
        (("Осудени лица во прв степен",), {"measure": "convicted_first"}), by=OLD.by_sex_columns()
    )
    cols += cross_columns(
        (("Правосилно осудени полнолетни лица",), {"measure": "convicted_final", **ADULTS}), by=OLD.by_sex_columns()
    )
    for period in due.periods:
        table = build_crosstab(truth, SSO, period, cols, LINES, corner=[OLD.corner], height=3, zero="-")
        title = f"Пријавени, обвинети и осудени лица, {format_period(period, False)}"
        sheets.append(_sheet(period.code, title, table))
        meaning += table.meaning
    return SampleReturn(
        path="MK/justice/Pravosudstvo_2020-2022_serija.xlsx",
        data=xlsx.write_workbook(sheets, title="Правосудство", comments=DEMO),
        jurisdiction="MK",
        instrument="justice",
        source="MK_SSO",
        form="MK-JUSTICE-BACK",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
    )


def _sheet(name: str, title: str, table: MadeTable) -> Sheet:
    above = (
        "ДРЖАВЕН ЗАВОД ЗА СТАТИСТИКА",
        DEMO,
        "Контакт: одделение за статистика на правосудството, скопска канцеларија",
        title,
    )
    below = ("Извор: прашалници на јавните обвинителства и судовите (измислени податоци)", NOTE, "- нема појава")
    return lay_out_page(name, above, table, (*below, ".. не се располага со податок"))


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


def make_victims_return(truth: Truth, due: Due) -> SampleReturn:
    """Return one quarter: status × sex × age × form, the form of exploitation in the head."""
    period = due.period
    code = period.code.replace("-Q", "K")
    meaning: list[Row] = []

    def count_value(where: dict[str, str]) -> int | str:
        codes = {dim: members[where[key]][0] for key, (dim, members, _, _) in _DIMENSIONS.items()}
        counted = count_cell(truth, NRM, period, codes)
        meaning.append(make_meaning(NRM, period, codes, counted))
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
    data = px.write_px(
        Cube(order, count_value),
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
        last_updated=due.received_at[:10].replace("-", "") + " 09:00",
    )
    return SampleReturn(
        path=f"MK/victims/NRM_ZRTVI_{code}.px",
        data=data,
        jurisdiction="MK",
        instrument="victims",
        source="MK_NRM",
        form="MK-VICTIMS-1",
        periods=due.periods,
        received_at=due.received_at,
        meaning=tuple(meaning),
        justification_reason="confirmed_with_source",
        justification_text="Проверено во регистарот / Checked against the register (demonstration)",
    )


def make_returns(truth: Truth, years: int = 4) -> Iterator[SampleReturn]:
    """Yield all returns of North Macedonia."""
    for due in list_wanted_returns("MK", "justice", years):
        yield make_back_return(truth, due) if due.back else make_justice_return(truth, due)
    for due in list_wanted_returns("MK", "victims", years):
        yield make_victims_return(truth, due)
    yield from cooperation.make_returns(truth, "MK", years)
