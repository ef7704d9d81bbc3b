"""Slides of the meeting view fit a projector: nothing of a slide is below the edge of the screen, in readable type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.front.briefs.compose import list_briefs
from pipelines.front.briefs.meeting import name_slide, render_slide
from pipelines.front.build import list_languages, read_style
from pipelines.front.edition import Edition
from pipelines.front.queries import read_tables
from pipelines.front.reader import open_reader
from pipelines.words.language import read_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROJECTORS = ((1920, 1080), (1280, 720))
SMALLEST_TYPE = 11
"""Size in pixels below which nothing can be read on a projector of 1280 × 720."""
MEASURE = """() => {
    const root = document.documentElement, sizes = [];
    for (const element of document.querySelectorAll(".front-slide *")) {
        const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.checkVisibility() || element.closest("sup, title, desc")) continue;
        const scale = element.ownerSVGElement ? element.getScreenCTM().a : 1;
        sizes.push(parseFloat(getComputedStyle(element).fontSize) * scale);
    }
    return [root.scrollWidth - innerWidth, root.scrollHeight - innerHeight, Math.min(...sizes)];
}"""


def write_slides(release: Path, folder: Path) -> list[Path]:
    """Write the slides of the region and of one territory in each language, and return their paths."""
    edition = Edition(read_tables(release))
    (folder / "style.css").write_text(read_style(), encoding="utf-8")
    briefs = list_briefs(edition)
    paths = []
    for turn, language in enumerate(list_languages(), start=1):
        (folder / language.lang).mkdir()
        with read_in(language.code):
            reader = open_reader(edition, language.code)
            for brief in (briefs[0], briefs[turn % len(briefs)]):
                meeting = brief.replace("brief", "meeting", 1).removesuffix(".pdf")
                for number in range(1, 99):
                    slide = render_slide(reader, name_slide(meeting, number), "style.css", "script.js")
                    if slide is None:
                        break
                    paths.append(folder / language.lang / name_slide(meeting, number))
                    paths[-1].write_text(slide, encoding="utf-8")
    return paths


def find_faults(page: Page, path: Path, size: tuple[int, int]) -> Iterator[str]:
    """Yield the parts of a slide that are outside of a screen, or too small to read on it."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(path.as_uri())
    wider, higher, smallest = page.evaluate(MEASURE)
    if wider > 0 or higher > 0:
        yield f"{path.parent.name}/{path.name} on {size}: {wider} pixels too wide, {higher} too high"
    if smallest < SMALLEST_TYPE:
        yield f"{path.parent.name}/{path.name} on {size}: type of {smallest:.1f} pixels"


def test_each_slide_fits_a_projector_without_scrolling(browser: Browser, built_home: Path, tmp_path: Path) -> None:
    """Require it because slides of 1390 pixels showed two of three messages, and a table without its notes."""
    paths = write_slides((built_home / "public" / "current").resolve(), tmp_path)
    assert len(paths) > 150
    page = browser.new_page()
    faults = [fault for size in PROJECTORS for path in paths for fault in find_faults(page, path, size)]
    page.close()
    assert not faults, "\n".join(faults)
