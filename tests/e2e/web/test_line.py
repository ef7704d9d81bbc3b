"""The line to the service breaks while a file is on its way: the file arrives, once, without anybody's doing.

The line is cut in the browser, at the moments at which Streamlit alone loses a file or the page: before the widget has
its address for the file, while the bytes go, just after the page was asked for with the file, and before the page has
noticed that the line is gone.  Or it stays broken for a quarter of an hour.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import store
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.service import portal_fixture, running
from tests.support.service.in_browser import PATIENCE, signed_in
from tests.support.service.running import Service

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ACCOUNT = "al-pp-sender"
_CUTTABLE = """() => {
    const Real = window.WebSocket;
    window.lines = [];
    window.WebSocket = class extends Real {
        constructor(...told) { super(...told); window.lines.push(this); }
        send(what) { super.send(what); window.sent?.(new TextDecoder().decode(what)); }
    };
    window.cut = () => window.lines.at(-1).close();
}"""
_CUT_ONCE = (
    "document.querySelector('input[type=file]').addEventListener('change', () => setTimeout(cut, 0), {once: true})"
)
# A file is named to the service twice: when its address is asked for, and when the page is.
_CUT_WHEN_ASKED = "name => { let said = 0; window.sent = text => { if (text.includes(name) && ++said === 2) cut(); }; }"
_CUT_ON = """() => {
    window.cuts = 0;
    setInterval(() => {
        const app = document.querySelector('[data-testid=stApp]').dataset;
        if (cuts === 3 || app.testScriptState !== 'running' || app.testConnectionState !== 'CONNECTED') return;
        if (document.querySelector('[class*=st-key-live-]')) { window.cuts++; cut(); }
    }, 20);
}"""


def _when_given(page: Page) -> None:
    page.evaluate(_CUT_ONCE)


def _while_the_bytes_go(page: Page) -> None:
    cut: list[bool] = []

    def look(method: str) -> None:
        if method == "PUT" and not cut:
            cut.append(True)
            page.evaluate("cut()")

    page.on("request", lambda request: look(request.method))


def _when_asked(page: Page) -> None:
    page.evaluate(_CUT_WHEN_ASKED, running.newest(ACCOUNT).name)


def _just_before(page: Page) -> None:
    page.evaluate("cut()")


@pytest.mark.parametrize("break_line", [_when_given, _while_the_bytes_go, _when_asked, _just_before])
def test_a_file_arrives_once_although_the_line_breaks(
    service: Service, browser: Browser, break_line: Callable[[Page], None]
) -> None:
    path = running.newest(ACCOUNT)
    data = running.other_bytes(path, 900 + len(break_line.__name__))
    with signed_in(browser, service, ACCOUNT) as page:
        page.add_init_script(f"({_CUTTABLE})()")
        page.goto(f"{service.address}/upload")
        page.locator("input[type=file]:enabled").wait_for(state="attached", timeout=PATIENCE)
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
        break_line(page)
        page.locator("input[type=file]").set_input_files(
            {"name": path.name, "mimeType": "application/octet-stream", "buffer": data}
        )
        expect(page.get_by_role("heading", name="This is what we read")).to_have_count(1, timeout=60_000)
        assert page.evaluate("lines.length") > 1, "the line was never cut"
        expect(page.get_by_test_id("stFileChip")).to_have_count(1)
        expect(page.get_by_role("button", name="Check again", exact=True)).to_have_count(0)
    with frozen_at(CLOCK, service.home.root):
        engine = open_ledger(service.home)
        kept = queries.same_file(engine, store.compute_digest(data))
        engine.dispose()
    assert [one.state for one in kept] == ["checked"]


def test_a_file_is_answered_although_the_line_breaks_while_it_is_checked(service: Service, browser: Browser) -> None:
    """Each time the page is run again, and joins the check that goes on."""
    path = running.newest(ACCOUNT)
    data = running.other_bytes(path, 990)
    with signed_in(browser, service, ACCOUNT) as page:
        page.add_init_script(f"({_CUTTABLE})()")
        page.goto(f"{service.address}/upload")
        page.locator("input[type=file]:enabled").wait_for(state="attached", timeout=PATIENCE)
        page.evaluate(_CUT_ON)
        page.locator("input[type=file]").set_input_files(
            {"name": path.name, "mimeType": "application/octet-stream", "buffer": data}
        )
        expect(page.get_by_role("heading", name="This is what we read")).to_have_count(1, timeout=PATIENCE)
        assert page.evaluate("cuts") > 0, "the line was never cut"
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
        expect(page.get_by_role("heading", name="This is what we read")).to_have_count(1)
        expect(page.get_by_text("already uploaded this exact file")).to_have_count(0)
    with frozen_at(CLOCK, service.home.root):
        engine = open_ledger(service.home)
        kept = queries.same_file(engine, store.compute_digest(data))
        engine.dispose()
    assert [one.state for one in kept] == ["checked"]


def test_a_file_that_was_taken_out_again_is_not_given_again(service: Service, browser: Browser) -> None:
    path = running.newest(ACCOUNT)
    with signed_in(browser, service, ACCOUNT) as page:
        page.add_init_script(f"({_CUTTABLE})()")
        page.goto(f"{service.address}/upload")
        page.locator("input[type=file]:enabled").wait_for(state="attached", timeout=PATIENCE)
        page.route("**/_stcore/upload_file/**", lambda route: None)  # the bytes never go
        page.locator("input[type=file]").set_input_files(path)
        assert page.evaluate("rtiLine.files.length") == 1
        page.get_by_test_id("stFileChipDeleteBtn").locator("button").click(timeout=PATIENCE)
        expect(page.get_by_test_id("stFileChip")).to_have_count(0)
        assert page.evaluate("rtiLine.files") is None


# ------------------------------------------------------------------------------------------------- a quarter of an hour

_WITH_A_CLOCK = """
import sys, time
from pathlib import Path
from streamlit.runtime import memory_session_storage as storage
ahead, kept = Path(sys.argv.pop(1)), storage.TTLCache
storage.TTLCache = lambda *a, **k: kept(*a, **k, timer=lambda: time.monotonic() + float(ahead.read_text()))
from dashboards.office.app import main
main()
"""
"""The service as it is started, but that the clock by which it forgets sessions goes ahead as a file says."""
_SAID = "Two large cases were reported in September, and"


@pytest.mark.parametrize(("minutes", "is_kept"), [(14.5, True), (15.5, False)])
def test_what_was_begun_outlives_a_quarter_of_an_hour_without_the_network(
    home_of_module: Path, tmp_path: Path, browser: Browser, minutes: float, is_kept: bool
) -> None:
    (ahead := tmp_path / "ahead").write_text("0")
    command = [sys.executable, "-c", _WITH_A_CLOCK, str(ahead)]
    data = portal_fixture.workbook(portal_fixture.UNUSUAL)
    with (
        running.serving(home_of_module, tmp_path, command=command) as service,
        signed_in(browser, service, ACCOUNT) as page,
    ):

        def away() -> None:
            page.context.set_offline(True)
            page.evaluate("cut()")
            expect(page.get_by_test_id("stApp")).not_to_have_attribute("data-test-connection-state", "CONNECTED")
            ahead.write_text(str(float(ahead.read_text()) + 60 * minutes))
            page.context.set_offline(False)
            expect(page.get_by_test_id("stApp")).to_have_attribute(
                "data-test-connection-state", "CONNECTED", timeout=PATIENCE
            )
            expect(page.get_by_test_id("stApp")).to_have_attribute(
                "data-test-script-state", "notRunning", timeout=PATIENCE
            )

        page.add_init_script(f"({_CUTTABLE})()")
        page.goto(f"{service.address}/upload")
        page.locator("input[type=file]:enabled").wait_for(state="attached", timeout=PATIENCE)
        page.locator("input[type=file]").set_input_files(
            {"name": "third.xlsx", "mimeType": "application/octet-stream", "buffer": data}
        )
        read = page.get_by_role("heading", name="This is what we read")
        expect(read).to_have_count(1, timeout=PATIENCE)
        away()
        expect(read).to_have_count(int(is_kept), timeout=20_000)
        if not is_kept:
            return
        page.get_by_role("button", name="Yes, this is right: show the validation report").click()
        expect(page.locator("#verdict")).to_contain_text("for an explanation", timeout=PATIENCE)
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
        expect(page.locator("#summary")).to_be_focused(timeout=PATIENCE)
        words = page.get_by_role("textbox", name=re.compile("^Explanation in words")).first
        expect(words).to_have_count(1)
        words.press_sequentially(_SAID)
        away()
        expect(words).to_have_value(_SAID, timeout=20_000)
