"""Tests of the page "Reported figures": unprotected figures of one's own offices only."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.ledger.identity import Grant, Identity
from pipelines.submissions.service import figures
from tests.support.service.office_client import Document, Office


def select_restricted(office: Office, query: str) -> list[tuple[Any, ...]]:
    import duckdb

    path = office.desk.home.warehouse / "indicators-restricted.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def list_options(page: Document, name: str) -> list[str]:
    """Return the words of the options of a list, with ordinary spaces."""
    return [" ".join(option.text_content().split()) for option in page.find_elements(f"select[name={name}] option")]


def test_figures_show_own_unprotected_figures(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/figures")
    assert page.main.count("Restricted: not for publication") > 3
    ((reported,),) = select_restricted(
        shared_office,
        "select value::int from cell where area = 'AL' and period = '2026-Q3' and measure = 'reported'"
        " and offence = '_T' and offence_group = 'TIP' and sex = '_T' and age = '_T'"
        " and person_type = '_T' and count_unit = 'person' and citizenship = '_T'",
    )
    (row,) = [row for row in page.find_elements("tbody tr") if row.findtext("th") == "Reported, persons"]
    figure = row.cssselect("td")[0]
    assert figure.text_content().startswith(f"{reported} (")
    assert figure.cssselect(".rti-whole")[0].text_content() == figure.text_content(), "no line ends before its interval"
    assert "Victims" not in page.main, "the figures on victims belong to another office"
    broken = select_restricted(
        shared_office,
        "select opening::int, entries::int, exits::int, closing::int from mart_balance where area = 'AL' and"
        " period = '2026-Q3' and offence_group = 'TIP' and abs(opening + entries - exits - closing) > 1",
    )
    assert broken, "the demonstration has a balance that is out by more than one"
    for opening, entries, exits, closing in broken:
        assert f"{opening} at the start + {entries} in \u2212 {exits} out" in page.main
        assert f"reported at the end: {closing}." in page.main and "upload a corrected return" in page.main
        direction = "fewer" if opening + entries - exits > closing else "more"
        size = abs(opening + entries - exits - closing)
        assert re.search(rf"{size} \w+ {direction} at the end than calculated", page.main)
    for words in (
        "Same period",
        "Use the ratio of the same period: ",
        "No office here sends case records.",
        "A difference of 1 is not listed",
    ):
        assert words in page.main, words
    # Its quarters have no other version of a ratio, so that the table has no columns for them.
    assert "With time lag" not in page.main and "Followed cases" not in page.main
    assert page.response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("area", "grant", "access"),
    [
        ("AL", Grant("viewer", "AL"), "not_sent"), ("RS", Grant("viewer", "RS", "justice"), "no_access"),
        ("RS", Grant("viewer", "RS"), "visible"), ("RS", Grant("viewer", "MK"), "no_access"),
    ],
)  # fmt: skip
def test_reason_for_no_records_is_that_of_the_area_or_of_the_reader(
    shared_office: Office, area: str, grant: Grant, access: str
) -> None:
    who = Identity("reader", "Reader", "en", (grant,))
    assert figures.find_records(shared_office.desk, who, area) == access


def test_figures_name_a_unit_once(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/figures", area="AL")
    headings = {cell.text_content() for cell in page.find_elements("tbody th")}
    assert {
        "Reported, persons",
        "Detected victims",
        "Detected victims, part of the sum: identified victims",
    } <= headings


def test_figures_show_adults_where_all_ages_are_not_collected(shared_office: Office) -> None:
    ((adults,),) = select_restricted(
        shared_office,
        "select value::int from mart_indicator where area = 'MK' and period = '2026-Q3' and metric = 'count'"
        " and measure = 'convicted_final' and offence_group = 'TIP' and offence = '_T' and age = 'Y_GE18'"
        " and sex = '_T' and dimension = '_Z'",
    )
    page = shared_office.open("secretariat", "/figures", area="MK")
    (row,) = [
        row for row in page.find_elements("tbody tr") if row.findtext("th") == "Convicted by final decision, persons"
    ]
    assert row.cssselect("td")[0].text_content().startswith(f"Not collected; adults only: {adults} (")


def test_figures_year_can_be_chosen_and_records_need_their_role(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/figures", area="RS")
    assert "Half within (days)" in page.main and "Pending on 2026-09-30" in page.main
    few = [cell.text_content() for cell in page.find_elements("td[data-column='Still open (per cent)']")]
    assert [text for text in few if text.endswith("; too few to compare")], "of 59 persons, five still open"
    assert "Serbia†, 2026 Q3, " in page.main and "Serbia†, 2025, " not in page.main
    year = page.submit_form("Show", period="2025")
    assert parse_qs(urlsplit(year.address).query) == {"area": ["RS"], "period": ["2025"], "offence": ["TIP"]}
    assert "Serbia†, 2025, " in year.main and "Serbia†, 2026 Q3, " not in year.main
    assert "With time lag" in year.main


def test_figures_offence_can_be_chosen(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/figures")
    option = page.find_elements("select[name=offence] option")[1]
    chosen_page = page.submit_form("Show", offence=option.get("value"))
    assert f"Albania, 2026 Q3, {option.text_content()}. Restricted" in chosen_page.main
    assert chosen_page.find_elements(f"option[value='{option.get('value')}'][selected]")


def test_figures_unknown_period_or_offence_is_ignored(shared_office: Office) -> None:
    plain = shared_office.open("al-sender", "/figures")
    page_with_unknown_values = shared_office.open(
        "al-sender", "/figures", period="1999", offence="' or 1=1 --", colour="red"
    )
    assert page_with_unknown_values.status == 200 and page_with_unknown_values.main == plain.main


def test_figures_period_of_another_area_falls_back_to_the_newest(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/figures", area="RS", period="2025").submit_form("Show", area="AL")
    assert page.status == 200 and page.find_elements("option[value=AL][selected]")


@pytest.mark.parametrize(
    ("account", "areas"),
    [
        ("al-sender", ["Albania"]),
        ("ba-brc-sender", ["Brčko District"]),
        ("xk-viewer", ["Kosovo under UNSCR 1244*"]),
        ("secretariat", None),
    ],
)
def test_figures_offer_only_the_areas_of_own_offices(
    shared_office: Office, account: str, areas: list[str] | None
) -> None:
    options = list_options(shared_office.open(account, "/figures"), "area")
    if areas is None:
        assert len(options) == 11
        assert not [option for option in options if "Western Balkans" in option or "region" in option]
    else:
        assert [option.partition(" (")[0] for option in options] == areas


@pytest.mark.parametrize("account", ["al-sender", "xk-viewer", "ba-brc-sender", "nobody"])
def test_figures_of_a_forged_area_show_nothing(shared_office: Office, account: str) -> None:
    answers = set()
    for area in ("RS", "BA", "WB", "ZZ", "AL' or 1=1 --"):
        page = shared_office.open(account, "/figures", area=area)
        assert page.status == 403 and page.heading == "You do not have access to this page", area
        assert not page.find_elements("table")
        answers.add(re.sub(r"\s+", " ", page.main))
    assert len(answers) == 1, "a foreign area and a missing one get the same answer"


def test_figures_without_an_office_are_empty(shared_office: Office) -> None:
    page = shared_office.open("nobody", "/figures")
    assert page.status == 200 and "You have no figures here yet" in page.main


def test_figures_that_are_not_made_yet_are_announced(shared_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "FILE", "not-made-yet.duckdb")
    page = shared_office.open("al-sender", "/figures")
    assert page.status == 200 and page.heading == "Reported figures"
    assert "No figures have been made in this home yet" in page.main


def test_figures_tables_are_captioned_as_restricted(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/figures", area="RS")
    captions = [caption.text_content() for caption in page.find_elements("table caption")]
    assert len(captions) >= 4 and all("Restricted: not for publication" in caption for caption in captions)
    levels = [int(heading.tag[1]) for heading in page.find_elements("h1, h2, h3, h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
