"""Slides of the meeting view of a small made-up release: their order, links and messages."""

from __future__ import annotations

import pytest
from lxml import html

from pipelines.front.briefs.meeting import name_slide, render_slide
from pipelines.front.edition import CONVICTION_RATIO
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_total
from tests.support.whole_figures import allow_breaks

METRICS = [
    {"metric": name, "name": name, "definition": "", "formula": "", "caveats": "", "source": "", "is_nested": True}
    for name in ("count", "rate", CONVICTION_RATIO)
]
RELEASE = {
    "release": "2026-Q3", "demonstration": False, "reference_period": "2026-Q3", "drafted_at": "2026-11-20T09:00:00Z",
    "pairs_tested": 0, "comparisons_tested": 0, "figures": 9, "figures_withheld": 2, "annual_totals": 4,
    "annual_totals_withheld": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Reader:
    totals = [make_total(area, year, 60.0) for area in ("WB", "AA", "BB", "CC", "DD") for year in ("2024", "2025")]
    return Reader(make_edition(release=[RELEASE], metric=METRICS, total=totals), "en")


def follow_links(reader: Reader, file: str, rel: str) -> list[str]:
    """Return the files of the slides that the links `rel` lead through."""
    files = [file]
    while True:
        slide = render_slide(reader, files[-1], "style.css", "script.js")
        assert slide is not None, files[-1]
        links = html.document_fromstring(slide).xpath(f"//nav//a[@rel='{rel}']/@href")
        if not links:
            return files
        files.append(links[0])


@pytest.mark.parametrize("meeting", ["meeting", "meeting-bb"])
def test_slides_lead_to_the_last_one_and_back(reader: Reader, meeting: str) -> None:
    files = follow_links(reader, f"{meeting}.html", "next")
    assert files == [f"{meeting}.html", *(f"{meeting}.{number}.html" for number in range(2, len(files) + 1))]
    assert len(files) > 3 and follow_links(reader, files[-1], "prev") == files[::-1]


def open_slide(reader: Reader, number: int) -> html.HtmlElement:
    slide = render_slide(reader, name_slide("meeting-bb", number), "style.css", "script.js")
    return html.document_fromstring(allow_breaks(str(slide)))


def test_each_headline_has_a_slide_before_those_of_pictures_and_tables(reader: Reader) -> None:
    """Require one message on each slide: three of them, and notes under a table, were below the edge of the screen."""
    first, second, third, fourth = (open_slide(reader, number) for number in range(1, 5))
    titles = [slide.find(".//h1").text for slide in (first, second, third, fourth)]
    assert titles == ["What changed", "Compared with the region", "Has it reported?", "Convictions over time"]
    assert "Bland*: TIP, people convicted at first instance: 60 in 2025, 60 in 2024." in first.text_content()
    assert fourth.find(".//figure//svg") is not None and fourth.find(".//h2") is None
    assert fourth.xpath("//nav//a[last()]/@href") == ["territory-bb.html"]


def test_notes_of_a_table_follow_it_on_a_slide_of_their_own(reader: Reader) -> None:
    slides = [
        open_slide(reader, number) for number in range(1, len(follow_links(reader, "meeting-bb.html", "next")) + 1)
    ]
    with_tables = [place for place, slide in enumerate(slides) if slide.xpath("//main//table[not(ancestor::details)]")]
    assert with_tables
    for place in with_tables:
        assert not slides[place].xpath("//main//li[not(ancestor::details)]"), "no notes below the table"
        assert slides[place + 1].find(".//h1").text == f"{slides[place].find('.//h1').text}: notes"


@pytest.mark.parametrize(
    "file", ["meeting.99.html", "meeting.1.html", "meeting-zz.html", "meeting-som.html", "meetings.html", "index.html"]
)
def test_file_of_no_slide_is_none(reader: Reader, file: str) -> None:
    assert render_slide(reader, file, "style.css", "script.js") is None
