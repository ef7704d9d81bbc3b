"""The portal in a browser: a return from a broken workbook to its approval, by keyboard and by ear, on every width."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from pipelines.core import i18n
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.service import portal_fixture
from tests.support.service.portal_server import COOKIE
from tests.support.service.public_app import FORGET, PATIENCE, settled

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("portal")]
Open = Callable[..., Page]
WIDTHS = (320, 768, 1280, 1920)
PAGES = ("", "upload", "answer", "approve", "board", "figures", "templates", "nil", "practice", "account", "people")
VIEWS = ("findings", "beside", "changes", "quarters", "files", "events")
_LONGEST_START = 180.0


@pytest.fixture(scope="module")
def portal(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a portal on a copy of the home, ended by its own process id."""
    folder = tmp_path_factory.mktemp("portal")
    shutil.copytree(built_home, folder / "home", symlinks=True)
    port = free_port()
    command = [sys.executable, "-m", "tests.support.service.portal_server", str(folder / "home"), str(port)]
    environment = {**os.environ, "RTI_NOW": CLOCK}
    log = folder / "portal.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            _wait(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < _LONGEST_START and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the portal did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Iterator[dict[str | None, BrowserContext]]:
    """A browser for each account (None: nobody), which keeps the scripts that it has loaded."""
    opened: dict[str | None, BrowserContext] = {}
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def open_as(browser: Browser, contexts: dict[str | None, BrowserContext], portal: str) -> Iterator[Open]:
    """Open a path of the portal as an account (None: nobody), at a width."""

    def open_page(account: str | None, path: str = "", width: int = 1280) -> Page:
        if account not in contexts:
            contexts[account] = browser.new_context(accept_downloads=True)
            contexts[account].add_init_script(FORGET)
        context = contexts[account]
        if not context.pages:
            context.clear_cookies()
        if account is not None:
            context.add_cookies([{"name": COOKIE, "value": account, "url": portal}])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{portal}/{path}")
        if account is None:
            page.locator(".st-key-sign-in").wait_for(timeout=PATIENCE)
        else:
            settled(page)
        return page

    yield open_page
    for context in contexts.values():
        for page in context.pages:
            page.close()


def speak(page: Page, language: str) -> None:
    """Choose the language of the pages."""
    page.locator(".st-key-head-language").get_by_role("combobox").click()
    page.get_by_role("option", name=i18n.language_name(language), exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", i18n.html_lang(language))


def upload(page: Page, name: str, data: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data}]
    )
    expect(page.get_by_role("heading", name="This is what we read")).to_be_visible()


# ------------------------------------------------------------------------------------------------------- the whole way


def test_a_return_from_a_broken_workbook_to_its_approval(open_as: Open) -> None:
    page = open_as("al-sender", "upload")
    upload(page, "thirdquarter.xlsx", portal_fixture.workbook(portal_fixture.BROKEN))
    expect(page.locator(".rti-box-note", has_text="This is what we read")).to_contain_text("AL-JUSTICE-1")
    expect(page.locator(".rti-box-note", has_text="This is what we read")).to_contain_text("Nothing has been sent.")
    page.get_by_role("button", name="Yes, this is right: show the validation report").click()

    expect(page.locator("h1")).to_contain_text("Albania: Justice counts")
    summary = page.locator("#summary")
    expect(summary).to_be_focused()
    expect(page.locator("#verdict")).to_contain_text("You cannot send this return yet")
    assert faults(page) == []
    summary.get_by_role("link", name=re.compile("cell C9")).first.press("Enter")
    target = page.locator("tr:focus")
    expect(target).to_contain_text("dhjetë")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile("certain suggestion")).click()
    mended = Path(waiting.value.path()).read_bytes()
    assert _cell(mended, "A12") == "128/b – Trafikimi i të miturve" and _cell(mended, "C9") == "dhjetë"

    page.get_by_role("link", name="Upload a return").click()
    expect(page.locator("h1")).to_have_text("Upload a return")
    settled(page)
    upload(page, "thirdquarter-mended.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL))
    page.get_by_role("button", name="Yes, this is right: show the validation report").click()
    expect(page.locator("#verdict")).to_contain_text("for an explanation")
    settled(page)
    expect(page.get_by_role("button", name="Send for approval")).to_have_count(0)
    while page.get_by_role("button", name=re.compile("^Keep this explanation")).count():
        _explain(page)
    expect(page.locator("#verdict")).to_contain_text("You can send this return")

    _pick(page, page.get_by_test_id("stSelectbox").filter(has_text="Reason for the revision"), "Late data")
    page.get_by_role("button", name="Send for approval").click()
    receipt = page.locator(".rti-box-good", has_text="Receipt")
    expect(receipt).to_contain_text("rti receipt verify")
    expect(page.locator(":focus")).to_have_text("Sent. Your receipt is below. Please keep it.")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0), "never what one sent oneself"
    number = re.search(r"id=(S[0-9a-f]{15})", page.url)
    assert number is not None

    other = open_as("al-approver", "approve")
    row = other.locator("tr", has_text="thirdquarter-mended.xlsx")
    row.get_by_role("link").click()
    expect(other.get_by_role("heading", name="Decide")).to_be_visible()
    expect(other.locator(".rti-row-warning").first).to_contain_text("Two large cases")
    assert faults(other) == []
    other.get_by_role("button", name="Approve", exact=True).click()
    expect(other.get_by_text("Approved. It counts from the next refresh on.")).to_be_visible()
    expect(other.locator(":focus")).to_have_text("Approved. It counts from the next refresh on.")

    page.goto(page.url)
    expect(page.locator(".rti-badge", has_text="Approved").first).to_be_visible()

    stranger = open_as("mk-sender", f"answer?id={number[1]}")
    expect(stranger.locator("h1")).to_have_text("You do not have access to this page")
    assert "thirdquarter" not in stranger.content() and "Albania" not in stranger.content()


def _cell(data: bytes, cell: str) -> Any:
    from io import BytesIO

    from openpyxl import load_workbook

    return load_workbook(BytesIO(data))[portal_fixture.SHEET][cell].value


def _explain(page: Page) -> None:
    """Explain one group of warnings, the first that is still open."""
    before = page.get_by_role("button", name=re.compile("^Keep this explanation")).count()
    form = page.get_by_test_id("stForm").filter(has=page.get_by_role("button", name=re.compile("^Keep this"))).first
    _pick(page, form.get_by_test_id("stSelectbox"), "One large case")
    form.get_by_role("textbox").last.fill("Two large cases were reported in September.")
    form.get_by_role("button", name=re.compile("^Keep this")).click()
    expect(page.get_by_role("button", name=re.compile("^Keep this explanation"))).to_have_count(before - 1)
    settled(page)
    # The button that was pressed is gone: the focus is on the next that is open, or on what was said.
    next_one = page.locator(".rti-group:focus") if before > 1 else page.locator(":focus", has_text="0 warnings are")
    expect(next_one).to_have_count(1)


def _pick(page: Page, select: Locator, option: str) -> None:
    """Choose in a list. A page that is drawn anew meanwhile closes the list: then it is opened again."""
    offered = page.get_by_role("option", name=option, exact=True)
    for _ in range(6):
        select.click()
        try:
            offered.click(timeout=5_000)
        except PlaywrightTimeoutError:
            continue
        break
    expect(select.get_by_role("combobox")).to_have_value(option)


# ----------------------------------------------------------------------------------------------- looks, ears, keyboard


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(open_as: Open, width: int) -> None:
    page = open_as("al-sender", width=width)
    for path in PAGES:
        page.goto(f"{_root(page)}/{path}")
        settled(page)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth"), path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert page.locator("h1").count() == 1, path


def test_every_page_passes_axe(open_as: Open) -> None:
    for account in ("al-sender", "secretariat"):
        page = open_as(account)
        for path in PAGES:
            page.goto(f"{_root(page)}/{path}")
            settled(page)
            assert faults(page) == [], f"{path} as {account}"
    assert faults(open_as(None)) == [], "the page of the sign-in"


def test_every_part_of_an_answer_passes_axe(open_as: Open) -> None:
    page = open_as("secretariat", width=768)
    page.locator("tbody a").first.click()
    page.wait_for_url(re.compile("answer"))
    settled(page)
    address = page.url
    for view in VIEWS:
        page.goto(f"{address.split('&')[0]}&view={view}")
        settled(page)
        assert faults(page) == [], view
        assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth <= e.clientWidth"), view
    page.evaluate("document.querySelector('.rti-foot').innerHTML = '<img src=x>'")
    assert [rule for rule, _ in faults(page)] == ["image-alt"], "axe does find what is planted"


@pytest.mark.slow
@pytest.mark.parametrize("language", [code for code in i18n.list_languages() if code != "en"])
def test_every_page_passes_axe_in_every_language(open_as: Open, language: str) -> None:
    page = open_as("secretariat")
    speak(page, language)
    try:
        for path in PAGES:
            page.goto(f"{_root(page)}/{path}")
            settled(page)
            assert faults(page) == [], path
            assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth <= e.clientWidth"), path
    finally:
        page.goto(_root(page))
        settled(page)
        speak(page, "en")


def faults(page: Page) -> list[tuple[str, str]]:
    """Serious and critical findings of axe: (rule, the element)."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (one["id"], node["html"][:300])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_a_page_is_reached_and_used_by_keyboard_alone(open_as: Open) -> None:
    page = open_as("al-sender")
    page.keyboard.press("Tab")
    seen: list[str] = []
    for _ in range(40):
        seen.append(page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel || ''").strip())
        if seen[-1] == "Upload a return":
            break
        page.keyboard.press("Tab")
    assert seen[-1] == "Upload a return", seen
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Upload a return")


@pytest.mark.parametrize("view", VIEWS)
def test_the_summary_leads_to_each_finding_from_every_part_of_the_answer(open_as: Open, view: str) -> None:
    page = open_as("al-sender", "upload")
    upload(page, "linked.xlsx", portal_fixture.workbook(portal_fixture.BROKEN))
    page.get_by_role("button", name="Yes, this is right: show the validation report").click()
    page.locator("#summary").wait_for(timeout=PATIENCE)
    settled(page)
    page.goto(f"{page.url.split('&')[0]}&view={view}")
    settled(page)
    links = page.locator("#summary a")
    targets = [str(link.get_attribute("href")) for link in links.all()]
    # Four, or more where an earlier test has handed in what this file is now compared with.
    assert len(targets) >= 4 and len(set(targets)) == len(targets)
    for number, target in enumerate(targets if view == "findings" else targets[1:2]):
        links.nth(number if view == "findings" else 1).press("Enter")
        expect(page.locator(f"[id='{target[1:]}']")).to_be_focused()
    expect(page.locator(":focus")).to_be_in_viewport()


def test_what_streamlit_draws_by_itself_is_named_in_the_persons_language(open_as: Open) -> None:
    page = open_as("al-sender")
    speak(page, "hr")
    try:
        for _ in range(2):  # as the page changes, and as it is opened
            page.goto(f"{_root(page)}/upload")
            settled(page)
            page.keyboard.press("Tab")
            expect(page.locator(":focus")).to_have_text("Prijeđite na sadržaj")
            drop = page.get_by_test_id("stFileUploaderDropzone")
            expect(drop.get_by_test_id("stBaseButton-secondary")).to_have_accessible_name("Odaberite datoteke")
            expect(drop.locator("input")).to_have_attribute("aria-label", "Odaberite datoteke")
        opens = page.get_by_test_id("stSelectbox").first.get_by_role("button")
        expect(opens.last).to_have_accessible_name("Otvorite popis")
        named = {"name": "osobe 1.csv", "mimeType": "text/csv", "buffer": b"a;b\n1;2\n"}
        page.locator("input[type=file]").set_input_files([named, {**named, "name": "osobe 2.csv"}])
        uploader = page.get_by_test_id("stFileUploader")
        for _ in range(2):  # as they come, and after a run of the page
            for number in (1, 2):
                gone = uploader.get_by_role("button", name=f"Uklonite osobe {number}.csv", exact=True)
                expect(gone).to_be_visible(timeout=30_000)
            expect(uploader.get_by_role("button", name="Dodajte datoteke")).to_be_visible(timeout=10_000)
            settled(page)
        for english in ("Remove", "Add files", "Open", "Cancel"):
            assert not page.locator(f"[aria-label^='{english}']").count(), english
        page.set_viewport_size({"width": 500, "height": 900})
        page.goto(f"{_root(page)}/board")
        settled(page)
        shown = page.get_by_role("button", name="Prikažite popis stranica")
        expect(shown).to_be_visible()
        shown.click()
        expect(page.get_by_role("button", name="Sakrijte popis stranica")).to_be_visible()
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(_root(page))
        settled(page)
        speak(page, "en")


_CONTROLS = """() => {
    const shown = e => e.checkVisibility({checkVisibilityCSS: true})
        && [...e.getClientRects()].some(r => r.width > 1 && r.height > 1);
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter(e => shown(e) && !e.disabled && e.tabIndex >= 0)
        .map((e, i) => { e.dataset.number = i; return e.innerText || e.ariaLabel || e.title || e.type; });
}"""
"""Everything on a page that can be pressed or filled in, numbered."""
_FOCUS = """() => {
    const one = document.activeElement;
    if (one === document.body) return null;
    let ring = false;
    for (let e = one, n = 0; e && n < 4; e = e.parentElement, n++) {
        const style = getComputedStyle(e);
        ring ||= (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    }
    return {number: one.dataset.number ?? null, ring, group: one.closest('[role=radiogroup]') !== null};
}"""


@pytest.mark.parametrize("account", ["al-sender", "secretariat"])
def test_all_of_every_page_is_reached_by_keyboard_and_seen_to_be(open_as: Open, account: str) -> None:
    """Tab comes by everything once and leaves the page again; of a row of choices it takes one, arrows the others."""
    page = open_as(account)
    answer = page.locator("tbody a").first.get_attribute("href")
    for path in (*PAGES, f"answer?{str(answer).partition('?')[2]}"):
        page.goto(f"{_root(page)}/{path}")
        settled(page)
        names: list[str] = page.evaluate(_CONTROLS)
        page.evaluate("document.activeElement.blur()")
        reached: set[str] = set()
        for _ in range(2 * len(names) + 10):
            page.keyboard.press("Tab")
            focus = page.evaluate(_FOCUS)
            if focus is None or (focus["number"] in reached and not focus["group"]):
                break
            if focus["number"] is not None:
                assert focus["ring"], (path, names[int(focus["number"])])
                reached.add(focus["number"])
                while focus["group"]:
                    page.keyboard.press("ArrowRight")
                    focus = page.evaluate(_FOCUS)
                    if focus["number"] in reached:
                        break
                    reached.add(focus["number"])
        left = [name for number, name in enumerate(names) if str(number) not in reached]
        assert left == [], f"{path} as {account}"


def test_a_return_goes_its_way_by_keyboard_alone(open_as: Open) -> None:
    page = open_as("al-sender", "upload")
    with page.expect_file_chooser() as chooser:
        _tab_to(page, "upload|Choose files|Browse", "Enter")
    data = portal_fixture.workbook({**portal_fixture.UNUSUAL, "A1": "Prokuroria e Përgjithshme"})
    chooser.value.set_files([{"name": "keys.xlsx", "mimeType": "application/octet-stream", "buffer": data}])
    expect(page.get_by_role("heading", name="This is what we read")).to_be_visible()
    settled(page)
    _tab_to(page, "Yes, this is right", "Enter")
    expect(page.locator("#verdict")).to_contain_text("for an explanation")
    settled(page)
    expect(page.locator("#summary")).to_be_focused()
    while (n := page.get_by_role("button", name=re.compile("^Keep this explanation")).count()) > 0:
        _tab_to(page, "^Reason:")
        page.keyboard.type("One large case")
        page.keyboard.press("Enter")
        _tab_to(page, "^Explanation in words")
        page.keyboard.type("Two large cases were reported in September.")
        _tab_to(page, "^Keep this explanation", "Enter")
        expect(page.get_by_role("button", name=re.compile("^Keep this explanation"))).to_have_count(n - 1)
        expect(page.locator(".rti-group:focus" if n > 1 else "[data-testid=stAlertContainer]:focus")).to_have_count(1)
        settled(page)
    _tab_to(page, "^Reason for the revision")
    page.keyboard.type("Late data")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name=re.compile("^Reason for the revision"))).to_have_value("Late data")
    settled(page)
    _tab_to(page, "^Send for approval", "Enter")
    expect(page.locator(".rti-box-good", has_text="Receipt")).to_be_visible()


_NAME = """(() => {
    const one = document.activeElement;
    const words = one.ariaLabel || one.labels?.[0]?.innerText || one.innerText;
    return one.matches('a, button, input, textarea, summary') && words ? words.trim() : '';
})()"""


def _tab_to(page: Page, name: str, key: str | None = None) -> None:
    """Press Tab until something of this name has the focus, and then a key."""
    seen = []
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(_NAME))
        if re.search(name, seen[-1]):
            if key is not None:
                page.keyboard.press(key)
            return
    raise AssertionError(f"{name} is not reached: {seen}")


def _root(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])
