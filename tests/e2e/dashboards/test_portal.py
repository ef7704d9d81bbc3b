"""Tests of the offices' pages that need a browser; everything else is tested over HTTP.

They cover keyboard, accessibility, widths, pages with and without scripts, and uploads over a broken connection. The
pages are those of `tests/support/service/office_pages.py`, which has every page of the application. `make test` looks
at each page on the narrowest screen and at one of three other widths, and then with axe or with the keyboard in turns;
`make test-all` at all widths and with both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from pipelines.core import i18n
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import service, store
from pipelines.submissions.accounts import accounts
from tests.support import axe
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.service import portal_fixture
from tests.support.service.office_pages import PAGES, SENDER, VIEWS, OfficePage, prepare_pages, send_nil_return_to
from tests.support.service.public_app import PATIENCE
from tests.support.service.running import Service
from tests.support.service.visitor import begin_session

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
WIDTHS = (320, 768, 1280, 1920)
AXE_WIDTHS = (360, 1280)


def open_context(browser: Browser, portal: Service, account: str | None, width: int, scripts: bool) -> BrowserContext:
    """Return a new browser context, signed in as an account unless it is None."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    if account is not None:
        cookie = begin_session(portal, account)
        context.add_cookies([{"name": "rti_session", "value": cookie, "url": portal.address}])
    return context


@pytest.fixture
def open_as(browser: Browser, portal: Service) -> Iterator[Open]:
    """Open a path as an account (None: signed out), at a width, with or without scripts."""
    contexts: list[BrowserContext] = []

    def open_page(account: str | None, path: str = "/", width: int = 1280, *, scripts: bool = True) -> Page:
        contexts.append(open_context(browser, portal, account, width, scripts))
        page = contexts[-1].new_page()
        page.goto(f"{portal.address}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@dataclass
class Reader:
    """Opens all pages in one page of the browser: each context would have a process that compiles the scripts again."""

    portal: Service
    page: Page
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, entry: OfficePage, state: Mapping[str, str]) -> Page:
        """Open a page as the person that its entry names, and check that it has content."""
        context = self.page.context
        context.clear_cookies(name="rti_session")
        if entry.account is not None:
            if entry.account not in self.cookies:
                self.cookies[entry.account] = begin_session(self.portal, entry.account)
            cookie = {"name": "rti_session", "value": self.cookies[entry.account], "url": self.portal.address}
            context.add_cookies([cookie])  # type: ignore[list-item]
        response = self.page.goto(f"{self.portal.address}{entry.fill_address(state)}")
        assert response is not None and response.status == entry.status
        assert self.page.locator(entry.content).count(), "the page has nothing to show"
        return self.page


@pytest.fixture(scope="module")
def reader(browser: Browser, portal: Service) -> Iterator[Reader]:
    """The page of the browser that visits every address."""
    context = open_context(browser, portal, None, 1280, True)
    yield Reader(portal, context.new_page())
    context.close()


@pytest.fixture(scope="module")
def report(browser: Browser, portal: Service) -> Iterator[Page]:
    """The page of an upload that is answered, for tests that only look at the answer or its report."""
    context = open_context(browser, portal, "al-sender", 1280, True)
    page = context.new_page()
    page.goto(f"{portal.address}/upload")
    upload_file(page, "third.xlsx", portal_fixture.make_workbook(portal_fixture.UNUSUAL))
    yield page
    context.close()


@pytest.fixture(scope="module")
def state(portal: Service, report: Page) -> dict[str, str]:
    """Fields of the addresses of all pages; the return whose report is shown is the uploaded draft."""
    with portal.open_client(SENDER) as client:
        waiting = send_nil_return_to(client)
    with frozen_at(CLOCK, portal.home.root):
        desk = service.open_desk(portal.home)
        fields = prepare_pages(desk, waiting)
        desk.engine.dispose()
    link = report.get_by_role("link", name="Yes, this is right: show the validation report").get_attribute("href")
    return fields | {"answer": dict(parse_qsl(urlsplit(str(link)).query))["id"]}


@pytest.fixture(scope="module", params=PAGES, ids=lambda entry: entry.address)
def visited(request: pytest.FixtureRequest, reader: Reader, state: dict[str, str]) -> Page:
    """Each page, loaded once for the tests that only look at it."""
    return reader.open(request.param, state)


def set_width(page: Page, width: int) -> None:
    """Set the width of a page's screen."""
    page.set_viewport_size({"width": width, "height": 900})


def get_root_address(page: Page) -> str:
    """Return the address of the service that shows a page."""
    return "/".join(page.url.split("/")[:3])


def wait_for_reading(page: Page) -> None:
    """Wait for the answer to a file: Playwright's expectations would ask for it after longer and longer pauses."""
    page.get_by_role("heading", name="This is what we read").wait_for(timeout=60_000)


def press_and_wait(page: Page, button: Locator) -> None:
    """Press a button or follow a link, and wait for the page that it leads to."""
    with page.expect_navigation():
        button.click()


def upload_file(page: Page, name: str, data: bytes) -> None:
    """Choose a file on the upload page and wait for its answer."""
    page.locator("#files").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
    wait_for_reading(page)


def show_report(page: Page) -> None:
    """Confirm what was read, and wait for the validation report."""
    press_and_wait(page, page.get_by_role("link", name="Yes, this is right: show the validation report"))


def find_faults(page: Page) -> list[tuple[str, str]]:
    """Return serious and critical findings of axe as pairs of rule and element."""
    return [
        (violation["id"], node["html"][:300])
        for violation in axe.find_serious_violations(page)
        for node in violation["nodes"]
    ]


@pytest.mark.sampled(turn=7)
def test_list_of_pages_is_folded_on_a_phone_only(open_as: Open) -> None:
    phone = open_as(SENDER, "/", 360, scripts=False)
    menu = phone.get_by_role("navigation", name="List of pages")
    link = menu.get_by_role("link", name="Submission board")
    expect(link).to_be_hidden()
    menu.locator("summary").click()
    expect(link).to_be_visible()
    wide = open_as(SENDER, "/", 1280, scripts=False).get_by_role("navigation", name="List of pages")
    expect(wide.get_by_role("link", name="Submission board")).to_be_visible()
    expect(wide.locator("summary")).to_be_hidden()


def test_chosen_text_of_a_select_is_broken_into_lines_on_a_phone(open_as: Open) -> None:
    page = open_as("secretariat", "/people?account=al-sender", 360)
    select = page.locator("select[name=account]")
    line = 2.6 * 16
    option = "Albania, Justice counts, Court of first instance: may submit and may approve returns"
    select.evaluate("(e, text) => { e.selectedOptions[0].textContent = text; }", option)
    assert select.evaluate("e => e.getBoundingClientRect().height") > line + 16
    assert select.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    plain = "e => { e.style.appearance = 'auto'; return e.getBoundingClientRect().height; }"
    assert select.evaluate(plain) <= line + 1, "without the rule, the text is cut"


def test_longest_option_of_a_select_is_not_cut_on_a_wide_screen(open_as: Open) -> None:
    page = open_as("secretariat", "/people")
    select = page.locator("main select[name=language]").last
    name = "Quarterly list of the office of the anti-trafficking coordinator (AL-VICTIMS-1-XLSX)"
    needed = select.evaluate(
        """(e, name) => {
            e.options[0].textContent = name;
            const text = Object.assign(document.createElement('span'), {textContent: name});
            Object.assign(text.style, {font: getComputedStyle(e).font, position: 'absolute', whiteSpace: 'nowrap'});
            document.body.append(text);
            const width = text.getBoundingClientRect().width;
            text.remove();
            return width;
        }""",
        name,
    )
    assert needed > 34 * 16 and select.evaluate("e => e.getBoundingClientRect().width") > needed
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


# ------------------------------------------------------------------------------------------------------ whole process


@pytest.mark.sampled()
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
    wait_for_reading(page)
    show_report(page)
    expect(page.locator("h1")).to_contain_text("Albania: Justice counts")
    expect(page.locator("#verdict")).to_contain_text("You cannot send this return yet")

    press_and_wait(page, page.get_by_role("link", name="Upload a return"))
    corrected = portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "A1": f"Prokuroria {number}"})
    name = f"corrected-{number}.xlsx"
    page.locator("#files").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": corrected})
    if not scripts:
        page.get_by_role("button", name="Upload and check").click()
    wait_for_reading(page)
    show_report(page)
    expect(page.locator("#verdict")).to_contain_text("for an explanation")
    while count := page.get_by_role("button", name=re.compile("^Save this explanation")).count():
        form = page.locator("form", has=page.get_by_role("button", name=re.compile("^Save this"))).first
        form.locator("select").select_option(label="One large case")
        form.locator("textarea").fill("Two large cases were reported in September.")
        press_and_wait(page, form.get_by_role("button", name=re.compile("^Save this")))
        assert page.get_by_role("button", name=re.compile("^Save this explanation")).count() == count - 1
    page.get_by_label("Reason for the revision").select_option(label="Late data")
    press_and_wait(page, page.get_by_role("button", name="Send for approval"))
    expect(page.locator("#result")).to_have_text("Sent. Your receipt is below. Please keep it.")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    approver = open_as("al-approver", "/approve", scripts=scripts)
    press_and_wait(approver, approver.locator("tr", has_text=name).get_by_role("link").first)
    press_and_wait(approver, approver.get_by_role("button", name="Approve", exact=True))
    expect(approver.locator("#result")).to_have_text("Approved. It counts from the next update of the figures.")
    page.reload()
    expect(page.locator("#content").get_by_text("Approved").first).to_be_visible()


# --------------------------------------------------------------------------------------------------- broken connection


def _count_stored_submissions(portal: Service, data: bytes) -> int:
    with frozen_at(CLOCK, portal.home.root):
        engine = open_ledger(portal.home)
        rows = [row for row in queries.list_submissions(engine) if row.sha256 == store.compute_digest(data)]
        engine.dispose()
    return len(rows)


@pytest.mark.sampled()
@pytest.mark.parametrize("lost", ["the answer", "both"])
def test_file_is_stored_once_over_a_broken_connection(open_as: Open, portal: Service, lost: str) -> None:
    page = open_as("al-sender", "/upload")
    # The page waits for a second, then for two and four, before it sends a file again.
    page.evaluate("() => { const wait = setTimeout; window.setTimeout = (act, ms) => wait(act, ms / 20); }")
    data = portal_fixture.make_workbook({"A1": f"Lost is {lost}"})
    cuts = {"the answer": ["after"], "both": ["before", "after", "before"]}[lost]

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
    # The first stream ends at once, and makes the browser wait for 50 ms before it asks again, not for three seconds.
    cuts = ["reset", "reset", "end"]

    def break_stream(route: Route) -> None:
        match cuts.pop() if cuts else None:
            case "end":
                route.fulfill(content_type="text/event-stream", body="retry: 50\n\n")
            case "reset":
                route.abort("connectionreset")
            case _:
                route.continue_()

    page.route("**/upload/events*", break_stream)
    upload_file(page, "third.xlsx", portal_fixture.make_workbook({"A1": "The stream breaks"}))
    assert cuts == []


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
    refusals = page.get_by_text("Not saved: see below what to do")
    refusals.nth(1).wait_for(timeout=60_000)
    assert refusals.count() == 2
    assert page.locator("article h2").all_inner_texts() == ["one.csv", "two.csv"]
    press_and_wait(page, page.get_by_role("link", name="Clear the list and choose other files"))
    assert page.locator("article").count() == 0


def test_upload_in_an_expired_session_redirects_to_sign_in(open_as: Open) -> None:
    page = open_as("al-sender", "/upload")
    page.context.clear_cookies()
    page.locator("#files").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"a;b\n1;2\n"})
    page.wait_for_url(re.compile("/sign-in"))


# ---------------------------------------------------------------------------------------- layout, axe and keyboard


def is_wider_than_the_screen(page: Page, width: int) -> bool:
    """Return True if a page at this width of the screen scrolls sideways."""
    set_width(page, width)
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.sampled()
def test_page_has_one_heading_and_is_not_wider_than_the_screen(visited: Page) -> None:
    assert visited.locator("h1").count() == 1
    assert [width for width in WIDTHS if is_wider_than_the_screen(visited, width)] == []


@pytest.mark.sampled()
def test_page_passes_axe_on_a_phone(visited: Page) -> None:
    set_width(visited, AXE_WIDTHS[0])
    assert find_faults(visited) == []


def test_sheet_shows_its_numbers_next_to_their_labels_on_wide_and_narrow_screens(
    reader: Reader, state: dict[str, str]
) -> None:
    page = reader.open(next(entry for entry in PAGES if entry.address.endswith("view=beside")), state)
    set_width(page, 1280)
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


_CONTROLS = """() => {
    const shown = e => e.checkVisibility({checkVisibilityCSS: true})
        && [...e.getClientRects()].some(r => r.width > 1 && r.height > 1);
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter(e => shown(e) && !e.disabled && e.tabIndex >= 0 && e.type !== 'hidden')
        .filter((e, i, all) => e.type !== 'radio' || all.find(other => other.name === e.name) === e)
        .map((e, i) => { e.dataset.number = i; return e.innerText || e.ariaLabel || e.title || e.type; });
}"""
"""Numbers everything on a page that can be pressed or filled in. Radio buttons of one name are one tab stop."""
_RECORD_FOCUS = """() => {
    document.activeElement.blur();
    window.focused = [];
    document.addEventListener('focusin', ({target}) => {
        const style = getComputedStyle(target);
        const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
        window.focused.push([target.dataset.number ?? null, ring]);
    });
}"""
"""Records the number of each element that receives the focus, null for others, and whether its focus is visible."""
_PRESSES = 10
"""Presses of the key between two looks at what it has reached."""


@pytest.mark.sampled()
def test_every_control_can_be_reached_by_keyboard_with_a_visible_focus(visited: Page) -> None:
    set_width(visited, 1280)
    names: list[str] = visited.evaluate(_CONTROLS)
    visited.evaluate(_RECORD_FOCUS)
    reached: set[str] = set()
    # Parts of a page that scroll receive the focus as well.
    for _ in range(2 * len(names) // _PRESSES + 2):
        for _ in range(_PRESSES):
            visited.keyboard.press("Tab")
        focused: list[tuple[str | None, bool]] = visited.evaluate("window.focused")
        assert [names[int(number)] for number, ring in focused if number is not None and not ring] == []
        reached = {number for number, _ in focused if number is not None}
        if len(reached) == len(names):
            break
    assert [name for number, name in enumerate(names) if str(number) not in reached] == []


def test_axe_finds_a_planted_fault(open_as: Open) -> None:
    page = open_as(None, "/sign-in", width=768)
    page.evaluate("document.querySelector('.rti-foot').innerHTML = '<img src=x>'")
    assert [rule for rule, _ in find_faults(page)] == ["image-alt"]
    outside = "<p>Outside</p><table><tr><th></th><th>Year</th></tr><tr><td>1</td><td>2</td></tr></table>"
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", outside)
    impacts = {violation["id"]: violation["impact"] for violation in axe.find_violations(page)}
    assert set(axe.NEVER_SERIOUS) <= set(impacts), impacts
    assert not {impacts[rule] for rule in axe.NEVER_SERIOUS} & set(axe.SERIOUS)


def test_answer_to_an_upload_passes_axe(report: Page) -> None:
    for width in AXE_WIDTHS:
        set_width(report, width)
        assert find_faults(report) == [], width


def test_eight_quarters_of_the_board_fit_on_a_wide_page_in_macedonian(portal: Service, open_as: Open) -> None:
    """See all columns, whose headings have the longest names of quarters of all languages."""
    set_languages(portal, "mk")
    try:
        page = open_as("secretariat", "/board")
        room = page.locator(".rti-scroll:has(.rti-grid)").first
        assert room.locator("thead th").count() == 10, "the office, the share on time, and eight quarters"
        assert room.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    finally:
        set_languages(portal, "en")


@pytest.mark.slow
@pytest.mark.parametrize("language", i18n.list_languages())
def test_every_page_passes_axe_in_every_language_at_two_widths(
    portal: Service, reader: Reader, state: dict[str, str], language: str
) -> None:
    set_languages(portal, language)
    reader.page.context.add_cookies([{"name": "rti_language", "value": language, "url": portal.address}])
    try:
        for entry in PAGES:
            page = reader.open(entry, state)
            assert page.locator("html").get_attribute("lang") == i18n.html_lang(language), entry.address
            for width in AXE_WIDTHS:
                assert not is_wider_than_the_screen(page, width), (entry.address, width)
                assert find_faults(page) == [], (entry.address, width)
    finally:
        reader.page.context.clear_cookies(name="rti_language")
        set_languages(portal, "en")


def set_languages(portal: Service, language: str) -> None:
    """Set the language of everybody who opens the pages of the list."""
    with frozen_at(CLOCK, portal.home.root):
        engine = open_ledger(portal.home)
        for account in {entry.account for entry in PAGES} - {None}:
            accounts.set_language(engine, str(account), language, by=str(account))
        engine.dispose()


def test_skip_link_leads_past_the_navigation(open_as: Open) -> None:
    page = open_as("al-sender")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.sampled(turn=3)
def test_result_and_errors_of_a_form_receive_the_focus(open_as: Open) -> None:
    page = open_as("al-sender", "/upload", scripts=True)
    upload_file(page, "focus.xlsx", portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "A1": "Focus"}))
    show_report(page)
    form = page.locator("form", has=page.get_by_role("button", name=re.compile("^Save this"))).first
    form.locator("textarea").fill("Two large cases were reported in September.")
    # Otherwise the browser refuses a form without a required choice.
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true; })")
    press_and_wait(page, form.get_by_role("button", name=re.compile("^Save this")))
    expect(page.locator("#errors")).to_be_focused()
    page.locator("#errors a").first.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    page.keyboard.type("One large case")
    page.locator("form", has=page.locator("select:focus")).get_by_role("button").first.press("Enter")
    expect(page.locator("#result, .rti-group:target").first).to_be_visible()


@pytest.mark.sampled(turn=5)
def test_summary_links_to_each_finding_from_every_view(open_as: Open) -> None:
    page = open_as("al-sender", "/upload")
    upload_file(page, "linked.xlsx", portal_fixture.make_workbook({**portal_fixture.BROKEN, "A1": "Linked"}))
    show_report(page)
    address = page.url.partition("#")[0]
    for view in VIEWS:
        page.goto(f"{address}&view={view}")
        links = [str(link.get_attribute("href")) for link in page.locator("#summary a").all()]
        assert len(links) >= 4 and len(set(links)) == len(links)
        for number in range(len(links)) if view == "findings" else range(1, 2):
            page.evaluate("scrollTo(0, 0)")
            page.locator("#summary a").nth(number).press("Enter")
            place = links[number].partition("#")[2]
            page.wait_for_url(f"**#{place}")
            expect(page.locator(f"[id='{place}']")).to_be_in_viewport()
            assert page.evaluate("document.querySelector(':target').id") == place, (view, number)


@pytest.mark.sampled(turn=1)
@pytest.mark.parametrize("scripts", [True, False])
def test_phone_shows_marked_cells_and_the_current_tab_next_to_its_content(open_as: Open, scripts: bool) -> None:
    page = open_as("al-sender", "/upload", 360)
    name = f"marked-{scripts}"
    upload_file(page, f"{name}.xlsx", portal_fixture.make_workbook({**portal_fixture.BROKEN, "A1": name}))
    show_report(page)
    address = page.url.removeprefix(get_root_address(page)).partition("#")[0]
    page = open_as("al-sender", f"{address}&view=beside", 360, scripts=scripts)
    page.get_by_role("link", name="C9", exact=True).first.click()
    is_inside = """cell => {
        const box = cell.getBoundingClientRect(), view = cell.closest('.rti-sheet').getBoundingClientRect();
        const labels = cell.parentElement.querySelector('.rti-cell-frozen');
        return box.top >= view.top && box.bottom <= view.bottom && box.right <= view.right
            && (!labels || box.left >= labels.getBoundingClientRect().right - 1);
    }"""
    assert page.locator("#cell-C9").evaluate(is_inside)
    tops = {
        tab.inner_text(): tab.evaluate("tab => tab.getBoundingClientRect().top")
        for tab in page.locator(".rti-tabs a").all()
    }
    assert len(tops) > 4 and max(tops, key=lambda text: tops[text]) == "Your sheet and what we read"
