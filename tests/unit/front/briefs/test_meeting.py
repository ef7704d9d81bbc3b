"""Slides of the meeting view of a small made-up release: their order, links and messages."""

from __future__ import annotations

import pytest
from lxml import html

from pipelines.front.briefs.meeting import render_slide
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


def test_first_slide_has_the_headlines_of_the_page_and_others_its_pictures_and_notes(reader: Reader) -> None:
    slide = allow_breaks(str(render_slide(reader, "meeting-bb.html", "style.css", "script.js")))
    first = html.document_fromstring(slide)
    assert [e.text for e in first.iter("h2")] == ["What changed", "Compared with the region", "Has it reported?"]
    assert "Bland*: TIP, persons convicted at first instance: 60 in 2025, 60 in 2024." in first.text_content()
    second = html.document_fromstring(str(render_slide(reader, "meeting-bb.2.html", "style.css", "script.js")))
    assert second.find(".//h1").text == "Convictions over time" and second.find(".//figure//svg") is not None
    assert second.xpath("//nav//a[last()]/@href") == ["territory-bb.html"]


@pytest.mark.parametrize(
    "file", ["meeting.99.html", "meeting.1.html", "meeting-zz.html", "meeting-som.html", "meetings.html", "index.html"]
)
def test_file_of_no_slide_is_none(reader: Reader, file: str) -> None:
    assert render_slide(reader, file, "style.css", "script.js") is None
