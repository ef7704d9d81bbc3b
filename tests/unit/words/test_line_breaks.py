"""Figures, days and periods that stay on one line are found in every language, and as little as possible besides."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from pipelines.core import i18n
from pipelines.words import format_day, period_short
from pipelines.words.language import read_in
from pipelines.words.line_breaks import (
    unbroken_fields,
    unbroken_figures,
    unbroken_labels,
    unbroken_phrases,
    unbroken_titles,
)


def find_in(language: str, text: str, compose: Callable[[], re.Pattern[str]] = unbroken_figures) -> list[str]:
    with read_in(language):
        return [match[0] for match in compose().finditer(text)]


@pytest.mark.parametrize("language", list(i18n.language_names()))
@pytest.mark.parametrize("period", ["2026-Q3", "2023-2025"])
def test_names_of_periods_are_read_as_one(language: str, period: str) -> None:
    with read_in(language):
        name = period_short(period)
    assert find_in(language, f"Xxxxx, {name}, xxxxx") == [name]


@pytest.mark.parametrize("language", list(i18n.language_names()))
@pytest.mark.parametrize("month", range(1, 13))
def test_days_are_read_as_one(language: str, month: int) -> None:
    with read_in(language):
        day = format_day(date(2016, month, 1))
    assert find_in(language, f"Xxxxx ({day})") == [day]


@pytest.mark.parametrize(
    ("language", "text", "figures"),
    [
        ("en", "about 30 to 89 days, 1 day", ["30 to 89 days", "1 day"]),
        ("mk", "околу 30 до 89 дена", ["30 до 89 дена"]),
        ("mk", "(95% интервал: од 71 до 97)", ["од 71 до 97"]),
        ("mk", "за 7 од 7 територии", ["за 7 од 7 територии"]),
        ("mk", "Одговорите до 30 дена се сметаат", ["до 30 дена"]),
        ("en", "5 of the 7 territories that report this", ["5 of the 7 territories"]),
        ("en", "half were up to 48 months, of 1 month", ["to 48 months", "of 1 month"]),
        ("en", "Under 18: share; of them under 18 (18 and over)", ["Under 18", "under 18", "18 and over"]),
        ("mk", "Под 18 години; 18 и повеќе години", ["Под 18 години", "18 и повеќе"]),
        ("hr", "Mlađi od 18 godina; 18 i više godina", ["od 18 godina", "18 i više"]),
        ("sq", "Nën 18 vjeç; 18 vjeç e lart", ["Nën 18 vjeç", "18 vjeç e lart"]),
        ("en", "9 in 2025, against 2 in 2026 Q3", ["9 in 2025", "2026 Q3"]),
        ("mk", "9 во 2025, наспроти 2 во 3. квартал 2026", ["9 во 2025", "3. квартал 2026"]),
        ("en", "9 in 2023–2025; 16 quarters, 4 years", ["9 in 2023–2025", "16 quarters", "4 years"]),
        ("en", "Under 30 days, where it is under 20", ["Under 30 days", "under 20"]),
        ("bs", "Ispod 30 dana", ["Ispod 30 dana"]),
        ("sq", "nga 5 në 20 vjet, 1 vit më parë", ["nga 5 në 20 vjet", "1 vit"]),
        ("mk", "на 11 јули 2008 година", ["11 јули 2008 година"]),
        ("en", "fewer than 2,000 persons, with 1.5 persons", ["2,000 persons", "1.5 persons"]),
        ("sr", "упола краће: 12–48 месеци, 3 године", ["12–48 месеци", "3 године"]),
        ("sr-Latn", "otprilike 30 do 89 dana", ["30 do 89 dana"]),
        ("en", "fewer than 20: compare", ["than 20"]),
        ("en", "1.93 in 2023–2025, 2023-05-30", ["1.93 in 2023–2025", "2023-05-30"]),
        ("en", "12,345 of 20,000", ["12,345 of 20,000"]),
        ("en", "Kosovo under UNSCR 1244*", ["UNSCR 1244"]),
        ("sq", "Kosova sipas Rezolutës 1244 të KS të OKB-së*", ["OKB-së"]),
        ("sq", "Konventa e BE-së", ["BE-së"]),
        ("sq", "rreth 30 deri në 89 ditë", ["30 deri në 89 ditë"]),
        ("sq", "(intervali i besimit 95%: 0,94 deri në 1,44)", ["besimit 95%", "0,94 deri në 1,44"]),
        ("sq", "raporti nga 97 deri në 147 për 100 të akuzuar", ["nga 97 deri në 147", "për 100"]),
        ("sq", "midis datave 1 korrik 2009 dhe 1 mars 2025", ["1 korrik 2009", "1 mars 2025"]),
        ("en", "release 2026-Q3, 95% until 97", ["2026-Q3"]),
        ("en", "release 2026-Q3.1, or 2026-Q3.", ["2026-Q3.1", "2026-Q3"]),
        ("mk", "Косово според Резолуцијата 1244 на СБ на ОН*", ["СБ на ОН"]),
        ("sr", "Косово према Резолуцији СБ УН 1244*", ["УН 1244"]),
        ("hr", "Kosovo prema Rezoluciji VS UN-a 1244*", ["UN-a 1244"]),
    ],
)
def test_ranges_parts_and_small_numbers_are_read_as_one(language: str, text: str, figures: list[str]) -> None:
    assert find_in(language, text) == figures


@pytest.mark.parametrize(
    ("language", "text", "labels"),
    [
        ("en", "Discontinued: 7 (3–14), too few to compare", ["7 (3–14)", "too few to compare"]),
        ("en", "Pending at the end of 2025: not available", ["not available"]),
        ("sq", "Me kallëzim të hedhur poshtë: nuk mblidhet", ["nuk mblidhet"]),
        ("mk", "Отфрлени: 7 (3–14)", ["7 (3–14)"]),
        ("en", "2026 Q3, few, 0", ["2026 Q3"]),
        ("sq", "Të papërfunduara më 31 dhjetor 2025", ["më 31 dhjetor 2025"]),
        ("en", "Security Council resolution 1244 (1999).", ["resolution 1244 (1999)"]),
    ],
)
def test_labels_of_pictures_keep_states_and_intervals_whole(language: str, text: str, labels: list[str]) -> None:
    with read_in(language):
        assert [match[0] for match in unbroken_labels().finditer(text)] == labels


def test_year_at_the_end_of_a_title_does_not_begin_a_line() -> None:
    assert find_in("en", "Convicted, trafficking in persons, 2025", unbroken_titles) == ["persons, 2025"]


@pytest.mark.parametrize(
    "text",
    [
        "convicted: 46",
        "between 1990",
        "fewer than 2,000 requests",
        "2025 relative to 2023",
        "per 100,000 inhabitants",
    ],
)
def test_other_numbers_may_begin_a_line(text: str) -> None:
    assert find_in("en", text) == []


@pytest.mark.parametrize(
    ("language", "text", "phrases"),
    [
        ("en", "5 changes were tested. One in 20 tests", ["5 changes", "in 20 tests"]),
        ("mk", "Тестирани се 5 промени. 20 или повеќе", ["се 5 промени", "20 или повеќе"]),
        ("sq", "20 ose më shumë raste", ["20 ose më shumë"]),
        ("sq", "1 ndryshon dhe 2 ndryshojnë", ["1 ndryshon", "dhe 2 ndryshojnë"]),
        ("en", "106 pairs of figures: 2 agree", ["106 pairs of figures", "2 agree"]),
        ("mk", "106 пара податоци: 2 се совпаѓаат", ["106 пара податоци", "2 се совпаѓаат"]),
        ("en", "20 or more cases in 5 of 7 territories", ["20 or more", "in 5 of 7 territories"]),
        ("en", "1.81. 2 of them. 46 were new", ["2 of them", "46 were"]),
        ("sq", "Numri i personave: 20 deri në 49", ["personave: 20 deri në 49"]),
        ("sq", "kuartili i sipërm: 84; Çifte të treguara: 22", ["sipërm: 84", "treguara: 22"]),
        ("sq", "Nënshkruar: 12 dhjetor 2000", ["Nënshkruar: 12 dhjetor 2000"]),
        ("en", "95% confidence interval 1.10 to 1.70", ["95% confidence", "1.10 to 1.70"]),
        ("sq", "(intervali i besimit 95%: 12 deri në 84)", ["besimit 95%", "12 deri në 84"]),
        ("en", "Council resolution 1244 (1999), Convention 29", ["resolution 1244 (1999)", "Convention 29"]),
        ("mk", "Хрватска: од 1 октомври 2022 до 30 септември 2026", ["од 1 октомври 2022", "до 30 септември 2026"]),
        ("sq", "1 tetor 2022 deri më 30 shtator 2026", ["1 tetor 2022", "më 30 shtator 2026"]),
        ("en", "at first instance, per cent: 120 in 2025", ["per cent: 120 in 2025"]),
        ("en", "above 100 the stock shrinks, below 100 it grows", ["above 100", "below 100"]),
        ("en", "In 1 of the compared pairs, per 100 of an earlier one", ["In 1 of", "per 100 of"]),
        ("mk", "Резолуцијата 1244, најмногу 1,81", ["Резолуцијата 1244", "најмногу 1,81"]),
        ("en", "lowest 0.44, highest 1.81, explain \u221219", ["lowest 0.44", "highest 1.81", "explain \u221219"]),
        ("en", "per 100,000 inhabitants", ["per 100,000 inhabitants"]),
        ("mk", "на 100\u202f000 жители", ["на 100\u202f000 жители"]),
        ("en", "persons, 2025; not assessed: 4 (2025)", ["persons, 2025", "assessed: 4"]),
        ("mk", "16 (малку) во 2025", ["во 2025"]),
        ("en", "release 2026-Q3, at 09:00 UTC", ["release 2026-Q3", "at 09:00 UTC"]),
        ("en", "between 1990 and later, fewer (20)", []),
    ],
)  # fmt: skip
def test_numbers_are_read_with_the_words_that_belong_to_them(language: str, text: str, phrases: list[str]) -> None:
    assert find_in(language, text, unbroken_phrases) == phrases


@pytest.mark.parametrize(
    ("language", "text", "fields"),
    [
        ("en", "Under 18: share, % (95% confidence interval)", ["Under 18", "share, %", "95% confidence"]),
        ("mk", "Разлика (95% интервал), одговори (%)", ["95% интервал", "одговори (%)"]),
        ("en", "Persons convicted: 46 cases", ["46 cases"]),
        ("en", "Up to 7 days (%)", ["Up to 7 days (%)"]),
        ("en", "GRETA (Convention 29, Albania)", ["Convention 29"]),
        ("sq", "Nen demonstrimi 333", ["demonstrimi 333"]),
        ("mk", "20 ноември 2026, 09:00 UTC", ["20 ноември 2026", "09:00 UTC"]),
    ],
)
def test_fields_of_tables_keep_the_level_of_intervals_and_signs_of_per_cent(
    language: str, text: str, fields: list[str]
) -> None:
    """Require less of tables, since their columns are narrow."""
    assert find_in(language, text, unbroken_fields) == fields
