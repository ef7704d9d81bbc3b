"""Tests of the offices' pages that need a browser; everything else is tested over HTTP.

They cover keyboard, accessibility, widths, pages with and without scripts, and uploads over a broken connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from pipelines.core import i18n
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import store
from tests.support.demonstration import CLOCK, copy_home, frozen_at
from tests.support.service import portal_fixture, running
from tests.support.service.running import Service, run_service
from tests.support.service.visitor import begin_session

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
WIDTHS = (320, 768, 1280, 1920)
PATHS = (
    "/",
    "/upload",
    "/answer",
    "/receipt-keys",
    "/approve",
    "/board",
    "/figures",
    "/templates",
    "/nil",
    "/practice",
    "/practice/reset",
    "/account",
    "/people",
    "/nothing-here",
)
VIEWS = ("findings", "beside", "changes", "quarters", "files", "events")


@pytest.fixture(scope="module")
def portal(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service of a copied home with the accounts of the tests."""
    folder = tmp_path_factory.mktemp("portal")
    copy_home(built_home, folder / "home")
    with run_service(folder / "home", folder) as service:
        with frozen_at(CLOCK, service.home.root):
            engine = open_ledger(service.home)
            portal_fixture.make_accounts(engine)
            engine.dispose()
        running.warm_service(service)
        yield service


@pytest.fixture
def open_as(browser: Browser, portal: Service) -> Iterator[Open]:
    """Open a path as an account (None: signed out), at a width, with or without scripts."""
    contexts: list[BrowserContext] = []

    def open_page(account: str | None, path: str = "/", width: int = 1280, *, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale="en-GB"
        )
        contexts.append(context)
        if account is not None:
            context.add_cookies(
                [{"name": "rti_session", "value": begin_session(portal, account), "url": portal.address}]
            )
        page = context.new_page()
        page.goto(f"{portal.address}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def get_root_address(page: Page) -> str:
    """Return the address of the service that shows a page."""
    return "/".join(page.url.split("/")[:3])


def upload_file(page: Page, name: str, data: bytes) -> None:
    """Choose a file on the upload page and wait for its answer."""
    page.locator("#files").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
    expect(page.get_by_role("heading", name="This is what we read")).to_be_visible(timeout=60_000)


def find_faults(page: Page) -> list[tuple[str, str]]:
    """Return serious and critical findings of axe as pairs of rule and element."""
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    return [
        (violation["id"], node["html"][:300])
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


# ------------------------------------------------------------------------------------------------------ whole process


@pytest.mark.parametrize("scripts", [True, False])
def test_return_is_corrected_sent_and_approved(open_as: Open, scripts: bool) -> None:
    number = "1" if scripts else "2"
    page = open_as("al-sender", "/upload", scripts=scripts)
    broken = portal_fixture.make_workbook({**portal_fixture.BROKEN, "A1": f"Prokuroria {number}"})
    page.locator("#files").set_input_files(
        {"name": "third.xlsx", "mimeType": "application/octet-stream", "buffer": broken}
    )
    if not scripts:
        page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", name="This is what we read")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Yes, this is right: show the validation report").click()
    expect(page.locator("h1")).to_contain_text("Albania: Justice counts")
    expect(page.locator("#verdict")).to_contain_text("You cannot send this return yet")

    page.get_by_role("link", name="Upload a return").click()
    corrected = portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "A1": f"Prokuroria {number}"})
    name = f"corrected-{number}.xlsx"
    page.locator("#files").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": corrected})
    if not scripts:
        page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", name="This is what we read")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Yes, this is right: show the validation report").click()
    expect(page.locator("#verdict")).to_contain_text("for an explanation")
    while count := page.get_by_role("button", name=re.compile("^Keep this explanation")).count():
        form = page.locator("form", has=page.get_by_role("button", name=re.compile("^Keep this"))).first
        form.locator("select").select_option(label="One large case")
        form.locator("textarea").fill("Two large cases were reported in September.")
        form.get_by_role("button", name=re.compile("^Keep this")).click()
        expect(page.get_by_role("button", name=re.compile("^Keep this explanation"))).to_have_count(count - 1)
    page.get_by_label("Reason for the revision").select_option(label="Late data")
    page.get_by_role("button", name="Send for approval").click()
    expect(page.locator("#result")).to_have_text("Sent. Your receipt is below. Please keep it.")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    approver = open_as("al-approver", "/approve", scripts=scripts)
    approver.locator("tr", has_text=name).get_by_role("link").first.click()
    approver.get_by_role("button", name="Approve", exact=True).click()
    expect(approver.locator("#result")).to_have_text("Approved. It counts from the next refresh on.")
    page.reload()
    expect(page.locator("#content").get_by_text("Approved").first).to_be_visible()


# --------------------------------------------------------------------------------------------------- broken connection


def _count_stored_submissions(portal: Service, data: bytes) -> int:
    with frozen_at(CLOCK, portal.home.root):
        engine = open_ledger(portal.home)
        rows = [row for row in queries.list_submissions(engine) if row.sha256 == store.compute_digest(data)]
        engine.dispose()
    return len(rows)


@pytest.mark.parametrize("lost", ["the request", "the answer", "both"])
def test_file_is_stored_once_over_a_broken_connection(open_as: Open, portal: Service, lost: str) -> None:
    page = open_as("al-sender", "/upload")
    # The page waits for a second, then for two and four, before it sends a file again.
    page.evaluate("() => { const wait = setTimeout; window.setTimeout = (act, ms) => wait(act, ms / 20); }")
    data = portal_fixture.make_workbook({"A1": f"Lost is {lost}"})
    cuts = {"the request": ["before"], "the answer": ["after"], "both": ["before", "after", "before"]}[lost]

    def break_connection(route: Route) -> None:
        if route.request.method != "POST" or not cuts:
            route.continue_()
            return
        if cuts.pop(0) == "after":
            route.fetch()
        route.abort("connectionreset")

    page.route("**/upload", break_connection)
    upload_file(page, "third.xlsx", data)
    assert cuts == []
    expect(page.get_by_text("already uploaded")).to_have_count(0)
    assert _count_stored_submissions(portal, data) == 1
    page.reload()
    expect(page.get_by_role("heading", name="This is what we read")).to_be_visible()


def test_progress_continues_after_the_stream_breaks(open_as: Open, portal: Service) -> None:
    page = open_as("al-sender", "/upload")
    cuts = [True, True]

    def break_stream(route: Route) -> None:
        if cuts:
            cuts.pop()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/upload/events*", break_stream)
    upload_file(page, "third.xlsx", portal_fixture.make_workbook({"A1": "The stream breaks"}))


def test_dropped_files_have_one_card_each(open_as: Open) -> None:
    page = open_as("al-sender", "/upload")
    transfer = page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            for (const name of ['one.csv', 'two.csv']) transfer.items.add(new File(['a;b\\n1;2\\n' + name], name));
            return transfer;
        }"""
    )
    page.dispatch_event("form[data-upload]", "drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Not saved: see below what to do")).to_have_count(2, timeout=60_000)
    assert page.locator("article h2").all_inner_texts() == ["one.csv", "two.csv"]
    page.get_by_role("link", name="Clear the list and choose other files").click()
    expect(page.locator("article")).to_have_count(0)


def test_upload_in_an_expired_session_redirects_to_sign_in(open_as: Open) -> None:
    page = open_as("al-sender", "/upload")
    page.context.clear_cookies()
    page.locator("#files").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"a;b\n1;2\n"})
    page.wait_for_url(re.compile("/sign-in"))


# ---------------------------------------------------------------------------------------- layout, axe and keyboard


def test_no_page_is_wider_than_the_screen(open_as: Open) -> None:
    page = open_as("secretariat")
    answer = page.locator("tbody a").first.get_attribute("href")
    for path in (*PATHS, *(f"{answer}&view={view}" for view in VIEWS)):
        page.goto(f"{get_root_address(page)}{path}")
        assert page.locator("h1").count() == 1, path
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (path, width)


def test_sheet_shows_its_numbers_next_to_their_labels_on_wide_and_narrow_screens(open_as: Open) -> None:
    page = open_as("al-sender", "/upload", 1280)
    upload_file(page, "third.xlsx", portal_fixture.make_workbook(portal_fixture.UNUSUAL))
    page.get_by_role("link", name="Yes, this is right: show the validation report").click()
    page.goto(f"{page.url.partition('#')[0]}&view=beside")
    sheet = page.locator(".rti-sheet")

    def count_visible() -> tuple[int, int]:
        """Count the numbers, and the labels of the first column, that are in view."""
        script = """(sheet) => {
            const view = sheet.getBoundingClientRect();
            const inside = (cell) => {
                const box = cell.getBoundingClientRect();
                return box.left >= view.left && box.right <= view.right && box.bottom <= view.bottom;
            };
            return [".rti-cell-value", ".rti-cell-frozen"].map(
                (css) => [...sheet.querySelectorAll(css)].filter(inside).length);
        }"""
        numbers, labels = sheet.evaluate(script)
        return numbers, labels

    numbers, labels = count_visible()
    assert numbers > 10 and labels > 3
    sheet.evaluate("sheet => sheet.scrollLeft = 400")
    assert count_visible()[1] == labels, "the labels stay in view"
    page.set_viewport_size({"width": 360, "height": 900})
    for scrolled in (0, 250):
        sheet.evaluate("(sheet, scrolled) => sheet.scrollTo(scrolled, 300)", scrolled)
        numbers, labels = count_visible()
        assert numbers and labels, scrolled


@pytest.mark.parametrize("account", ["al-sender", "secretariat", None])
def test_every_page_passes_axe(open_as: Open, account: str | None) -> None:
    page = open_as(account, width=768)
    for path in PATHS if account else ("/sign-in", "/password"):
        page.goto(f"{get_root_address(page)}{path}")
        assert find_faults(page) == [], f"{path} as {account}"
    page.evaluate("document.querySelector('.rti-foot').innerHTML = '<img src=x>'")
    assert [rule for rule, _ in find_faults(page)] == ["image-alt"], "axe finds the planted fault"


def test_every_part_of_an_answer_passes_axe(open_as: Open) -> None:
    page = open_as("al-sender", "/upload", 768)
    upload_file(page, "third.xlsx", portal_fixture.make_workbook(portal_fixture.UNUSUAL))
    assert find_faults(page) == []
    page.get_by_role("link", name="Yes, this is right: show the validation report").click()
    address = page.url.partition("#")[0]
    for view in VIEWS:
        page.goto(f"{address}&view={view}")
        assert find_faults(page) == [], view


@pytest.mark.slow
@pytest.mark.parametrize("language", [code for code in i18n.list_languages() if code != "en"])
def test_every_page_passes_axe_in_every_language(open_as: Open, language: str) -> None:
    page = open_as("secretariat")
    try:
        page.get_by_label("Language").select_option(language)
        page.locator(".rti-header form").first.get_by_role("button").click()
        expect(page.locator("html")).to_have_attribute("lang", i18n.html_lang(language))
        for path in PATHS:
            page.goto(f"{get_root_address(page)}{path}")
            assert find_faults(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    finally:
        page.goto(f"{get_root_address(page)}/account")
        page.locator("#page-language").select_option("en")
        page.locator(".rti-header form").first.get_by_role("button").click()


_CONTROLS = """() => {
    const shown = e => e.checkVisibility({checkVisibilityCSS: true})
        && [...e.getClientRects()].some(r => r.width > 1 && r.height > 1);
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter(e => shown(e) && !e.disabled && e.tabIndex >= 0 && e.type !== 'hidden')
        .map((e, i) => { e.dataset.number = i; return e.innerText || e.ariaLabel || e.title || e.type; });
}"""
"""Numbers everything on a page that can be pressed or filled in."""
_FOCUS = """() => {
    const focused = document.activeElement;
    if (focused === document.body) return null;
    const style = getComputedStyle(focused);
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return {number: focused.dataset.number ?? null, ring};
}"""


@pytest.mark.parametrize("account", ["al-sender", "secretariat"])
def test_every_control_can_be_reached_by_keyboard_with_a_visible_focus(open_as: Open, account: str) -> None:
    page = open_as(account)
    answer = page.locator("tbody a").first.get_attribute("href")
    for path in (*PATHS, str(answer)):
        page.goto(f"{get_root_address(page)}{path}")
        names: list[str] = page.evaluate(_CONTROLS)
        page.evaluate("document.activeElement.blur()")
        reached: set[str] = set()
        for _ in range(2 * len(names) + 10):
            page.keyboard.press("Tab")
            focus = page.evaluate(_FOCUS)
            if focus is None or focus["number"] in reached:
                break
            if focus["number"] is not None:
                assert focus["ring"], (path, names[int(focus["number"])])
                reached.add(focus["number"])
        unreached_controls = [name for number, name in enumerate(names) if str(number) not in reached]
        assert unreached_controls == [], f"{path} as {account}"


def test_skip_link_leads_past_the_navigation(open_as: Open) -> None:
    page = open_as("al-sender")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_result_and_errors_of_a_form_receive_the_focus(open_as: Open) -> None:
    page = open_as("al-sender", "/upload", scripts=True)
    upload_file(page, "focus.xlsx", portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "A1": "Focus"}))
    page.get_by_role("link", name="Yes, this is right: show the validation report").click()
    form = page.locator("form", has=page.get_by_role("button", name=re.compile("^Keep this"))).first
    form.locator("textarea").fill("Two large cases were reported in September.")
    # Otherwise the browser refuses a form without a required choice.
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true; })")
    form.get_by_role("button", name=re.compile("^Keep this")).click()
    expect(page.locator("#errors")).to_be_focused()
    page.locator("#errors a").first.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    page.keyboard.type("One large case")
    page.locator("form", has=page.locator("select:focus")).get_by_role("button").first.press("Enter")
    expect(page.locator("#result, .rti-group:target").first).to_be_visible()


def test_summary_links_to_each_finding_from_every_view(open_as: Open) -> None:
    page = open_as("al-sender", "/upload")
    upload_file(page, "linked.xlsx", portal_fixture.make_workbook({**portal_fixture.BROKEN, "A1": "Linked"}))
    page.get_by_role("link", name="Yes, this is right: show the validation report").click()
    address = page.url.partition("#")[0]
    for view in VIEWS:
        page.goto(f"{address}&view={view}")
        links = [str(link.get_attribute("href")) for link in page.locator("#summary a").all()]
        assert len(links) >= 4 and len(set(links)) == len(links)
        for number in range(len(links)) if view == "findings" else range(1, 2):
            page.goto(f"{address}&view={view}")
            page.locator("#summary a").nth(number).press("Enter")
            target = page.locator(f"[id='{links[number].partition('#')[2]}']")
            expect(target).to_be_in_viewport()
            assert page.evaluate("document.querySelector(':target') !== null"), (view, number)
