"""Tests of the explanations of terms where a page uses them first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from lxml import html

from pipelines.core import i18n
from pipelines.front import glossary
from pipelines.front.glossary import TERMS, Explainer, strip_explanations
from pipelines.words.language import read_in


def test_each_term_is_explained_once_per_page_with_a_link_and_a_described_text() -> None:
    explain = Explainer("methodology.html").explain_page
    main: Any = html.fromstring(explain("<main><p>Indicted or not, the indictment is final.</p></main>"))
    link, about = main.find(".//a"), main.find(".//span[@role='tooltip']")
    assert link.text == "Indicted" and link.get("href") == "methodology.html#term-indicted"
    assert link.get("aria-describedby") == about.get("id") and about.text == TERMS["indicted"][1]
    assert main.text_content().replace(str(about.text), "") == "Indicted or not, the indictment is final."
    assert explain("<main>The indictment.</main>") == "<main>The indictment.</main>", "explained already"


def explain_parts(*parts: str, is_folded: Sequence[bool] = ()) -> list[list[tuple[str, str]]]:
    """Return the explained words of parts of one page that come one by one, each with the id of its explanation."""
    on_page, folded = Explainer("m.html"), Explainer("m.html", "folded")
    explained = [
        on_page.explain_part(part, folded, is_folded=place < len(is_folded) and is_folded[place])
        for place, part in enumerate(parts)
    ]
    links = [html.fromstring(f"<div>{part}</div>").cssselect(".front-term > a") for part in explained]
    return [[(str(link.text), str(link.get("aria-describedby"))) for link in of_part] for of_part in links]


def test_term_of_a_part_is_explained_where_it_is_seen_first() -> None:
    fold = "<p>Text</p><details><summary>More</summary>Indicted, sentenced</details><p>Sentenced</p>"
    assert explain_parts(
        "<p>Convicted</p>", f"<p>Convicted</p>{fold}", "<p>Indicted</p><details>Indicted</details>"
    ) == [
        [("Convicted", "about-convicted")],
        [("Indicted", "folded-indicted"), ("Sentenced", "about-sentenced")],
        [("Indicted", "about-indicted")],
    ]


def test_term_of_a_part_without_any_element_is_explained() -> None:
    assert explain_parts("Persons convicted", "<p>Persons convicted</p>") == [[("convicted", "about-convicted")], []]
    assert explain_parts('<p title="convicted') == [[]], "within a tag"


def test_term_of_a_folded_part_is_explained_there_unless_it_was_before() -> None:
    parts = ("<p>Convicted</p>", "<p>Convicted, indicted</p>", "<p>Indicted</p>", "<p>Indicted</p>")
    assert explain_parts(*parts, is_folded=(False, True, False, True)) == [
        [("Convicted", "about-convicted")],
        [("indicted", "folded-indicted")],
        [("Indicted", "about-indicted")],
        [],
    ]


PAGE = "<html><body><p>Convicted</p><main>{}</main><p>Indicted</p></body></html>"


def explain_main(main: str) -> html.HtmlElement:
    """Explain a page with this main part and return it, after checks that apply to every page."""
    page = PAGE.format(main)
    explained = Explainer("m.html").explain_page(page)
    without_silence = re.sub(
        r'(?:</?span(?: aria-hidden="true")?>| aria-hidden="true")', "", strip_explanations(explained)
    )
    assert without_silence == re.sub(r'</span>| aria-hidden="true"', "", page), "nothing else is changed"
    document = html.document_fromstring(explained)
    assert document.xpath("//body/p//a") == [], "only the main part has explanations"
    return document


def list_explained(document: html.HtmlElement) -> list[tuple[str, str]]:
    """Return the explained words of a page with the element that each is in."""
    return [(str(term[0].text), str(term.getparent().tag)) for term in document.find_class("front-term")]


@pytest.mark.parametrize("element", ["p", "li", "dd", "dt", "td", "th", "figcaption", "h2", "h3"])
def test_term_is_explained_in_every_element_that_readers_see(element: str) -> None:
    table = "<table><tr>{}</tr></table>" if element in ("td", "th") else "{}"
    document = explain_main(table.format(f"<{element}>Persons convicted</{element}>") + "<p>Convicted and indicted</p>")
    assert list_explained(document) == [("convicted", element), ("indicted", "p")]


@pytest.mark.parametrize(
    "part",
    [
        "<h1>Convicted</h1>",
        '<a href="x.html">Convicted</a>',
        '<svg viewBox="0 0 1 1"><title>Convicted</title><text>Convicted</text></svg>',
        "<details><summary>Convicted</summary></details>",
        '<table><caption class="rti-hidden">Convicted</caption></table>',
        "<pre><code>Convicted</code></pre>",
        '<p aria-label="Convicted" title="Convicted"></p>',
        '<span class="rti-hidden">, Convicted</span>',
        '<span role="img" aria-label="Convicted: 7">Convicted</span>',
        '<dl class="rti-facts front-glossary"><div><dt>Convicted</dt><dd>Convicted</dd></div></dl>',
    ],
)
def test_term_that_cannot_have_a_link_is_explained_where_it_comes_next(part: str) -> None:
    assert list_explained(explain_main(f"{part}<p>Later convicted, convicted.</p>")) == [("convicted", "p")]
    assert list_explained(explain_main(part)) == []


def test_what_is_open_is_explained_before_what_is_folded() -> None:
    inner = "<details><summary>Of it</summary><p>Indicted</p></details>"
    folded = f"<details><summary>More</summary>{inner}<p>Sentenced</p></details>"
    assert list_explained(explain_main(f"{folded}<p>Sentenced</p>")) == [("Indicted", "p"), ("Sentenced", "p")]
    document = explain_main(f"{folded}<p>Sentenced</p>")
    assert document.find_class("front-term")[1].getparent().getnext() is None


def test_caption_is_silent_but_for_its_explained_term() -> None:
    """Check that screen readers read only the link of a caption above a table: the table repeats the caption."""
    document = explain_main('<div class="rti-caption" aria-hidden="true">Persons convicted &amp; sentenced, 2025</div>')
    (caption,) = document.find_class("rti-caption")
    assert caption.get("aria-hidden") is None
    silent = [str(part.text) for part in caption.xpath("./span[@aria-hidden='true']")]
    assert silent == ["Persons ", " & ", ", 2025"] and not caption.xpath("./text()")
    assert list_explained(document) == [("convicted", "div"), ("sentenced", "div")]
    first = explain_main('<div class="rti-caption" aria-hidden="true">Convicted</div>')
    assert [child.get("class") for child in first.find_class("rti-caption")[0]] == ["front-term"]
    repeated = '<div class="rti-caption" aria-hidden="true">Convicted</div>'
    assert (
        html.tostring(explain_main(f"<p>Convicted</p>{repeated}").find_class("rti-caption")[0], encoding="unicode")
        == repeated
    )


def test_part_of_a_longer_term_is_not_explained_as_the_shorter_one() -> None:
    assert list_explained(explain_main("<p>Unconvicted, reconvicted and non-convicted.</p>")) == []
    document = explain_main("<p>A nil return, a nil return and a return.</p>")
    assert list_explained(document) == [("nil return", "p"), ("return", "p")]
    last = document.find_class("front-term")[1]
    assert last.tail == "." and last.getprevious().tail == ", a nil return and a "


def test_explanation_is_read_by_a_screen_reader_with_the_link_only() -> None:
    (about,) = explain_main("<table><tr><th>Convicted</th></tr></table>").find_class("front-about")
    assert (about.get("role"), about.get("aria-hidden"), about.get("id")) == ("tooltip", "true", "about-convicted")


def test_case_forms_are_explained_in_the_reader_s_language_with_their_letters() -> None:
    with read_in("sr"):
        page = Explainer("m.html").explain_page(
            PAGE.format("<p>Ниједној територији. У двије Територије, İ објави.</p>")
        )
    document = html.document_fromstring(page)
    assert list_explained(document) == [("територији", "p"), ("објави", "p")]


def test_page_without_a_main_part_is_returned_as_it_is() -> None:
    assert Explainer("m.html").explain_page("<p>Convicted</p>") == "<p>Convicted</p>"


@pytest.mark.parametrize("language", i18n.list_languages())
def test_forms_are_distinct_and_not_empty_in_every_language(language: str) -> None:
    with read_in(language):
        forms = [form.lower() for _, _, forms in TERMS.values() for form in forms.split("|")]
    assert all(form.strip() == form != "" for form in forms) and len(set(forms)) == len(forms)


def test_part_is_explained_by_what_was_before_it_and_not_by_another_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read parts in two orders, open and folded, with and without parts that were composed before."""
    parts = [
        "<p>Convicted at first instance.</p>",
        "<p>Convicted, by territory.</p>",
        "<p>A return of a territory.</p>",
    ]

    def read_page(order: Sequence[int], page: str) -> list[str]:
        on_page, folded = Explainer(page), Explainer(page, "folded")
        return [on_page.explain_part(parts[n], folded, is_folded=place == 1) for place, n in enumerate(order)]

    orders = list(permutations(range(3)))
    cached = [read_page(order, page) for page in ("m.html", "n.html") for order in (*orders, *orders)]
    with monkeypatch.context() as patch:
        patch.setattr(glossary, "_explain_part", glossary._explain_part.__wrapped__)
        composed = [read_page(order, page) for page in ("m.html", "n.html") for order in (*orders, *orders)]
    assert cached == composed
    assert cached[0] != cached[-1] and len({text for texts in cached for text in texts}) > 6
