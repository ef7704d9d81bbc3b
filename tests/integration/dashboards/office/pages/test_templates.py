"""The page "Templates": which workbooks are offered, and that they are made when they are requested."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from pipelines.core.i18n import tell
from pipelines.office import templates
from tests.support.service.office_client import Office

UNSCR = "United Nations Security Council resolution 1244"


def test_templates_are_offered_for_the_next_periods(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/templates")
    texts = [link.text_content() for link in page.select("#content a")]
    assert texts == ["Download the workbook for 2026 Q3", "Download the workbook for 2026 Q4"]
    assert "AL-JUSTICE-1" in page.main and "Due by2026-11-14" in page.main and not page.select("select[name=territory]")


def test_templates_download_is_the_forms_workbook_with_earlier_figures(shared_office: Office) -> None:
    visitor = shared_office.visit("al-sender")
    (address,) = visitor.get("/templates").links("Download the workbook for 2026 Q4")
    answer = visitor.get(address).response
    assert answer.status_code == 200 and "spreadsheetml" in answer.headers["content-type"]
    assert 'filename="AL-JUSTICE-1_2026-Q4.xlsx"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    book = load_workbook(BytesIO(answer.content))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert tell("Demonstration data: invented, not official.", "sq") in cells
    with_nothing = templates.write_template(shared_office.desk.registry, "AL-JUSTICE-1", "2026-Q4", demonstration=True)[
        1
    ]
    plain = load_workbook(BytesIO(with_nothing))
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
def test_templates_what_is_not_offered_is_not_found(shared_office: Office, query: dict[str, str]) -> None:
    page = shared_office.open("al-sender", "/templates/workbook", **query)
    assert page.status == 404 and page.heading == "Page not found"


def test_templates_of_one_territory_at_a_time(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/templates")
    assert "AL-JUSTICE-1" in page.main and "MK-" not in page.main
    other = page.submit("Show", territory="MK")
    assert other.address == "/templates?territory=MK" and "MK-" in other.main and "AL-JUSTICE-1" not in other.main
    assert shared_office.open("secretariat", "/templates", territory="ZZ").main == page.main
    assert "MK-" not in shared_office.open("al-sender", "/templates", territory="MK").main


def test_templates_name_carries_its_footnote(shared_office: Office) -> None:
    assert UNSCR in shared_office.open("xk-viewer", "/templates").text


def test_templates_second_form_names_the_form_that_it_replaces(shared_office: Office) -> None:
    assert "Instead ofXK-JUSTICE-1" in shared_office.open("xk-viewer", "/templates").main


def test_templates_workbook_that_cannot_be_made_says_why(
    shared_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> tuple[str, bytes]:
        raise templates.TemplateError("the workbook of {form} cannot be made", form="AL-JUSTICE-1")

    monkeypatch.setattr(templates, "write_template", fail)
    visitor = shared_office.visit("al-sender")
    page = visitor.get("/templates").follow("2026 Q3")
    assert page.status == 409 and page.errors == ["the workbook of AL-JUSTICE-1 cannot be made"]
    assert page.links("Download the workbook for 2026 Q3")


def test_templates_without_an_office_say_so(shared_office: Office) -> None:
    assert "No form is due of your offices" in shared_office.open("nobody", "/templates").main
