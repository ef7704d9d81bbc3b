"""Briefs of the demonstration release: length, structure for screen readers, figures, the same bytes each time."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pdfplumber
import pytest
import typst
from PIL import Image

from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.front.briefs.compose import REGION_PAGES, Brief, compose_region, compose_territory, find_brief
from pipelines.front.briefs.requests import make_brief
from pipelines.front.briefs.write import write_brief
from pipelines.front.edition import Edition
from pipelines.front.pages import name_brief_file
from pipelines.front.queries import CRIMES, read_tables
from pipelines.front.reader import Reader
from pipelines.publication.releases.publish import find_current_release
from pipelines.words.language import read_in
from tests.support.pdf_structure import Structure, count_images, read_structure

ADDRESS = "https://example.org/releases/2026-Q3/en/territory-xk.html"


@pytest.fixture(scope="module")
def edition(built_home: Path) -> Edition:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return Edition(read_tables(release))


def check_structure(structure: Structure, brief: Brief, headings: Sequence[str], lang: str) -> None:
    """Assert what PDF/UA-1 requires and a machine can check, and that the order of reading is that of the page."""
    assert structure.standard == "1" and structure.is_marked and structure.shows_title
    assert structure.lang == lang
    assert structure.title.startswith(brief.page.title)
    roles = [tag.role for tag in structure.tags]
    assert [role for role in roles if role.startswith("/H")] == ["/H1", *["/H2"] * len(headings)]
    assert structure.bookmarks == [brief.page.title, *headings]
    figures = [tag for tag in structure.tags if tag.role == "/Figure"]
    pictures = [chapter.picture for chapter in brief.chapters if chapter.picture is not None]
    assert len(figures) == len(pictures) and all(len(figure.alt) > 50 for figure in figures)
    assert roles.count("/Table") == roles.count("/THead") > 0 and roles.count("/TH") > roles.count("/Table")
    scopes = Counter(tag.scope for tag in structure.tags if tag.role == "/TH")
    rows = [row for chapter in brief.chapters if chapter.heading in structure.bookmarks for table in chapter.tables
            for row in table.rows]  # fmt: skip
    assert scopes["/Row"] == len(rows) and set(scopes) == {"/Column", "/Row"}, "each row has its heading"
    for page in range(structure.n_pages):
        numbers = [number for on_page, number in structure.content if on_page == page]
        assert numbers == list(range(len(numbers))), "all content is read, in the order of the page"


def test_brief_of_a_territory_has_two_tagged_pages_with_its_figures(edition: Edition) -> None:
    reader = Reader(edition, "en")
    brief = find_brief(reader, "brief-xk.pdf")
    assert brief is not None
    document = write_brief(brief, reader, ADDRESS)
    assert document == write_brief(compose_territory(reader, CRIMES[0], "XK"), reader, ADDRESS), "the same bytes"
    structure = read_structure(document)
    assert structure.n_pages == 2
    assert count_images(document) == 0, "pictures are drawn"
    headings = [chapter.heading for chapter in brief.chapters]
    check_structure(structure, brief, [name for name in headings if name in structure.bookmarks], "en")
    with pdfplumber.open(io.BytesIO(document)) as pdf:
        text = " ".join((page.extract_text() or "") for page in pdf.pages)
    words = " ".join(text.split())
    assert words.count("Demonstration data: all our own figures are invented.") >= 3, (
        "at the top, and at the foot of each page"
    )
    assert "Security Council resolution 1244 (1999)" in words and ADDRESS in words
    cell = edition.find_total(CRIMES[0], "convicted_first", "XK", edition.choose_year(CRIMES[0]))
    headline = "Kosovo under UNSCR 1244*: trafficking in persons, people convicted at first instance:"
    assert cell is not None and re.search(rf"{re.escape(headline)} {cell['value']:.0f} (?:\(few\) )?in", words)


def test_count_images_finds_a_planted_picture_of_pixels() -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0 9 9" stroke="#000"/></svg>'
    pixels = io.BytesIO()
    Image.new("RGB", (9, 9)).save(pixels, "PNG")
    for name, content, n_images in (("a.svg", drawing.encode(), 0), ("a.png", pixels.getvalue(), 1)):
        source = f'#image(bytes(({",".join(map(str, content))})), format: "{name[2:]}", width: 3cm)'.encode()
        assert count_images(typst.compile(source)) == n_images, name


@pytest.mark.parametrize(
    ("language", "file", "optional"),
    [
        ("mk", "brief.pdf", "Правосилни одлуки"),
        ("sr", "brief-som.pdf", "Правноснажне одлуке"),
        ("sq", "brief-som.pdf", "Vendimet e formës së prerë"),
    ],
)
def test_make_brief_writes_the_brief_of_a_released_file_in_the_language_of_its_pages(
    built_home: Path, language: str, file: str, optional: str
) -> None:
    release = find_current_release(open_home(built_home))
    assert release is not None
    document = make_brief(release, language, file, "https://example.org")
    assert document is not None
    structure = read_structure(document)
    assert (structure.lang, structure.n_pages) == (language, 4)
    assert count_images(document) == 0
    assert optional in structure.bookmarks, "the longer texts leave room for the optional chapter"
    assert make_brief(release, language, "brief-zz.pdf", "https://example.org") is None


def test_find_brief_rejects_names_of_no_brief(edition: Edition) -> None:
    reader = Reader(edition, "en")
    assert find_brief(reader, "brief-zz.pdf") is None and find_brief(reader, "index.html") is None


def test_english_footnotes_are_marked_as_english_in_another_language(edition: Edition) -> None:
    with read_in("sr"):
        reader = Reader(edition, "sr")
        structure = read_structure(write_brief(compose_territory(reader, CRIMES[0], "XK"), reader, ADDRESS))
    assert structure.lang == "sr" and any(tag.lang == "en" for tag in structure.tags)


@pytest.mark.slow
@pytest.mark.parametrize("language", i18n.list_languages())
def test_every_brief_has_its_length_and_structure(edition: Edition, language: str) -> None:
    with read_in(language):
        reader = Reader(edition, language)
        for crime in CRIMES:
            briefs = {name_brief_file("", crime): compose_region(reader, crime)}
            briefs |= {name_brief_file(a, crime): compose_territory(reader, crime, a) for a in edition.territories}
            for name, brief in briefs.items():
                document = write_brief(brief, reader, ADDRESS)
                structure = read_structure(document)
                assert structure.n_pages == brief.most_pages, (language, name)
                assert count_images(document) == 0, (language, name)
                is_regional = brief.most_pages == REGION_PAGES
                headings = [
                    chapter.heading
                    for chapter in brief.chapters
                    # A brief of the region has room for all its chapters in every language.
                    if is_regional or not chapter.is_optional or chapter.heading in structure.bookmarks
                ]
                check_structure(structure, brief, headings, language.partition("-")[0])
