"""Pages in several languages: no text outside the catalogues, the language in each link, and labels of code lists."""

from __future__ import annotations

import re
from html import unescape

import pytest

from pipelines.core import codes, i18n
from pipelines.words.language import lower_first, read_in, tell
from tests.support.marked_translations import MarkedTranslations, strip_translations
from tests.support.public_pages import read_html, run_page

pytestmark = pytest.mark.usefixtures("handmade")
ENGLISH = re.compile(
    r"\b(?:the|of|and|is|are|was|not|no|with|by|from|to|for|these|this|each|all|only|has|have)\b", re.I
)
"""Frequent English words. The pages are tested in Macedonian, which has no word in Latin letters."""


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("region", {"freq": "A"}),
        ("compare", {"kind": "ratio"}),
        ("territory", {"territory": "RS", "section": "all"}),
    ],
)
def test_no_text_of_a_page_is_outside_the_catalogues(
    page: str, address: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "load_catalogue", lambda _: MarkedTranslations())
    test = run_page(page, lang="mk", **address)
    page_texts = [str(element.value) for kind in ("title", "header", "markdown", "info") for element in test.get(kind)]
    page_texts += [element.label for kind in ("expander", "selectbox", "button_group") for element in test.get(kind)]
    html = re.sub(r"<style>.*?</style>", "", read_html(test), flags=re.S)
    html = re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', "", html, flags=re.S)
    html = re.sub(r'<a class="rti-(?:frozen|newest)"[^>]*>/.*?</a>', "", html)  # addresses, which are not words
    page_texts += [re.sub(r"<[^>]+>", " ", html), *re.findall(r'aria-label="([^"]*)"', html)]
    outside = [strip_translations(text) for text in page_texts]
    assert any("⟦" in text for text in page_texts)
    matches = [(text, match.start()) for text in outside for match in ENGLISH.finditer(text)]
    assert [text[max(0, start - 60) : start + 40] for text, start in matches] == []


@pytest.mark.parametrize(
    ("page", "title", "language"),
    [("region", "From investigation to sentence", "mk"), ("victims", "Victims", "sr-Latn")],
)
def test_page_is_in_the_language_of_its_address(page: str, title: str, language: str) -> None:
    test = run_page(page, lang=language, freq="A")
    with read_in(language):
        assert test.title[0].value == tell(title)  # marked in pages
    html = unescape(read_html(test))
    assert lower_first(codes.get_code_label("offence_group", "TIP", language)) in html
    links = re.findall(r'href="((?:source|territory)\?[^"]+)"', html)
    assert links and all(f"lang={language}" in link for link in links)
    assert test.query_params["lang"] == language
