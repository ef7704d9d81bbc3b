"""Pictures as files: complete without their page, the same bytes each time, letters of all languages."""

from __future__ import annotations

import re
import struct

import pytest

from pipelines.front.charts.bars import Bar, Bars, draw_bars
from pipelines.front.charts.canvas import NARROW, Drawing
from pipelines.front.charts.files import Caption, frame_drawing, resolve_style, write_png, write_svg
from pipelines.words import FormattedFigure
from tests.support.drawings import assert_legible

FOOTNOTE = "* All references to Kosovo shall be understood to be in the context of a resolution."
CAPTION = Caption("Осуђени: ѓ ќ ѕ џ, të dënuar: ë ç", "Source: release 2026-Q3.", ("Demonstration data", FOOTNOTE))


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    figure = FormattedFigure("1\u202f268", "1\u202f268", "value", 1268)
    return draw_bars(Bars("Title", [Bar("Të dënuar në shkallë të parë", figure, figure.text)]), width=NARROW)


def test_write_svg_contains_title_source_notes_and_style(drawing: Drawing) -> None:
    svg = write_svg(drawing, CAPTION, "sr-Cyrl").decode()
    assert svg.count("<style>") == 1 and 'xml:lang="sr-Cyrl"' in svg
    plain = re.sub(r"<[^>]*>", " ", svg)
    assert all(word in plain for text in (CAPTION.title, CAPTION.source, *CAPTION.notes) for word in text.split())
    assert svg.encode() == write_svg(drawing, CAPTION, "sr-Cyrl")


def test_frame_drawing_leaves_every_text_legible(drawing: Drawing) -> None:
    framed = frame_drawing(drawing, CAPTION.title, CAPTION.notes)
    assert framed.title == CAPTION.title and framed.width == NARROW
    assert "Të dënuar" in assert_legible(framed).words


def test_resolve_style_needs_no_custom_properties_and_no_media() -> None:
    style = resolve_style()
    assert "var(" not in style and "@" not in style and "/*" not in style
    assert ".rti-chart .mark { fill: #0072b2" in style


def test_write_png_draws_letters_of_all_languages_with_the_fonts_of_the_package(drawing: Drawing) -> None:
    png = write_png(drawing, CAPTION, "mk")
    assert png.startswith(b"\x89PNG") and png == write_png(drawing, CAPTION, "mk")
    assert struct.unpack(">I", png[16:20])[0] == 2 * (NARROW + 32)
    blank = Caption("\ue000" * 8, CAPTION.source, CAPTION.notes)
    assert len(write_png(drawing, blank, "mk")) < len(png), "letters that the fonts lack would be empty boxes"
