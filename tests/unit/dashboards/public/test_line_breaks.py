"""Figures of the pages to explore figures stay on one line, and their text stays the same."""

from __future__ import annotations

import pytest

from dashboards.public import tables
from dashboards.public.line_breaks import keep_figures_whole, keep_spaces
from pipelines.words.language import read_in

WHOLE = '<span class="rti-whole">{}</span>'


@pytest.mark.parametrize("text", ["3 of 4", "3 од 4", "2023-05-30", "2017–2021"])
def test_numbers_in_a_field_that_are_read_as_one_are_one_element(text: str) -> None:
    line = tables.Line(tables.Cell("A"), (tables.Cell(f"Partial: {text}, see below"),))
    html = keep_figures_whole(tables.render_table("Title", ("State",), (line,), corner="Territory", text=True))
    assert f"Partial: {WHOLE.format(text)}, see below" in html and "\u00a0" not in html


def test_sentence_without_elements_keeps_its_figures_whole_in_the_language_of_the_reader() -> None:
    assert keep_figures_whole("In 2026 Q3: 7 of 7") == f"In {WHOLE.format('2026 Q3')}: {WHOLE.format('7 of 7')}"
    text = "<p>Трае 345 дена</p>"
    with read_in("mk"):
        assert keep_figures_whole(text) == f"<p>Трае {WHOLE.format('345 дена')}</p>"
    assert keep_figures_whole(text) == text


@pytest.mark.parametrize(
    "html",
    [
        "<svg><text>7 of 7</text></svg>",
        "<code>7 of 7</code>",
        "<thead><tr><th>2026 Q3</th></tr></thead>",
        '<a href="?n=7 of 7" aria-label="7 of 7">A</a>',
        '<td>7 <span class="rti-interval" aria-hidden="true">(3–14)</span></td>',
        WHOLE.format("2026 Q3"),
    ],
)
def test_pictures_code_heads_attributes_and_what_is_whole_stay_as_they_are(html: str) -> None:
    assert keep_figures_whole(html) == html


def test_text_that_is_not_html_has_no_break_spaces() -> None:
    assert keep_spaces("[Brief](/2026-Q3/x) for 2026 Q3") == "[Brief](/2026-Q3/x) for 2026\u00a0Q3"
