"""Pages in several languages: no text outside the catalogues, the language in each link, and labels of code lists."""

from __future__ import annotations

import re
from html import unescape

import pytest
from lxml import html
from streamlit.testing.v1 import AppTest

from dashboards.public.menu import PAGES
from pipelines.core import codes, i18n
from pipelines.words.language import lower_first, read_in, tell
from tests.support.marked_translations import MarkedTranslations, replace_catalogues, strip_translations
from tests.support.public_pages import read_html, run_page
from tests.support.whole_figures import allow_breaks

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
        ("durations", {}),
        ("victims", {"freq": "A", "territory": "XK"}),
        ("published", {"territory": "all"}),
        ("quality", {}),
        ("source", {}),
        ("about", {}),
    ],
)
def test_no_text_of_a_page_is_outside_the_catalogues(page: str, address: dict[str, str]) -> None:
    with replace_catalogues(lambda _: MarkedTranslations()):
        test = run_page(page, lang="mk", **address)
    page_texts = [str(element.value) for kind in ("title", "header", "markdown", "info") for element in test.get(kind)]
    page_texts += [element.label for kind in ("expander", "selectbox", "button_group") for element in test.get(kind)]
    content = re.sub(r"<style>.*?</style>", "", read_html(test), flags=re.S)
    content = re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', "", content, flags=re.S)
    content = re.sub(r'<a class="rti-(?:frozen|newest)"[^>]*>/.*?</a>', "", content)  # addresses, which are not words
    page_texts += [re.sub(r"</?[a-z][^>]*>", " ", content), *re.findall(r'aria-label="([^"]*)"', content)]
    outside = [strip_translations(text) for text in page_texts]  # a remark quotes "<5", which is not a tag
    assert any("⟦" in text for text in page_texts)
    matches = [(text, match.start()) for text in outside for match in ENGLISH.finditer(text)]
    assert [text[max(0, start - 60) : start + 40] for text, start in matches] == []


_PARAGRAPHS = "descendant-or-self::*[self::p or self::li or self::dd or self::blockquote][not(.//a)]"


def list_sentences(test: AppTest) -> list[str]:
    """Return the sentences of the paragraphs, items and notes of a page; those with links are names more than texts."""
    texts: list[str] = []
    for element in test.get("html"):
        for root in html.fragments_fromstring(str(element.proto.body), no_leading_text=False):
            if not isinstance(root, str):
                texts += [item.text_content() for item in root.xpath(_PARAGRAPHS)]
    for element in (*test.markdown, *test.info):
        if not element.value.startswith("<"):
            texts += re.split(r"\n\s*\n|\n[-*] ", element.value)
    sentences = [part for text in texts for part in re.split(r"(?<=[.?!])\s+", " ".join(text.split()))]
    return [sentence for sentence in sentences if len(sentence.split()) > 2]


@pytest.mark.sampled(turn=3)
@pytest.mark.parametrize("language", i18n.list_languages())
def test_sentences_have_at_most_twenty_words_on_average(language: str) -> None:
    means = {}
    for page in PAGES:
        lengths = [len(sentence.split()) for sentence in list_sentences(run_page(page, lang=language))]
        assert lengths, page
        means[page] = sum(lengths) / len(lengths)
    assert {page: mean for page, mean in means.items() if mean > 20} == {}


@pytest.mark.parametrize(
    ("page", "title", "language"),
    [("region", "From investigation to sentence", "mk"), ("victims", "Victims", "sr-Latn")],
)
def test_page_is_in_the_language_of_its_address(page: str, title: str, language: str) -> None:
    test = run_page(page, lang=language, freq="A")
    with read_in(language):
        assert allow_breaks(test.title[0].value) == tell(title)  # marked in pages
    content = unescape(read_html(test))
    assert lower_first(codes.get_code_label("offence_group", "TIP", language)) in content
    links = re.findall(r'href="((?:source|territory)\?[^"]+)"', content)
    assert links and all(f"lang={language}" in link for link in links)
    assert test.query_params["lang"] == language
