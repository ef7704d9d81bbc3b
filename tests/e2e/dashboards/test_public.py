"""Tests of the public dashboard in a browser, on a phone and on a desktop screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.parse import urlparse
from xml.etree import ElementTree
from zipfile import ZipFile

import httpx
import openpyxl
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.support.service.explorer import read_query
from tests.support.service.public_app import wait_until, wait_until_settled

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
WIDTHS = (360, 1280)
PAGES = ("region", "compare", "territory", "durations", "victims", "published", "quality", "source", "about")
UNSCR = "United Nations Security Council resolution 1244"
CAPTION_HAS = """([text, expected]) => {
    const caption = document.querySelector(".rti-caption");
    return caption && caption.textContent.replace(/\\s+/g, " ").includes(text) === expected;
}"""
"""True if the first caption is drawn and contains a text, or does not contain it, as expected."""
DEMONSTRATION = "Demonstration data: all our own figures are invented"


@pytest.mark.parametrize(
    "path",
    ["mk/", "mk/calendar.html", "mk/releases.atom", "mk/index.trend.csv", "mk/index.trend.html", "region?lang=mk",
     "mk/meeting.html", "nopage"],
)  # fmt: skip
def test_texts_of_the_service_are_compressed_and_not_sent_twice(public_app: str, path: str) -> None:
    headers = {"Accept-Encoding": "gzip", "Accept": "text/html"}
    with httpx.Client(base_url=public_app, headers=headers) as client:
        first = client.get(f"/{path}")
        assert first.headers["content-encoding"] == "gzip" and "Accept-Encoding" in first.headers["vary"]
        assert first.status_code == (404 if path == "nopage" else 200)
        if first.status_code == 200:
            again = client.get(f"/{path}", headers={"If-None-Match": first.headers["etag"]})
            assert again.status_code == 304 and again.content == b""


@pytest.mark.sampled(of="width")
@pytest.mark.parametrize("width", WIDTHS)
def test_chosen_crime_and_quarter_are_in_the_address(open_page: Open, width: int) -> None:
    page = open_page("?freq=Q", width=width)
    caption = page.locator(".rti-caption").first
    expect(caption).to_contain_text("Trafficking in persons")
    page.get_by_text("Smuggling of migrants", exact=True).click()
    wait_until(page, CAPTION_HAS, ["Smuggling of migrants", True])
    expect(caption).to_contain_text("Smuggling of migrants")
    expect(caption).not_to_contain_text("Trafficking in persons")
    page.wait_for_url(re.compile("crime=SOM"))
    before = read_query(page)["period"]
    # Its list closes when the page scrolls, which a click on a box at the edge of the screen makes it do.
    box = page.get_by_test_id("stSelectbox").filter(has_text="Quarter")
    box.evaluate("box => box.scrollIntoView({block: 'center'})")
    wait_until_settled(page)
    box.click()
    page.get_by_role("option").nth(1).click()
    wait_until(page, CAPTION_HAS, [before.replace("-", " "), False])
    expect(caption).not_to_contain_text(before.replace("-", " "))
    page.wait_for_url(lambda url: f"period={before}" not in url)
    query = read_query(page)
    assert query["crime"] == "SOM" and query["period"] < before

    reopened_page = open_page(f"?{urlparse(page.url).query}", width=width)
    expect(reopened_page.locator(".rti-caption").first).to_have_text(caption.inner_text(), use_inner_text=True)


@pytest.mark.sampled(turn=1)
def test_former_address_of_the_first_page_still_opens_it(open_page: Open, show_page: Open) -> None:
    page = open_page("?crime=SOM")
    assert urlparse(page.url).path == "/region"
    expect(page.locator("h1")).to_have_text(show_page().locator("h1").inner_text())
    expect(page.locator(".rti-caption").first).to_contain_text("Smuggling of migrants")
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(page.locator(".rti-menu li [aria-current=page]")).to_have_count(1)


def test_footnote_is_under_tables_and_charts(show_page: Open) -> None:
    page = show_page()
    row = page.locator("tr", has_text="Kosovo under UNSCR 1244")
    expect(row.locator("sup").first).to_have_text(re.compile(r"^\*"))
    tables_with_name = [
        text for text in page.locator(".rti-scroll").all_inner_texts() if "Kosovo under UNSCR 1244" in text
    ]
    notes = page.locator(".rti-notes:visible", has_text=UNSCR)
    assert 0 < len(tables_with_name) <= notes.count(), "under each table that has the name"
    for note in notes.all():
        expect(note.get_by_text(UNSCR).first).to_be_visible()
    chart = page.locator(".rti-picture", has=page.get_by_role("img", name="Kosovo under UNSCR 1244*"))
    expect(chart.locator("svg text").first).to_be_attached()
    assert "Security Council" in " ".join(chart.locator("svg text").all_text_contents()), (
        "the footnote is in the image itself"
    )


def test_charts_are_drawn_and_have_a_text_alternative(show_page: Open) -> None:
    page = show_page()
    charts = page.locator(".rti-picture").get_by_role("img")
    expect(charts).to_have_count(10)
    for chart in charts.all():
        assert DEMONSTRATION in (chart.locator("desc").text_content() or "")


@pytest.mark.sampled(turn=7)
def test_figure_leads_to_its_returns_by_keyboard(open_page: Open) -> None:
    page = open_page("?freq=A")
    figure = page.locator(".rti-total td a").first
    value = figure.inner_text()
    figure.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/source"))
    expect(page.locator("h1")).to_have_text("Where a number comes from")
    expect(page.locator(".rti-facts").first).to_contain_text(value)
    expect(page.locator(".rti-quote")).to_contain_text(value)
    expect(page.get_by_text("rti explain")).to_have_count(0)
    expect(page.locator(".rti-caption", has_text=re.compile("Returns.* behind the figure"))).to_be_visible()


def copy_selection(page: Page, selector: str) -> str:
    """Select an element as a reader would, copy it and return the text on the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(selector).first.evaluate("e => getSelection().selectAllChildren(e)")
    page.keyboard.press("ControlOrMeta+C")
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_copied_table_has_the_figures_alone(show_page: Open) -> None:
    """Check that a mark is not copied: `8` with note 2 would be pasted as 82."""
    page = show_page("?freq=Q&period=2026-Q3&crime=TIP")
    assert page.locator(".rti-table sup").count() > 5 and page.locator(".rti-table .rti-badge").count() > 5
    lines = copy_selection(page, ".rti-table").split("\n")
    assert "Area\tInvestigated\tIndicted\tConvicted\tSentenced" in lines
    assert "Western Balkans\t38\t34\t28\t28" in lines
    assert "Albania\t7\t8\t11\t11" in lines
    assert "Montenegro\tnot collected\tnot collected\tnot collected\tnot collected" in lines


@pytest.mark.sampled(turn=0)
def test_table_can_be_copied_downloaded_and_cited(open_page: Open, tmp_path: Path) -> None:
    page = open_page("?freq=Q&period=2026-Q3&crime=TIP")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Copy, download or cite").first.click()
    blocks = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    expect(blocks).to_have_count(3)
    copy_buttons = page.get_by_test_id("stPopoverBody").get_by_role("button", name="Copy to clipboard")
    for button in copy_buttons.all():
        expect(button).to_be_visible()
    copy_buttons.first.click()
    assert "Albania\t7\t8\t11\t11" in page.evaluate("navigator.clipboard.readText()").split("\n")
    citation = blocks.nth(1).inner_text()
    for part in ("Trafficking in persons, 2026 Q3", "5 of 7 territories", "2026-Q3", "crime=TIP", "accessed"):
        assert part in citation
    copy_buttons.last.click()
    frame, width = show_code(page)
    fields = frame.locator("tr", has_text="Albania").locator("td")
    texts = fields.evaluate_all("all => all.map(e => e.firstChild.textContent)")
    assert [text.split()[0] for text in texts] == ["7", "8", "11", "11"], "the marks of notes follow"
    assert frame.locator("a").inner_text() == citation and width <= 600
    with page.expect_download() as download:
        page.get_by_role("button", name="XLSX", exact=True).click()
    assert re.fullmatch(r"demonstration-2026-Q3-[a-z0-9-]+\.xlsx", download.value.suggested_filename)
    download.value.save_as(tmp_path / "table.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "table.xlsx").active
    assert sheet is not None
    rows = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert [value for value in rows["Albania"] if isinstance(value, int | float)] == [7, 8, 11, 11]
    assert UNSCR in str(rows["*"][1])


def show_code(page: Page) -> tuple[FrameLocator, int]:
    """Show the code on the clipboard on a page of another site, 600 pixels wide; return its frame and its width."""
    code = page.evaluate("navigator.clipboard.readText()")
    host = page.context.new_page()
    host.set_viewport_size({"width": 600, "height": 800})
    host.set_content(f"<!doctype html><main>{code}</main>")
    frame = host.frame_locator("iframe")
    expect(frame.locator("a")).to_be_visible()
    return frame, int(frame.locator("html").evaluate("e => e.scrollWidth"))


@pytest.mark.sampled(turn=4)
def test_picture_can_be_embedded_in_a_page_of_another_site(open_page: Open) -> None:
    page = open_page("compare?crime=TIP&freq=A&period=2025")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Save as a picture").first.click()
    body = page.get_by_test_id("stPopoverBody")
    body.get_by_role("button", name="Code to embed").first.click()
    expect(body.get_by_test_id("stCode")).to_have_count(1)
    body.get_by_role("button", name="Copy to clipboard").click()
    frame, width = show_code(page)
    expect(frame.locator("svg:visible")).to_have_count(1)
    assert width <= 600
    words = " ".join(frame.locator("svg:visible text").all_text_contents())
    assert "trafficking in persons, 2025" in words and UNSCR in words
    assert "release=2026-Q3" in str(frame.locator("a").get_attribute("href"))
    assert frame.locator("svg:visible .mark").first.evaluate("e => getComputedStyle(e).fill") == "rgb(0, 114, 178)"


@pytest.mark.sampled(turn=4)
def test_pictures_can_be_saved_with_title_source_and_footnote(open_page: Open, tmp_path: Path) -> None:
    page = open_page("?freq=A&period=2025&crime=TIP")
    # The first control saves the stages of all areas, the second those of one area.
    page.get_by_text("Save as a picture").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG: Albania").click()
    assert re.fullmatch(r"demonstration-2026-Q3-albania-[a-z0-9-]+\.png", download.value.suggested_filename)
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG: Kosovo under UNSCR 1244*").click()
    download.value.save_as(tmp_path / "picture.svg")
    text = " ".join(ElementTree.parse(tmp_path / "picture.svg").getroot().itertext())
    for part in (
        "trafficking in persons, first instance, 2025, persons",
        "release 2026-Q3",
        "all our own figures are invented",
        "Security Council",
    ):
        assert part in text


def test_link_and_plain_figure_look_different(show_page: Open) -> None:
    page = show_page("?freq=Q&period=2026-Q3&crime=TIP")
    link = page.locator(".rti-table td a", has_text="withheld").first
    plain = page.locator(".rti-table td.rti-not_collected").first
    looks = [
        e.evaluate("e => [getComputedStyle(e).textDecorationLine, getComputedStyle(e).color]") for e in (link, plain)
    ]
    assert looks[0][0] == "underline" and looks[1][0] == "none" and looks[0][1] != looks[1][1]


def test_printed_page_has_banner_sentence_table_footnote_and_no_controls(show_page: Open) -> None:
    page = show_page()
    page.emulate_media(media="print")
    for part in (".rti-banner", ".rti-quote", ".rti-table", ".rti-notes"):
        expect(page.locator(part).first).to_be_visible()
    for part in (".rti-menu", "[data-testid=stSelectbox]", "[data-testid=stButtonGroup]"):
        expect(page.locator(part).first).to_be_hidden()
    assert len(page.pdf(format="A4")) > 10_000
    page.emulate_media(media="screen")


@pytest.mark.sampled(turn=5)
def test_each_printed_page_has_address_and_date_and_no_stranded_heading(open_page: Open) -> None:
    import pdfplumber

    page = open_page("durations?crime=TIP")
    headings = {*page.locator("h1, h2, h3, .rti-notes-title").all_inner_texts()}
    with pdfplumber.open(BytesIO(page.pdf(format="A4"))) as document:
        texts = [(sheet.extract_text() or "").splitlines() for sheet in document.pages]
    assert len(texts) > 1
    for number, lines in enumerate(texts, start=1):
        start = max(place for place, line in enumerate(lines) if line.startswith("http://"))
        foot = " ".join(lines[start:])
        assert "/durations?crime=TIP" in foot and "release=" in foot and re.search(r"\d{1,2} [A-Z][a-z]+ \d{4}", foot)
        assert f"{number} / {len(texts)}" in " ".join(lines[start - 1 :])
        body = [line for line in lines[:start] if line != f"{number} / {len(texts)}"]
        assert body[-1] not in headings, f"sheet {number} ends with a heading"


@pytest.mark.sampled(turn=2)
def test_file_of_the_release_can_be_downloaded(open_page: Open) -> None:
    page = open_page("about")
    assert page.get_by_test_id("stDownloadButton").count() <= 8
    with page.expect_download() as whole:
        page.get_by_role("button", name="All files (ZIP)").click()
    with ZipFile(whole.value.path()) as archive:
        names = archive.namelist()
    assert {"README.txt", "manifest.json", "csv/cell.csv", "data/cell.parquet"} <= set(names)
    with page.expect_download() as download:
        page.get_by_role("button", name="manifest.json").click()
    assert download.value.suggested_filename.startswith("demonstration-")


@pytest.mark.sampled(turn=4)
def test_picture_fills_a_wide_screen_and_a_telephone_shows_the_whole_chosen_option(open_page: Open) -> None:
    """Require that a picture has no empty half next to it, and that the text that a box cuts is below it."""
    page = open_page("durations?crime=TIP", width=1920, height=1080)
    chosen, picture = page.locator(".rti-chosen").first, page.locator(".rti-picture .rti-chart:visible").first
    column = page.get_by_test_id("stMainBlockContainer").bounding_box()
    box = picture.bounding_box()
    assert column is not None and box is not None and box["width"] > 0.9 * (column["width"] - 64)
    assert (picture.get_attribute("viewBox") or "").startswith("0 0 960 ")
    expect(chosen).to_be_hidden()
    page.set_viewport_size({"width": 320, "height": 800})
    wait_until_settled(page)
    assert (picture.get_attribute("viewBox") or "").startswith("0 0 288 ")
    expect(chosen).to_be_visible()
    value = page.get_by_test_id("stSelectbox").locator("input").first.input_value()
    assert len(value) > 30 and chosen.inner_text() == value
    line = chosen.bounding_box()
    assert line is not None and line["x"] >= 0 and line["x"] + line["width"] <= 320
