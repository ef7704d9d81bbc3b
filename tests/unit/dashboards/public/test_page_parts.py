"""Tests of tables and pictures that are read out of a static page."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from lxml import html

from dashboards.public.page_parts import embed_picture, embed_table, make_part, read_table
from pipelines.front.glossary import Explainer
from pipelines.front.reader import Reader
from pipelines.front.tables import FEW_NOTE, FigureTable, attach_numbers, format_figure
from pipelines.words import FormattedFigure
from pipelines.words.language import read_in, tell
from tests.support.editions import make_edition
from tests.support.static_pages import render_table

DAY = date(2026, 11, 30)
PAGE = (
    '<html lang="{lang}"><head><link rel="stylesheet" href="../style-0.css"></head><body><main>{table}'
    '<figure class="front-picture" id="picture-trend"><figcaption>Persons &amp; years</figcaption>'
    '<svg viewBox="0 0 6 4"><title>Persons</title></svg>\n<p class="front-save">SVG</p></figure></main>'
    '<p class="front-citation">A title. Release 2026-Q3. <span class="front-address">https://x.example/releases/'
    "2026-Q3/en/index.html</span></p></body></html>"
)


def make_page(lang: str = "en", column: str = "Rate") -> str:
    """Return a page with a table of three rows: an interval without an end, few and withheld, and a formula."""
    table = FigureTable(Reader(make_edition(), lang), "A caption", "Area", ["Persons", column], name="rates")
    rate = FormattedFigure("0.25 (0.10 or more)", "", "value", 0.25, 0.1, float("inf"))
    persons = FormattedFigure("1,234", "1234", "value", 1234.0)
    table.add_row(table.name_area("AA"), (format_figure(persons, ["1"]), format_figure(rate)), is_total=True)
    few, withheld = FormattedFigure("7", "7", "value", 7.0), FormattedFigure("withheld", "withheld", "withheld")
    table.add_row(table.name_area("BB"), (format_figure(few, is_few=True), format_figure(withheld)))
    table.add_row("=1+1", ("5–9", attach_numbers("2–3", low=2, high=3)))
    table.notes.number_note("The first note.")
    table.notes.add_remark("A remark.")
    return PAGE.format(lang=lang, table=render_table(table))


def test_read_table_returns_numbers_intervals_marks_states_and_notes() -> None:
    result = read_table(make_page(), "rates")
    assert result is not None
    table, citation = result
    assert (table.caption, table.corner, table.columns) == ("A caption", "Area", ("Persons", "Rate"))
    whole, few, formula = table.lines
    assert whole.is_total and whole.cells[0].value == 1234.0 and whole.cells[0].marks == ("1",)
    assert (whole.cells[1].value, whole.cells[1].low, whole.cells[1].high) == (0.25, 0.1, float("inf"))
    assert few.heading.text == "Bland" and few.heading.marks == ("*",)
    assert (few.cells[0].value, few.cells[0].kind, few.cells[0].text) == (7.0, "few", "7")
    assert (few.cells[1].value, few.cells[1].kind) == (None, "withheld")
    assert formula.cells[0].value is None and (formula.cells[1].low, formula.cells[1].high) == (2.0, 3.0)
    assert table.names == (("*", "About the name of Bland."),)
    remarks = ["A remark.", tell(FEW_NOTE, enough=20)]
    assert (table.notes.texts, table.notes.remarks) == (["The first note."], remarks)
    assert citation == "A caption. A title. Release 2026-Q3. https://x.example/releases/2026-Q3/en/index.html"
    assert read_table(make_page(), "others") is None
    unknown_site = read_table(make_page().replace("https://x.example", ""), "rates")
    assert unknown_site is not None and unknown_site[1] == (
        "A caption. A title. Release 2026-Q3. Path on the website of the publisher: /releases/2026-Q3/en/index.html"
    )


@pytest.mark.parametrize(
    ("covers", "rows", "cited"),
    [
        ("", ("2019", "2025"), "Test: A caption, 2019–2025. Coverage: Aland. R. "),
        (' data-covers="Bland &amp; Cland"', ("2025",), "Test: A caption, 2025. Coverage: Bland & Cland. R. "),
        ("", ("Women",), "Test: A caption. Coverage: Aland. R. "),
    ],
)
def test_citation_names_the_table_its_years_and_its_territories(covers: str, rows: tuple[str, ...], cited: str) -> None:
    table = FigureTable(Reader(make_edition(), "en"), "A caption", "Year", ["Persons"], name="rates")
    for row in rows:
        table.add_row(row, ("12",))
    page = PAGE.format(lang="en", table=render_table(table).replace(' id="table-rates"', f' id="table-rates"{covers}'))
    page = page.replace(
        '"front-citation"', '"front-citation" data-table="Test: @1. Coverage: @2. R." data-covers="Aland"'
    )
    result = read_table(page, "rates", DAY)
    assert result is not None
    assert result[1] == f"{cited}https://x.example/releases/2026-Q3/en/index.html (accessed 30 November 2026)."


def test_explained_terms_of_a_page_are_not_in_its_files_and_frames() -> None:
    table = FigureTable(Reader(make_edition(), "en"), "Persons convicted", "Year", ["Indicted"], name="rates")
    table.add_row("Returns", ("12",))
    table.notes.number_note("Sentenced at once.")
    plain = PAGE.format(lang="en", table=render_table(table)).replace("Persons &amp; years", "The release")
    explained = Explainer("m.html").explain_page(plain)
    assert explained.count("front-about") == 5
    assert read_table(explained, "rates") == read_table(plain, "rates")
    for embed, name in ((embed_picture, "trend"), (embed_table, "rates")):
        frame = embed(plain, name)
        assert frame is not None and embed(explained, name) == frame


def test_files_have_numbers_as_numbers_notes_and_citation_and_no_formulas(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"drafted_at": "2026-11-20T09:00:00Z"}), encoding="utf-8")
    text = make_part(tmp_path, make_page(), "rates", "csv", DAY)
    assert text is not None
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert rows[0] == [
        "Area", "Area: notes", "Persons", "Persons: notes", "Rate", "Rate: lower end of the 95% interval",
        "Rate: upper end",
    ]  # fmt: skip
    assert rows[1] == ["Aland", "", "1234", "1", "0.25", "0.1", "no upper end"]
    assert rows[2][:3] == ["Bland", "*", "7"] and rows[2][4:] == ["withheld", "", ""]
    assert rows[3] == ["'=1+1", "", "5–9", "", "2–3", "2", "3"]
    assert rows[-1][:2] == [
        "Source",
        "A caption. A title. Release 2026-Q3. https://x.example/releases/2026-Q3/en/index.html (accessed 30 November "
        "2026).",
    ]
    book = make_part(tmp_path, make_page(), "rates", "xlsx", DAY)
    assert book is not None and book == make_part(tmp_path, make_page(), "rates", "xlsx", DAY), "the same bytes"
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert cells[1234] == cells[0.25] == "n" and cells["=1+1"] == "s" and "f" not in cells.values()
    assert make_part(tmp_path, make_page(), "others", "xlsx", DAY) is None


def test_titles_of_added_columns_are_in_the_language_of_the_page() -> None:
    with read_in("mk"):
        content = make_part(Path(), make_page("mk"), "rates", "csv", DAY)
    assert content is not None and "Rate: долна граница на 95% интервал" in content.decode()


def test_picture_alone_has_its_title_description_and_source() -> None:
    document = embed_picture(make_page("sq"), "trend")
    assert document is not None and '<html lang="sq">' in document
    assert "<title>Persons &amp; years</title>" in document and 'href="../style-0.css"' in document
    assert '<svg viewBox="0 0 6 4"><title>Persons</title></svg>' in document, "as it is on the page"
    assert 'href="https://x.example/releases/2026-Q3/en/index.html"' in document
    assert ">A title. Release 2026-Q3.</a>" in document and "front-save" not in document


def test_table_alone_has_its_notes_and_source_and_no_controls() -> None:
    document = embed_table(make_page("sq"), "rates")
    assert document is not None and '<html lang="sq">' in document and "<title>A caption</title>" in document
    frame = html.document_fromstring(document)
    assert [cell.text_content() for cell in frame.iterfind(".//thead//th")] == ["Area", "Persons", "Rate"]
    notes = " ".join(frame.find_class("front-notes")[0].text_content().split())
    assert "* About the name of Bland." in notes and "1 The first note." in notes and "A remark." in notes
    link = frame.find(".//main/p/a")
    assert link.get("href") == "https://x.example/releases/2026-Q3/en/index.html"
    assert link.text_content() == "A caption. A title. Release 2026-Q3."
    assert not frame.xpath("//button | //script | //form | //*[@class='front-save']")
    assert frame.find(".//base").attrib == {"target": "_blank"}, "pages of ours are not shown in frames of others"


@pytest.mark.parametrize("name", ["rate", "rates-2", "trend"])
def test_table_that_the_page_does_not_have_is_none(name: str) -> None:
    assert embed_table(make_page(), name) is None


@pytest.mark.parametrize("name", ["tren", "trend-2", "rates"])
def test_picture_that_the_page_does_not_have_is_none(name: str) -> None:
    assert embed_picture(make_page(), name) is None
