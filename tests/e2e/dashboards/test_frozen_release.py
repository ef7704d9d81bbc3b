"""A browser opens the address of a citation after a newer release was published, and goes on from there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from pipelines.core.home import Home, open_home
from pipelines.publication.releases.publish import find_current_release
from tests.support.releases import two_editions
from tests.support.releases.two_editions import EARLIER, NEWER
from tests.support.service.explorer import follow_menu, read_query
from tests.support.service.public_app import PATIENCE, run_public_app, wait_until, wait_until_settled

pytestmark = pytest.mark.browser


@pytest.fixture
def home(release_root: Path, tmp_path: Path) -> Home:
    shutil.copytree(release_root, tmp_path / "home", symlinks=True)
    return open_home(tmp_path / "home")


@pytest.fixture
def page(home: Home, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page of the public app on a home with one release, which a test may add another one to."""
    with run_public_app(home.root, tmp_path / "log") as address:
        context = browser.new_context(base_url=address)
        context.set_default_timeout(PATIENCE)
        opened = context.new_page()
        yield opened
        context.close()


def read_numbers(page: Page) -> list[int]:
    """Return the numbers of the first table with links to sources."""
    table = page.locator("table", has=page.locator('a[href*="source?cell"]')).first
    texts = table.locator('a[href*="source?cell"]').all_inner_texts()
    return [int(number[0].replace(",", "")) for text in texts if (number := re.match(r"[\d,]+", text))]


@pytest.mark.sampled(turn=2)
def test_frozen_link_shows_its_release_after_a_newer_one_was_published(page: Page, home: Home) -> None:
    page.goto("/region?freq=A&period=2025")
    wait_until_settled(page)
    frozen, before = page.url, read_numbers(page)
    assert read_query(page)["release"] == EARLIER and before and max(before) < 7000
    notice = page.locator(".rti-edition")
    expect(notice).to_have_count(0)

    two_editions.publish_newer(home)
    page.goto(frozen)
    wait_until_settled(page)
    expect(notice).to_contain_text(f"This is release {EARLIER}, which is not the newest one.")
    assert read_numbers(page) == before
    page.get_by_role("button", name="Copy, download or cite").first.click()
    citation = page.locator("[data-testid=stCode]", has_text="Coverage:").first  # the code to embed has it, too
    expect(citation).to_contain_text(f"release={EARLIER}")
    page.keyboard.press("Escape")

    # A choice, and another page and back: the release stays.
    page.get_by_text("Smuggling of migrants", exact=True).first.click()
    page.wait_for_url(re.compile("crime=SOM"))
    wait_until_settled(page)
    assert read_query(page)["release"] == EARLIER
    for path in ("victims", "region"):
        follow_menu(page, path)
        assert read_query(page)["release"] == EARLIER, path
        expect(notice).to_contain_text(EARLIER)

    notice.get_by_role("link", name="Open this page in the newest release").click()
    expect(notice).to_have_count(0)
    wait_until_settled(page)
    query = read_query(page)
    assert (query["release"], query["crime"], query["period"]) == (NEWER, "SOM", "2025")
    assert min(read_numbers(page)) >= 7000

    page.go_back()
    expect(notice).to_contain_text(EARLIER)
    wait_until_settled(page)
    assert max(read_numbers(page)) < 7000


def test_links_at_the_foot_have_the_choices_of_a_part_that_was_redrawn_alone(open_page: Callable[..., Page]) -> None:
    page = open_page("territory?territory=AL&section=trend")
    links = page.locator(".rti-links a")
    expect(links).to_have_count(2)
    address_before, before = page.url, read_query(page)
    page.get_by_role("radiogroup", name="Frequency").get_by_text("Years", exact=True).click()
    wait_until(page, "address => location.href !== address", address_before)
    wait_until_settled(page)
    query = read_query(page)
    assert query != before
    for link, names in zip(links.all(), ({"release"}, set()), strict=True):
        wait_until(
            page, "part => document.querySelector('.rti-links').textContent.includes(part)", f"over={query['over']}"
        )
        href = str(link.get_attribute("href"))
        assert href.startswith("http") and link.text_content() == href, "an address that can be cited"
        address = parse_qs(urlsplit(href).query)
        expected = {name: value for name, value in query.items() if name != "release" or name in names}
        assert {name: values[0] for name, values in address.items()} == expected
    expect(page.locator(".rti-print")).to_contain_text(f"over={query['over']}")


def test_unknown_release_has_a_way_on(blank_page: Page, public_app: str, built_home: Path) -> None:
    page, newest = blank_page, find_current_release(open_home(built_home))
    assert newest is not None
    page.goto(f"{public_app}/region?freq=A&period=2025&release=2031-Q1")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such release")
    page.get_by_role("link", name="Open this page in the newest release").click()
    wait_until_settled(page)
    assert (read_query(page)["release"], read_query(page)["period"]) == (newest.name, "2025")
