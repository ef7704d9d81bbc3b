"""Tests of static pages in a browser: axe, narrow screens, and the way from a page to the application and back."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import duckdb
import pdfplumber
import pytest

from pipelines.front.build import FOLDER, list_languages
from tests.support import axe
from tests.support.drawn_marks import find_unseen_marks
from tests.support.service.public_app import wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATHS = (
    "en/",
    "sr-Cyrl/territory-ba.html",
    "sq/quality.html",
    "mk/indicator-convicted-first.html",
    "hr/methodology.html",
    "en/victims.html",
    "bs/sentences.html",
    "mk/law.html",
    "sq/indicator-clearance-rate-first.html",
    "sq/cooperation-som.html",
    "mk/monitoring-xk.html",
    "cnr/meeting-ba.2.html",
    "mk/data.html",
    "en/data.html",
)
WIDTHS = (320, 768, 1280, 1920)
WIDE_PATHS = (
    (768, "sr-Latn/territories.html"),
    (1280, "bs/releases.html"),
    (1920, "hr/indicator-convicted-first-per-adjudicated-first.html"),
    (1280, "sr-Cyrl/indicator-duration-first.html"),
    (1920, "mk/practice.html"),
    (768, "cnr/law-articles.html"),
    (1280, "sq/indicators-som.html"),
    (768, "bs/accessibility.html"),
    (1920, "mk/calendar.html"),
    (1280, "sq/index.html"),
)
"""Pages of the kinds that PATHS lacks, and the home page again, each with the width of its window."""
KEYBOARD_PATHS = ("en/calendar.html", "mk/indicators.html", "sq/sentences.html", "en/quality.html", "en/meeting.2.html")
COUNT_STOPS = """() => {
    const all = document.querySelectorAll("a[href], button, summary, [tabindex='0']");
    window.stops = [...all].filter((stop) => stop.checkVisibility({ contentVisibilityAuto: true }));
    return window.stops.length;
}"""
"""Everything that the Tab key has to reach, in the order of the document."""
READ_STOP = """() => {
    const stop = document.activeElement, box = stop.getBoundingClientRect();
    const isOnScreen = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0;
    const style = getComputedStyle(stop);
    const isMarked = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || stop.closest("svg");
    return [window.stops.indexOf(stop), Boolean(isOnScreen && isMarked)];
}"""
"""The place of the element that has the focus, and whether it is on the screen and marked."""


def find_figure_page(home: Path) -> str:
    """Return the path of the page of one figure."""
    with duckdb.connect(str(home / "public" / "current" / "release.duckdb"), read_only=True) as release:
        row = release.execute("select cell_id from cell where value > 20 order by cell_id limit 1").fetchone()
    assert row is not None
    return f"figures/{row[0]}"


def find_faults(page: Page, address: str, width: int) -> list[tuple[str, int, str]]:
    """Return what is wrong with a page in a window of a width, all that can be folded out being open."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address)
    page.locator("details").evaluate_all("all => all.forEach(e => { e.open = true; })")
    faults = [(address, width, f"{v['id']}: {v['nodes'][0]['html'][:200]}") for v in axe.find_violations(page)]
    too_wide = page.evaluate("document.documentElement.scrollWidth") - width
    return [*faults, (address, width, f"{too_wide} pixels too wide")] if too_wide > 0 else faults


@pytest.mark.sampled(turn=7)
def test_pages_pass_axe_and_fit_a_narrow_screen(browser: Browser, public_app: str, built_home: Path) -> None:
    # The content policy of the pages forbids every script, that of axe as well.
    context = browser.new_context(bypass_csp=True, viewport={"width": 320, "height": 800})
    page = context.new_page()
    faults = []
    for path in (*PATHS, find_figure_page(built_home)):
        faults += find_faults(page, f"{public_app}/{path}", 320)
        small = page.locator("nav a:visible, summary:visible, .front-tiles a, footer li a").evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().height < 24).map(e => e.textContent)"
        )
        assert small == [], path
    context.close()
    assert faults == []


@pytest.mark.sampled(turn=2)
def test_pages_of_the_other_kinds_pass_axe_on_wider_screens(browser: Browser, public_app: str) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    faults = [fault for width, path in WIDE_PATHS for fault in find_faults(page, f"{public_app}/{path}", width)]
    context.close()
    assert faults == []


@pytest.mark.slow
def test_every_kind_of_page_passes_axe_in_every_language(browser: Browser, public_app: str, built_home: Path) -> None:
    """Check a page of each kind in each language, at widths that take turns, so that each kind is seen at every one."""
    folder = built_home / "public" / "current" / FOLDER
    by_kind: dict[str, list[str]] = defaultdict(list)
    for path in sorted((folder / "en").glob("*.html")):
        by_kind[name_kind(path.stem)].append(path.name)
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    faults = []
    for place, files in enumerate(by_kind.values()):
        for turn, language in enumerate(list_languages(), start=place):
            address = f"{public_app}/{language.lang}/{files[turn % len(files)]}"
            faults += find_faults(page, address, WIDTHS[turn % len(WIDTHS)])
    context.close()
    assert faults == [] and len(by_kind) > 15


def name_kind(stem: str) -> str:
    """Return what a page is about by the name of its file: all profiles are of one kind, and all ratios."""
    stem = stem.removesuffix("-som")
    if stem.startswith("indicator-"):
        _, name, *_ = stem.split("-")
        return "ratio" if "-per-" in stem else name if name in ("duration", "clearance") else "count"
    return re.sub(r"^(territory|practice)-.*", r"\1 of one", stem)


def open_at_widths(
    page: Page, public_app: str, paths: Sequence[str], widths: Sequence[int]
) -> Iterator[tuple[str, int]]:
    """Load each page once and set each width of its window; yield the path and the width each time."""
    for path in paths:
        page.goto(f"{public_app}/{path}")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            yield path, width


@pytest.mark.sampled(turn=4)
def test_tables_fit_a_tablet_and_a_page(browser: Browser, public_app: str) -> None:
    """Check the widest tables in the languages with the longest words."""
    page = browser.new_page()
    paths = (
        "victims",
        "law",
        "cooperation",
        "cooperation-bases",
        "cooperation-types-2024",
        "indicator-convicted-final",
        "territory-rs",
        "practice-training-resources",
        "quality",
    )
    others = ("hr/quality.html", "en/cooperation.html", "sq/cooperation.html", "sq/cooperation-som.html")
    for path in (*(f"mk/{name}.html" for name in paths), *others):
        page.goto(f"{public_app}/{path}")
        for width in (768, 1010, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.locator("details").evaluate_all("all => all.forEach(e => { e.open = true; })")
            wide = page.locator(".rti-scroll").evaluate_all(
                "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-label'))"
            )
            assert wide == [], (path, width)
    page.close()


def test_figures_and_words_of_a_card_have_one_size(browser: Browser, public_app: str) -> None:
    """Check tables whose rows are cards on a tablet: words for missing figures were smaller than figures."""
    page = browser.new_page(viewport={"width": 768, "height": 900})
    page.goto(f"{public_app}/mk/cooperation.html")
    sizes = page.locator(".rti-table").evaluate_all(
        """all => all.filter(table => getComputedStyle(table.tHead).display === "none").map(table => [...new Set(
            [...table.querySelectorAll("td, td :is(.front-missing, .rti-whole, data > span)")]
              .map(e => getComputedStyle(e).fontSize)
        )])"""
    )
    assert sizes and all(len(each) == 1 for each in sizes), sizes
    page.close()


def test_word_few_of_a_card_is_next_to_its_figure(browser: Browser, public_app: str) -> None:
    """Check cards on a tablet: the word was on a line of its own, at the right edge, and its figure below it."""
    page = browser.new_page(viewport={"width": 768, "height": 900})
    for path in ("mk/practice-formal-requests.html", "mk/cooperation.html"):
        page.goto(f"{public_app}/{path}")
        displays = page.locator(".rti-table").evaluate_all(
            """all => all.filter(table => getComputedStyle(table.tHead).display === "none").flatMap(table =>
                [...table.querySelectorAll(".front-badge")].map(badge => getComputedStyle(badge).display))"""
        )
        assert set(displays) == {"inline"}, path
    page.close()


def test_marks_of_notes_do_not_touch_the_words_of_the_next_column(browser: Browser, public_app: str) -> None:
    page = browser.new_page()
    for path, width in open_at_widths(
        page, public_app, ("sq/monitoring-al-som.html", "en/cooperation.html", "mk/victims.html"), (700, 1280)
    ):
        gaps = page.locator(".rti-numbers td:has(+ .rti-word) > .front-mark").evaluate_all(
            """all => all.map(mark => {
              const words = document.createRange();
              words.selectNodeContents(mark.parentElement.nextElementSibling);
              return words.getBoundingClientRect().left - mark.getBoundingClientRect().right;
            })"""
        )
        assert all(gap > 6 for gap in gaps) and (gaps or "monitoring" not in path), (path, width, gaps)
    page.close()


_UNLIKE = """table => {
  const countLines = field => {
    const range = document.createRange();
    range.selectNodeContents(field);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
  };
  const reaches = (mark, field) => {
    const box = mark.getBoundingClientRect();
    const middle = (box.top + box.bottom) / 2;
    const texts = document.createTreeWalker(field, NodeFilter.SHOW_TEXT), boxes = [];
    while (texts.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      boxes.push(...range.getClientRects());
    }
    return boxes.some(
      text => text.width > 1 && text.top < middle && text.bottom > middle && text.left - box.right < 2);
  };
  return [...table.tBodies[0].rows].flatMap(row => {
    const fields = [...row.querySelectorAll('data[data-low]:has(> span)')].map(countLines);
    const marks = [...row.querySelectorAll('td:not(:last-child):has(data) > .front-mark')];
    const touched = marks.filter(mark => reaches(mark, mark.parentElement.nextElementSibling));
    return new Set(fields).size > 1 || touched.length ? [row.innerText] : [];
  });
}"""
"""Return the rows of a table in which some intervals are below their figures and others not, or marks touch a field."""


@pytest.mark.sampled(turn=5)
def test_intervals_of_a_row_look_alike_and_marks_do_not_touch_the_next_figure(
    browser: Browser, public_app: str
) -> None:
    page = browser.new_page()
    paths = (
        "en/indicator-convicted-final.html",
        "sq/indicator-reported.html",
        "mk/indicator-adjudicated-final.html",
    )
    for path, width in open_at_widths(page, public_app, paths, (768, 1280, 1920)):
        rows = [
            row for name in ("rates", "rate-changes") for row in page.locator(f"#table-{name} table").evaluate(_UNLIKE)
        ]
        assert rows == [], (path, width)
    page.close()


_PROBE = """
.probe { position: absolute; visibility: hidden; table-layout: auto !important; width: min-content !important;
  min-width: 0 !important; }
.probe td:has(> data) { white-space: nowrap !important; }
.probe data > ::before { content: none !important; }
.probe th:first-child { width: auto !important; min-width: 7rem !important; }
"""
"""Style of a copy of a table that is as narrow as it can be with each figure and its interval on one line."""
_TORN_WITH_ROOM = """boxes => boxes.flatMap(box => {
  const table = box.querySelector('table');
  if (!box.clientWidth || getComputedStyle(table.tHead).display === 'none') return [];
  const torn = [...table.querySelectorAll('td > data[data-low] > :last-child')].filter(interval => {
    const number = document.createRange();
    number.setStart(interval.parentElement, 0);
    number.setEndBefore(interval);
    const [first] = number.getClientRects();
    const rows = interval.getClientRects();
    return Math.abs(rows[rows.length - 1].bottom - first.bottom) > 4;
  });
  if (!torn.length) return [];
  const probe = table.cloneNode(true);
  probe.classList.remove('is-roomy', 'is-even');
  probe.classList.add('probe');
  box.append(probe);
  const needed = probe.offsetWidth;
  probe.remove();
  return needed <= box.clientWidth ? [`${table.caption.textContent}: ${torn[0].parentElement.textContent}`] : [];
})"""
"""Return the tables in which a figure is torn from its interval although each could be on one line."""


@pytest.mark.sampled(turn=2)
def test_figure_is_on_one_line_with_its_interval_where_its_table_has_room(browser: Browser, public_app: str) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    paths = (
        "en/indicator-convicted-final.html",
        "mk/indicator-adjudicated-first-per-indicted.html",
        "en/practice-formal-requests.html",
        "sq/practice-training-resources.html",
        "mk/sentences.html",
        "en/cooperation.html",
        "sq/territory-ba.html",
        "mk/victims.html",
    )
    n_tables = 0
    for path, width in open_at_widths(page, public_app, paths, (1280, 1920)):
        page.add_style_tag(content=_PROBE)
        page.locator("details").evaluate_all("all => all.forEach(e => { e.open = true; })")
        assert page.locator(".rti-scroll").evaluate_all(_TORN_WITH_ROOM) == [], (path, width)
        n_tables += page.locator(".rti-table.is-roomy:has(data[data-low] > span)").count()
    assert n_tables > 20
    page.locator(".is-roomy").evaluate_all(
        "all => all.forEach(table => table.querySelectorAll('data').forEach(e => { e.style.display = 'grid'; }))"
    )
    assert page.locator(".rti-scroll").evaluate_all(_TORN_WITH_ROOM), "a torn figure is found"
    context.close()


def test_table_that_has_room_no_more_returns_to_figures_above_their_intervals(
    browser: Browser, public_app: str
) -> None:
    page = browser.new_page()
    page.goto(f"{public_app}/en/indicator-convicted-final.html")
    table = page.locator("#table-rates table")
    heights = {}
    for width in (1920, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("() => new Promise(requestAnimationFrame)")
        # The height of the figure, since the heading of its row can have two lines.
        heights[width] = table.locator("tbody data[data-low]:has(> span)").first.bounding_box()["height"]  # type: ignore[index]
        assert table.evaluate("e => e.offsetWidth <= e.parentElement.clientWidth"), width
    assert heights[800] > heights[1920] + 8, heights
    page.close()


@pytest.mark.sampled(turn=7)
def test_marks_of_notes_stay_in_the_fields_of_their_figures(browser: Browser, public_app: str) -> None:
    page = browser.new_page()

    def count_outside() -> int:
        """Return how many marks reach beyond the field of their figure."""
        return int(
            page.locator(".rti-numbers td:not(.rti-word) > .front-mark").evaluate_all(
                """all => all.filter(mark => {
                  const field = mark.parentElement, isCell = getComputedStyle(field).display === "table-cell";
                  const right = field.getBoundingClientRect().right + 1;
                  return mark.offsetParent && isCell && mark.getBoundingClientRect().right > right;
                }).length"""
            )
        )

    paths = ("en/indicator-convicted-final.html", "sq/indicator-adjudicated-final.html", "mk/territories.html")
    for path, width in open_at_widths(page, public_app, paths, (768, 1280)):
        assert count_outside() == 0, (path, width)
    page.locator(".rti-numbers td").evaluate_all("all => all.forEach(field => field.style.paddingRight = 0)")
    for width in (768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert count_outside(), "marks without room reach beyond their fields"
    page.close()


def test_menu_of_a_phone_opens_and_closes_by_click_and_by_key_without_scripts(
    browser: Browser, public_app: str
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{public_app}/en/territories.html")
    pages, languages = page.locator("#pages"), page.locator("#languages")
    assert not pages.is_visible() and not languages.is_visible()
    assert (page.locator("h1").bounding_box() or {"y": 640})["y"] < 320, "the title is on the first screen"
    menu = page.get_by_role("button", name="Menu")
    menu.click()
    assert pages.is_visible() and pages.get_by_role("link").count() == 9
    pages.get_by_role("button", name="Close").click()
    assert not pages.is_visible()
    menu.focus()
    page.keyboard.press("Enter")
    assert pages.is_visible()
    page.keyboard.press("Escape")
    assert not pages.is_visible()
    page.get_by_role("button", name="Language").click()
    languages.get_by_role("link", name="Shqip").click()
    assert page.url == f"{public_app}/sq/territories.html" and not languages.is_visible()
    page.set_viewport_size({"width": 1280, "height": 640})
    assert pages.is_visible() and languages.is_visible() and not menu.is_visible()
    context.close()


@pytest.mark.sampled()
@pytest.mark.parametrize("path", KEYBOARD_PATHS)
def test_keyboard_reaches_every_control_in_order_with_a_visible_focus(
    browser: Browser, public_app: str, path: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{public_app}/{path}")
    page.keyboard.press("Tab")
    assert page.locator(".rti-skip").bounding_box()["x"] == 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.goto(f"{public_app}/{path}")
    expected = page.evaluate(COUNT_STOPS)
    reached = []
    for _ in range(expected):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(READ_STOP))
    assert [number for number, _ in reached] == list(range(expected))
    assert [number for number, is_seen in reached if not is_seen] == []
    page.close()


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
        # Convictions have their interval in brackets.
        is_figure = [re.fullmatch(r"\d+(?: \(\d+–\d+\))?", field) for row in rows for field in row]
        assert len(rows) > 3 and all(is_figure), (language, rows)
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
    page.locator("details[id] > summary").first.click()
    assert page.locator("details[open] table").first.is_visible()
    page.locator("a[hreflang=en]").click()
    assert page.url.startswith(f"{public_app}/en/territory-")
    context.close()


@pytest.mark.sampled(turn=1)
def test_way_leads_from_a_static_page_to_the_application_and_back(browser: Browser, public_app: str) -> None:
    page = browser.new_page(locale="en")
    page.goto(f"{public_app}/mk/territories-som.html")
    page.locator("main > p a").last.click()
    wait_until_settled(page)
    assert page.url.startswith(f"{public_app}/region?crime=SOM") and "lang=mk" in page.url
    assert page.locator("html").get_attribute("lang") == "mk"
    page.locator("a.rti-site").click()
    page.wait_for_url(f"{public_app}/mk/index-som.html")
    page.close()


@pytest.mark.sampled(turn=2)
def test_crime_and_language_survive_pages_about_both_crimes_and_the_way_to_the_application_and_back(
    browser: Browser, public_app: str
) -> None:
    """Walk from smuggling over pages about both crimes, two of them written on request, to the explorer and back."""
    page = browser.new_page(locale="en")
    page.goto(f"{public_app}/en/index-som.html")
    for address in ("quality-som.html", "methodology-som.html", "releases-som.html"):
        page.locator(f".rti-nav a[href='{address}']").click()
        page.wait_for_url(f"{public_app}/en/{address}")
    page.locator("main a[href*='/calendar']").click()
    page.wait_for_url(f"{public_app}/en/calendar-som.html")
    page.locator("a[hreflang=sq]").click()
    page.wait_for_url(f"{public_app}/sq/calendar-som.html")
    page.locator(".front-links a[href='law-som.html']").click()
    page.wait_for_url(f"{public_app}/sq/law-som.html")
    page.locator(".rti-nav a").last.click()
    wait_until_settled(page)
    assert page.url.startswith(f"{public_app}/region?crime=SOM") and "lang=sq" in page.url
    explained = page.locator(".front-term a").first.get_attribute("href") or ""
    assert explained.startswith("/sq/methodology-som.html#term-")
    page.locator("a.rti-site").click()
    page.wait_for_url(f"{public_app}/sq/index-som.html")
    page.goto(f"{public_app}/sq/territory-rs-som.html")
    page.locator(".rti-nav a").last.click()
    wait_until_settled(page)
    query = parse_qs(urlsplit(page.url).query)
    assert (urlsplit(page.url).path, query["crime"], query["territory"]) == ("/territory", ["SOM"], ["RS"])
    page.close()


def test_button_copies_columns_also_where_a_narrow_screen_stacks_the_table(browser: Browser, public_app: str) -> None:
    """Check that a figure and the ends of its interval are in columns of their own, and that Escape closes a text."""
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"], viewport={"width": 360, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{public_app}/mk/indicator-convicted-first-per-indicted.html")
    page.locator("#table-years button").first.click()
    page.locator("#table-years [role=status]:not(:empty)").wait_for()
    rows = [line.split("\t") for line in str(page.evaluate("navigator.clipboard.readText()")).splitlines()]
    n_columns = page.locator("#table-years thead th").count()
    assert {len(row) for row in rows} == {1 + 3 * (n_columns - 1)} and len(rows) > 7
    # The row of the territories included has texts, such as "6 of 7".
    numbers = [field for row in rows[1:] for field in row[1:] if field[:1].isdigit() and " " not in field]
    assert len(numbers) > 20 and all(number.isdigit() for number in numbers)
    page.locator("#table-years button").nth(1).click()
    page.locator("#table-years [role=status]").nth(1).filter(has_text=re.compile(r"\S")).wait_for()
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    file = page.request.get(f"{public_app}/mk/indicator-convicted-first-per-indicted.years.csv").text()
    statement = copied.partition(" http")[0]
    assert next(csv.reader([file.splitlines()[-1]]))[1].startswith(statement), "the file has the same citation"
    assert "Северна Македонија" in statement and re.search(r", 20\d\d–20\d\d\. ", statement)
    assert "2026-Q3" in statement and re.search(r" http\S+/mk/indicator-\S+\.html \(.* \d+\.\d+\.\d{4}\)\.$", copied)
    picture = page.locator("figure.front-picture").first
    picture.locator(".front-save button").first.click()
    picture.locator("[role=status]:not(:empty)").first.wait_for()
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    caption = " ".join(picture.locator("figcaption").inner_text().split())
    before, _, after = copied.partition(caption.rstrip("."))
    assert before.endswith(": ") and "Северна Македонија" in after and "2026-Q3" in after, "with title and coverage"
    assert re.search(r"\.html \(.* \d+\.\d+\.\d{4}\)\.$", after)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{public_app}/en/victims.html")
    term = page.locator(".front-term a").first
    text = page.locator(".front-about").first
    assert not text.is_visible()
    term.focus()
    assert text.is_visible() and page.evaluate("document.documentElement.scrollWidth") == 1280
    page.keyboard.press("Escape")
    assert not text.is_visible() and term.evaluate("e => e === document.activeElement")
    page.locator("footer .front-copy").click()
    page.locator("footer [role=status]:not(:empty)").wait_for()
    citation = str(page.evaluate("navigator.clipboard.readText()"))
    assert citation.startswith("Victims: ") and re.search(
        rf" {public_app}/releases/\S+/en/victims\.html \(accessed \d+ \w+ \d{{4}}\)\.$", citation
    )
    citation_on_screen = page.locator(".front-citation").inner_text()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".front-citation").inner_text() == citation, "a print says where and when it was made"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".front-citation").inner_text() == citation_on_screen
    context.close()


@pytest.mark.sampled(turn=2)
def test_meeting_is_led_by_arrow_keys_and_parts_of_pages_are_shown_in_foreign_frames(
    browser: Browser, public_app: str, tmp_path: Path
) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{public_app}/en/meeting-ba.html")
    for key, end in (("ArrowRight", "meeting-ba.2.html"), ("PageDown", "meeting-ba.3.html"), ("ArrowLeft", ".2.html")):
        page.keyboard.press(key)
        page.wait_for_url(f"**/*{end}")
    page.goto(f"{public_app}/en/")
    page.locator(".front-picture .rti-more summary").first.click()
    code = page.locator(".front-code").first.text_content() or ""
    address = code.partition('src="')[2].partition('"')[0]
    assert address.startswith(f"{public_app}/releases/"), (
        "the service has no public address, so that of the page is taken"
    )
    caption = page.locator("#table-trend caption").text_content()
    save = page.locator(".front-table:has(#caption-trend) .front-save")
    save.evaluate("e => e.closest('details')?.setAttribute('open', '')")
    save.get_by_role("button", name="Copy code to embed").click()
    save.locator("[role=status]:not(:empty)").wait_for()
    table_code = str(page.evaluate("navigator.clipboard.readText()"))
    assert table_code.startswith(f'<iframe src="{address.rpartition("/")[0]}/index.trend.html" title="{caption}" ')
    frames = f'<iframe src="{address}"></iframe><iframe src="{public_app}/en/"></iframe>{table_code}'
    (tmp_path / "index.html").write_text(frames, encoding="utf-8")
    # A real server: Chromium keeps pages of other addresses away from those of the loopback.
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        picture = page.frame_locator("iframe").first.locator("svg[role=img]:visible")
        picture.wait_for()
        assert picture.count() == 1 and page.frame_locator("iframe").nth(1).locator("svg").count() == 0
        frame = page.frame_locator("iframe").nth(2)
        assert frame.locator("table tbody tr").count() > 4 and frame.locator(".front-notes li").count()
        too_high = frame.locator("html").evaluate("e => e.scrollHeight - innerHeight")
        assert -150 < too_high <= 0, "the table and its source fit into the frame, with little left below"
        context.close()
        server.shutdown()


def test_code_to_embed_a_table_keeps_the_marks_of_its_title(browser: Browser, public_app: str) -> None:
    """Plant a title with quotation marks, tags and an entity, and read the code as another site would."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{public_app}/en/")
    title = """Offices' "pending" cases < 5 & <b onclick='x()'>final</b> &amp; "/><p>"""
    save = page.locator(".front-table:has(#caption-trend) .front-save")
    save.evaluate(
        """(e, title) => {
            e.closest("details")?.setAttribute("open", "");
            document.querySelector("#table-trend caption").textContent = title;
        }""",
        title,
    )
    save.get_by_role("button", name="Copy code to embed").click()
    save.locator("[role=status]:not(:empty)").wait_for()
    read = page.evaluate(
        """async () => {
            const parts = document.createElement("template");
            parts.innerHTML = await navigator.clipboard.readText();
            const [frame, ...others] = parts.content.childNodes;
            return [frame.title, frame.getAttribute("src"), frame.getAttributeNames().join(" "), others.length];
        }"""
    )
    assert (read[0], *read[2:]) == (title, "src title width height loading", 0)
    assert re.fullmatch(rf"{public_app}/releases/[^/]+/en/index\.trend\.html", read[1])
    context.close()


def test_heading_of_a_row_is_named_on_a_phone_where_it_is_a_date(browser: Browser, public_app: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    for file, table in (("releases", "corrections"), ("cooperation", "mirror-")):
        page.goto(f"{public_app}/en/{file}.html")
        heading = page.locator(f"[id^='table-{table}'] tbody th").first
        before = heading.evaluate("element => getComputedStyle(element, '::before').content")
        corner = page.locator(f"[id^='table-{table}'] thead th").first.text_content()
        assert corner and corner in before and heading.get_attribute("data-column") == corner, file
    context.close()


def test_wide_table_scrolls_on_a_phone_without_scripts_and_is_stacked_with_them(
    browser: Browser, public_app: str
) -> None:
    """Check that the headings of columns are read on a phone: above the columns, or with each field."""
    layouts = {}
    for has_script in (True, False):
        context = browser.new_context(java_script_enabled=has_script, viewport={"width": 320, "height": 800})
        page = context.new_page()
        page.goto(f"{public_app}/mk/indicator-convicted-first-per-indicted.html")
        table = page.locator("#table-years table")
        heading, field = table.locator("thead th").nth(2), table.locator("tbody tr").first.locator("td").nth(1)
        boxes = [element.bounding_box() or {} for element in (table.locator("tbody th").first, field)]
        layouts[has_script] = heading.is_visible(), boxes[0]["y"] == boxes[1]["y"], field.get_attribute("data-column")
        assert field.get_attribute("data-column") in (None, heading.text_content())
        scroll = page.locator("#table-years .rti-scroll").bounding_box() or {}
        assert scroll["x"] + scroll["width"] <= 320
        context.close()
    assert layouts[False] == (True, True, None)
    assert layouts[True][:2] == (False, False) and layouts[True][2]


def test_number_of_territories_has_no_unit_of_a_figure_on_a_phone(browser: Browser, public_app: str) -> None:
    """Check that no subject is there twice: the number and the share of a category have the same coverage."""
    page = browser.new_page(viewport={"width": 320, "height": 800})
    for path, table, labels, n_seen in (
        ("indicator-convicted-first-per-indicted", "ratios", [""], 1),
        ("victims", "age", ["Total", *["Under\u00a018", "18\u00a0and\u00a0over"] * 2], 3),
    ):
        page.goto(f"{public_app}/en/{path}.html")
        fields = page.locator(f"#table-{table} .rti-row-cover td")
        assert fields.evaluate_all("(fields) => fields.map((field) => field.dataset.column)") == labels
        labels_seen = [field.get_attribute("data-column") for field in fields.all() if field.is_visible()]
        assert len(labels_seen) == len(set(labels_seen)) == n_seen
    page.set_viewport_size({"width": 1280, "height": 800})
    assert all(field.is_visible() for field in page.locator("#table-age .rti-row-cover td").all())
    page.close()


def test_marks_of_pictures_are_seen_in_forced_colours(browser: Browser, public_app: str) -> None:
    context = browser.new_context(forced_colors="active", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    n_marks = 0
    for path in ("en/", "sq/quality.html", "mk/sentences.html", "en/territory-ba.html"):
        page.goto(f"{public_app}/{path}")
        unseen, n = find_unseen_marks(page.locator(".rti-chart-wide .rti-chart"))
        n_marks += n
        assert unseen == [], (path, unseen[:6])
    context.close()
    assert n_marks > 100


FOOT = 50
"""Points at the bottom of a printed sheet that are its foot."""


def print_sheets(page: Page, numbers: str = "") -> list[tuple[list[str], str]]:
    """Return the lines of each printed sheet of a page, and the text of its foot; `numbers` chooses some sheets."""
    sheets = []
    with pdfplumber.open(BytesIO(page.pdf(format="A4", page_ranges=numbers))) as document:
        for sheet in document.pages:
            top = float(sheet.height) - FOOT
            body, foot = sheet.crop((0, 0, sheet.width, top)), sheet.crop((0, top, sheet.width, sheet.height))
            sheets.append(((body.extract_text() or "").splitlines(), " ".join((foot.extract_text() or "").split())))
    return sheets


@pytest.mark.sampled()
@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize("path", ["en/territory-rs", "mk/monitoring", "mk/cooperation", "mk/law", "sr-Cyrl/law"])
def test_printed_sheets_have_address_and_release_at_their_foot_and_no_stranded_heading(
    browser: Browser, public_app: str, path: str, has_script: bool
) -> None:
    page = browser.new_page(java_script_enabled=has_script)
    page.goto(f"{public_app}/{path}.html")
    headings = {text.strip() for text in page.locator("h1, h2, h3, .rti-caption").all_inner_texts() if text.strip()}
    heads = {word for text in page.locator("thead th").all_inner_texts() for word in text.split()}
    heads |= {word[::-1] for word in heads}  # those that are turned
    edition = str(page.locator("html").get_attribute("data-edition"))
    assert re.search(r"2026-Q3, .*\d{4}", edition), "the release and its day"
    sheets = print_sheets(page)
    page.close()
    # Without the script, and without a public address in the settings, a page knows its path alone.
    address = f"{public_app if has_script else ''}/releases/2026-Q3/{path}.html"
    assert len(sheets) > 1
    for number, (lines, foot) in enumerate(sheets, start=1):
        assert {address, f"{number}/{len(sheets)}", *edition.split()} <= {*foot.split()}, (number, foot)
        assert lines[-1].strip() not in headings, number
        # The last line of a row can have words of the head, but not the line before it.
        is_head = [line.strip() in headings or {*line.split()} <= heads for line in lines[-2:]]
        assert not all(is_head), (number, lines[-2:], "the head of a table without a row")


def test_printed_profile_says_where_and_when_it_was_printed(browser: Browser, public_app: str) -> None:
    page = browser.new_page()
    page.goto(f"{public_app}/en/territory-rs.html")
    foot = " ".join(line for lines, _ in print_sheets(page)[-2:] for line in lines)
    page.close()
    assert f"{public_app}/releases/" in foot.replace(" ", "") and re.search(r"accessed \d+ \w+ \d{4}", foot)


@pytest.mark.sampled(turn=1)
def test_first_printed_page_of_cooperation_has_its_first_table(browser: Browser, public_app: str) -> None:
    """Check the table of ten columns, whose rows became blocks that left the first page nearly empty."""
    page = browser.new_page()
    for language in ("sq", "mk", "en"):
        page.goto(f"{public_app}/{language}/cooperation.html")
        total = re.sub(r"\D", "", page.locator("[id^='table-sent-'] tbody td").last.inner_text())  # without "few"
        ((lines, _),) = print_sheets(page, "1")
        assert sum(len(line.split()) > 8 for line in lines) > 6, (language, lines)
        # The word "few" is above its number: next to it, the last digits were cut off at the edge of the paper.
        assert any(line.split()[-1:] == [total] for line in lines), (language, total, lines)
    page.close()
