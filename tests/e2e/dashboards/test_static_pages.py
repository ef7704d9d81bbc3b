"""Tests of static pages in a browser: axe, narrow screens, and the way from a page to the application and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service.public_app import wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATHS = (
    "en/",
    "sr-Cyrl/territory-ba.html",
    "sq/quality.html",
    "mk/indicator-convicted-first.html",
    "hr/methodology.html",
)


def test_pages_pass_axe_and_fit_a_narrow_screen(browser: Browser, public_app: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    # The content policy of the pages forbids every script, that of axe as well.
    context = browser.new_context(bypass_csp=True, viewport={"width": 320, "height": 800})
    page = context.new_page()
    faults = []
    for path in PATHS:
        page.goto(f"{public_app}/{path}")
        page.locator("details").evaluate_all("all => all.forEach(e => { e.open = true; })")
        faults += [(path, v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(page).response["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
        small = page.locator("nav a:visible, summary:visible, .front-tiles a, footer li a").evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().height < 24).map(e => e.textContent)"
        )
        assert small == [], path
    context.close()
    assert faults == []


def test_copied_table_has_the_figures_alone(browser: Browser, public_app: str) -> None:
    """Check that neither marks of notes nor the word for few are copied with a figure."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    for language in ("en", "mk"):
        page.goto(f"{public_app}/{language}/territory-rs.html")
        table = page.locator("main section table").first
        assert table.locator(".front-badge").count() and table.locator(".front-mark").count()
        table.evaluate("e => getSelection().selectAllChildren(e)")
        page.keyboard.press("ControlOrMeta+C")
        lines = str(page.evaluate("navigator.clipboard.readText()")).splitlines()
        rows = [line.split("\t") for line in lines if line[:2] == "20"]
        assert len(rows) > 3 and all(field.isdigit() for row in rows for field in row), (language, rows)
    context.close()


def test_reader_without_scripts_gets_from_the_home_page_to_a_figure(browser: Browser, public_app: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="sq-AL")
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(public_app)
    assert page.url == f"{public_app}/sq/" and len(requests) <= 10
    # The middle of a link that holds an outline and a name is on neither.
    page.locator("svg[role=group] a:visible text").first.click()
    page.locator("summary").first.click()
    assert page.locator("details[open] table").first.is_visible()
    page.locator("a[hreflang=en]").click()
    assert page.url.startswith(f"{public_app}/en/territory-")
    context.close()


def test_way_leads_from_a_static_page_to_the_application_and_back(browser: Browser, public_app: str) -> None:
    page = browser.new_page(locale="en")
    page.goto(f"{public_app}/mk/territories-som.html")
    page.locator("main > p a").last.click()
    wait_until_settled(page)
    assert page.url.startswith(f"{public_app}/region?crime=SOM") and "lang=mk" in page.url
    assert page.locator("html").get_attribute("lang") == "mk"
    page.locator("a.rti-site").click()
    page.wait_for_url(f"{public_app}/mk/")
    page.close()
