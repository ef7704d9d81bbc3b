"""The code of a table and of a picture holds the whole of it, and nothing that needs this service."""

from __future__ import annotations

import re

from lxml import html

from dashboards.public import charts, embedding
from dashboards.public.tables import Cell, Line, Table
from pipelines import words
from pipelines.words.language import read_in

ADDRESS = 'https://example.org/compare?crime=TIP&release=2026-Q3&lang=en&x="'
CITATION = "Regional trafficking indicators: Counts. Coverage: Albania & Kosovo*. Release 2026-Q3."
TABLE = Table(
    'Persons <convicted> & "sentenced". Release 2026-Q3.',
    ("2024", "2025"),
    (
        Line(Cell("Western Balkans"), (Cell("1\u202f268", value=1268.0, marks=("1",)), Cell("30", value=30.0)), True),
        Line(Cell("Kosovo", marks=("*",)), (Cell("16", kind="few", value=16.0, base="3 of 4"), Cell("withheld"))),
    ),
    "Area",
    notes=words.Notes(["Provisional."], ["A remark."]),
    names=(("*", "Resolution 1244 (1999)."),),
)


def read_frame(code: str) -> tuple[html.HtmlElement, html.HtmlElement]:
    """Return the frame of a code, and the document that it holds."""
    frame = html.fragment_fromstring(code)
    assert frame.tag == "iframe" and code.count("<") == 2, "one element, whose document is in an attribute"
    return frame, html.document_fromstring(frame.get("srcdoc"))


def test_code_of_a_table_has_its_figures_notes_and_citation() -> None:
    with read_in("hr"):
        code = embedding.write_table_code(TABLE, CITATION, ADDRESS, "hr")
    frame, document = read_frame(code)
    assert frame.get("title") == TABLE.caption and frame.get("sandbox") and int(frame.get("height")) > 200
    assert document.get("lang") == "hr" and document.findtext(".//caption") == TABLE.caption
    rows = [[" ".join(cell.text_content().split(" ")) for cell in row] for row in document.iter("tr")]
    few = words.LEGEND["few"][0]
    assert rows[0] == ["Area", "2024", "2025"] and rows[1] == ["Western Balkans", "1\u202f2681", "30"]
    assert rows[2][0] == "Kosovo*" and rows[2][1].startswith("16 ") and rows[2][1].endswith(" 3 of 4")
    assert few not in rows[2][1], "the word is in the language of the page"
    notes = [item.text_content() for item in document.iter("li")]
    assert notes[0] == "* Resolution 1244 (1999)." and any("Provisional." in note for note in notes)
    assert not any(CITATION in note for note in notes), "it is the link"
    link = document.find(".//a")
    assert link.text == CITATION and link.get("href") == ADDRESS and link.get("target") == "_blank"


def test_code_of_a_picture_has_two_layouts_its_title_and_its_source() -> None:
    bar = [("convicted_first", None)]
    narrow = charts.draw_stages("Albania", bar, rate=False, top=40.0, under=["† About the name."])
    wide = charts.draw_parts("Albania", [], under=["† About the name."])
    for picture in (narrow, wide):
        code = embedding.write_picture_code(picture, "Albania. Trafficking & 2025", CITATION, ADDRESS, "en")
        _, document = read_frame(code)
        pictures = document.xpath("//*[local-name()='svg']")
        assert len(pictures) == (2 if picture.wide is not None else 1)
        text = " ".join(" ".join(part.itertext()) for part in pictures)
        assert "Albania. Trafficking & 2025" in text and "About the name" in text
        assert "var(--rti-mark)" in code and "--rti-mark:" in code, "the style sheet is inside"
        assert document.find(".//a").text == CITATION


def test_code_loads_nothing_and_runs_nothing() -> None:
    codes = (
        embedding.write_table_code(TABLE, CITATION, ADDRESS, "en"),
        embedding.write_picture_code(charts.draw_parts("A", []), "A", CITATION, ADDRESS, "en"),
    )
    for code in codes:
        _, document = read_frame(code)
        assert not document.xpath("//script | //link | //img | //iframe | //*[@onclick]")
        assert not re.search(r"url\(|@import|javascript:", code)
        assert [link.get("href") for link in document.iter("a")] == [ADDRESS]
