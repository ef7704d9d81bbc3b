"""Slides of the meeting view fit a projector: nothing of a slide is below the edge of the screen, in readable type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.front.assets import read_style
from pipelines.front.briefs.compose import list_briefs
from pipelines.front.briefs.meeting import name_slide, render_slide
from pipelines.front.build import list_languages
from pipelines.front.edition import Edition
from pipelines.front.queries import read_tables
from pipelines.front.reader import open_reader
from pipelines.words.language import read_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LANGUAGES = list_languages()
PROJECTORS = ((1920, 1080), (1280, 720))
SMALLEST_TYPE = 11
"""Size in pixels below which nothing can be read on a projector of 1280 × 720."""
MEASURE = """() => {
    const root = document.documentElement, sizes = [];
    for (const element of document.querySelectorAll(".front-slide *")) {
        const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.checkVisibility() || element.closest("sup, title, desc")) continue;
        // A text may be turned.
        const matrix = element.ownerSVGElement ? element.getScreenCTM() : { a: 1, b: 0 };
        const scale = Math.hypot(matrix.a, matrix.b);
        sizes.push(parseFloat(getComputedStyle(element).fontSize) * scale);
    }
    return [root.scrollWidth - innerWidth, root.scrollHeight - innerHeight, Math.min(...sizes)];
}"""


def write_slides(edition: Edition, lang: str, folder: Path) -> list[Path]:
    """Write the slides of the region and of one territory in a language, and return their paths."""
    (folder / "style.css").write_text(read_style(), encoding="utf-8")
    (folder / lang).mkdir()
    (turn,) = (number for number, language in enumerate(LANGUAGES, start=1) if language.lang == lang)
    briefs = list_briefs(edition)
    paths = []
    with read_in(code := LANGUAGES[turn - 1].code):
        reader = open_reader(edition, code)
        for brief in (briefs[0], briefs[turn % len(briefs)]):
            meeting = brief.replace("brief", "meeting", 1).removesuffix(".pdf")
            for number in range(1, 99):
                slide = render_slide(reader, name_slide(meeting, number), "style.css", "script.js")
                if slide is None:
                    break
                paths.append(folder / lang / name_slide(meeting, number))
                paths[-1].write_text(slide, encoding="utf-8")
    return paths


def find_faults(page: Page, path: Path) -> Iterator[str]:
    """Yield the parts of a slide that are outside of a projector's screen, or too small to read on it."""
    page.goto(path.as_uri())
    for width, height in PROJECTORS:
        page.set_viewport_size({"width": width, "height": height})
        wider, higher, smallest = page.evaluate(MEASURE)
        if wider > 0 or higher > 0:
            yield f"{path.parent.name}/{path.name} on {width} × {height}: {wider} pixels too wide, {higher} too high"
        if smallest < SMALLEST_TYPE:
            yield f"{path.parent.name}/{path.name} on {width} × {height}: type of {smallest:.1f} pixels"


@pytest.fixture(scope="module")
def edition(built_home: Path) -> Edition:
    """The demonstration's release."""
    return Edition(read_tables((built_home / "public" / "current").resolve()))


@pytest.mark.sampled()
@pytest.mark.parametrize("lang", [language.lang for language in LANGUAGES])
def test_each_slide_fits_a_projector_without_scrolling(
    browser: Browser, edition: Edition, tmp_path: Path, lang: str
) -> None:
    """Require it because slides of 1390 pixels showed two of three messages, and a table without its notes."""
    paths = write_slides(edition, lang, tmp_path)
    assert len(paths) > 15
    page = browser.new_page()
    faults = [fault for path in paths for fault in find_faults(page, path)]
    page.close()
    assert not faults, "\n".join(faults)


def test_slide_that_is_too_high_or_too_small_is_found(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "slide.html").write_text(
        "<div class=front-slide style='height: 1000px'><p style='font-size: 9px'>Small</p></div>", encoding="utf-8"
    )
    page = browser.new_page()
    faults = list(find_faults(page, tmp_path / "slide.html"))
    page.close()
    assert [fault.partition(": ")[2][:20] for fault in faults] == [
        "type of 9.0 pixels", "0 pixels too wide, 2", "type of 9.0 pixels"
    ]  # fmt: skip
