"""Tests in a browser of what a reader keeps from page to page: choices, history, titles, menu, and access."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page, expect

from dashboards.public.menu import PAGES, SITE, compose_title
from tests.support.service.explorer import follow_menu, read_query, wait_for_page
from tests.support.service.public_app import wait_until_settled

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
WITH_CRIME = ("region", "territory", "compare", "durations", "published")
WITH_TERRITORY = ("territory", "victims", "published")


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


def list_tours(pages: Sequence[str]) -> list[list[str]]:
    """Return tours that visit each page once and end at their beginning; each pair of pages is neighbours in one.

    Such tours exist for an odd number of pages; this is Walecki's construction. All but the first page are on a circle,
    and a tour goes from side to side of it.
    """
    first, *circle = pages
    n = len(circle)
    assert n % 2 == 0
    zigzag = [0, *(step for near in range(1, n // 2) for step in (near, -near)), n // 2]
    return [[first, *(circle[(start + step) % n] for step in zigzag), first] for start in range(n // 2)]


def test_tours_have_each_pair_of_pages_once() -> None:
    pairs = [frozenset(pair) for tour in list_tours(list(PAGES)) for pair in pairwise(tour)]
    assert sorted(map(sorted, pairs)) == sorted(map(sorted, combinations(PAGES, 2)))


@pytest.mark.sampled()
@pytest.mark.parametrize("tour", list_tours(list(PAGES)), ids="-".join)
def test_choices_survive_the_way_between_each_pair_of_pages(open_page: Open, tour: list[str]) -> None:
    """Follow one tour in `make test`, on which each page is left once and reached once, and all in `make test-all`."""
    page = open_page("territory?territory=RS")
    choose_smuggling(page)
    follow_menu(page, tour[0])
    for path in tour[1:]:
        follow_menu(page, path)
        query = read_query(page)
        assert (query["crime"], query["territory"]) == ("SOM", "RS"), path
        assert page.locator("a.rti-site").get_attribute("href") == "/en/index-som.html", path
        check_every_control_has_a_selection(page)
        if path in WITH_CRIME:
            assert read_crime(page) == "Smuggling of migrants", path
        if path in WITH_TERRITORY:
            expect(page.get_by_role("combobox", name="Territory")).to_have_value(re.compile("^Serbia"))


@pytest.mark.sampled(turn=3)
def test_chosen_period_survives_and_a_page_without_choice_opens_in_its_own(open_page: Open) -> None:
    page = open_page()
    follow_menu(page, "compare")
    own_period = read_query(page)["period"]
    assert "-Q" not in own_period, "the default of the ratios is not the newest quarter of the first page"
    follow_menu(page, "region")
    page.get_by_role("radiogroup", name="Period").get_by_text("Year", exact=True).click()
    page.wait_for_url(re.compile("freq=A"))
    page.get_by_test_id("stSelectbox").filter(has_text="Year").click()
    page.get_by_role("option", name="2023", exact=True).click()
    page.wait_for_url(re.compile("period=2023"))
    for path in ("compare", "victims"):
        follow_menu(page, path)
        assert (read_query(page)["freq"], read_query(page)["period"]) == ("A", "2023"), path


@pytest.mark.sampled(turn=6)
def test_each_action_is_one_entry_in_the_history(open_page: Open) -> None:
    page = open_page()
    first = measure_history(page)
    address = page.url
    choose_smuggling(page)
    assert measure_history(page) == first + 1, "a choice"
    for number, path in enumerate(("territory", "about"), start=2):
        follow_menu(page, path)
        assert measure_history(page) == first + number, path
    for path in ("territory", "region"):
        page.go_back()
        wait_for_page(page, path)
        check_every_control_has_a_selection(page)
    assert read_crime(page) == "Smuggling of migrants"
    page.go_back()
    page.wait_for_url(address)
    # The address changes before the run starts, so that the page may seem settled.
    expect(find_crime(page)).to_have_text("Trafficking in persons")
    expect(page.locator(".rti-caption").first).to_contain_text("Trafficking in persons")


def test_opening_an_address_adds_no_entry(show_page: Open) -> None:
    page = show_page()
    assert measure_history(page) == 2, "the empty page of the browser, and the first page"


@pytest.mark.sampled(turn=2)
def test_figure_and_territory_in_a_table_keep_the_crime(open_page: Open) -> None:
    page = open_page("?crime=SOM&freq=A")
    address = page.locator(".rti-total td a").first.get_attribute("href")
    page.locator(".rti-table tbody th a", has_text="Serbia").first.click()
    wait_for_page(page, "territory")
    assert (read_query(page)["crime"], read_query(page)["territory"]) == ("SOM", "RS")
    assert read_crime(page) == "Smuggling of migrants"
    page_of_figure = open_page(str(address))
    follow_menu(page_of_figure, "region")
    assert read_crime(page_of_figure) == "Smuggling of migrants"


@pytest.mark.sampled()
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
    expect(page.get_by_text("Shown instead")).to_have_count(0)


@pytest.mark.sampled(turn=5)
def test_address_with_an_unknown_code_says_so(open_page: Open) -> None:
    page = open_page("territory?territory=ZZ&crime=XYZ")
    notice = "This link asks for an option this release does not have. Shown instead:"
    expect(page.get_by_text(f"{notice} Trafficking in persons.")).to_be_visible()
    expect(page.get_by_text(f"{notice} Albania.")).to_be_visible()
    check_every_control_has_a_selection(page)


def test_unknown_address_is_not_found_and_leads_on(blank_page: Page, public_app: str) -> None:
    page = blank_page
    answer = page.goto(f"{public_app}/nopage")
    assert answer is not None and answer.status == 404
    expect(page).to_have_title(re.compile("^Page not found"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
    assert page.get_by_role("main").get_by_role("link").all_inner_texts() == [*PAGES.values()]
    menu = page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts()
    assert (menu[0], menu[-1]) == ("Home", "Explore the data")
    assert page.get_by_role("banner").get_by_role("link").first.inner_text() == SITE
    languages = page.get_by_role("navigation", name="Language").get_by_role("link")
    tags = languages.evaluate_all("links => links.map(link => link.lang)")
    assert sorted(tags) == ["bs", "cnr", "en", "hr", "mk", "sq", "sr-Cyrl", "sr-Latn"]
    page.get_by_role("main").get_by_role("link", name="Data quality").click()
    expect(page).to_have_title(compose_title("quality"))


@pytest.mark.sampled(turn=6)
def test_menu_of_a_phone_closes_after_a_choice(open_page: Open) -> None:
    page = open_page(width=320)
    links = page.locator(".rti-menu li")
    expect(links.first).to_be_hidden()
    follow_menu(page, "about")
    expect(links.first).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    expect(links.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(links.first).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 900})
    expect(links.first).to_be_hidden()


@pytest.mark.sampled(turn=2)
def test_menu_of_a_phone_opens_and_closes_by_keyboard(open_page: Open) -> None:
    page = open_page("quality", width=320)
    links = page.locator(".rti-menu li a")
    summary = page.locator(".rti-menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(links.first).to_be_visible()
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(links.first).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Space")
    expect(links.first).to_be_visible()
    page.keyboard.press("Space")
    expect(links.first).to_be_hidden()


@pytest.mark.sampled(turn=4)
def test_change_is_announced(open_page: Open) -> None:
    page = open_page()
    status = page.locator("#rti-status")
    expect(status).to_have_attribute("role", "status")
    expect(status).to_have_text("")
    choose_smuggling(page)
    expect(status).to_contain_text("Table updated: Smuggling of migrants")
    follow_menu(page, "quality")
    expect(page.locator("h1")).to_be_focused()


@pytest.mark.sampled(turn=3)
def test_change_by_a_run_that_was_over_before_the_page_showed_it_is_announced(open_page: Open) -> None:
    page = open_page()
    wait_until_settled(page)
    page.keyboard.press("Shift")
    page.evaluate("document.querySelector('.rti-caption').textContent = 'Convicted persons, 2031'")
    expect(page.locator("#rti-status")).to_have_text("Table updated: Convicted persons, 2031")


def test_focus_in_the_menu_is_visible(show_page: Open) -> None:
    page = show_page()
    page.locator(".rti-menu a").nth(2).focus()
    page.keyboard.press("Tab")
    style = page.evaluate("(() => { const s = getComputedStyle(document.activeElement);"
                          " return [s.outlineStyle, parseFloat(s.outlineWidth), s.outlineColor]; })()")  # fmt: skip
    assert style == ["solid", 3, "rgb(179, 89, 0)"], "5.1:1 on white"


def test_table_of_a_territory_is_above_its_charts(show_page: Open) -> None:
    page = show_page("territory")
    table, chart = page.locator(".rti-table").first, page.locator(".rti-picture").first
    expect(chart.get_by_role("img")).to_be_visible()
    places = [element.bounding_box() for element in (table, chart)]
    assert places[0] and places[1] and places[0]["y"] < places[1]["y"]


def test_territories_chosen_one_by_one_or_on_the_map_are_one_entry_each_and_come_back(open_page: Open) -> None:
    page = open_page("compare?areas=AL,BA,RS")
    group = page.get_by_test_id("stButtonGroup").filter(has_text="Territories")
    first = measure_history(page)
    group.get_by_text("Albania", exact=True).click()
    page.wait_for_url(re.compile("areas=BA%2CRS&"))
    page.get_by_text("Choose territories on a map").first.click()
    outline = page.locator(".rti-map .rti-chart-wide a").filter(has_text="HR")
    page.evaluate("window.isSamePage = true")
    outline.locator("text").first.click()
    page.wait_for_url(re.compile("areas=BA%2CHR%2CRS&"))
    wait_until_settled(page)
    assert page.evaluate("window.isSamePage"), "the link is followed within the running page"
    assert measure_history(page) == first + 2
    expect(page.get_by_test_id("stMain").get_by_role("row", name=re.compile("^Croatia")).first).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile("areas=BA%2CRS&"))
    wait_until_settled(page)
    expect(page.get_by_role("row", name=re.compile("^Croatia"))).to_have_count(0)
