"""Tests in a browser of what must hold on each public page, at each width; a page is loaded once for all of them.

The tests are in an order in which the width changes rarely, since the whole page is laid out again each time: first
those of a page as it opens, then those that open everything that is folded. `make test` checks each page with axe at
one of four widths in English, and every third page in Macedonian or Albanian; `make test-all` checks all pages at all
widths in all languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

from dashboards.public.menu import PAGES, compose_title
from pipelines.core import i18n
from pipelines.words.language import read_in
from tests.support import axe
from tests.support.service.public_app import wait_until_settled

pytestmark = pytest.mark.browser
VARIANTS = (
    "territory?territory=BA&over=A",
    "territory?territory=BA&section=all",
    "territory?territory=XK&crime=SOM&by=age",
)
WITH_PICTURES = ("region", "compare", "territory", "durations")
WIDTHS = (1280, 1920, 768, 360, 320)
WIDTHS_FOR_AXE = (320, 768, 1280, 1920)
TRANSLATED = {
    "mk": ("region", "territory?territory=ME", "durations", "victims", "quality"),
    "sq": ("compare", "published", "source", "about"),
}
"""Language in which each page is loaded a second time: Macedonian where its long words are most likely to break."""
TRANSLATED_WIDTHS_FOR_AXE = (1920, 768)


@dataclass
class Visit:
    """One loaded page, the answer to its address, and what the browser reported since."""

    path: str
    page: Page
    answer: Response
    reports: list[str] = field(default_factory=list)
    foreign_urls: list[str] = field(default_factory=list)

    def set_width(self, width: int) -> None:
        """Set the width of the screen, unless it is set, and wait until the page has followed."""
        if self.page.viewport_size == {"width": width, "height": 900}:
            return
        self.page.set_viewport_size({"width": width, "height": 900})
        wait_until_settled(self.page)

    def open_folds(self) -> None:
        """Open everything that is folded and wait until each table has a width."""
        closed = self.page.locator("[data-testid=stExpander] details:not([open]) summary")
        closed.evaluate_all("all => all.forEach(e => e.click())")
        expect(closed).to_have_count(0)
        # `wait_for_function` would evaluate a string, which the pages' content policy forbids.
        self.page.evaluate("""() => new Promise(done => {
            const look = () => [...document.querySelectorAll('.rti-scroll')].every(e => e.clientWidth)
                ? done() : setTimeout(look, 50);
            look();
        })""")


@contextmanager
def open_visit(visitor: BrowserContext, public_app: str, path: str) -> Iterator[Visit]:
    """Open a page like a first visit; close it at the end of a `with` statement."""
    visitor.clear_cookies()
    page = visitor.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    reports: list[str] = []
    foreign_urls: list[str] = []

    def record_foreign_url(url: str) -> None:
        if not url.startswith((public_app, public_app.replace("http", "ws", 1), "data:", "blob:")):
            foreign_urls.append(url)

    page.on("console", lambda message: reports.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: reports.append(str(error)))
    page.on("request", lambda request: record_foreign_url(request.url))
    page.on("websocket", lambda socket: record_foreign_url(socket.url))
    try:
        answer = page.goto(f"{public_app}/{path}")
        assert answer is not None
        wait_until_settled(page)
        yield Visit(path, page, answer, reports, foreign_urls)
    finally:
        page.close()


@pytest.fixture(scope="module", params=(*PAGES, *VARIANTS))
def visit(visitor: BrowserContext, public_app: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Each page after a first visit."""
    with open_visit(visitor, public_app, str(request.param)) as opened:
        yield opened


def add_language(path: str, language: str) -> str:
    """Return an address in a language."""
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


@pytest.fixture(
    scope="module", params=[add_language(path, language) for language, paths in TRANSLATED.items() for path in paths]
)
def translated(visitor: BrowserContext, public_app: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Each page in another language than English."""
    with open_visit(visitor, public_app, str(request.param)) as opened:
        yield opened


@pytest.mark.sampled(by="visit")
def test_page_has_its_title_and_is_marked_in_the_menu(visit: Visit) -> None:
    visit.set_width(1280)
    name = visit.path.partition("?")[0]
    expect(visit.page).to_have_title(compose_title(name))
    expect(visit.page.locator(".rti-menu [aria-current=page]")).to_have_text(PAGES[name])
    levels = visit.page.locator("h1, h2, h3").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    expect(visit.page.locator(".rti-banner")).to_contain_text("Demonstration data: ")


def check_page_fits(visit: Visit, width: int) -> None:
    """Check that a page at a width of the screen does not scroll sideways."""
    visit.set_width(width)
    main = visit.page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.sampled(by="visit", of="width")
@pytest.mark.parametrize("width", WIDTHS)
def test_page_is_not_wider_than_the_screen(visit: Visit, width: int) -> None:
    check_page_fits(visit, width)


@pytest.mark.sampled(by="visit")
def test_page_and_controls_fit_on_the_narrowest_screen(visit: Visit) -> None:
    check_page_fits(visit, WIDTHS[-1])
    cut = visit.page.get_by_role("radio").evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)"
        ".map(e => e.innerText)"
    )
    assert cut == []


@pytest.mark.sampled(by="visit")
def test_no_table_is_wider_than_a_phone_screen(visit: Visit) -> None:
    visit.set_width(360)
    visit.open_folds()
    tables = visit.page.locator(".rti-scroll")
    sizes = tables.evaluate_all("all => all.map(e => [e.ariaLabel, e.scrollWidth, e.clientWidth])")
    assert sizes or visit.path == "source"
    assert [label for label, total, visible in sizes if total > visible] == []
    if visit.path.startswith(("territory", "durations", "quality")):
        expect(visit.page.locator(".rti-stacked td").first).to_be_visible()


def find_faults(visit: Visit, width: int) -> list[tuple[str, Any, str]]:
    """Return what axe finds on a page in a window of a width, everything that is folded being open."""
    visit.set_width(width)
    visit.open_folds()
    return [
        (violation["id"], violation["impact"], node["html"][:200])
        for violation in axe.find_violations(visit.page, without=axe.NEVER_SERIOUS)
        if violation["impact"] in axe.SERIOUS or violation["id"] in ("heading-order", "landmark-unique")
        for node in violation["nodes"]
    ]


@pytest.mark.sampled(by="visit", of="width")
@pytest.mark.parametrize("width", WIDTHS_FOR_AXE)
def test_page_has_no_serious_finding_of_axe(visit: Visit, width: int) -> None:
    assert find_faults(visit, width) == []


@pytest.mark.sampled(by="visit")
def test_links_in_tables_are_large_enough(visit: Visit) -> None:
    visit.set_width(1280)
    sizes = visit.page.locator(".rti-table td a:visible, .rti-menu a:visible").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(r => [r.width, r.height])"
    )
    assert sizes
    assert all(width >= 24 and height >= 24 for width, height in sizes)


@pytest.mark.sampled(by="visit")
def test_page_runs_under_its_content_policy(visit: Visit) -> None:
    """Check that charts are drawn, that no other host is asked, and that the browser reports no violation."""
    visit.set_width(1280)
    if visit.path in WITH_PICTURES:
        expect(visit.page.locator(".rti-picture svg").first).to_be_visible()
    scripts = visit.answer.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
    assert "unsafe" not in scripts
    # Streamlit requests its own addresses below the page's path first, where they do not exist.
    assert [report for report in visit.reports if "status of 404" not in report] == []
    assert visit.foreign_urls == []


POPOVERS = {"Copy, download or cite": "compare", "Save as a picture": "region"}
"""A page with each kind of popover, by the label of its button."""


def open_popover(page: Page, label: str) -> tuple[Locator, Locator]:
    """Open the first popover with a label by the keyboard; return its button and its body once that is filled."""
    # When it closes, the script runs again, and Streamlit switches the button off meanwhile.
    wait_until_settled(page)
    button = page.get_by_role("button", name=label).first
    expect(button).to_be_enabled()
    button.focus()
    page.keyboard.press("Enter")
    body = page.get_by_test_id("stPopoverBody")
    expect(body).to_be_focused()
    expect(body.get_by_test_id("stDownloadButton")).not_to_have_count(0)
    # Blocks of text are drawn by a script that is loaded when the first of them is shown.
    expect(body.get_by_test_id("stSkeleton")).to_have_count(0)
    wait_until_settled(page)
    return button, body


@pytest.fixture(scope="module", params=POPOVERS)
def popover(visitor: BrowserContext, public_app: str, request: pytest.FixtureRequest) -> Iterator[tuple[Page, str]]:
    """Each page of `POPOVERS` with its label, loaded once; every test leaves the popover closed."""
    with open_visit(visitor, public_app, POPOVERS[request.param]) as visit:
        yield visit.page, request.param


def check_walk_through_popover(page: Page, label: str) -> None:
    """Check that Tab alone leads through all controls of a popover and then to the control behind its button."""
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.get_by_role("button", name=label).first.focus()
    page.keyboard.press("Tab")
    _, behind, _ = page.evaluate(WALK)
    _, body = open_popover(page, label)
    controls = body.locator("a[href], button, input, select, textarea, [tabindex='0']").locator("visible=true")
    expected = controls.evaluate_all("all => all.map(e => [...document.querySelectorAll('*')].indexOf(e))")
    assert len(expected) > 3
    reached = []
    for _ in expected:
        page.keyboard.press("Tab")
        place, name, is_seen = page.evaluate(WALK)
        assert is_seen, f"{name}: no visible focus"
        reached.append(place)
    assert reached == expected
    page.keyboard.press("Tab")
    expect(body).to_be_hidden()
    assert page.evaluate(WALK)[1] == behind


@pytest.mark.sampled(turn=5)
def test_tab_reaches_each_control_of_a_popover_in_order_and_leaves_it(popover: tuple[Page, str]) -> None:
    """Walk through a popover as the page opens, and after it was redrawn: before the tests that open it elsewhere."""
    page, label = popover
    skeletons = page.get_by_test_id("stSkeleton")
    expect(skeletons).to_have_count(0)
    check_walk_through_popover(page, label)
    page.get_by_text("Smuggling of migrants", exact=True).first.click()
    page.wait_for_url(re.compile("crime=SOM"))
    wait_until_settled(page)
    expect(skeletons).to_have_count(0)
    check_walk_through_popover(page, label)


@pytest.mark.sampled(turn=6)
def test_open_popover_passes_axe_and_closes_by_escape(popover: tuple[Page, str]) -> None:
    page, label = popover
    button, body = open_popover(page, label)
    # Folds stay closed, since a click elsewhere closes the popover.
    violations = axe.find_violations(page, without=axe.NEVER_SERIOUS)
    faults = [(violation["id"], node["html"][:200]) for violation in violations for node in violation["nodes"]
              if violation["impact"] in axe.SERIOUS]  # fmt: skip
    assert faults == []
    expect(button).to_have_attribute("aria-expanded", "true")
    controlled = button.get_attribute("aria-controls")
    expect(body).to_have_attribute("id", controlled or "a button without aria-controls")
    # Streamlit may draw the body again: the focus and the id go to the new one.
    body.evaluate("""e => {
        e.blur();
        e.removeAttribute("id");
        e.removeAttribute("tabindex");
        e.append(document.createComment("redrawn"));
    }""")
    expect(body).to_be_focused()
    expect(body).to_have_attribute("id", controlled or "a button without aria-controls")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(body).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_focus_goes_back_from_a_popover_to_its_button_and_waits_for_its_controls(popover: tuple[Page, str]) -> None:
    page, label = popover
    button, body = open_popover(page, label)
    first = body.locator("button, [tabindex='0']").first
    # As long as its controls are not there, the focus stays.
    body.evaluate("e => [...e.children].forEach(child => child.hidden = true)")
    expect(first).to_be_hidden()
    page.keyboard.press("Tab")
    expect(body).to_be_focused()
    body.evaluate("e => [...e.children].forEach(child => child.hidden = false)")
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    # A redraw that takes the element with the focus away leaves the focus on the document.
    first.evaluate("e => e.blur()")
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(body).to_be_hidden()
    expect(button).not_to_be_focused()


# -------------------------------------------------------------------------------------------------- in other languages


def test_each_page_has_another_language_and_axe_has_widths_of_screens() -> None:
    assert sorted(path.partition("?")[0] for paths in TRANSLATED.values() for path in paths) == sorted(PAGES)
    assert set(TRANSLATED_WIDTHS_FOR_AXE) < set(WIDTHS_FOR_AXE) < set(WIDTHS)


@pytest.mark.sampled()
def test_translated_page_has_no_option_or_table_that_is_cut_off(translated: Visit) -> None:
    """Check that no option breaks on a wide screen, and that no table is wider than a screen, a tablet or a phone."""
    options = translated.page.locator("[data-testid=stButtonGroup] [role=radio]")
    tables = translated.page.locator(".rti-scroll")
    for width in (1280, 768, 320):
        translated.set_width(width)
        if width == 1280:
            heights = options.evaluate_all("all => all.map(e => [e.innerText, e.offsetHeight])")
            assert [option for option, height in heights if height > 40] == []
        sizes = tables.evaluate_all("all => all.map(e => [e.ariaLabel, e.scrollWidth, e.clientWidth])")
        assert [label for label, total, visible in sizes if total > visible] == [], width
        assert sizes or translated.path.startswith("source")
    chips = translated.page.get_by_test_id("stButtonGroup").locator("button p")
    cut = chips.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)")
    assert cut == []


WALK = """document.activeElement === document.body ? null : (() => {
    const e = document.activeElement, all = [...document.querySelectorAll('*')], s = getComputedStyle(e);
    const drawn = [e, ...e.querySelectorAll('*'), e.parentElement].map(x => getComputedStyle(x));
    const isSeen = drawn.some(x => (x.outlineStyle !== 'none' && parseFloat(x.outlineWidth) > 0)
        || x.boxShadow !== 'none') || s.borderColor === 'rgb(29, 79, 124)';
    return [all.indexOf(e), e.tagName + ' ' + (e.getAttribute('aria-label') || e.innerText || '').slice(0, 60), isSeen];
})()"""
"""Place in the document, name, and whether something shows the focus, of the element that has it."""
MOST_STOPS = 600


@pytest.mark.sampled()
def test_keyboard_reaches_the_end_of_a_page_in_order_with_a_visible_focus(translated: Visit) -> None:
    translated.set_width(1280)
    page = translated.page
    stops: list[tuple[int, str, bool]] = []
    page.evaluate("document.activeElement.blur()")
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(WALK)
        if stop is None or (stops and stop[0] == stops[0][0]):
            break
        stops.append(tuple(stop))
    assert 10 < len(stops) < MOST_STOPS, "no trap"
    assert [name for _, name, is_seen in stops if not is_seen] == []
    places = [place for place, *_ in stops]
    assert places == sorted(places), "the order of the page"


@pytest.mark.sampled()
@pytest.mark.parametrize("width", TRANSLATED_WIDTHS_FOR_AXE)
def test_translated_page_has_no_serious_finding_of_axe(translated: Visit, width: int) -> None:
    assert find_faults(translated, width) == []


@pytest.mark.slow
@pytest.mark.parametrize("language", i18n.list_languages())
@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_serious_finding_of_axe_at_any_width_in_any_language(
    visitor: BrowserContext, public_app: str, path: str, language: str
) -> None:
    with open_visit(visitor, public_app, add_language(path, language)) as visit:
        with read_in(language):
            expect(visit.page).to_have_title(compose_title(path))
        faults = [(width, fault) for width in WIDTHS_FOR_AXE for fault in find_faults(visit, width)]
        assert faults == []
