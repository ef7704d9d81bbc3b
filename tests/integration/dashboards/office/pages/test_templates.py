"""Tests of the page "Templates": which workbooks are offered, and their download."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from pipelines.core.i18n import tell
from pipelines.office import templates
from pipelines.submissions.accounts import accounts
from tests.support.service.office_client import Office

UNSCR = "United Nations Security Council resolution 1244"


def test_templates_are_offered_for_the_next_periods(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/templates")
    texts = [link.text_content() for link in page.find_elements("#content a")]
    assert texts == ["Download the workbook for 2026 Q3", "Download the workbook for 2026 Q4"]
    assert (
        "AL-JUSTICE-1" in page.main
        and "Due by2026-11-14, which has passed: for late returns and corrections" in page.main
        and "Due by2027-02-14 Form" in page.main
        and not page.find_elements("select[name=territory]")
    )


@pytest.mark.parametrize(
    ("language", "title", "own"),
    [
        ("mk", "Квартални табели за годината, Општо обвинителство", "Tabelat tremujore të vitit"),
        ("en", "Workbook of the year of the General Prosecution", "Tabelat tremujore të vitit"),
        ("sq", "Tabelat tremujore të vitit, Prokuroria e Përgjithshme", None),
    ],
)
def test_form_has_a_title_in_the_language_of_the_page_and_that_of_its_office(
    office: Office, language: str, title: str, own: str | None
) -> None:
    accounts.set_language(office.desk.engine, "al-sender", language, by="al-sender")
    page = office.open("al-sender", "/templates")
    headings = {" ".join(heading.text_content().split()) for heading in page.find_elements("#content h2")}
    assert len(headings) == 2 and all(heading.startswith(f"{title}, ") for heading in headings)
    marked = {(each.get("lang"), each.text_content()[:26]) for each in page.find_elements("#content dd [lang]")}
    assert marked == ({("sq", own)} if own else set())


def test_templates_download_is_the_forms_workbook_with_earlier_figures(shared_office: Office) -> None:
    visitor = shared_office.start_visit("al-sender")
    (address,) = visitor.open_page("/templates").find_links("Download the workbook for 2026 Q4")
    answer = visitor.open_page(address).response
    assert answer.status_code == 200 and "spreadsheetml" in answer.headers["content-type"]
    assert 'filename="AL-JUSTICE-1_2026-Q4.xlsx"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    book = load_workbook(BytesIO(answer.content))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert tell("Demonstration data: invented, not official.", "sq") in cells
    data_without_figures = templates.write_template(
        shared_office.desk.registry, "AL-JUSTICE-1", "2026-Q4", demonstration=True
    )[1]
    plain = load_workbook(BytesIO(data_without_figures))
    numbers = [
        sum(isinstance(cell.value, int) for sheet in each for row in sheet.iter_rows() for cell in row)
        for each in (book, plain)
    ]
    assert numbers[0] > numbers[1], "the last accepted figures are in it"


@pytest.mark.parametrize(
    "query",
    [
        {"form": "MK-JUSTICE-1", "period": "2026-Q4"},
        {"form": "AL-JUSTICE-1", "period": "2020-Q1"},
        {"form": "AL-JUSTICE-1", "period": "x"},
        {"form": "../etc", "period": "2026-Q4"},
        {},
    ],
)
def test_templates_workbook_that_is_not_offered_is_not_found(shared_office: Office, query: dict[str, str]) -> None:
    page = shared_office.open("al-sender", "/templates/workbook", **query)
    assert page.status == 404 and page.heading == "Page not found"


def test_templates_list_one_territory_at_a_time(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/templates")
    assert "AL-JUSTICE-1" in page.main and "MK-" not in page.main
    chosen_page = page.submit_form("Show", territory="MK")
    assert (
        chosen_page.address == "/templates?territory=MK"
        and "MK-" in chosen_page.main
        and "AL-JUSTICE-1" not in chosen_page.main
    )
    assert shared_office.open("secretariat", "/templates", territory="ZZ").main == page.main
    assert "MK-" not in shared_office.open("al-sender", "/templates", territory="MK").main


def test_templates_show_footnote_of_a_territory_name(shared_office: Office) -> None:
    assert UNSCR in shared_office.open("xk-viewer", "/templates").text


def test_templates_name_the_form_that_another_form_replaces(shared_office: Office) -> None:
    assert "(XK-JUSTICE-1)" in shared_office.open("xk-viewer", "/templates").main


def test_templates_show_why_a_workbook_cannot_be_made(shared_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_template_error(*_: object, **__: object) -> tuple[str, bytes]:
        raise templates.TemplateError("the workbook of {form} cannot be made", form="AL-JUSTICE-1")

    monkeypatch.setattr(templates, "write_template", raise_template_error)
    visitor = shared_office.start_visit("al-sender")
    page = visitor.open_page("/templates").follow_link("2026 Q3")
    assert page.status == 409 and page.errors == ["the workbook of AL-JUSTICE-1 cannot be made"]
    assert page.find_links("Download the workbook for 2026 Q3")


def test_templates_without_an_office_are_empty(shared_office: Office) -> None:
    assert "No forms are due from your offices" in shared_office.open("nobody", "/templates").main
