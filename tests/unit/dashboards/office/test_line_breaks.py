"""Periods and numbers of the offices' pages stay on one line, and their text stays the same."""

from __future__ import annotations

import re

import pytest

from dashboards.office.line_breaks import keep_numbers_whole


def keep_whole(body: str, language: str = "en") -> str:
    page = keep_numbers_whole(f"<title>7 of 7</title><main>{body}</main><footer>7 of 7</footer>", language)
    assert page.startswith("<title>7 of 7</title>")
    assert page.endswith('<footer><span class="rti-whole">7 of 7</span></footer>') or language != "en"
    return page.partition("<main>")[2].partition("</main>")[0]


@pytest.mark.parametrize(
    ("language", "text", "whole"),
    [
        ("en", "Male, 2026 Q3", "2026 Q3"),
        ("mk", "возраст на опфатените лица: 18–20, 3. квартал 2026", "лица: 18–20"),
        ("mk", "Косово според Резолуцијата 1244 на СБ на ОН", "Резолуцијата 1244"),
        ("bs", "Kosovo prema Rezoluciji 1244 VS UN", "Rezoluciji 1244"),
        ("mk", "Лица што добиваат е-порака", "е-порака"),
        ("mk", "разлика од −2 лица", "од −2 лица"),
        ("mk", "25 на почетокот + 14 влезени − 14 излезени = 25", " −"),
        ("mk", "член 110/a · Мажи", " ·"),
        ("en", "2026 Q2: 0; ", "2026 Q2: 0"),
        ("en", "17% (2\u201348); n = 20", "n = 20"),
        ("en", "Under 18", "Under 18"),
        ("en", "gap: 3", "gap: 3"),
        ("en", "Convicted · Persons", "Convicted ·"),
        ("mk", "Мажи, 3. квартал 2026", "3. квартал 2026"),
        ("en", "3 figures changed. 0 figures are new.", "0 figures"),
        ("sq", "Ka 12 paralajmërime", "Ka 12 paralajmërime"),
        ("en", "Save this explanation for 1 place", "for 1 place"),
        ("en", "Second Protocol (182), article 20: met", "article 20"),
        ("en", "Persons, article 110/a", "article 110/a"),
        ("mk", "Лица, член 418-в", "член 418-в"),
        ("mk", "Вашите датотеки (најмногу 50 MB по датотека)", "најмногу 50 MB"),
        ("en", "Quarterly list (BA_BRC-JUSTICE-1)", "(BA_BRC-JUSTICE-1)"),
        ("en", "Treaty Collection, XVIII-12-b", "XVIII-12-b"),
        ("en", "digest (SHA-256) of the file", "(SHA-256)"),
        ("en", "Sheet Tremujori III, cell B9", "Tremujori III"),
        ("en", "oldest law: 2009-04-01; newest: 2016-10-01", "2009-04-01"),
        ("mk", "најстар закон: 2009-04-01; најнов: 2016-10-01", "2016-10-01"),
        ("en", "Number (95% confidence interval): 7 (3 to 14)", "7 (3 to 14)"),
        ("en", "very easy: 35% (15\u201359), 58", "35% (15\u201359)"),
        ("sq", "1.234,5 (1.001,2 deri në 1.500,9)", "1.234,5 (1.001,2 deri në 1.500,9)"),
        ("mk", "7 (3 до 14); 11/20", "7 (3 до 14)"),
        ("en", "Applies, 2009-04-01 to 2016-10-01", "2009-04-01 to 2016-10-01"),
        ("en", "Returns of 2026 Q1 to 2026 Q3 (3 periods)", "2026 Q1 to 2026 Q3"),
        ("en", "Quarters 2026 Q1–2026 Q3", "2026 Q1–2026 Q3"),
        ("mk", "Периоди: 1. квартал 2026 – 3. квартал 2026", "1. квартал 2026"),
        ("mk", "беше 3, а сега е 83.", "е 83"),
        ("en", "United Nations Security Council resolution 1244 (1999) and", "resolution 1244 (1999)"),
    ],
)
def test_a_period_or_a_number_with_its_word_is_one_element(language: str, text: str, whole: str) -> None:
    page_part = keep_whole(f"<td>{text}</td>", language)
    assert f'<span class="rti-whole">{whole}</span>' in page_part
    assert re.sub("<[^>]*>", "", page_part) == text


@pytest.mark.parametrize(
    ("language", "text", "ends"),
    [
        ("mk", "{} – {} (број на периоди: 3)", ("1. квартал 2026", "3. квартал 2026")),
        ("sr", "{}–{}: објављени подаци", ("1. квартал 2026", "3. квартал 2026")),
        ("hr", "{} – {} (broj razdoblja: 3)", ("1. tromjesečje 2026.", "3. tromjesečje 2026.")),
        ("sq", "{} deri në {} (3 periudha)", ("T1 2026", "T3 2026")),
    ],
)
def test_two_quarters_of_a_range_are_one_element_that_may_be_broken_on_phones(
    language: str, text: str, ends: tuple[str, str]
) -> None:
    page_part = keep_whole(f"<td>{text.format(*ends)}</td>", language)
    spans = [f'<span class="rti-whole">{end}</span>' for end in ends]
    middle = text.partition("{}")[2].partition("{}")[0]
    assert f'<span class="rti-whole-if-wide">{spans[0]}{middle}{spans[1]}</span>' in page_part
    assert re.sub("<[^>]*>", "", page_part) == text.format(*ends)


def test_long_option_has_no_break_within_its_code_and_period() -> None:
    options = '<select><option value="A-1">{}</option></select>'
    form = "Workbook of the year of the General Prosecution (AL-JUSTICE-1)"
    assert keep_whole(options.format(form)) == options.format(form.replace("-", "\u2011"))
    title = "Quarterly questionnaire, 2026 Q3"
    assert keep_whole(options.format(title)) == options.format(title.replace("6 Q", "6\u00a0Q"))


def test_heading_of_a_column_before_its_field_keeps_an_article_with_its_number() -> None:
    heading = "Council of Europe, Second Protocol (182), article 20"
    field = f'<td data-column="{heading}">met</td>'
    assert keep_whole(field) == field.replace("article 20", "article\u00a020")


@pytest.mark.parametrize(
    "body",
    [
        "<option>2026 Q3</option>", "<textarea>2026 Q3</textarea>", "<code>2026 Q3</code>", '<a title="2026 Q3">A</a>',
        "<caption>2026 Q3</caption>", "<p>fewer than 2,000 requests</p>",
    ],
)  # fmt: skip
def test_fields_code_and_attributes_stay_as_they_are(body: str) -> None:
    body = f"<select>{body}</select>" if body.startswith("<option") else body
    assert keep_whole(body) == body
