"""Figures of a page stay on one line; tables keep ordinary spaces for those who copy them."""

from __future__ import annotations

from pipelines.front.line_breaks import keep_figures_whole
from pipelines.words.language import read_in

WHOLE = '<span class="front-interval">{}</span>'


def keep_whole(body: str) -> str:
    page = keep_figures_whole(f"<head><title>7 of 7</title></head><main>{body}</main><footer>7 of 7</footer>")
    return page.partition("<main>")[2].partition("</main>")[0]


def test_spaces_within_figures_of_a_sentence_become_no_break_spaces() -> None:
    assert keep_whole("<p>For 7 of 7, by 1 December 2016.</p>") == (
        "<p>For\u00a07\u00a0of\u00a07, by 1\u00a0December\u00a02016.</p>"
    )
    with read_in("mk"):
        assert keep_whole("<h2>Прашалник, 3. квартал 2026</h2>") == "<h2>Прашалник, 3.\u00a0квартал\u00a02026</h2>"


def test_a_range_with_a_dash_is_an_element_that_is_not_broken() -> None:
    assert keep_whole("<p>persons, 2023–2025</p>") == f"<p>persons, {WHOLE.format('2023–2025')}</p>"


def test_tables_keep_ordinary_spaces() -> None:
    cell = "<table><caption>7 of 7</caption><tr><td>30 to 89 days</td></tr></table><p>30 to 89 days</p>"
    page_part = keep_whole(cell)
    assert f"<caption>7 of 7</caption><tr><td>{WHOLE.format('30 to 89 days')}</td>" in page_part
    assert page_part.endswith("<p>30\u00a0to\u00a089\u00a0days</p>")


def test_pictures_code_citations_attributes_and_the_frame_stay_as_they_are() -> None:
    for body in (
        "<svg><text>7 of 7</text></svg>",
        "<pre>7 of 7</pre>",
        '<p class="front-citation" data-table="7 of 7">7 of 7 <span>7 of 7</span></p>',
        '<a title="7 of 7">A</a>',
        f"<td>{WHOLE.format('2026 Q3')}</td>",
    ):
        assert keep_whole(body) == body
    page = "<title>7 of 7</title>"
    assert keep_figures_whole(page) == page


def test_short_names_of_areas_are_on_one_line_of_headings_and_captions() -> None:
    names = ("Mali i Zi", "Serbia", "Bosnia and Herzegovina, one more")
    body = (
        '<h1>Mali i Zi: {0}</h1><h2 id="Mali">Mali i Zi</h2><p>Mali i Zi</p><h3>Bosnia and Herzegovina, one more</h3>'
        '<div class="rti-caption" aria-hidden="true">Mali i Zi</div><table><caption>Mali i Zi</caption></table>'
    )
    page = keep_figures_whole(f"<main>{body}</main>", names)
    whole = "Mali\u00a0i\u00a0Zi"
    assert page.count(whole) == 3 and page.replace("\u00a0", " ") == f"<main>{body}</main>"
    assert f"<h1>{whole}: " in page and f'<h2 id="Mali">{whole}</h2>' in page and f'"true">{whole}</div>' in page
    assert keep_figures_whole(f"<main>{body}</main>") == f"<main>{body}</main>"
