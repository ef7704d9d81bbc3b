"""Tests in a browser of what a reader keeps from page to page: choices, history, titles, menu, and access."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboards.public.menu import PAGES, compose_title
from tests.support.service.public_app import wait_until_settled

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("public-app")]
Open = Callable[..., Page]
WIDTHS = (320, 360, 1280)
WITH_CRIME = ("region", "territory", "ratios", "durations", "published")
WITH_TERRITORY = ("territory", "victims", "published")


def read_query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlparse(page.url).query).items()}


def follow_menu(page: Page, path: str) -> None:
    """Follow a link of the menu and wait for its page."""
    menu = page.get_by_role("navigation", name="Pages")
    summary = menu.get_by_text("Menu", exact=True)
    if summary.is_visible():
        summary.click()
    menu.get_by_role("link", name=PAGES[path], exact=True).click()
    expect(page).to_have_title(compose_title(path))
    wait_until_settled(page)


def choose_smuggling(page: Page) -> None:
    page.get_by_text("Smuggling of migrants", exact=True).first.click()
    page.wait_for_url(re.compile("crime=SOM"))
    wait_until_settled(page)


def find_crime(page: Page) -> Locator:
    """Return the option of the crime that is selected."""
    return page.get_by_role("radiogroup", name="Crime").get_by_role("radio", checked=True)


def read_crime(page: Page) -> str:
    """Return the label of the crime that is selected."""
    return find_crime(page).inner_text()


def check_every_control_has_a_selection(page: Page) -> None:
    for group in page.get_by_role("radiogroup").all():
        selected = group.get_by_role("radio", checked=True).count()
        assert selected == 1, f"{page.url}: {group.get_attribute('aria-label')} has {selected} selected"


def measure_history(page: Page) -> int:
    return int(page.evaluate("history.length"))


@pytest.mark.parametrize("first", WITH_CRIME)
def test_crime_survives_the_way_from_each_page_to_each_other(open_page: Open, first: str) -> None:
    page = open_page(first)
    choose_smuggling(page)
    # There and back, so that each pair of pages is tried once.
    for path in [path for path in PAGES if path not in WITH_CRIME[: WITH_CRIME.index(first) + 1]]:
        follow_menu(page, path)
        assert read_query(page)["crime"] == "SOM", path
        check_every_control_has_a_selection(page)
        if path in WITH_CRIME:
            assert read_crime(page) == "Smuggling of migrants", path
        follow_menu(page, first)
        assert read_crime(page) == "Smuggling of migrants", f"back from {path}"
        check_every_control_has_a_selection(page)


@pytest.mark.parametrize("first", WITH_TERRITORY)
def test_territory_survives_the_way_from_each_page_to_each_other(open_page: Open, first: str) -> None:
    page = open_page(f"{first}?territory=RS")
    for path in [path for path in PAGES if path != first]:
        follow_menu(page, path)
        follow_menu(page, first)
        assert read_query(page)["territory"] == "RS", f"back from {path}"
        if path in WITH_TERRITORY:
            follow_menu(page, path)
            assert read_query(page)["territory"] == "RS", path
            expect(page.get_by_role("combobox", name="Territory")).to_have_value(re.compile("^Serbia"))
            follow_menu(page, first)


def test_chosen_period_survives_and_a_page_without_choice_opens_in_its_own(open_page: Open) -> None:
    page = open_page()
    follow_menu(page, "ratios")
    own_period = read_query(page)["period"]
    assert "-Q" not in own_period, "the default of the ratios is not the newest quarter of the first page"
    follow_menu(page, "region")
    page.get_by_role("radiogroup", name="Period").get_by_text("Year", exact=True).click()
    page.wait_for_url(re.compile("freq=A"))
    page.get_by_test_id("stSelectbox").filter(has_text="Year").click()
    page.get_by_role("option", name="2023", exact=True).click()
    page.wait_for_url(re.compile("period=2023"))
    for path in ("ratios", "victims", "region"):
        follow_menu(page, path)
        assert (read_query(page)["freq"], read_query(page)["period"]) == ("A", "2023"), path


def test_each_action_is_one_entry_in_the_history(open_page: Open) -> None:
    page = open_page()
    first = measure_history(page)
    address = page.url
    choose_smuggling(page)
    assert measure_history(page) == first + 1, "a choice"
    for number, path in enumerate(("territory", "victims", "about"), start=2):
        follow_menu(page, path)
        assert measure_history(page) == first + number, path
    for path in ("victims", "territory", "region"):
        page.go_back()
        expect(page).to_have_title(compose_title(path))
        wait_until_settled(page)
        check_every_control_has_a_selection(page)
    assert read_crime(page) == "Smuggling of migrants"
    page.go_back()
    page.wait_for_url(address)
    # The address changes before the run starts, so that the page may seem settled.
    expect(find_crime(page)).to_have_text("Trafficking in persons")
    expect(page.locator(".rti-caption").first).to_contain_text("Trafficking in persons")


def test_opening_an_address_adds_no_entry(open_page: Open) -> None:
    page = open_page()
    assert measure_history(page) == 2, "the empty page of the browser, and the first page"


def test_figure_and_territory_in_a_table_keep_the_crime(open_page: Open) -> None:
    page = open_page("?crime=SOM&freq=A")
    page.locator(".rti-table tbody th a", has_text="Serbia").first.click()
    expect(page).to_have_title(compose_title("territory"))
    wait_until_settled(page)
    assert (read_query(page)["crime"], read_query(page)["territory"]) == ("SOM", "RS")
    assert read_crime(page) == "Smuggling of migrants"


@pytest.mark.parametrize(
    "address",
    ["?crime=SOM&freq=A&period=2024&show=rate&stages=all&decisions=final", "territory?territory=RS&crime=SOM&by=age",
     "ratios?crime=SOM&freq=A&period=2024", "victims?territory=XK&victims_by=age"],
)  # fmt: skip
def test_link_opens_the_view_that_it_names(open_page: Open, address: str) -> None:
    page = open_page(address)
    expected = {key: values[0] for key, values in parse_qs(urlparse(address).query).items()}
    assert expected.items() <= read_query(page).items()
    check_every_control_has_a_selection(page)
    expect(page.get_by_text("is shown instead")).to_have_count(0)


def test_page_of_a_figure_leads_back_to_its_crime(open_page: Open) -> None:
    page = open_page("?crime=SOM&freq=A")
    address = page.locator(".rti-total td a").first.get_attribute("href")
    opened_page = open_page(str(address))
    follow_menu(opened_page, "region")
    assert read_crime(opened_page) == "Smuggling of migrants"


def test_address_with_an_unknown_code_says_so(open_page: Open) -> None:
    page = open_page("territory?territory=ZZ&crime=XYZ")
    expect(page.get_by_text("The address asks for territory 'ZZ'")).to_be_visible()
    expect(page.get_by_text("The address asks for crime 'XYZ'")).to_be_visible()
    check_every_control_has_a_selection(page)


def test_unknown_address_is_not_found_and_leads_on(open_page: Open, public_app: str) -> None:
    page = open_page()
    answer = page.goto(f"{public_app}/nopage")
    assert answer is not None and answer.status == 404
    expect(page).to_have_title(re.compile("^Page not found"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
    assert page.get_by_role("link").all_inner_texts() == ["Home", *PAGES.values()]
    page.get_by_role("link", name="Data quality").click()
    expect(page).to_have_title(compose_title("quality"))


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_its_title_and_is_marked_in_the_menu(open_page: Open, path: str) -> None:
    page = open_page(path)
    expect(page).to_have_title(compose_title(path))
    current = page.locator(".rti-menu [aria-current=page]")
    expect(current).to_have_text(PAGES[path])
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels


@pytest.mark.parametrize("width", [320, 360])
def test_menu_of_a_phone_closes_after_a_choice(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    links = page.locator(".rti-menu li")
    expect(links.first).to_be_hidden()
    follow_menu(page, "victims")
    expect(links.first).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    expect(links.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(links.first).to_be_hidden()


def test_change_is_announced(open_page: Open) -> None:
    page = open_page()
    status = page.locator("#rti-status")
    expect(status).to_have_attribute("role", "status")
    expect(status).to_have_text("")
    choose_smuggling(page)
    expect(status).to_contain_text("Table updated: Smuggling of migrants")
    follow_menu(page, "quality")
    expect(page.locator("h1")).to_be_focused()


def test_focus_in_the_menu_is_visible(open_page: Open) -> None:
    page = open_page()
    page.locator(".rti-menu a").nth(2).focus()
    page.keyboard.press("Tab")
    style = page.evaluate("(() => { const s = getComputedStyle(document.activeElement);"
                          " return [s.outlineStyle, parseFloat(s.outlineWidth), s.outlineColor]; })()")  # fmt: skip
    assert style == ["solid", 3, "rgb(179, 89, 0)"], "5.1:1 on white"


@pytest.mark.parametrize("path", ["region", "territory", "durations", "victims"])
def test_controls_fit_on_the_narrowest_screen(open_page: Open, path: str) -> None:
    page = open_page(path, width=320)
    cut = page.get_by_role("radio").evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)"
        ".map(e => e.innerText)"
    )
    assert cut == []


def test_table_of_a_territory_is_above_its_charts(open_page: Open) -> None:
    page = open_page("territory")
    table, chart = page.locator(".rti-table").first, page.locator(".rti-picture").first
    expect(chart.get_by_role("img")).to_be_visible()
    places = [element.bounding_box() for element in (table, chart)]
    assert places[0] and places[1] and places[0]["y"] < places[1]["y"]


@pytest.mark.parametrize("path", PAGES)
def test_links_in_tables_are_large_enough(open_page: Open, path: str) -> None:
    page = open_page(path, width=1280)
    sizes = page.locator(".rti-table td a:visible, .rti-menu a:visible").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(r => [r.width, r.height])"
    )
    assert all(width >= 24 and height >= 24 for width, height in sizes)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_serious_finding_of_axe(open_page: Open, path: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(path, width=width)
    folds = page.locator("[data-testid=stExpander] details:not([open]) summary")
    folds.evaluate_all("all => all.forEach(e => e.click())")
    expect(folds).to_have_count(0)
    violations = Axe().run(page).response["violations"]
    faults = [
        (violation["id"], violation["impact"], node["html"][:200])
        for violation in violations
        if violation["impact"] in ("serious", "critical") or violation["id"] in ("heading-order", "landmark-unique")
        for node in violation["nodes"]
    ]
    assert faults == []
