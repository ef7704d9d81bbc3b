"""Figures of pages stay on one line; what readers copy from tables and citations stays as it is written."""

from __future__ import annotations

import re
from html import escape

import pytest

from dashboards.public import tables
from pipelines.words.language import read_in
from pipelines.words.line_breaks import keep_page_whole, keep_part_whole, keep_text_whole, unbroken_figures

WHOLE = '<span class="rti-whole">{}</span>'


def keep_page(page: str, names: tuple[str, ...] = ()) -> str:
    """Return a static page with its figures whole."""
    return keep_page_whole(page, unbroken_figures(), has_spaces=True, names=names)


def keep_main(body: str, names: tuple[str, ...] = ()) -> str:
    page = keep_page(f"<head><title>7 of 7</title></head><main>{body}</main>", names)
    assert page.startswith("<head><title>7 of 7</title></head>")
    return page.partition("<main>")[2].partition("</main>")[0]


# -------------------------------------------------------------------------------------------------------- static pages


def test_spaces_within_figures_of_a_sentence_become_no_break_spaces() -> None:
    assert keep_main("<p>For 7 of 7, by 1 December 2016.</p>") == (
        "<p>For\u00a07\u00a0of\u00a07, by 1\u00a0December\u00a02016.</p>"
    )
    with read_in("mk"):
        assert keep_main("<p>Прашалник, 3. квартал 2026</p>") == "<p>Прашалник, 3.\u00a0квартал\u00a02026</p>"


def test_number_of_an_explained_term_does_not_end_a_line() -> None:
    term = '<span class="front-term"><a href="x">territories</a></span>'
    assert keep_main(f"<p>(4 of 7 {term})</p>") == f"<p>(4\u00a0of\u00a07\u00a0{term})</p>"


def test_a_range_with_a_dash_is_an_element_that_is_not_broken() -> None:
    assert keep_main("<p>persons, 2023–2025</p>") == f"<p>persons, {WHOLE.format('2023–2025')}</p>"


def test_tables_keep_ordinary_spaces() -> None:
    cell = "<table><caption>7 of 7</caption><tr><td>30 to 89 days</td></tr></table><p>30 to 89 days</p>"
    page_part = keep_main(cell)
    assert f"<caption>7 of 7</caption><tr><td>{WHOLE.format('30 to 89 days')}</td>" in page_part
    assert page_part.endswith("<p>30\u00a0to\u00a089\u00a0days</p>")


def test_foot_has_whole_figures_and_a_citation_that_is_copied_with_ordinary_spaces() -> None:
    address = '<span class="front-address">/releases/{}/mk/index.html</span>'
    written = address.format("2026-Q3")
    foot = (
        f'<footer><p class="front-citation" data-table="7 of 7">Release 2026-Q3, {{}} {written}</p><p>{{}}</p></footer>'
    )
    with read_in("mk"):
        page = keep_page(f"<main></main>{foot.format('20 ноември 2026', '* Резолуцијата 1244 на СБ на ОН')}")
    release, file = WHOLE.format("2026-Q3"), WHOLE.format("index.html")
    cited = address.format(release).replace("index.html", file)
    citation = f"Release {release}, {WHOLE.format('20 ноември 2026')} {cited}</p>"
    assert page == (
        f'<main></main><footer><p class="front-citation" data-table="7 of 7">{citation}'
        "<p>* Резолуцијата 1244 на СБ\u00a0на\u00a0ОН</p></footer>"
    )


def test_release_of_an_address_is_whole_in_code_too() -> None:
    address = '<span class="front-address">/releases/{}/en/index.trend.html</span>'
    frame = f'<pre><code>&lt;iframe src="{address}" 7 of 7</code></pre>'
    page_part = keep_main(frame.format("2026-Q3.1"))
    assert page_part == frame.format(WHOLE.format("2026-Q3.1"))


def test_pictures_code_attributes_and_what_is_whole_stay_as_they_are() -> None:
    for body in (
        "<svg><text>7 of 7</text></svg>",
        "<pre>7 of 7</pre>",
        '<a title="7 of 7">A</a>',
        f"<td>{WHOLE.format('2026 Q3')}</td>",
    ):
        assert keep_main(body) == body
    page = "<title>7 of 7</title>"
    assert keep_page(page) == page


def test_short_names_of_areas_are_on_one_line_of_headings_and_captions() -> None:
    names = ("Mali i Zi", "Serbia", "Bosnia and Herzegovina, one more")
    body = (
        '<h1>Mali i Zi: {0}</h1><h2 id="Mali">Mali i Zi</h2><p>Mali i Zi</p><h3>Bosnia and Herzegovina, one more</h3>'
        '<div class="rti-caption" aria-hidden="true">Mali i Zi</div><table><caption>Mali i Zi</caption></table>'
    )
    page = keep_page(f"<main>{body}</main>", names)
    whole = "Mali\u00a0i\u00a0Zi"
    assert page.count(whole) == 3 and page.replace("\u00a0", " ") == f"<main>{body}</main>"
    assert f"<h1>{whole}: " in page and f'<h2 id="Mali">{whole}</h2>' in page and f'"true">{whole}</div>' in page
    assert keep_page(f"<main>{body}</main>") == f"<main>{body}</main>"


def test_no_line_of_a_title_ends_with_a_short_word_but_in_english() -> None:
    title = "Vendime për të dënuarit e parë, sipas llojit"
    html = f'<figcaption id="a b c">{title}</figcaption><p>{title}</p>'
    with read_in("sq"):
        assert keep_main(html) == html.replace("të dënuarit e parë", "të\u00a0dënuarit e\u00a0parë", 1), (
            "in the title only, and not in its attributes"
        )
        assert keep_text_whole("Shifra i të rriturve", is_title=True) == "Shifra i\u00a0të\u00a0rriturve"
        assert keep_text_whole("Shifra të rriturve") == "Shifra të rriturve"
    assert keep_main("<h1>Number of cases in a year</h1>") == "<h1>Number of cases in a year</h1>"


# ----------------------------------------------------------------------------------------------- parts of the explorer


@pytest.mark.parametrize("text", ["3 of 4", "3 од 4", "2023-05-30", "2017–2021", "5 of the 7", "48 months"])
def test_numbers_in_a_field_that_are_read_as_one_are_one_element(text: str) -> None:
    line = tables.Line(tables.Cell("A"), (tables.Cell(f"Partial: {text}, see below"),))
    html = keep_part_whole(tables.render_table("Title", ("State",), (line,), corner="Territory", text=True))
    assert f"Partial: {WHOLE.format(text)}, see below" in html and "\u00a0" not in html


def test_part_without_elements_keeps_its_figures_whole_in_the_language_of_the_reader() -> None:
    assert keep_part_whole("In 2026 Q3: 7 of 7") == f"In {WHOLE.format('2026 Q3')}: {WHOLE.format('7 of 7')}"
    text = "<p>Од јули 2008</p>"
    with read_in("mk"):
        assert keep_part_whole(text) == f"<p>Од {WHOLE.format('јули 2008')}</p>"
    assert keep_part_whole(text) == text


@pytest.mark.parametrize(
    "html",
    [
        "<svg><text>7 of 7</text></svg>",
        "<code>7 of 7</code>",
        '<a href="?n=7 of 7" aria-label="7 of 7">A</a>',
        '<td>7 <span class="rti-interval" aria-hidden="true">(3–14)</span></td>',
        WHOLE.format("2026 Q3"),
    ],
)
def test_pictures_code_and_intervals_of_a_part_stay_as_they_are(html: str) -> None:
    assert keep_part_whole(html) == html


@pytest.mark.parametrize("text", ["In 2026 Q3 & 2026-Q3: 7 of 7, 20 November 2026", "release 2026-Q3.1"])
def test_text_of_a_part_is_the_same_for_copies(text: str) -> None:
    html = keep_part_whole(escape(text))
    assert re.sub("<[^>]*>", "", html) == escape(text) and html != escape(text)


def test_text_that_is_not_html_has_no_break_spaces_and_hyphens_outside_of_addresses() -> None:
    text = "[Brief](/2026-Q3/x?period=2026-Q3) of 2026-Q3 for 2026 Q3"
    assert keep_text_whole(text) == "[Brief](/2026-Q3/x?period=2026-Q3) of 2026\u2011Q3 for 2026\u00a0Q3"
